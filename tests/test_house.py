"""House rules that a machine can check: who may import whom, what is never committed, what must be there.

The table of import arrows is in `tests/rooms.py`.
"""

import os
import re
import socket
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from packaging.requirements import Requirement

from app.cli import root
from tests.conftest import refuse_strays, skip_is_failure
from tests.rooms import (
    ALLOWED,
    FREE,
    GRANTED,
    ROOT,
    imported,
    may_import,
    modules,
    parsed,
    room,
    wrong_arrows,
)

# --- Import arrows


def test_every_import_follows_the_arrows() -> None:
    assert wrong_arrows(modules()) == []


def test_every_room_is_in_the_table() -> None:
    rooms = {room(module) for module in modules()}

    assert rooms - ALLOWED.keys() - FREE == set()


def test_the_sandbox_and_the_service_share_no_code() -> None:
    found = modules()
    for module, path in found.items():
        targets = {room(target) for target in imported(module, path, frozenset(found))}
        if room(module) == "sandbox":
            assert targets <= {"sandbox"}, module
        elif room(module) not in FREE:
            assert "sandbox" not in targets, module


def test_migrations_outlive_the_models() -> None:
    found = {name: path for name, path in modules().items() if name.startswith("migrations.versions.")}

    assert found
    for module, path in found.items():
        assert set(imported(module, path, frozenset(modules()))) == set(), module


def test_granted_arrows_are_still_needed() -> None:
    found = modules()
    for importer, target in GRANTED:
        assert target in imported(importer, found[importer], frozenset(found)), (importer, target)


@pytest.mark.parametrize(
    ("importer", "line"),
    [
        ("app.wechat.new", "from app.clock import Clock"),
        ("app.wechat.new", "import models"),
        ("app.services.new", "from app.dialogue import Chat"),
        ("app.services.new", "from app.wechat.client import WeChatClient"),
        ("app.menus.new", "from app.services import outbox"),
        ("app.dialogue.new", "import handlers.help"),
        ("app.dialogue.new", "from app.services import crisis"),
        ("handlers.new", "from app.wechat.client import WeChatClient"),
        ("handlers.new", "from app import assembly"),
        ("app.jobs.new", "if True:\n    from app.main import create"),
        ("app.portal.new", "from app.api import router"),
        ("app.portal.new", "from ..console import pages"),
        ("sandbox.new", "from app.errors import DomainError"),
        ("app.cli.new", "from sandbox import driver"),
        ("models.new", "from app.clock import SHANGHAI"),
        ("app.main", "import tests.servers"),
    ],
)
def test_a_wrong_arrow_would_be_seen(tmp_path: Path, importer: str, line: str) -> None:
    path = tmp_path / "new.py"
    path.write_text(line)
    known = {name: Path() for name in ("app.assembly", "app.services.outbox", "app.services.crisis")}

    targets = list(imported(importer, path, frozenset(known)))

    assert targets
    assert not any(may_import(importer, target) for target in targets)


# --- What is committed


def tracked() -> list[Path]:
    """Every file that is, or is about to be, in the repository; where there is none, every file that came."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        return [path for path in ROOT.rglob("*") if path.is_file() and not _is_made_here(path)]
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def _is_made_here(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return parts[0] == "data" or any(
        part == "__pycache__" or (part.startswith(".") and part != ".ci") for part in parts[:-1]
    )


def texts() -> Iterator[tuple[str, str]]:
    for path in tracked():
        try:
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture


def test_no_lock_that_records_hosts() -> None:
    assert [path for path in tracked() if path.name in {"uv.lock", "pylock.toml", "poetry.lock"}] == []


# In two pieces each, or this file would name them itself.
HOSTS = [
    *("pypi" + ".org", "pythonhosted" + ".org", "--index" + "-url http", "--extra-index" + "-url"),
    *(
        "npmjs" + ".org",
        "npmjs" + ".com",
        "npm" + "mirror.com",
        "tuna.tsinghua" + ".edu",
        "mirrors" + ".aliyun",
    ),
    *("mirrors.cloud" + ".tencent", "mirrors" + ".ustc", "docker" + ".io/", "ghcr" + ".io"),
]
MACHINE_PATHS = re.compile(r"(?<![\w.~/-])/(?:ro" r"ot|ho" r"me|wo" r"rk|Us" r"ers|mnt|workspace)/[\w.-]+")


def test_no_registry_is_named() -> None:
    named = [(name, host) for name, text in texts() for host in HOSTS if host in text]

    assert named == []


def test_no_machine_is_named() -> None:
    named = [(name, found[0]) for name, text in texts() if (found := MACHINE_PATHS.search(text))]

    assert named == []


def test_nothing_of_an_operator_is_committed() -> None:
    names = {str(path.relative_to(ROOT)) for path in tracked()}

    assert ".env" not in names
    assert not [
        name for name in names if name.startswith("data/") or name.endswith((".db", ".sqlite", ".pem"))
    ]


UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|raise NotImplemented" r"Error)\b")


def python_files() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py"]


def test_nothing_is_left_unfinished() -> None:
    unfinished = [
        (str(path.relative_to(ROOT)), found[0])
        for path in python_files()
        if (found := UNFINISHED.search(path.read_text(encoding="utf-8")))
    ]

    assert unfinished == []


def test_every_module_says_what_lives_in_it() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in python_files()
        if parsed(path).has_code and not parsed(path).has_docstring
    ]

    assert silent == []


def test_files_and_functions_stay_readable() -> None:
    long = []
    for path in python_files():
        if "versions" in path.parts:
            continue  # a migration is as long as its tables
        text = path.read_text(encoding="utf-8")
        limit = 600 if path.parent.name == "tests" else 350
        if (lines := len(text.splitlines())) > limit:
            long.append(f"{path.relative_to(ROOT)}: {lines} lines")
        long += [
            f"{path.relative_to(ROOT)}: {name} has {length} lines"
            for name, length in parsed(path).functions
            if length > 50
        ]

    assert long == []


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}

    assert [str(path) for path in python_files() if path.stem in drawers] == []


# --- What must be there


def makefile_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_the_makefile_has_what_people_type() -> None:
    assert {"run", "test", "check", "bench", "lock", "vendor", "help"} <= makefile_targets()


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_a_readme_names_only_targets_and_files_that_exist(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")

    assert set(re.findall(r"`make ([a-z]+)", text)) <= makefile_targets()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []


def _commands() -> set[str]:
    def names(group: Any, before: str = "") -> Iterator[str]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from names(command, f"{before}{name} ")
            if not hasattr(command, "commands") or command.invoke_without_command:
                yield before + name

    return set(names(typer.main.get_command(root.app)))


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_a_readme_lists_every_command_and_no_other(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    listed = set()
    for cell in re.findall(r"^\| (`.+?) \| ", text, re.MULTILINE):
        for code in re.findall(r"`([^`]+)`", cell):
            words = re.sub(r"\[.*|--.*|[A-Z]+", "", code).strip()
            first, _, rest = words.partition(" ")
            listed |= {f"{first} {each.strip()}" for each in rest.split(",")} if rest else {first}

    assert listed == _commands()


def test_what_others_rely_on_exists() -> None:
    fixed = {"serve", "worker", "sandbox", "demo", "migrate", "doctor", "backup", "restore"}
    grouped = {"menus check", "menus try", "menus diff", "menus apply", "menus history", "menus rollback"}

    assert fixed | grouped | {"content load", "messages retry", "keys rotate"} <= _commands()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements(lock: str) -> dict[str, tuple[str, str]]:
    """Name → version and the rest of its entry."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", "\n" + text)
    found = (re.match(r"\s*([a-z0-9-]+)(?:\[[^]]*\])?==([^\s;\\]+)", entry) for entry in entries)
    return {_normal(m[1]): (m[2], m.string) for m in found if m}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_everything_installed_is_pinned_by_hash(lock: str) -> None:
    found = _requirements(lock)

    assert len(found) > 20
    assert [name for name, (_, entry) in found.items() if "--hash=sha256:" not in entry] == []


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    run = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["postgres"]]
    for lock, asked in (
        ("requirements.lock", run),
        ("requirements-dev.lock", [*run, *project["dependency-groups"]["dev"]]),
    ):
        found = _requirements(lock)
        for requirement in map(Requirement, asked):
            version, _ = found[_normal(requirement.name)]
            assert requirement.specifier.contains(version), (lock, str(requirement), version)


def test_both_locks_agree() -> None:
    run, dev = _requirements("requirements.lock"), _requirements("requirements-dev.lock")

    assert {name: (run[name][0], dev[name][0]) for name in run if dev[name][0] != run[name][0]} == {}


def test_ci_can_be_started() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_an_image_never_holds_an_operators_settings() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert {".env", "data", ".git", ".venv"} <= set(ignored)


# --- What the tests themselves keep to


@pytest.mark.parametrize(
    "address", [("192.0.2.1", 80), ("2001:db8::1", 443, 0, 0), ("api.weixin.qq.com", 443), (b"10.0.0.1", 1)]
)
def test_a_test_that_reaches_past_loopback_is_caught(address: tuple[object, ...]) -> None:
    strays: list[str] = []

    with pytest.raises(ConnectionRefusedError):
        refuse_strays(socket.AF_INET, address, strays)
    assert len(strays) == 1


@pytest.mark.parametrize("address", [("127.0.0.1", 80), ("::1", 80, 0, 0), ("localhost", 80), (None,)])
def test_loopback_is_open_to_tests(address: tuple[object, ...]) -> None:
    strays: list[str] = []
    refuse_strays(socket.AF_INET, address, strays)
    refuse_strays(socket.AF_UNIX, "/tmp/r.sock", strays)

    assert strays == []


def test_where_services_are_required_a_skip_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def report() -> pytest.TestReport:
        where = ("tests/test_x.py", 1, "Skipped: no redis-server")
        return pytest.TestReport("test_x", ("x", 1, "test_x"), {}, "skipped", where, "setup")

    tolerated, refused = report(), report()
    monkeypatch.delenv("REQUIRE_SERVICES", raising=False)
    skip_is_failure(tolerated)
    monkeypatch.setenv("REQUIRE_SERVICES", "1")
    skip_is_failure(refused)

    assert tolerated.skipped
    assert refused.failed
    assert "no redis-server" in str(refused.longrepr)
