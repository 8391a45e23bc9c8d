"""Who wants to be reminded of a broadcast, and who watched it: once per person, then nobody's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import start_of_day
from app.errors import DomainError
from app.services import live_notices
from app.services.coordination import upsert
from app.services.forgetting import Ids, Rule, Where, change
from models import LivePhase, LiveSession, LiveVisit

NAMED_FOR: Final = timedelta(days=180)
TOO_LATE: Final = "马上就要开始了，来不及提醒，请直接打开看。"


@dataclass(frozen=True, slots=True)
class Watched:
    """People, each counted once: as it went on, only afterwards; and who waits to be reminded."""

    live: int = 0
    replay: int = 0
    reminded: int = 0


async def find(session: AsyncSession, live: LiveSession, person_id: int) -> LiveVisit | None:
    return await session.scalar(_own(live, person_id))


async def remind(session: AsyncSession, live: LiveSession, person_id: int, now: datetime) -> datetime:
    """When the person will be reminded. Asked twice it is once.

    Raises: DomainError: it has begun, or begins too soon.
    """
    if live.phase(now) is not LivePhase.SCHEDULED:
        raise DomainError(f"「{live.title}」{live.phase(now).label}，不用提醒了。")
    due_at = live_notices.reminder_at(live, now)
    if due_at is None:
        raise DomainError(TOO_LATE)
    visit = await _held(session, live, person_id, now)
    if not visit.reminds:
        visit.reminds, visit.marked_at = True, now
        await session.flush()
        live_notices.remind(session, live, visit, now)
    return due_at


async def forget_reminder(session: AsyncSession, live: LiveSession, person_id: int, now: datetime) -> None:
    visit = await find(session, live, person_id)
    if visit is not None and visit.reminds:
        await live_notices.withdraw(session, visit, now)
        visit.reminds, visit.marked_at = False, now
        await session.flush()


async def watch(session: AsyncSession, live: LiveSession, person_id: int, now: datetime) -> LiveVisit:
    """Note that the person watches it; the first time counts.

    Raises: DomainError: there is nothing to be watched now.
    """
    phase = live.phase(now)
    if phase not in (LivePhase.LIVE, LivePhase.REPLAY):
        raise DomainError(f"「{live.title}」{phase.label}，现在没有可看的。")
    visit = await _held(session, live, person_id, now)
    if visit.watched_at is None:
        visit.watched_at = visit.marked_at = now
        await session.flush()
    return visit


async def list_to_remind(session: AsyncSession, live: LiveSession) -> Sequence[LiveVisit]:
    waiting = sa.select(LiveVisit).where(
        LiveVisit.live_id == live.id, LiveVisit.reminds, LiveVisit.person_id.is_not(None)
    )
    return (await session.scalars(waiting.order_by(LiveVisit.id))).all()


async def count(session: AsyncSession, live: LiveSession) -> Watched:
    def people(*which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(sa.case((sa.and_(*which), 1), else_=0)), 0)

    row = (
        await session.execute(
            sa.select(
                people(LiveVisit.watched_at <= live.ends_at),
                people(LiveVisit.watched_at > live.ends_at),
                people(LiveVisit.reminds.is_(True)),
            ).where(LiveVisit.live_id == live.id)
        )
    ).one()
    return Watched(*(int(each) for each in row))


async def _held(session: AsyncSession, live: LiveSession, person_id: int, now: datetime) -> LiveVisit:
    """The one row, made where there is none, whoever else makes it at the same time."""
    made = upsert(session, LiveVisit).values(
        live_id=live.id, person_id=person_id, reminds=False, watched_at=None, marked_at=now
    )
    await session.execute(made.on_conflict_do_nothing(index_elements=["live_id", "person_id"]))
    mine = _own(live, person_id).with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(mine)).one()


def _own(live: LiveSession, person_id: int) -> sa.Select[LiveVisit]:
    return sa.select(LiveVisit).where(LiveVisit.live_id == live.id, LiveVisit.person_id == person_id)


# --- whose they are ----------------------------------------------------------------------------------------


async def hand_over(session: AsyncSession, gone: int, stays: int, now: datetime) -> None:
    """Two who are one watched once, the first time; one reminder is enough."""
    both = sa.select(LiveVisit).where(LiveVisit.person_id.in_([gone, stays])).order_by(LiveVisit.id)
    rows = (await session.scalars(both.with_for_update())).all()
    kept = {row.live_id: row for row in rows if row.person_id == stays}
    for row in (row for row in rows if row.person_id == gone):
        own = kept.get(row.live_id)
        if own is None:
            row.person_id = stays
            continue
        watched = [each for each in (own.watched_at, row.watched_at) if each is not None]
        own.watched_at = min(watched, default=None)
        if row.reminds and own.reminds:
            await live_notices.withdraw(session, row, now, stays)
        own.reminds = own.reminds or row.reminds
        own.marked_at = max(own.marked_at, row.marked_at)
        await session.delete(row)
    await session.flush()


async def forget_person(session: AsyncSession, person_id: int, now: datetime) -> int:
    """Leave that somebody watched, and on which day at the latest."""
    mine = sa.update(LiveVisit).where(LiveVisit.person_id == person_id)
    nobody = {"person_id": None, "reminds": False, "marked_at": start_of_day(now)}
    return await change(session, mine.values(nobody))


def _is_old(now: datetime) -> Where:
    named = sa.text("live_visit.person_id IS NOT NULL")  # as the index has it
    return (named, LiveVisit.marked_at <= now - NAMED_FOR)


async def _forget_who(session: AsyncSession, ids: Ids, now: datetime) -> int:
    theirs = sa.update(LiveVisit).where(LiveVisit.id.in_(ids), *_is_old(now))
    nobody = {"person_id": None, "reminds": False, "marked_at": start_of_day(now - NAMED_FOR)}
    return await change(session, theirs.values(nobody))


forget_who = Rule("live_visits", LiveVisit.id, _is_old, _forget_who, by=LiveVisit.marked_at)
