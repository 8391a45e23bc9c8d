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


def memory(session: AsyncSession | Session) -> dict[str, Any]:
    """What code remembers of this transaction; gone with its end, and when any part of it is rolled back."""
    remembered: dict[str, Any] = session.info.setdefault(MEMORY, {})
    return remembered


def gather(session: AsyncSession, insert: Insert, row: Any) -> None:
    """Leave `row` to `insert`, which gets all rows left to it at once.

    Raises:
        WriteNeeded: the session only reads.
    """
    if not isinstance(session.sync_session, WritingSession):
        raise WriteNeeded
    memory(session).setdefault(GATHERED, {}).setdefault(insert, []).append(row)


def waiting(session: AsyncSession) -> int:
    """How many rows are not in the database yet."""
    return sum(len(rows) for rows in memory(session).get(GATHERED, {}).values())


async def insert_gathered(session: AsyncSession) -> None:
    """Put them in now. A savepoint needs that before it begins: its rollback forgets them all."""
    if waiting(session):
        await session.run_sync(_insert)


def _insert(session: Session) -> None:
    for insert, rows in memory(session).pop(GATHERED, {}).items():
        insert(session.connection(), rows)


@event.listens_for(WritingSession, "do_orm_execute")
def _before_it_is_asked(state: ORMExecuteState) -> None:
    _insert(state.session)


@event.listens_for(WritingSession, "before_commit")
def _before_it_ends(session: Session) -> None:
    _insert(session)


@event.listens_for(WritingSession, "after_soft_rollback")
def _forget(session: Session, previous: SessionTransaction) -> None:
    session.info.pop(MEMORY, None)


@event.listens_for(WritingSession, "after_commit")
def _done(session: Session) -> None:
    session.info.pop(MEMORY, None)
