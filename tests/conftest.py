"""What every test may ask for: both databases, Redis, a clock that is set by hand; and what none may do.

`REQUIRE_SERVICES=1` (CI) turns every skip into a failure.
"""

import gc
import os
import shutil
import socket
import ssl
import sys
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Dialect, event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.util import LRUCache

from app import migrations
from app.clock import SHANGHAI
from app.database import PRAGMAS, WRITING_ON_POSTGRES, Database, Purpose
from app.services.addresses import use_public_url
from app.settings import Settings
from models.sealing import Keyring, use_keyring
from tests import servers
from tests.ending import ended_after, tasks_at_work

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=SHANGHAI)  # a Monday
TEST_KEYS = {"t1": bytes(range(32))}
TEST_LOOKUP = b"lookup key of the tests, 32 bytes"
DATABASES = ("sqlite", "postgres")
PAGES = ("test_console_", "test_portal", "test_api")  # files that tell what a page or a call shows
LONGEST = 900  # seconds of a test with what it needs, on a machine that has much else to do
STATEMENTS = 2000  # compiled ones that a test process keeps
HEAVY = ("test_story_", "test_faults_", "test_keys_serving", "test_backups_", "test_migrations", "test_demo_")


class FakeClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, moment: datetime = NOON) -> None:
        self._moment = moment.astimezone(UTC)
        self._stopwatch = 1000.0

    def now(self) -> datetime:
        return self._moment

    def real_now(self) -> datetime:
        return self._moment

    def monotonic(self) -> float:
        return self._stopwatch

    def advance(self, seconds: float) -> None:
        self._moment += timedelta(seconds=seconds)
        self._stopwatch += seconds

    def set(self, moment: datetime) -> None:
        """Move to `moment`, the stopwatch too."""
        self.advance((moment - self._moment).total_seconds())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(autouse=True)
def keyring() -> Keyring:
    ring = Keyring(TEST_KEYS, TEST_LOOKUP)
    use_keyring(ring)
    return ring


@pytest.fixture(autouse=True)
def _no_public_url() -> None:
    use_public_url("")  # a service that another test started has set it for the process


def pytest_sessionstart() -> None:
    gc.disable()  # nothing that is imported goes again


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Rules are told on both databases; what a page shows of them on one, which is another from test to test.

    `BOTH_DATABASES=1` has everything told on both.
    """
    if "database_url" not in metafunc.fixturenames:
        return
    told_on: Sequence[str] = DATABASES
    is_page = metafunc.definition.path.name.startswith(PAGES)
    if is_page and not os.environ.get("BOTH_DATABASES"):
        turn = zlib.crc32(metafunc.definition.nodeid.encode()) % len(DATABASES)
        told_on = DATABASES[turn : turn + 1]
    metafunc.parametrize("database_url", told_on, indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files in which whole processes and browsers run stand apart from one another.

    So few of them run at once, and none begins last and is waited for alone.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    heavy = [path for path in files if path.name.startswith(HEAVY)]
    light = iter([path for path in files if not path.name.startswith(HEAVY)])
    between = (len(files) - len(heavy)) // (len(heavy) + 1)
    order = [each for path in heavy for each in (path, *islice(light, between))]
    items[:] = [item for path in (*order, *light) for item in files[path]]


def pytest_collection_finish() -> None:
    """What was imported stays: the collector need not walk through it again and again.

    And it looks less often: at its usual pace it takes one part in twenty of what the tests take.
    """
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture(autouse=True)
def _collector_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service settles its memory for a long life; the tests that follow are none of it."""
    if "app.main" in sys.modules:  # many do without
        monkeypatch.setattr("app.main._settle_memory", lambda: None)


@pytest.fixture(scope="session", autouse=True)
def _certificates_read_once() -> Iterator[None]:
    """Every client that is made reads all authorities' certificates, 30 ms; here none of them vouches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GONGHUI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setitem(Settings.model_config, "env_file", None)


# --- Databases


@pytest.fixture(scope="session", autouse=True)
def _no_commit_waits_for_the_disk() -> Iterator[None]:
    """Within a test process nobody cuts the power: SQLite need not make sure of each commit, 5 ms.

    What is started as a process of its own does, as shipped.
    """
    quick = tuple(pragma.replace("synchronous=FULL", "synchronous=OFF") for pragma in PRAGMAS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.database.PRAGMAS", quick)
        yield


@pytest.fixture(scope="session", autouse=True)
def _a_busy_machine_is_waited_for() -> Iterator[None]:
    """A connection or a lock that took long on a busy machine is no finding of a test.

    What is started as a process of its own waits as shipped.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.database.CONNECT_SECONDS", servers.PATIENCE)
        patch.setitem(WRITING_ON_POSTGRES, "lock_timeout", "20000")  # ms
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    """Tests open databases of their own; what a statement is to SQLAlchemy is the same for all of one kind.

    It is kept under the dialect, so one that has met its server serves all engines of its purpose: the
    listeners on it are the same.
    """
    kept: dict[tuple[bool, str], tuple[Dialect, Any]] = {}
    make = Database._engine

    def engine(database: Database, purpose: Purpose, pool_size: int) -> AsyncEngine:
        made = make(database, purpose, pool_size)
        sync: Any = made.sync_engine
        key = (database.is_sqlite, purpose)
        if key in kept:
            sync.dialect, sync._compiled_cache = kept[key]
            sync.pool._dialect = sync.dialect
        else:
            known: Any = LRUCache(STATEMENTS)
            sync._compiled_cache = known
            event.listen(sync.pool, "connect", lambda *_: kept.setdefault(key, (sync.dialect, known)))
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "_engine", engine)
        yield


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "gonghui.db"
    _migrate(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of this test's own."""
    path = tmp_path / "gonghui.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL whose role may make databases."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        yield given
        return
    try:
        server = servers.start_postgres()
    except servers.Missing as reason:
        pytest.skip(str(reason))
    with server:
        yield server.url


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: str) -> Iterator[servers.Databases]:
    databases = servers.Databases(postgres_server)
    yield databases
    databases.drop_all()


@pytest.fixture(scope="session")
def _migrated_postgres(postgres_databases: servers.Databases) -> str:
    url = postgres_databases.make()
    _migrate(url)
    return url


@pytest.fixture
def postgres_url(postgres_databases: servers.Databases, _migrated_postgres: str) -> str:
    """A migrated PostgreSQL database without rows; tests that change its tables take `empty_url`."""
    postgres_databases.empty(_migrated_postgres)
    return _migrated_postgres


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """Both databases in turn, migrated and without rows; of pages one."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=DATABASES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Both databases in turn, without any table."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
        return
    databases: servers.Databases = request.getfixturevalue("postgres_databases")
    url = databases.make()
    yield url
    databases.drop(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    """A writing session in a transaction that is rolled back at the end."""
    async with database.transaction() as opened:
        yield opened
        if opened.in_transaction():
            await opened.rollback()


def _migrate(url: str) -> None:
    async def work() -> None:
        opened = Database(url)
        await migrations.upgrade(opened)
        await opened.close()

    servers.run_apart(work)


# --- Redis


@pytest.fixture(scope="session")
def _redis_server() -> Iterator[str]:
    if given := os.environ.get("TEST_REDIS_URL"):
        yield given
        return
    try:
        server = servers.start_redis()
    except servers.Missing as reason:
        pytest.skip(str(reason))
    with server:
        yield server.url


@pytest.fixture
def redis_url(_redis_server: str) -> str:
    """An empty Redis."""
    servers.redis_says(_redis_server, b"FLUSHALL")
    return _redis_server


# --- What no test may do


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that reaches past loopback, even if the code under test swallowed the error."""
    strays: list[str] = []

    def guarded(method: Any) -> Any:
        def call(self: socket.socket, *given: Any) -> Any:
            refuse_strays(self.family, given[-1], strays)
            return method(self, *given)

        return call

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
    look_up = socket.getaddrinfo

    def guarded_look_up(host: Any, *given: Any, **options: Any) -> Any:
        refuse_strays(socket.AF_INET, (host,), strays)
        return look_up(host, *given, **options)

    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    yield
    assert not strays, f"reached past loopback: {strays}"


def refuse_strays(family: int, address: Any, strays: list[str]) -> None:
    """Raise where `address` is not on this machine, and remember it."""
    if family not in {socket.AF_INET, socket.AF_INET6} or not isinstance(address, tuple):
        return
    host = address[0].decode() if isinstance(address[0], bytes) else str(address[0] or "localhost")
    with suppress(ValueError):
        if ip_address(host).is_loopback:
            return
    if host != "localhost":
        strays.append(host)
        raise ConnectionRefusedError(f"tests stay on loopback, not {host}")


def skip_is_failure(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("REQUIRE_SERVICES") == "1" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason} (REQUIRE_SERVICES=1: a skip is a failure)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Any:
    with ended_after(LONGEST, tasks_at_work):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Any:
    report = yield
    skip_is_failure(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Any:
    report = yield
    skip_is_failure(report)
    return report
