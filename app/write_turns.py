"""Transactions that the writers of one process share.

Waiting for the disk is the most expensive part of a small transaction, and on SQLite only one can write
anyway. So those who wait share one: each works in its turn, from a savepoint of its own, one commit serves
them all, and nobody learns that he is done before it. What one of them does wrong is undone alone.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker

Result = TypeVar("Result")

AT_MOST = 16  # writers in one transaction
SECONDS = 0.02  # no further one is taken in after this


class Disturbed(BaseException):
    """Somebody's failure ended the shared transaction: nothing is stored, run again, carefully.

    Not an Exception: no handler may take it for a mistake of its own.
    """


class Savepoint(Protocol):
    """Where one writer's part of a shared transaction began."""

    driver: Any
    """The driver's own connection, inside the transaction: its statements cost a tenth of SQLAlchemy's."""

    async def begin(self) -> None: ...

    async def undo(self) -> None: ...

    @property
    def alive(self) -> bool:
        """Whether the transaction still stands."""
        ...


class SQLiteSavepoint:
    def __init__(self, connection: AsyncConnection, driver: Any) -> None:
        self.driver: sqlite3.Connection = driver.driver

    async def begin(self) -> None:
        self.driver.execute("SAVEPOINT turn")

    async def undo(self) -> None:
        self.driver.execute("ROLLBACK TO turn")

    @property
    def alive(self) -> bool:
        return self.driver.in_transaction


class PostgresSavepoint:
    def __init__(self, connection: AsyncConnection, driver: Any) -> None:
        self._connection = connection
        self.driver = driver

    async def begin(self) -> None:
        if self.alive:
            await self.driver.execute("SAVEPOINT turn")
        else:  # SQLAlchemy begins with its first statement
            await self._connection.exec_driver_sql("SAVEPOINT turn")

    async def undo(self) -> None:
        await self.driver.execute("ROLLBACK TO SAVEPOINT turn")

    @property
    def alive(self) -> bool:
        return bool(self.driver.is_in_transaction())


@dataclass(slots=True)
class WriteTurn:
    """One writer's part of a transaction."""

    session: AsyncSession
    savepoint: Savepoint

    @property
    def driver(self) -> Any:
        return self.savepoint.driver

    async def undo(self) -> None:
        """Forget what was written in this turn; the session can be used again.

        Raises:
            Disturbed: the failure took the whole transaction along.
        """
        self.session.expunge_all()
        if not self.savepoint.alive:
            raise Disturbed
        await self.savepoint.undo()


@dataclass(slots=True)
class _Waiting:
    work: Callable[[WriteTurn], Awaitable[Any]]
    done: "asyncio.Future[Any]"
    result: Any = None


class SharedWriters:
    """Writers that wait together write together. `lock` is the process's place at the database."""

    def __init__(
        self,
        engine: AsyncEngine,
        sessions: async_sessionmaker[AsyncSession],
        lock: AbstractAsyncContextManager[object],
        savepoint: Callable[[AsyncConnection, Any], Savepoint],
        on_commit: Callable[[AsyncSession], None],
    ) -> None:
        self._engine, self._sessions, self._lock = engine, sessions, lock
        self._savepoint = savepoint
        self.seconds = SECONDS
        self._on_commit = on_commit  # is shown each session after the commit
        self._queue: deque[_Waiting] = deque()
        self._runner: asyncio.Task[None] | None = None

    async def write(self, work: Callable[[WriteTurn], Awaitable[Result]]) -> Result:
        waiting = _Waiting(work, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        result: Result = await waiting.done
        return result

    async def _run(self) -> None:
        try:
            while self._queue:
                async with self._lock:
                    await self._transaction()
        finally:
            self._runner = asyncio.create_task(self._run()) if self._queue else None

    async def _transaction(self) -> None:
        ready: list[tuple[_Waiting, AsyncSession]] = []
        current: list[_Waiting] = []
        try:
            async with self._engine.connect() as connection:
                try:
                    await self._take_turns(connection, ready, current)
                except BaseException:
                    await connection.invalidate()  # whatever state it is in, nobody shall inherit it
                    raise
        except BaseException as error:
            for waiting in (*(each for each, _ in ready), *current, *self._not_begun(ready, current)):
                _fail(waiting, error)
            if not isinstance(error, Exception | Disturbed):
                raise
            return
        for waiting, session in ready:
            self._on_commit(session)
            if not waiting.done.done():
                waiting.done.set_result(waiting.result)

    async def _take_turns(
        self,
        connection: AsyncConnection,
        ready: list[tuple[_Waiting, AsyncSession]],
        current: list[_Waiting],
    ) -> None:
        await connection.begin()
        savepoint = self._savepoint(connection, (await connection.get_raw_connection()).driver_connection)
        started = perf_counter()
        while self._queue and len(ready) < AT_MOST and perf_counter() - started < self.seconds:
            current[:] = [self._queue.popleft()]
            if not await self._one(connection, savepoint, current[0], ready):
                raise Disturbed  # the transaction broke; `current` has been told why
        current.clear()
        await connection.commit()

    def _not_begun(self, ready: list[Any], current: list[_Waiting]) -> list[_Waiting]:
        """Nobody came so far as to begin: the first in the queue learns why, else it would wait for ever."""
        return [] if ready or current or not self._queue else [self._queue.popleft()]

    async def _one(
        self,
        connection: AsyncConnection,
        savepoint: Savepoint,
        waiting: _Waiting,
        ready: list[tuple[_Waiting, AsyncSession]],
    ) -> bool:
        """One writer's turn; false when its failure took the whole transaction along."""
        await savepoint.begin()
        session = self._sessions(bind=connection, join_transaction_mode="rollback_only")
        try:
            waiting.result = await waiting.work(WriteTurn(session, savepoint))
            await flushed(session)
            if not savepoint.alive:
                raise Disturbed
        except BaseException as error:
            _fail(waiting, error)
            session.expunge_all()
            if not savepoint.alive:
                return False
            await savepoint.undo()
        else:
            ready.append((waiting, session))
        session.sync_session.close()  # gives nothing back, so there is nothing to wait for
        return True


async def flushed(session: AsyncSession) -> None:
    """Flush `session` if it holds anything."""
    if session.new or session.dirty or session.deleted:
        await session.flush()


def _fail(waiting: _Waiting, error: BaseException) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(error)
