"""Bringing in a long file chunk by chunk, beside people who wait for their answers.

Each chunk is a transaction of its own, tried again where others held its rows or the database too long;
between two of them everybody else gets as long as the write took. One import of a kind at a time: each write
renews a lease in its own transaction. What is in a chunk is for who imports.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database
from app.errors import DomainError, OperatorError
from app.services.coordination import give_back, take_lease

log = structlog.get_logger(__name__)

CHUNK: Final = 1000  # rows compared by one statement, written by one transaction
LEASE_SECONDS = 60
TRIES = 3  # a chunk whose rows or database others hold too long
LONGEST_PAUSE = 0.5

Progress = Callable[[int, int], None]  # rows done, rows in all
Result = TypeVar("Result")


class ImportBusy(DomainError):
    def __init__(self, what: str) -> None:
        super().__init__(f"另一份{what}正在导入，请等它完成再试（通常不到一分钟）。")


class ImportStopped(OperatorError):
    """The database refused; what is done is kept."""

    def __init__(self, done: int, total: int) -> None:
        super().__init__(
            f"导入中途停了：数据库没有响应。前 {done} 行（共 {total} 行）已经保存；"
            "再导入一次同一个文件，会接着做完，做过的不会重复。"
        )


class Importing:
    """One import at work."""

    def __init__(
        self, database: Database, clock: Clock, lease: str, what: str, total: int, progress: Progress | None
    ) -> None:
        self._database, self._clock = database, clock
        self._lease, self._what = lease, what
        self._done, self._total, self._progress = 0, total, progress
        self._holder = secrets.token_hex(8)

    async def hold(self, session: AsyncSession) -> None:
        """Raises: ImportBusy."""
        now = self._clock.real_now()
        if not await take_lease(session, self._lease, self._holder, seconds=LEASE_SECONDS, now=now):
            raise ImportBusy(self._what)

    async def let_go(self) -> None:
        with suppress(DBAPIError):  # then it runs out by itself
            async with self._database.transaction() as session:
                await give_back(session, self._lease, self._holder)

    async def write(self, work: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
        """One chunk in one transaction, then a pause for whoever waits to write.

        Raises: ImportBusy; ImportStopped.
        """
        for attempt in range(1, TRIES + 1):
            started = self._clock.monotonic()
            try:
                async with self._database.transaction() as session:
                    await self.hold(session)
                    result = await work(session)
                break
            except DBAPIError as error:
                log.warning("import.chunk_failed", attempt=attempt, error=type(error.orig).__name__)
                if attempt == TRIES:
                    raise ImportStopped(self._done, self._total) from error
        await asyncio.sleep(min(self._clock.monotonic() - started, LONGEST_PAUSE))
        return result

    def went_on(self, rows: int) -> None:
        self._done += rows
        if self._progress is not None:
            self._progress(self._done, self._total)


@asynccontextmanager
async def importing(
    database: Database, clock: Clock, lease: str, what: str, total: int, progress: Progress | None
) -> AsyncIterator[Importing]:
    """`what` is imported, `total` rows of it. Raises: ImportBusy: another such import is at work."""
    run = Importing(database, clock, lease, what, total, progress)
    try:
        async with database.transaction() as session:
            await run.hold(session)
        yield run
    finally:
        await run.let_go()
