"""Transactions that several writers may share.

On SQLite one writer at a time works anyway, and waiting for the disk is the most expensive part. So those who
wait for their turn share a transaction: each works inside a savepoint of its own, one commit serves them all,
and nobody learns that he is done before it. On PostgreSQL writers do not wait for each other: each has his.
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


class Disturbed(Exception):
    """Another writer's failure ended the transaction this one shared: nothing is stored, run again."""


class WriteTurn(Protocol):
    """One writer's part of a transaction."""

    @property
    def session(self) -> AsyncSession: ...

    @property
    def driver(self) -> sqlite3.Connection | None:
        """The driver's connection in the same transaction; only where its statements do not wait."""
        ...

    async def undo(self) -> None:
        """Forget what was written in this turn; the session can be used again."""


class Writers(Protocol):
    async def write(self, work: Callable[[WriteTurn], Awaitable[Result]]) -> Result:
        """Run `work`; returns after its commit. Raises what `work` raised, or `Disturbed`."""
        ...


class SeparateWriters:
    """Each writer has a transaction of its own."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def write(self, work: Callable[[WriteTurn], Awaitable[Result]]) -> Result:
        async with self._sessions() as session:
            result = await work(_OwnTurn(session))
            await session.commit()
            return result


@dataclass(slots=True)
class _OwnTurn:
    session: AsyncSession
    driver: None = None

    async def undo(self) -> None:
        await self.session.rollback()


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
        on_commit: Callable[[AsyncSession], None],
    ) -> None:
        self._engine, self._sessions, self._lock = engine, sessions, lock
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
            self._runner = None

    async def _transaction(self) -> None:
        ready: list[tuple[_Waiting, AsyncSession]] = []
        current: list[_Waiting] = []
        try:
            async with self._engine.connect() as connection:
                await connection.begin()
                driver: Any = (await connection.get_raw_connection()).driver_connection
                started = perf_counter()
                while self._queue and len(ready) < AT_MOST and perf_counter() - started < SECONDS:
                    current[:] = [self._queue.popleft()]
                    if not await self._one(connection, driver.driver, current[0], ready):
                        return  # the transaction broke; those before are told in `finally`
                current.clear()
                await connection.commit()
        except BaseException as error:
            for waiting in (*(each for each, _ in ready), *current, *self._not_begun(ready, current)):
                _fail(waiting, error)
            ready.clear()
            if not isinstance(error, Exception):
                raise
        else:
            for waiting, session in ready:
                self._on_commit(session)
                if not waiting.done.done():
                    waiting.done.set_result(waiting.result)
            ready.clear()
        finally:
            for waiting, _ in ready:
                _fail(waiting, Disturbed())

    def _not_begun(self, ready: list[Any], current: list[_Waiting]) -> list[_Waiting]:
        """Nobody came so far as to begin: the first in the queue learns why, else it would wait for ever."""
        return [] if ready or current or not self._queue else [self._queue.popleft()]

    async def _one(
        self,
        connection: AsyncConnection,
        driver: sqlite3.Connection,
        waiting: _Waiting,
        ready: list[tuple[_Waiting, AsyncSession]],
    ) -> bool:
        """One writer's turn; false when its failure took the whole transaction along."""
        driver = (await connection.get_raw_connection()).driver_connection.driver  # type: ignore[union-attr]
        driver.execute("SAVEPOINT turn")
        session = self._sessions(bind=connection, join_transaction_mode="rollback_only")
        try:
            waiting.result = await waiting.work(_SharedTurn(session, driver))
            await flushed(session)
        except BaseException as error:
            _fail(waiting, error)
            session.expunge_all()
            if not driver.in_transaction:
                return False
            driver.execute("ROLLBACK TO turn")
        else:
            ready.append((waiting, session))
        driver.execute("RELEASE turn")
        session.sync_session.close()  # gives nothing back, so there is nothing to wait for
        return True


@dataclass(slots=True)
class _SharedTurn:
    session: AsyncSession
    driver: sqlite3.Connection

    async def undo(self) -> None:
        if not self.driver.in_transaction:
            raise Disturbed
        self.session.expunge_all()
        self.driver.execute("ROLLBACK TO turn")


async def flushed(session: AsyncSession) -> None:
    """Flush `session` if it holds anything."""
    if session.new or session.dirty or session.deleted:
        await session.flush()


def _fail(waiting: _Waiting, error: BaseException) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(error)
