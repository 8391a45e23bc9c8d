"""办理情况: how much each of staff has to answer, and how it went; what lies in each room. For who leads it.

Numbers, never a word of a case. The mean of fewer than ten people's ratings is shown to nobody.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import fmean, median
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, start_of_day
from app.services import case_owners, complaint_lists, duty_rooms, rota, staff_skills
from app.services.calendar import working_time_between
from app.services.case_ratings import FEWEST, LATELY, Average
from app.services.duty_rooms import PLACES
from app.services.permissions import RIGHTS
from models import Case, CaseRating, CaseReporter, DutyRoom, Staff, StaffGrant, StaffState

ANSWERED_IN: Final = timedelta(days=7)
MEDIAN_OF: Final = timedelta(days=30)
MEDIAN_MOST: Final = 500  # newest first answers that count
RATED_MOST: Final = 400  # newest ratings that count
LISTED: Final = 200  # cases of who is away


@dataclass(frozen=True, slots=True)
class Owed:
    """Unanswered ones: all, due by the end of today but not late, late."""

    waiting: int = 0
    today: int = 0
    late: int = 0
    oldest: datetime | None = None  # since when the first of them waits


@dataclass(frozen=True, slots=True)
class Load:
    """Of one of staff in one room."""

    staff: Staff
    on_duty: bool
    away_until: date | None
    skills: str  # empty: all
    limit: int
    owed: Owed
    answered: int  # in the last days
    first_answer: float | None  # office hours, the middle one
    rating: Average | None


@dataclass(frozen=True, slots=True)
class Loads:
    room: DutyRoom
    everything: Owed
    free: Owed  # what nobody has taken
    each: Sequence[Load]


async def of_room(session: AsyncSession, room: DutyRoom, now: datetime) -> Loads:
    """Who may answer there, and whoever else has something of it; most late first."""
    owed = await _owed(session, room, now)
    people = await _people(session, room, owed)
    ids = [each.id for each in people]
    on_duty = {each.staff.id for each in await rota.list_on_duty(session, room, now)}
    skills = await staff_skills.of(session, ids)
    answered = await _answered(session, room, now)
    first = await _first_answers(session, room, now)
    ratings = await _ratings(session, room, now)
    today = civil_date(now)
    loads = [
        Load(
            each,
            each.id in on_duty,
            each.away_until if each.is_away(today) else None,
            staff_skills.spoken(skills.get(each.id, frozenset())),
            case_owners.limit_of(each),
            owed.get(each.id, Owed()),
            answered.get(each.id, 0),
            first.get(each.id),
            ratings.get(each.id),
        )
        for each in people
    ]
    loads.sort(key=lambda one: (-one.owed.late, -one.owed.waiting, one.staff.name, one.staff.id))
    return Loads(room, _sum(owed.values()), owed.get(None, Owed()), loads)


async def left_behind(
    session: AsyncSession, rooms: Collection[DutyRoom], now: datetime
) -> list[tuple[Staff, Case]]:
    """Unanswered cases of who is away today, the earliest due first."""
    chosen = _left_behind(rooms, now, Staff, Case).order_by(Case.answer_due_at, Case.id).limit(LISTED)
    return [(who, case) for who, case in await session.execute(chosen)]


async def count_left_behind(session: AsyncSession, rooms: Collection[DutyRoom], now: datetime) -> int:
    return int(await session.scalar(_left_behind(rooms, now, sa.func.count())) or 0)


async def owed_by(session: AsyncSession, who: Staff, rooms: Collection[DutyRoom]) -> Sequence[Case]:
    """His unanswered cases of these rooms, the earliest due first."""
    chosen = sa.select(Case).where(Case.owner_id == who.id, duty_rooms.owed(rooms))
    return (await session.scalars(chosen.order_by(Case.answer_due_at, Case.id).limit(LISTED))).all()


# --- parts -------------------------------------------------------------------------------------------------


def _left_behind(rooms: Collection[DutyRoom], now: datetime, *columns: Any) -> sa.Select[Any]:
    today = civil_date(now)
    return (
        sa.select(*columns)
        .select_from(Case)
        .join(Staff, Staff.id == Case.owner_id)
        .where(Staff.away_from <= today, Staff.away_until >= today)
        .where(duty_rooms.owed(rooms))
    )


async def _owed(session: AsyncSession, room: DutyRoom, now: datetime) -> dict[int | None, Owed]:
    """By the owner; None is nobody."""
    ends = start_of_day(now) + timedelta(days=1)
    due = complaint_lists.due_of_case() if room is DutyRoom.COMPLAINTS else Case.answer_due_at
    is_late, is_today = due < now, due.between(now, ends)
    few = (sa.func.count(sa.case((each, 1))) for each in (is_today, is_late))
    counted = sa.select(Case.owner_id, sa.func.count(), *few, sa.func.min(Case.waiting_since))
    rows = await session.execute(counted.where(duty_rooms.owed([room])).group_by(Case.owner_id))
    return {owner: Owed(*figures) for owner, *figures in rows.all()}


def _sum(each: Collection[Owed]) -> Owed:
    since = [one.oldest for one in each if one.oldest is not None]
    return Owed(
        sum(one.waiting for one in each),
        sum(one.today for one in each),
        sum(one.late for one in each),
        min(since, default=None),
    )


async def _people(session: AsyncSession, room: DutyRoom, owed: Collection[int | None]) -> Sequence[Staff]:
    roles = [role for role, rights in RIGHTS.items() if PLACES[room].answers in rights]
    granted = sa.select(StaffGrant.staff_id).where(StaffGrant.role.in_(roles))
    able = sa.and_(Staff.state == StaffState.ACTIVE, Staff.id.in_(granted))
    owners = [owner for owner in owed if owner is not None]
    return (await session.scalars(sa.select(Staff).where(sa.or_(able, Staff.id.in_(owners))))).all()


async def _answered(session: AsyncSession, room: DutyRoom, now: datetime) -> dict[int, int]:
    chosen = sa.select(Case.owner_id, sa.func.count()).where(
        duty_rooms.holds(room), Case.answered_at >= now - ANSWERED_IN, Case.owner_id.is_not(None)
    )
    rows: Any = (await session.execute(chosen.group_by(Case.owner_id))).all()
    return dict(rows)


async def _first_answers(session: AsyncSession, room: DutyRoom, now: datetime) -> dict[int, float]:
    """Office hours until the first answer. Of anonymous cases only days are known: they do not count."""
    chosen = sa.select(Case.owner_id, Case.opened_at, Case.first_answered_at).where(
        duty_rooms.holds(room),
        Case.answered_at >= now - MEDIAN_OF,
        Case.first_answered_at >= now - MEDIAN_OF,
        Case.owner_id.is_not(None),
        Case.anonymous.is_(False),
    )
    chosen = chosen.order_by(Case.answered_at.desc()).limit(MEDIAN_MOST)
    rows: Any = (await session.execute(chosen)).all()
    hours: dict[int, list[float]] = {}
    for owner, opened, answered in rows:
        hours.setdefault(owner, []).append(working_time_between(opened, answered).total_seconds() / 3600)
    return {owner: median(each) for owner, each in hours.items()}


async def _ratings(session: AsyncSession, room: DutyRoom, now: datetime) -> dict[int, Average]:
    """The mean of the newest ones; whoever fewer than ten people have rated is not there."""
    # Read backwards by the index of its times and no farther than needed: counting people in the database
    # reads the reporters of all cases there ever were.
    chosen = (
        sa.select(Case.owner_id, CaseRating.score, CaseReporter.person_digest)
        .select_from(CaseRating)
        .join(Case, Case.id == CaseRating.case_id)
        .join(CaseReporter, CaseReporter.case_id == Case.id)
        .where(CaseRating.rated_at >= now - LATELY, CaseRating.score.is_not(None))
        .where(duty_rooms.holds(room), Case.owner_id.is_not(None))
        .order_by(CaseRating.rated_at.desc())
        .limit(RATED_MOST)
    )
    given: dict[int, list[tuple[int, bytes]]] = {}
    rows: Any = (await session.execute(chosen)).all()
    for owner, score, who in rows:
        given.setdefault(owner, []).append((score, who))
    found = {
        owner: Average(fmean(score for score, _ in each), len({who for _, who in each}))
        for owner, each in given.items()
    }
    return {owner: average for owner, average in found.items() if average.people >= FEWEST}
