"""Turns that write: those who wait share a transaction, since waiting for the disk is the dearest part of it.

All their messages are claimed first, then each handler runs, then all outcomes are stored, and nobody learns
that he is done before the commit. No savepoint parts them: on PostgreSQL that would be two more round trips
each. So a handler that fails after it wrote ends the transaction for all; then each runs again in one of his
own, with a savepoint. Rows that services gather (`app.gathered`) go in once for all of them.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database, Traces
from app.dialogue.groups import Lane
from app.dialogue.journal import Claim, Entry, Written
from app.dialogue.outages import is_database_away, others_were_in_the_way
from app.dialogue.performing import Guarded
from app.dialogue.runs import Run
from app.dialogue.settling import Lost, Stale, claim_new, finish_new
from app.gathered import insert_gathered, waiting
from app.wechat.replies import Reply

log = structlog.get_logger(__name__)

AT_MOST = 32
PATIENCE = 0.004  # seconds; plain messages are cheaper and wait less, if at all
AT_ONCE = 2  # transactions on PostgreSQL: a slow handler holds up only those who share with it


class Disturbed(BaseException):
    """A failure that cannot be undone alone: nothing of this transaction is stored.

    Not an Exception: no handler may take it for a mistake of its own.
    """


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is answered and what is stored."""

    reply: Reply
    row: Entry
    afterwards: Sequence[Callable[[], None]] = ()  # to be done once it is stored


Play = Callable[[AsyncSession, Guarded], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Writer:
    """One message whose handler writes: how it is claimed, and what to do once it is ours."""

    run: Run
    claim: Claim
    play: Play


class Writers:
    """The writers of one process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._lane: Lane[Writer, Outcome | Exception] = Lane(
            self._together,
            at_once=1 if database.is_sqlite else AT_ONCE,
            largest=AT_MOST,
            patience=PATIENCE,
        )

    async def write(self, writer: Writer) -> Outcome:
        """Returns after the commit.

        Raises:
            Lost: the journal has the message, or it was deferred meanwhile.
            Stale: the follower moved on, or nobody waits for this answer any more.
        """
        result = await self._lane.submit(writer)
        if isinstance(result, Exception):
            raise result
        return result

    async def _together(self, writers: Sequence[Writer]) -> list[Outcome | Exception]:
        try:
            return await self._transaction(writers, alone=False)
        except Disturbed:
            pass
        except Exception as error:
            if is_database_away(error) and not others_were_in_the_way(error):
                raise
            log.warning("writers_parted", number=len(writers), error=type(error).__name__)
        return [await self._alone(writer) for writer in writers]

    async def _alone(self, writer: Writer) -> Outcome | Exception:
        try:
            return (await self._transaction([writer], alone=True))[0]
        except Exception as error:
            return error

    async def _transaction(self, writers: Sequence[Writer], *, alone: bool) -> list[Outcome | Exception]:
        """Raises: Disturbed, or what kept all of them from being stored."""
        results: list[Outcome | Exception] = []
        async with self._database.transaction() as session:
            traces = Traces.of(await session.connection())

            def guarded() -> AbstractAsyncContextManager[None]:
                return savepoint(session) if alone else _hopeful(session, traces)

            for writer in writers:
                writer.run.writing = not writer.run.deferred
            claimed = await claim_new(session, [writer.claim for writer in writers])
            for writer, written in zip(writers, claimed, strict=True):
                if written is not Written.OK:
                    results.append(Lost() if written is Written.DUPLICATE else Stale())
                    continue
                results.append(await writer.play(session, guarded))
                if writer.run.is_left(self._clock.monotonic()):
                    raise Stale if alone else Disturbed
                session.expunge_all()  # the next one shall read what is there, not what this one held
            await finish_new(session, [each.row for each in results if isinstance(each, Outcome)])
        return results


async def flushed(session: AsyncSession) -> None:
    """Flush `session` if it holds anything; rows gathered for several go on waiting."""
    if session.new or session.dirty or session.deleted:
        await session.flush()


@asynccontextmanager
async def savepoint(session: AsyncSession) -> AsyncIterator[None]:
    """What a handler wrote before it failed is undone."""
    traces = Traces.of(await session.connection())
    await insert_gathered(session)
    try:
        async with session.begin_nested():
            traces.begin()
            yield
            await _flush_alive(session, traces)
    except BaseException:
        session.expunge_all()
        raise


@asynccontextmanager
async def _hopeful(session: AsyncSession, traces: Traces) -> AsyncIterator[None]:
    """Most handlers that say no have written nothing yet: then there is nothing to undo.

    Raises:
        Disturbed: this one has.
    """
    traces.begin()
    before = waiting(session)
    try:
        yield
        await _flush_alive(session, traces)
    except BaseException as error:
        session.expunge_all()
        if traces.left or waiting(session) > before:
            raise Disturbed from error
        raise


async def _flush_alive(session: AsyncSession, traces: Traces) -> None:
    """Flush, and find out whether the transaction stands: a handler may have swallowed what ended it."""
    await flushed(session)
    if traces.broken:
        await session.execute(sa.select(1))
