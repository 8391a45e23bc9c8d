"""What a process that serves has in memory, and what it leaves to those who need it."""

import subprocess
import sys
from pathlib import Path

from fastapi import FastAPI
from starlette.routing import Mount

from app.main import web
from tests.rooms import ROOT
from tests.running import Service

# Only some processes need these, now and then: each says in the code why it is loaded late.
LATE = (
    *("alembic", "PIL", "markdown_it", "obstore", "openpyxl", "pwdlib", "reportlab", "segno", "xlsxwriter"),
    *("asyncpg", "redis", "taskiq"),
    *("nh3", "pygments", "requests", "rich", "watchfiles"),
)
BOTH = "import sys, app.cli.root, app.main; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
SERVING = "import sys, app.cli.running, app.main; print(*sorted(sys.modules))"


def test_a_serving_process_does_not_load_what_only_others_need() -> None:
    done = subprocess.run(  # as uvicorn's own processes load it, and `gonghui serve`
        [sys.executable, "-c", BOTH], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert sorted({*LATE} & {*done.stdout.split()}) == []


def test_a_serving_process_carries_no_command_but_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVING], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert [name for name in done.stdout.split() if name.startswith("app.cli.")] == [
        "app.cli.running",
        "app.cli.serving",
        "app.cli.words",
    ]


def test_no_route_is_worked_out_a_second_time_when_it_is_asked_for() -> None:
    mounted = [route.app for route in web().routes if isinstance(route, Mount)]
    routers = [web().routes, *(app.routes for app in mounted if isinstance(app, FastAPI))]

    assert len(routers) == 3  # our own, the API's, the console's
    assert not [route for routes in routers for route in routes if hasattr(route, "original_router")]


def test_what_keeps_a_service_from_starting_is_told_by_it(tmp_path: Path) -> None:
    (tmp_path / "menus.yaml").write_text("keywords: [\n")
    service = Service(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/a.db", menus=str(tmp_path / "menus.yaml"))
    service.begin()

    assert service.ends() == 2
    assert "菜单文件有 1 处要改" in service.log
    assert "Traceback" not in service.log
