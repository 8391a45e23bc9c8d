"""A case finds somebody: of those on duty whom it fits, the one with the fewest unanswered ones.

A case that was answered and comes again stays with who had it if he is on duty. Due rows are cases that lie
free; each is looked at again, locked, in a transaction of its own, so a step may be taken twice or by two
processes. Not here: who is on duty (`rota`), rooms that do so (`duty_rooms`), owning (`case_owners`).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import start_of_day
from app.services import (
    case_conflicts,
    case_owners,
    case_queue,
    complaint_conflicts,
    duty_rooms,
    permissions,
    rota,
    staff_notices,
    staff_skills,
)
from app.services.calendar import after_working_hours
from app.services.duty_rooms import PLACES
from app.services.permissions import Scope, Standing
from app.services.rota import OnDuty
from models import Case, CaseQueue, CaseState, DutyRoom, Staff

LOOK_AGAIN: Final = timedelta(minutes=2)  # while somebody may be on duty
LEAD_HEARS_AFTER: Final = 2  # office hours of lying free
_COMES_AGAIN: Final = (CaseState.REOPENED, CaseState.SUBMITTED)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


async def list_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[int]:
    """Ids of cases for which somebody is to be looked for now, the earliest due first."""
    rooms = await duty_rooms.list_assigning(session)
    if not rooms:
        return ()
    is_new = CaseQueue.since.is_distinct_from(Case.waiting_since)
    looked = sa.or_(CaseQueue.look_at <= now, is_new)
    free = sa.and_(Case.owner_id.is_(None), sa.or_(looked, CaseQueue.look_at.is_(None)))
    again = sa.and_(
        Case.owner_id.is_not(None),
        Case.state.in_(_COMES_AGAIN),
        Case.first_answered_at.is_not(None),
        Case.owned_at < Case.waiting_since,
        looked,
    )
    chosen = (
        sa.select(Case.id)
        .outerjoin(CaseQueue, CaseQueue.case_id == Case.id)
        .where(duty_rooms.owed(rooms), sa.or_(free, again))
        # Given away on its own day, an anonymous case would tell by that when it came.
        .where(sa.or_(Case.anonymous.is_(False), Case.waiting_since < start_of_day(now)))
        .order_by(Case.answer_due_at, Case.id)
    )
    return (await session.scalars(chosen.limit(limit))).all()


async def advance(session: AsyncSession, case_id: int, now: datetime) -> tuple[Case, list[str]]:
    """Give the case to somebody; returns it and what was done, in one word."""
    chosen = sa.select(Case).where(Case.id == case_id).with_for_update()
    case = (await session.scalars(chosen.execution_options(populate_existing=True))).one()
    room = duty_rooms.room_of(case)
    if room is None or not _is_looking(case, now):
        return case, []
    # From here on this room's rota stands still, and nobody else gives its cases.
    if not (await duty_rooms.setting(session, room)).assigns:
        return case, []
    queue = await case_queue.row_of(session, case)
    if queue.look_at is not None and queue.look_at > now:
        return case, []
    duty = await rota.list_on_duty(session, room, now)
    if case.owner_id is not None:
        return case, await _again(session, case, room, queue, duty, now)
    found = await _find(session, case, room, queue, duty, now)
    if found is not None:
        await _give(session, case, queue, found, now)
        return case, ["assigned"]
    return case, await _stays_free(session, case, room, queue, now)


async def _again(
    session: AsyncSession, case: Case, room: DutyRoom, queue: CaseQueue, duty: list[OnDuty], now: datetime
) -> list[str]:
    """It was answered, and its person wrote again."""
    if not duty:
        queue.look_at = _next_look(now)
        await session.flush()
        return []
    if any(each.staff.id == case.owner_id for each in duty):
        queue.look_at = None  # it is settled; what it waits since says so
        await session.flush()
        return ["kept"]
    found = await _find(session, case, room, queue, duty, now)
    if found is not None:
        await _give(session, case, queue, found, now)
        return ["assigned"]
    await case_owners.release(session, case, now)
    return ["released", *await _stays_free(session, case, room, queue, now)]


async def _find(
    session: AsyncSession, case: Case, room: DutyRoom, queue: CaseQueue, duty: list[OnDuty], now: datetime
) -> OnDuty | None:
    """Who is to get it; his row is locked, so that he gets nothing else meanwhile."""
    ids = [each.staff.id for each in duty]
    taken = await case_owners.counts_taken(session, ids)
    skills = await staff_skills.of(session, ids)
    against_us = await case_conflicts.only_outside(session, case)

    scopes = await _scopes(session, room, duty)

    def turn(each: OnDuty) -> tuple[bool, int, datetime, int]:
        """Who works for the branch whose case it is, and not for all, comes first."""
        is_near = case.branch_id in scopes[each.staff.id].branch_ids
        had = each.shift.assigned_at or _LONG_AGO
        return not is_near, taken.get(each.staff.id, 0), had, each.shift.id

    for each in sorted(duty, key=turn):
        who = each.staff
        if who.id in queue.passed or (against_us and await case_conflicts.of_company(session, who, now)):
            continue
        if await complaint_conflicts.is_of_accused(session, case, who):
            continue
        if not staff_skills.fits(skills.get(who.id), case.kind, case.topic):
            continue
        if not scopes[who.id].covers(case.branch_id):
            continue
        if await _has_room(session, who):
            return each
    return None


async def _scopes(session: AsyncSession, room: DutyRoom, duty: Sequence[OnDuty]) -> dict[int, Scope]:
    """Of which branches each of those on duty, all of them in service, may answer in this room."""
    granted = await permissions.grants_of_all(session, [each.staff.id for each in duty])
    standings = (Standing(each.staff.id, each.staff.name, granted.get(each.staff.id, ())) for each in duty)
    return {each.staff_id: permissions.scope(each, PLACES[room].answers) for each in standings}


async def _has_room(session: AsyncSession, who: Staff) -> bool:
    locked = await case_owners.lock_staff(session, who.id)
    return await case_owners.count_taken(session, locked.id) < case_owners.limit_of(locked)


async def _give(session: AsyncSession, case: Case, queue: CaseQueue, to: OnDuty, now: datetime) -> None:
    await case_owners.assign(session, case, to.staff, now)
    to.shift.assigned_at = now
    case_queue.look_anew(queue)
    await session.flush()


async def _stays_free(
    session: AsyncSession, case: Case, room: DutyRoom, queue: CaseQueue, now: datetime
) -> list[str]:
    """Everybody may take it. Who leads the room hears of it, once."""
    queue.look_at = _next_look(now)
    queue.lead_due_at = queue.lead_due_at or after_working_hours(now, LEAD_HEARS_AFTER)
    if queue.lead_told_at is None and queue.lead_due_at <= now:
        queue.lead_told_at = now
        await staff_notices.free(session, case, queue, room, now)
        await session.flush()
        return ["lead_told"]
    await session.flush()
    return []


def _is_looking(case: Case, now: datetime) -> bool:
    """As `list_due` found it, looked at again."""
    if case.waiting_since is None or not duty_rooms.is_owed(case):
        return False
    if case.anonymous and case.waiting_since >= start_of_day(now):
        return False
    if case.owner_id is None:
        return True
    comes_again = case.state in _COMES_AGAIN and case.first_answered_at is not None
    return comes_again and case.owned_at is not None and case.owned_at < case.waiting_since


def _next_look(now: datetime) -> datetime:
    return rota.next_half(now) if rota.half_at(now) is None else now + LOOK_AGAIN
