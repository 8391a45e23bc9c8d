# Everything a developer or operator types. `make help` lists it.
# The first target that needs Python makes .venv from the hashed locks; pip
# follows your own mirror settings.

PORT ?= 8000
SANDBOX_PORT ?= 8001
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet

.PHONY: help run test check format bench quality lock client vendor install clean
.DEFAULT_GOAL := help

help: ## 列出全部命令 · show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | awk -F'|' '{printf "%-14s %s\n", $$1, $$2}'

$(PY):
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python has no ensurepip: on Debian or Ubuntu run  apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock | $(PY)
	$(PIP) install --require-hashes --only-binary :all: -r requirements.lock
	@printf '#!/bin/sh\ncd "$(CURDIR)" && exec "$(CURDIR)/$(PY)" -m app "$$@"\n' > $(VENV)/bin/gonghui && chmod +x $(VENV)/bin/gonghui
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(PY) $(VENV)/.run
	$(PIP) install --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@

install: $(VENV)/.run ## 装好运行需要的东西 · set up .venv with what the program needs

run: $(VENV)/.run ## 启动服务（:8000）和一部浏览器里的手机（:8001） · run the service (:8000) and a phone in the browser (:8001)
	$(PY) -m app demo --port $(PORT) --sandbox-port $(SANDBOX_PORT)

# A file stays with one process, so that what its tests share is started once.
# One more than there are processors: each waits a third of its time for servers and pages.
AT_ONCE := -n $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1) --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# A hundred processes are started: what one has compiled serves the others, whatever the environment says.
test: $(VENV)/.dev ## 运行全部测试 · run all tests
	PYTHONDONTWRITEBYTECODE= $(PY) -m pytest $(or $(TESTS),$(AT_ONCE))

# The tables of the models are what the migrations make; all that migrations do is among the tests.
DRIFT := $(addprefix tests/test_migrations.py::,test_the_migrated_schema_is_what_the_models_say test_there_is_one_newest_revision)

check: $(VENV)/.dev ## 检查格式、写法、类型、引用方向和迁移 · format, lint, types, import arrows, migration drift
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m pytest tests/test_house.py $(DRIFT)

format: $(VENV)/.dev ## 整理代码格式 · put the code in its format
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

bench: $(VENV)/.dev ## 测速度和内存，打印一张表 · measure speed and memory; prints a table
	$(PY) -m bench $(BENCH)

quality: $(VENV)/.dev ## 问题找到答案的比例，按类别 · how often a question finds its answer
	$(PY) -m bench.quality

lock: ## 按 pyproject.toml 重做依赖锁定（要有 uv） · make the requirement locks anew from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --all-extras pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --all-extras --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

client: $(VENV)/.run ## 由接口说明重新生成小程序客户端 · make the mini-program's client anew from the API's description
	$(PY) -m app api client

vendor: ## 按 static/vendor/manifest.json 重新取前端文件（要有 npm） · fetch the front-end files named in static/vendor/manifest.json again (needs npm)
	$(PYTHON) -m deploy.vendor

clean: ## 删除 .venv 和缓存，保留数据 · remove .venv and caches, keep data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
