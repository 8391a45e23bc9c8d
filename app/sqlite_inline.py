"""SQLite connections for the event loop: statements run where they are called, what may wait in a thread.

A trip to a thread and back costs more than most of our statements. So reads run in place for a few
milliseconds at most and start again in a thread when they need longer; writes run in place; waiting for the
write lock, commits on a slow disk and bulk statements go to the thread. The shape is that of
aiosqlite's connection, which SQLAlchemy's dialect expects.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any, Self, TypeVar

IN_PLACE_SECONDS = 0.005  # a read longer than this must not hold up the loop
SLOW_COMMIT = 0.003  # seconds; a disk like that must not hold up the loop
LOOK_EVERY = 10_000  # virtual machine steps between looks at the clock
STATEMENTS = 512  # compiled statements kept per connection

Result = TypeVar("Result")
Parameters = Sequence[Any]


class InlineConnection:
    """One connection. `patient` ones (writers) never start a statement again."""

    def __init__(self, path: str, *, patient: bool, busy_ms: int) -> None:
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS
        )
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")
        self._until = 0.0
        self._commit_seconds = 0.0  # smoothed
        self.patient = patient
        self._busy_ms = busy_ms

    def __await__(self) -> Any:
        return _itself(self).__await__()

    @property
    def driver(self) -> sqlite3.Connection:
        """The driver's connection, for statements that skip SQLAlchemy."""
        return self._connection

    @property
    def isolation_level(self) -> str | None:
        return self._connection.isolation_level

    def cursor(self) -> "InlineCursor":
        return InlineCursor(self, self._connection.cursor())

    async def create_function(self, *arguments: Any, **options: Any) -> None:
        self._connection.create_function(*arguments, **options)

    async def in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def begin(self, statement: str) -> None:
        """Take the write lock: at once if it is free, else wait for it in the thread."""
        self._connection.execute("PRAGMA busy_timeout=0")
        try:
            self._connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            self._connection.execute(f"PRAGMA busy_timeout={self._busy_ms}")
            await self.in_thread(lambda: self._connection.execute(statement))
        else:
            self._connection.execute(f"PRAGMA busy_timeout={self._busy_ms}")

    async def commit(self) -> None:
        """Wait for the disk: in place while it is quick, in the thread once it was slow."""
        if not self._connection.in_transaction:
            return
        started = perf_counter()
        if self._commit_seconds < SLOW_COMMIT:
            self._connection.commit()
        else:
            await self.in_thread(self._connection.commit)
        self._commit_seconds += (perf_counter() - started - self._commit_seconds) / 8

    async def rollback(self) -> None:
        self._connection.rollback()

    async def close(self) -> None:
        self.stop()

    def stop(self) -> None:
        self._connection.close()
        self._thread.shutdown(wait=False)

    def limit(self) -> None:
        """From now on a statement may take `IN_PLACE_SECONDS`."""
        self._until = perf_counter() + IN_PLACE_SECONDS
        self._connection.set_progress_handler(self._too_long, LOOK_EVERY)

    def unlimit(self) -> None:
        self._connection.set_progress_handler(None, 0)

    def _too_long(self) -> bool:
        return perf_counter() > self._until


class InlineCursor:
    """A cursor with aiosqlite's awaitable methods; rows are fetched as the statement runs."""

    def __init__(self, connection: InlineConnection, cursor: sqlite3.Cursor) -> None:
        self._connection = connection
        self._cursor = cursor
        self._rows: list[Any] = []
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    async def execute(self, statement: str, parameters: Parameters = ()) -> Self:
        if self._connection.patient:
            if statement.startswith("BEGIN"):
                await self._connection.begin(statement)
            else:
                self._run(statement, parameters)
            return self
        self._connection.limit()
        try:
            self._run(statement, parameters)
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_INTERRUPT:
                raise
            self._connection.unlimit()
            await self._connection.in_thread(lambda: self._run(statement, parameters))
        finally:
            self._connection.unlimit()
        return self

    async def executemany(self, statement: str, rows: Iterable[Parameters]) -> Self:
        await self._connection.in_thread(lambda: self._cursor.executemany(statement, rows))
        return self

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._cursor.close()

    def _run(self, statement: str, parameters: Parameters) -> None:
        self._cursor.execute(statement, parameters)
        self._rows = self._cursor.fetchall()


async def _itself(connection: InlineConnection) -> InlineConnection:
    return connection
