"""值班表: who is on duty in a room, half day by half day, and who is on duty now.

Days off (`calendar`) have shifts only where somebody has put them there. Who is away is on duty nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, shanghai
from app.errors import DomainError, NotFound
from app.services import duty_rooms, permissions
from app.services.audit import does
from app.services.calendar import SPANS, is_working_day
from app.services.forgetting import Ids, Rule, Where, change
from app.services.permissions import Standing
from models import DutyRoom, DutyShift, Half, Staff, StaffState

FARTHEST: Final = timedelta(days=366)
KEPT_FOR: Final = timedelta(days=366)
OWN: Final = 14  # of one's own half days ahead are told
WEEK: Final = timedelta(days=7)
_HOURS: Final = dict(zip(Half, SPANS, strict=True))
Cell = tuple[date, Half]


@dataclass(frozen=True, slots=True)
class OnDuty:
    shift: DutyShift
    staff: Staff


@dataclass(frozen=True, slots=True)
class Copied:
    made: int
    left: int  # days off, gone by, or of who is away or may not answer any more


def half_at(moment: datetime) -> Half | None:
    """None where no half of any day has its hours."""
    clock = shanghai(moment).time()
    return next((half for half, (opens, closes) in _HOURS.items() if opens <= clock < closes), None)


def next_half(moment: datetime) -> datetime:
    """When the next half day begins, be it of a day off."""
    local = shanghai(moment)
    for days in (0, 1):
        for opens, _ in SPANS:
            begins = datetime.combine(local.date() + timedelta(days=days), opens, local.tzinfo)
            if begins > local:
                return begins
    raise AssertionError("every day has halves")


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


# --- looking -----------------------------------------------------------------------------------------------


async def list_shifts(session: AsyncSession, room: DutyRoom, first: date, last: date) -> list[OnDuty]:
    """From `first` to `last`, both counted; those of a half in the order they were put there."""
    chosen = _shifts(room).where(DutyShift.day.between(first, last)).order_by(DutyShift.day, DutyShift.id)
    return [OnDuty(*row) for row in await session.execute(chosen)]


async def list_on_duty(session: AsyncSession, room: DutyRoom, now: datetime) -> list[OnDuty]:
    """Who is on duty at this moment, in service and not away."""
    half, today = half_at(now), civil_date(now)
    if half is None:
        return []
    chosen = _shifts(room).where(DutyShift.day == today, DutyShift.half == half).order_by(DutyShift.id)
    chosen = chosen.where(Staff.state == StaffState.ACTIVE).execution_options(populate_existing=True)
    found = [OnDuty(*row) for row in await session.execute(chosen)]
    return [each for each in found if not each.staff.is_away(today)]


async def list_of(session: AsyncSession, who: Staff, now: datetime) -> Sequence[DutyShift]:
    """His own of the days to come, today's too."""
    chosen = sa.select(DutyShift).where(DutyShift.staff_id == who.id, DutyShift.day >= civil_date(now))
    return (await session.scalars(chosen.order_by(DutyShift.day, DutyShift.half).limit(OWN))).all()


async def list_able(session: AsyncSession, room: DutyRoom) -> list[Staff]:
    """Who may be put on the rota of this room: whoever answers something there; by name."""
    return await permissions.list_able(session, duty_rooms.PLACES[room].answers)


# --- the lead's ---------------------------------------------------------------------------------------------


async def add(
    session: AsyncSession,
    room: DutyRoom,
    who: Staff,
    cells: Sequence[Cell],
    by: Standing,
    now: datetime,
) -> int:
    """Put somebody on duty; what he has already is no error. Returns how many half days are new.

    Raises:
        Forbidden: `by` does not lead the room.
        DomainError: nothing chosen, a day gone by or too far, he is away then, or may not answer here.
    """
    duty_rooms.demand(by, room)
    await duty_rooms.setting(session, room)
    does(session, "duty.add", room.value)
    if not cells:
        raise DomainError("请先勾选要排的半天。")
    if not await _may(session, who, duty_rooms.PLACES[room].answers):
        raise DomainError(f"{who.name}不能答复{room.label}，请选别人。")
    today, made = civil_date(now), 0
    for day, half in sorted(set(cells)):
        _refuse_day(day, today)
        if who.is_away(day):
            raise DomainError(f"{who.name} {day.month}月{day.day}日休假，不能排班。")
        made += await _put(session, room, day, half, who.id)
    await session.flush()
    return made


async def remove(session: AsyncSession, room: DutyRoom, public_id: str, by: Standing, now: datetime) -> Staff:
    """Take half a day off the rota; returns whose it was.

    Raises: Forbidden; NotFound: it is not there (any more); DomainError: the day has gone by.
    """
    duty_rooms.demand(by, room)
    await duty_rooms.setting(session, room)
    does(session, "duty.remove", room.value)
    found = (await session.execute(_shifts(room).where(DutyShift.public_id == public_id))).one_or_none()
    if found is None:
        raise NotFound("这一班已经不在值班表上了。")
    shift, who = found
    _refuse_day(shift.day, civil_date(now))
    await session.delete(shift)
    await session.flush()
    whose: Staff = who
    return whose


async def copy_week(
    session: AsyncSession, room: DutyRoom, monday: date, by: Standing, now: datetime
) -> Copied:
    """The shifts of the week before, once more in this one; what is there already stays as it is.

    A shift of a working day does not come onto a day off.

    Raises: Forbidden; DomainError: there was nothing in the week before.
    """
    duty_rooms.demand(by, room)
    await duty_rooms.setting(session, room)
    does(session, "duty.copy", room.value)
    before = await list_shifts(session, room, monday - WEEK, monday - timedelta(days=1))
    if not before:
        raise DomainError("上一周没有排班，没有可以照抄的。")
    able = {each.id for each in await list_able(session, room)}
    today, made, left = civil_date(now), 0, 0
    for each in before:
        day = each.shift.day + WEEK
        is_holiday = is_working_day(each.shift.day) and not is_working_day(day)
        gone = not today <= day <= today + FARTHEST
        if gone or is_holiday or each.staff.id not in able or each.staff.is_away(day):
            left += 1
        else:
            made += await _put(session, room, day, each.shift.half, each.staff.id)
    await session.flush()
    return Copied(made, left)


# --- parts -------------------------------------------------------------------------------------------------


def _shifts(room: DutyRoom) -> Any:
    """A statement for shifts, each with whose it is."""
    return (
        sa.select(DutyShift, Staff).join(Staff, Staff.id == DutyShift.staff_id).where(DutyShift.room == room)
    )


async def _may(session: AsyncSession, who: Staff, right: permissions.Right) -> bool:
    return permissions.may(await permissions.standing_of(session, who), right)


def _refuse_day(day: date, today: date) -> None:
    if day < today:
        raise DomainError("已经过去的日子不能再改排班。")
    if day > today + FARTHEST:
        raise DomainError("只能排一年以内的班。")


async def _put(session: AsyncSession, room: DutyRoom, day: date, half: Half, staff_id: int) -> int:
    same = (DutyShift.room == room, DutyShift.day == day, DutyShift.half == half)
    there = sa.select(DutyShift.id).where(*same, DutyShift.staff_id == staff_id)
    if await session.scalar(there) is not None:
        return 0
    session.add(DutyShift(room=room, day=day, half=half, staff_id=staff_id))
    return 1


def _is_old(now: datetime) -> Where:
    return (DutyShift.day < civil_date(now) - KEPT_FOR,)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await change(session, sa.delete(DutyShift).where(DutyShift.id.in_(ids), *_is_old(now)))


forget_old = Rule("duty_shifts", DutyShift.id, _is_old, _forget)
