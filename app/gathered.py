"""Rows that wait for others of their transaction and go in with them: a statement costs as much as many rows.

They are in the database before the session is asked anything else, and at the latest before its commit; a
rollback forgets them. Not for rows whose ids are needed at once.
"""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from app.database import WriteNeeded, WritingSession

Insert = Callable[[sa.Connection, Sequence[Any]], None]

MEMORY = "gonghui.memory"  # in session.info
GATHERED = "gonghui.gathered"  # in the memory
LAST = "gonghui.gathered-last"  # likewise


def memory(session: AsyncSession | Session) -> dict[str, Any]:
    """What code remembers of this transaction; gone with its end, and when any part of it is rolled back."""
    remembered: dict[str, Any] = session.info.setdefault(MEMORY, {})
    return remembered


def gather(session: AsyncSession, insert: Insert, row: Any, *, last: bool = False) -> None:
    """Leave `row` to `insert`, which gets all rows left to it at once.

    `last`: nobody asks for it in this transaction, and it goes in right before the commit: where it changes a
    row that many want to change, that one is locked for the shortest time.

    Raises:
        WriteNeeded: the session only reads.
    """
    if not isinstance(session.sync_session, WritingSession):
        raise WriteNeeded
    memory(session).setdefault(LAST if last else GATHERED, {}).setdefault(insert, []).append(row)


def waiting(session: AsyncSession) -> int:
    """How many rows are not in the database yet."""
    kept = memory(session)
    return sum(len(rows) for which in (GATHERED, LAST) for rows in kept.get(which, {}).values())


async def insert_gathered(session: AsyncSession) -> None:
    """Put them in now. A savepoint needs that before it begins: its rollback forgets them all."""
    if waiting(session):
        await session.run_sync(_insert, GATHERED, LAST)


def _insert(session: Session, *which: str) -> None:
    for each in which:
        for insert, rows in memory(session).pop(each, {}).items():
            insert(session.connection(), rows)


@event.listens_for(WritingSession, "do_orm_execute")
def _before_it_is_asked(state: ORMExecuteState) -> None:
    _insert(state.session, GATHERED)


@event.listens_for(WritingSession, "before_commit")
def _before_it_ends(session: Session) -> None:
    _insert(session, GATHERED, LAST)


@event.listens_for(WritingSession, "after_soft_rollback")
def _forget(session: Session, previous: SessionTransaction) -> None:
    session.info.pop(MEMORY, None)


@event.listens_for(WritingSession, "after_commit")
def _done(session: Session) -> None:
    session.info.pop(MEMORY, None)
