"""What an adviser does with his own slots and with who has booked them: each an act that the record keeps.

The record tells which appointment and what was done, never who had booked it. Another's is as if it did not
exist, to administrators too: they read counts alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.clock import civil_date, day_begins, spoken
from app.errors import DomainError, NotFound
from app.services import appointment_notices as notices
from app.services import appointment_rows, permissions
from app.services import appointment_slots as slots
from app.services.appointment_moves import move, move_slot
from app.services.audit import does
from app.services.permissions import Standing
from models import (
    AdviceSlot,
    Appointment,
    AppointmentMove,
    AppointmentState,
    Case,
    CaseKind,
    SlotState,
    Staff,
)

CHANNEL: Final = "console"
REASON: Final = 60  # characters; who had booked reads it
HELD: Final = (
    AppointmentState.BOOKED,
    AppointmentState.UNMARKED,
    AppointmentState.CAME,
    AppointmentState.NO_SHOW,
)
LATELY: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one kind, of all advisers together: no name, no adviser, no day."""

    kind: CaseKind
    free: int  # ahead
    booked: int
    came: int  # of the last thirty days
    no_show: int


# --- slots -------------------------------------------------------------------------------------------------


async def withdraw(
    session: AsyncSession, who: Standing, public_id: str, reason: str, now: datetime, *, series: bool
) -> tuple[int, int]:
    """Take back one slot, or it and the later ones of its form; who has booked one is told.

    Returns how many slots, and how many appointments were among them. Twice is no error.

    Raises:
        NotFound: not one's own.
        DomainError: it is over, or the reason is too long.
    """
    slot = await slots.get_own(session, who, public_id)
    reason = _checked(reason)
    ids = await slots.list_rest_of_series(session, slot) if series else [slot.id]
    held = (await slots.lock(session, *ids)).values()
    if not series and slot.starts_at <= now and slot.state is not SlotState.WITHDRAWN:
        raise DomainError("这个时段已经开始或过去，不能撤回了。")
    count = told = 0
    for each in sorted(held, key=lambda row: row.id):
        if each.state is SlotState.WITHDRAWN or each.starts_at <= now:
            continue
        told += await _call_off(session, each, who.name, CHANNEL, reason, now)
        move_slot(each, SlotState.WITHDRAWN)
        count += 1
    await session.flush()
    does(session, "slots.withdraw", _subject(slot, now), reason=reason or None, slots=count, told=told)
    return count, told


async def _call_off(
    session: AsyncSession, slot: AdviceSlot, by: str, channel: str, reason: str, now: datetime
) -> bool:
    """Whoever has booked this locked slot comes not; whether there was somebody."""
    booked = sa.select(Appointment).where(
        Appointment.slot_id == slot.id, Appointment.state == AppointmentState.BOOKED
    )
    found = await session.scalar(booked.with_for_update().execution_options(populate_existing=True))
    if found is None:
        return False
    move(session, found, AppointmentState.CALLED_OFF, by=by, channel=channel, reason=reason, now=now)
    notices.unplan(found)
    await notices.withdraw_reminder(session, found, now)
    await session.flush()
    notices.called_off(session, found, slot, reason, now)
    return True


async def call_off_abandoned(
    session: AsyncSession, appointment: Appointment, slot: AdviceSlot, now: datetime
) -> None:
    """The adviser advises no more: nobody would be there. Both are locked."""
    await _call_off(session, slot, "system", "system", "", now)
    if slot.state is SlotState.TAKEN:
        move_slot(slot, SlotState.WITHDRAWN)
    await session.flush()


# --- appointments ------------------------------------------------------------------------------------------


async def mark(
    session: AsyncSession, who: Standing, public_id: str, to: AppointmentState, version: int, now: datetime
) -> Appointment:
    """到了 or 没来, from its beginning on. The same a second time changes nothing.

    Raises:
        NotFound: not one's own.
        DomainError: too soon, somebody changed it meanwhile, or it was given up.
    """
    appointment, slot = await _locked(session, who, public_id)
    if appointment.state is to:
        return appointment
    _refuse_stale(appointment, version)
    if now < slot.starts_at:
        raise DomainError(f"{spoken(slot.starts_at, now)} 才开始，到时候再记。")
    move(session, appointment, to, by=who.name, channel=CHANNEL, now=now)
    notices.unplan(appointment)
    await notices.withdraw_reminder(session, appointment, now)
    await session.flush()
    act = "appointments.came" if to is AppointmentState.CAME else "appointments.no_show"
    does(session, act, _subject(slot, now))
    return appointment


async def move_to(
    session: AsyncSession,
    who: Standing,
    public_id: str,
    to: str,
    version: int,
    now: datetime,
    *,
    keeps_open: bool,
) -> Appointment:
    """To another of one's free slots; who has booked is told. `keeps_open`: others may book the old one.

    Raises:
        NotFound: not one's own.
        DomainError: it is over, somebody changed it meanwhile, or the other slot does not fit.
    """
    other = await slots.get_own(session, who, to)
    appointment, old = await _locked(session, who, public_id, other.id)
    if appointment.slot_id == other.id:
        return appointment
    _refuse_stale(appointment, version)
    if appointment.state is not AppointmentState.BOOKED:
        raise DomainError(f"这个预约{appointment.state.label}，不能改期。")
    if other.state is not SlotState.FREE or other.starts_at <= now or other.kind is not old.kind:
        raise DomainError("要改去的时段已经不能约了，请另选一个。")
    if not (other.has_phone if appointment.by_phone else other.has_room):
        raise DomainError(f"对方要{'通电话' if appointment.by_phone else '当面谈'}，请选合适的时段。")
    move(
        session,
        appointment,
        AppointmentState.BOOKED,
        by=who.name,
        channel=CHANNEL,
        to_time=other.starts_at,
        now=now,
    )
    await notices.withdraw_reminder(session, appointment, now)
    move_slot(other, SlotState.TAKEN)
    move_slot(old, SlotState.FREE if keeps_open else SlotState.WITHDRAWN)
    appointment.slot_id = other.id
    notices.plan(appointment, other, now)
    await session.flush()
    notices.moved(session, appointment, other, who.name, now)
    does(
        session,
        "appointments.move",
        f"{_subject(old, now)} → {spoken(other.starts_at, now, read_later=True)}",
    )
    await session.flush()
    return appointment


async def reveal_phone(session: AsyncSession, who: Standing, public_id: str, now: datetime) -> str:
    """Raises: NotFound: not one's own, or no number was left."""
    appointment, slot = await _locked(session, who, public_id)
    if not appointment.phone:
        raise NotFound("没有留电话。")
    does(session, "appointments.phone", _subject(slot, now))
    return appointment.phone


async def _locked(
    session: AsyncSession, who: Standing, public_id: str, *others: int
) -> tuple[Appointment, AdviceSlot]:
    mine = (
        sa.select(Appointment.id)
        .join(AdviceSlot, AdviceSlot.id == Appointment.slot_id)
        .where(Appointment.public_id == public_id, AdviceSlot.staff_id == who.staff_id)
    )
    appointment_id = await session.scalar(mine)
    if appointment_id is None:
        raise NotFound("没有找到这个预约。")
    return await appointment_rows.lock(session, appointment_id, *others)


def _refuse_stale(appointment: Appointment, version: int) -> None:
    if appointment.version != version:
        raise DomainError(f"这个预约刚刚有了变化，现在是「{appointment.state.label}」。请看过以后再办。")


def _checked(reason: str) -> str:
    reason = " ".join(reason.split()).rstrip("。")
    if len(reason) > REASON:
        raise DomainError(f"原因最多 {REASON} 个字，约了的人会看到。")
    return reason


def _subject(slot: AdviceSlot, now: datetime) -> str:
    return f"{slot.kind.label} {spoken(slot.starts_at, now, read_later=True)}"


# --- looking -----------------------------------------------------------------------------------------------


async def of_slots(session: AsyncSession, found: Sequence[AdviceSlot]) -> dict[int, Appointment]:
    """Who has booked, by the slot's id."""
    chosen = sa.select(Appointment).where(
        Appointment.slot_id.in_([each.id for each in found]), Appointment.state.in_(HELD)
    )
    return {each.slot_id: each for each in await session.scalars(chosen)}


async def history(session: AsyncSession, appointment: Appointment) -> Sequence[AppointmentMove]:
    chosen = sa.select(AppointmentMove).where(AppointmentMove.appointment_id == appointment.id)
    return (await session.scalars(chosen.order_by(AppointmentMove.id))).all()


async def list_unmarked(session: AsyncSession, staff_id: int, limit: int = 50) -> Sequence[Appointment]:
    """Whose time is over and of which nobody has said how it was, the oldest first; with their slots."""
    mine = (
        sa.select(Appointment)
        .join(Appointment.slot)
        .options(contains_eager(Appointment.slot))
        .where(AdviceSlot.staff_id == staff_id, sa.text("appointment.state = 'unmarked'"))
    )
    return (await session.scalars(mine.order_by(AdviceSlot.starts_at).limit(limit))).all()


async def count_today(session: AsyncSession, staff_id: int, now: datetime) -> int:
    """Booked for today in China, those that have begun included."""
    today = civil_date(now)
    return await _count(
        session, staff_id, AppointmentState.BOOKED, day_begins(today), day_begins(today, days=1)
    )


async def count_unmarked(session: AsyncSession, staff_id: int) -> int:
    mine = (
        sa.select(sa.func.count())
        .select_from(Appointment)
        .join(AdviceSlot, AdviceSlot.id == Appointment.slot_id)
        .where(AdviceSlot.staff_id == staff_id, sa.text("appointment.state = 'unmarked'"))
    )
    return await session.scalar(mine) or 0


async def _count(
    session: AsyncSession, staff_id: int, state: AppointmentState, start: datetime, end: datetime
) -> int:
    mine = (
        sa.select(sa.func.count())
        .select_from(Appointment)
        .join(AdviceSlot, AdviceSlot.id == Appointment.slot_id)
        .where(AdviceSlot.staff_id == staff_id, AdviceSlot.starts_at >= start, AdviceSlot.starts_at < end)
        .where(Appointment.state == state)
    )
    return await session.scalar(mine) or 0


async def counts(session: AsyncSession, now: datetime) -> list[Counts]:
    """For who administers: how much is offered and used, of each kind."""
    begin, end = slots.span_open(now)
    ahead = (
        sa.select(AdviceSlot.kind, AdviceSlot.state, sa.func.count())
        .where(AdviceSlot.starts_at >= begin, AdviceSlot.starts_at < end)
        .group_by(AdviceSlot.kind, AdviceSlot.state)
    )
    past = (
        sa.select(Appointment.kind, Appointment.state, sa.func.count())
        .join(AdviceSlot, AdviceSlot.id == Appointment.slot_id)
        .where(AdviceSlot.ends_at > now - LATELY, AdviceSlot.ends_at <= now)
        .group_by(Appointment.kind, Appointment.state)
    )
    offered = {(kind, state): n for kind, state, n in (await session.execute(ahead)).all()}
    used = {(kind, state): n for kind, state, n in (await session.execute(past)).all()}
    return [
        Counts(
            kind,
            offered.get((kind, SlotState.FREE), 0),
            offered.get((kind, SlotState.TAKEN), 0),
            used.get((kind, AppointmentState.CAME), 0),
            used.get((kind, AppointmentState.NO_SHOW), 0),
        )
        for kind in slots.KINDS
    ]


async def of_case(session: AsyncSession, case: Case) -> Sequence[Appointment]:
    """What was booked about a matter, with slot and adviser, the newest first: shown beside its thread."""
    chosen = (
        sa.select(Appointment)
        .join(Appointment.slot)
        .options(contains_eager(Appointment.slot).joinedload(AdviceSlot.staff))
        .where(Appointment.case_id == case.id)
    )
    return (await session.scalars(chosen.order_by(AdviceSlot.starts_at.desc()).limit(20))).all()


def kinds_of(who: Standing) -> list[CaseKind]:
    """Which advice somebody gives."""
    return [kind for kind, right in slots.ANSWERED_BY.items() if permissions.may(who, right, None)]


async def list_booked_on(
    session: AsyncSession, staff: Staff, start: datetime, end: datetime
) -> list[AdviceSlot]:
    mine = sa.select(AdviceSlot).where(
        AdviceSlot.staff_id == staff.id,
        AdviceSlot.starts_at >= start,
        AdviceSlot.starts_at < end,
        AdviceSlot.state == SlotState.TAKEN,
    )
    return list(await session.scalars(mine.order_by(AdviceSlot.starts_at)))
