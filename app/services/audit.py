"""The record of what staff did: who, when, from where, and every value before and after.

A transaction of staff is watched: what it changes through the session is put down as it is flushed, and
becomes one row of `StaffAct` in the same transaction. An act without a name is a bug and is not committed.
Of what is sealed only a digest is put down: it tells that something changed, and not what it said.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import LoaderCallableStatus, Mapper, ORMExecuteState, Session

from app.clock import Clock
from app.database import Database, WritingSession
from app.services.acts import ACTS
from app.services.permissions import Standing
from models import (
    ArticleClicks,
    Base,
    CaseDraft,
    CaseQueue,
    CaseSeen,
    ContentRevision,
    Outbox,
    Staff,
    StaffAct,
    StaffSession,
    StaffTry,
    WeChatArticleDay,
    WeChatArticleFigure,
    WeChatCourse,
    WeChatFetch,
    WeChatFollowerDay,
)
from models.sealing import keyring
from models.types import SealedJSON, SealedText

MOST: Final = 50  # rows put down one by one; of an act on more the rest is counted
LONGEST: Final = 300  # characters of a value
_WATCH: Final = "gonghui.watch"  # in session.info
HIDDEN: Final = frozenset({"password", "secret_digest", "code_digest", "mark_digest"})
_COUNTED: Final = (  # by jobs, from what happened: no act of anybody changes them
    ArticleClicks,
    WeChatArticleDay,
    WeChatArticleFigure,
    WeChatCourse,
    WeChatFetch,
    WeChatFollowerDay,
)
NOT_KEPT: Final = (
    *(StaffAct, StaffTry, StaffSession, Outbox, CaseDraft, CaseQueue, CaseSeen, ContentRevision),
    *_COUNTED,
)
# Nor what only serves them: counters, leases, wake-ups.
_NOT_COUNTED: Final = frozenset(
    {each.__tablename__ for each in NOT_KEPT} | {"counter", "lease", "shared_version"}
)
_ACTS: Any = StaffAct.__table__
_PUT_DOWN: Final = sa.insert(_ACTS).inline()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `standing` is None for a command on the server."""

    by: str
    channel: str = "cli"
    standing: Standing | None = None
    address: str | None = None  # where from, as the server sees it


def standing_of(staff: Staff) -> Standing:
    """Of somebody who is about to sign in: only who it is."""
    return Standing(staff.id, staff.name)


@dataclass(slots=True)
class Watch:
    """What one transaction of staff has done so far."""

    actor: Actor
    now: datetime
    otherwise: str
    subject: str
    act: str = ""
    branch_id: int | None = None
    reason: str | None = None
    changes: list[dict[str, Any]] = field(default_factory=list)
    more: int = 0
    at_once: dict[tuple[str, str], int] = field(default_factory=dict)  # table, how → statements

    def put_down(self, row: Base, before: dict[str, Any], after: dict[str, Any]) -> None:
        if len(self.changes) >= MOST:
            self.more += 1
            return
        self.changes.append({"table": row.__tablename__, "id": row.id, "before": before, "after": after})


@asynccontextmanager
async def acting(
    database: Database, clock: Clock, actor: Actor, *, otherwise: str = "", subject: str = ""
) -> AsyncIterator[AsyncSession]:
    """A writing transaction of staff, put down with its commit.

    `otherwise` is the act, on `subject`, of what does not say by itself what it is.

    Raises: RuntimeError: it wrote something and neither says what it was doing (`does`).
    """
    async with database.transaction() as session:
        session.info[_WATCH] = Watch(actor, clock.now(), otherwise, subject)
        yield session


def does(
    session: AsyncSession,
    act: str,
    subject: str = "",
    *,
    branch_id: int | None = None,
    reason: str | None = None,
    **details: Any,
) -> None:
    """Say what this transaction of staff does; `details` are put down beside what it changes.

    Outside of such a transaction (a job, a test of one rule) nobody listens.
    """
    if act not in ACTS:
        raise RuntimeError(f"no act of staff is called {act!r}")
    watch: Watch | None = session.info.get(_WATCH)
    if watch is None:
        return
    watch.act, watch.subject, watch.branch_id, watch.reason = act, subject, branch_id, reason
    if details:
        watch.changes.append({"details": {name: _plain(value) for name, value in details.items()}})


async def next_act(session: AsyncSession) -> None:
    """What was done so far is an act of its own, with its own row; what follows here is another."""
    watch: Watch | None = session.info.get(_WATCH)
    if watch is None or not watch.act:
        return
    await session.flush()
    await (await session.connection()).execute(_PUT_DOWN, _row(watch, watch.act))
    session.info[_WATCH] = Watch(watch.actor, watch.now, watch.otherwise, watch.subject)


@contextmanager
def unseen(session: AsyncSession) -> Iterator[None]:
    """What is only tried, and taken back again, is put down nowhere."""
    watch: Watch | None = session.info.pop(_WATCH, None)
    try:
        yield
    finally:
        if watch is not None:
            session.info[_WATCH] = watch


# --- what is flushed ---------------------------------------------------------------------------------------


@event.listens_for(WritingSession, "before_commit")
def _close(session: Session) -> None:
    """The row of the act, as the last statement of its transaction."""
    watch: Watch | None = session.info.get(_WATCH)
    if watch is None or session.in_nested_transaction():
        return
    session.flush()
    is_writing = bool(watch.changes or watch.at_once)
    act = watch.act or (watch.otherwise if is_writing else "")
    if act:
        # Not through the session: a second flush would cost more than all the rest of the record.
        session.connection().execute(_PUT_DOWN, _row(watch, act))
    elif is_writing:
        raise RuntimeError("staff changed something, and the record does not know what they did")


def _row(watch: Watch, act: str) -> dict[str, Any]:
    if watch.more:
        watch.changes.append({"more": watch.more})
    for (table, how), count in watch.at_once.items():
        watch.changes.append({"table": table, "at_once": how, "count": count})
    standing = watch.actor.standing
    return {
        "at": watch.now,
        "staff_id": standing.staff_id if standing else None,
        "by": watch.actor.by[:64],
        "channel": watch.actor.channel,
        "act": act,
        "subject": watch.subject[:64],
        "branch_id": watch.branch_id,
        "reason": watch.reason,
        "changes": watch.changes,
        "address": watch.actor.address,
    }


@event.listens_for(WritingSession, "after_flush")
def _flushed(session: Session, context: object) -> None:
    watch: Watch | None = session.info.get(_WATCH)
    if watch is None:
        return
    for row in (*session.new, *session.dirty, *session.deleted):
        if not isinstance(row, NOT_KEPT):
            _put_down(watch, session, row)


@event.listens_for(WritingSession, "do_orm_execute")
def _at_once(state: ORMExecuteState) -> None:
    """Statements that change many rows do not say what those were; that there were some is put down."""
    watch: Watch | None = state.session.info.get(_WATCH)
    if watch is None or not (state.is_insert or state.is_update or state.is_delete):
        return
    table = str(getattr(state.statement, "table", ""))
    if table in _NOT_COUNTED:
        return
    how = "insert" if state.is_insert else "update" if state.is_update else "delete"
    watch.at_once[table, how] = watch.at_once.get((table, how), 0) + 1


def _put_down(watch: Watch, session: Session, row: Any) -> None:
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    state = sa.inspect(row)
    columns, now = _columns(state.mapper), state.dict
    if row in session.deleted:
        before = {key: said(now.get(key)) for key, said in columns.items()}
    else:
        # As they were before this flush; what nobody has touched is not among them.
        for key, old in state.committed_state.items():
            if (said := columns.get(key)) is None or old == (new := now.get(key)):
                continue
            after[key] = said(new)
            if not isinstance(old, LoaderCallableStatus):  # it was never loaded, or there was none
                before[key] = said(old)
    if before or after:
        watch.put_down(row, before, after)


@cache
def _columns(mapper: Mapper[Any]) -> dict[str, Callable[[object], Any]]:
    """How the record says what each holds."""
    return {each.key: _saying(each.columns[0]) for each in mapper.column_attrs}


def _saying(column: sa.ColumnElement[Any]) -> Callable[[object], Any]:
    if column.key in HIDDEN:
        return _hidden
    return _digest if isinstance(column.type, SealedText | SealedJSON) else _plain


def _hidden(value: object) -> str | None:
    return None if value is None else "（不记）"


def _digest(value: object) -> str | None:
    return None if value is None else f"（保密 {keyring().digest(repr(value), 'audit').hex()[:8]}）"


def _plain(value: object) -> Any:
    """As JSON has it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool | int | float | None):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()[:16]
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in list(value)[:MOST]]
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    words = str(value)
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"
