"""PostgreSQL and Redis for tests: our own, started from binaries found on the machine, or ones given by URL.

`TEST_POSTGRES_URL` and `TEST_REDIS_URL` name servers that may be emptied. A fault test starts a server of
its own with `start_postgres` / `start_redis` and may stop, start and kill it.
"""

import asyncio
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

T = TypeVar("T")
SCHEME = "postgresql+asyncpg"
PATIENCE = 180  # seconds for whatever must come: whole processes and browsers start beside a test


class Missing(Exception):
    """A server's binaries are not on this machine and no URL was given."""


def run_apart(work: Callable[[], Awaitable[T]]) -> T:
    """Run `work` on an event loop of its own, whatever loop the caller's thread has."""

    async def _work() -> T:
        return await work()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(_work())).result()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A foreground process that ends with us, and the folder it keeps its data in."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise LookupError("each kind of server has its own")

    def ready(self) -> bool:
        raise LookupError("each kind of server has its own")

    def start(self) -> None:
        """Start, or start again with the same data, and wait until it answers.

        Raises:
            RuntimeError: it ended or did not answer; the log's end is in the message.
        """
        log = self.folder / "log"
        # A killed test run must not leave servers behind: the kernel ends them
        # with the thread that started them.
        command = [*_with_our_end(), *self.command()]
        with log.open("ab") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out, cwd="/", start_new_session=True)
        gives_up = time.monotonic() + PATIENCE
        while time.monotonic() < gives_up:
            if self.ready():
                return
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.01)
                break
        self.stop()
        raise RuntimeError(f"{self.command()[0]} did not start:\n{log.read_text()[-2000:]}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(how)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _as_postgres() -> list[str]:
    # PostgreSQL refuses to run as root.
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []


def _with_our_end() -> list[str]:
    return ["setpriv", "--pdeathsig=KILL"] if shutil.which("setpriv") else []


class PostgresServer(Server):
    durable = False

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.port = free_port()
        self._binaries = binaries
        super().__init__(folder, f"{SCHEME}://app@127.0.0.1:{self.port}/postgres")

    def initialise(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        options = ["-U", "app", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
        command = [*_as_postgres(), str(self._binaries / "initdb"), "-D", str(self.folder / "data"), *options]
        done = subprocess.run(command, capture_output=True, cwd="/", text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr}")

    def command(self) -> list[str]:
        # The inner --pdeathsig is set after the change of user, which clears it.
        user = _as_postgres()
        if user and (ending := _with_our_end()):
            user = [*user, *ending]
        safe = "on" if self.durable else "off"
        given = {"listen_addresses": "127.0.0.1", "fsync": safe, "max_connections": "200"}
        options = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        data = ["-D", str(self.folder / "data"), "-p", str(self.port), "-k", str(self.folder)]
        return [*user, str(self._binaries / "postgres"), *data, *options]

    def ready(self) -> bool:
        with suppress(OSError, asyncpg.PostgresError):
            run_apart(lambda: _execute(self.url, "SELECT 1"))
            return True
        return False

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT is its fast shutdown, SIGQUIT its crash."""
        super().stop(how)


class RedisServer(Server):
    def __init__(self, folder: Path, binary: str) -> None:
        self._binary = binary
        self._socket = folder / "r.sock"
        super().__init__(folder, f"unix://{self._socket}")

    def command(self) -> list[str]:
        # With a port it would listen everywhere.
        return [self._binary, "--port", "0", "--unixsocket", str(self._socket), "--save", "", "--dir", "/"]

    def ready(self) -> bool:
        with suppress(OSError):
            return redis_says(self.url, b"PING") == b"+PONG\r\n"
        return False


def start_postgres(*, durable: bool = False) -> PostgresServer:
    """`durable` waits for the disk as in service. Raises: Missing."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: float(p.parts[-3]))
    on_path = shutil.which("postgres")
    if not found and not on_path:
        raise Missing("PostgreSQL: no binaries in /usr/lib/postgresql/*/bin and TEST_POSTGRES_URL is not set")
    binaries = found[-1].parent if found else Path(on_path or "").parent
    server = PostgresServer(_folder("pg"), binaries)
    server.durable = durable
    server.initialise()
    server.start()
    return server


def start_redis() -> RedisServer:
    """Raises: Missing."""
    binary = shutil.which("redis-server") or shutil.which("valkey-server")
    if not binary:
        raise Missing("Redis: no redis-server on the PATH and TEST_REDIS_URL is not set")
    server = RedisServer(_folder("redis"), binary)
    server.start()
    return server


def _folder(kind: str) -> Path:
    # Short, since the name of a unix socket has at most 107 characters.
    return Path(tempfile.mkdtemp(prefix=f"gonghui-{kind}-", dir="/tmp"))


class Databases:
    """Databases on one PostgreSQL: named for this test run, dropped when it ends."""

    _runs = itertools.count(1)

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._admin = urlunsplit(parts._replace(scheme=SCHEME))
        self._prefix = f"gonghui_test_{os.getpid()}_{next(self._runs)}"
        self._numbers = itertools.count(1)
        self._made: list[str] = []
        self._kept: dict[str, Any] = {}  # connections, by the URLs of what is emptied again and again
        self._apart, self._runner = ThreadPoolExecutor(1), asyncio.Runner()

    def url(self, name: str) -> str:
        return urlunsplit(urlsplit(self._admin)._replace(path=f"/{name}"))

    def make(self) -> str:
        """The URL of a new, empty database."""
        name = f"{self._prefix}_{next(self._numbers)}"
        run_apart(lambda: _execute(self._admin, f"CREATE DATABASE {name}"))
        self._made.append(name)
        return self.url(name)

    def copy(self, url: str, to: str) -> None:
        """Make the one anew as a copy of the other, to which nobody is connected."""
        names = [urlsplit(each).path.lstrip("/") for each in (url, to)]
        run_apart(lambda: _execute(self._admin, f"DROP DATABASE {names[1]} WITH (FORCE)"))
        run_apart(lambda: _execute(self._admin, f"CREATE DATABASE {names[1]} TEMPLATE {names[0]}"))

    def empty(self, url: str) -> None:
        """Take all rows and connections away.

        Measured: 2 ms, while TRUNCATE of them all takes 100 and more, and a new connection 10: the server
        looks up everything anew for each.
        """
        self._apart.submit(self._runner.run, self._empty(url)).result()

    async def _empty(self, url: str) -> None:
        connection = self._kept.get(url)
        if connection is None or connection.is_closed():
            connection = self._kept[url] = await _connect(url)
        # Connections that a test left open would hold locks that TRUNCATE waits for.
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await connection.execute(_EMPTYING)

    def drop(self, url: str) -> None:
        name = urlsplit(url).path.lstrip("/")
        run_apart(lambda: _execute(self._admin, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        self._made.remove(name)

    def drop_all(self) -> None:
        """When the tests are over."""
        self._apart.submit(self._runner.run, self._forget()).result()
        self._apart.submit(self._runner.close).result()
        self._apart.shutdown()
        for name in list(self._made):
            self.drop(self.url(name))

    async def _forget(self) -> None:
        for connection in self._kept.values():
            await connection.close()


async def _connect(url: str) -> Any:
    return await asyncpg.connect(urlunsplit(urlsplit(url)._replace(scheme="postgresql")), timeout=PATIENCE)


async def _execute(url: str, statement: str) -> None:
    connection = await _connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


# Most tables have no rows, and TRUNCATE makes new files for each. References are checked when the one
# statement that deletes is over. What was large is truncated: later looks would read through what is left.
_EMPTYING = """
DO $$
DECLARE
    name regclass;
    has_rows boolean;
    deleted text[];
    truncated text[];
BEGIN
    FOR name IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
        CONTINUE WHEN name = 'alembic_version'::regclass OR pg_relation_size(name) = 0;
        IF pg_relation_size(name) > 1000000 THEN
            truncated := truncated || name::text;
        ELSE
            EXECUTE format('SELECT EXISTS (SELECT FROM %s)', name) INTO has_rows;
            IF has_rows THEN
                deleted := deleted || format('d%s AS (DELETE FROM %s)', name::oid, name);
            END IF;
        END IF;
    END LOOP;
    IF truncated IS NOT NULL THEN
        EXECUTE 'TRUNCATE ' || array_to_string(truncated, ', ') || ' CASCADE';
    END IF;
    IF deleted IS NOT NULL THEN
        EXECUTE 'WITH ' || array_to_string(deleted, ', ') || ' SELECT';
    END IF;
    PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
        FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$
"""


def redis_says(url: str, *commands: bytes) -> bytes:
    """Send inline commands to a Redis on a unix socket or port and return what it answers."""
    parts = urlsplit(url)
    family = socket.AF_UNIX if parts.scheme == "unix" else socket.AF_INET
    address: Any = parts.path if parts.scheme == "unix" else (parts.hostname, parts.port or 6379)
    with socket.socket(family) as line:
        line.settimeout(PATIENCE)
        line.connect(address)
        if parts.password:
            line.sendall(f"AUTH {parts.username or 'default'} {parts.password}\r\n".encode())
            line.recv(4096)
        answers = b""
        for command in commands:
            line.sendall(command + b"\r\n")
            answers += line.recv(4096)
        return answers
