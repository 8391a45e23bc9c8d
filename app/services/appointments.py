"""Booking a time with a counsellor, a doctor or a lawyer, and giving it up: what a member does.

The one home of these rules, for every edge. Locks are taken in one order: the person, the slot, the
appointment. Functions flush and never commit. Not here: what the adviser does (`appointment_work`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, spoken
from app.errors import DomainError, NotFound
from app.services import appointment_notices as notices
from app.services import appointment_rows as rows
from app.services import appointment_slots as slots
from app.services import case_conflicts, consents
from app.services.advice_kinds import ADVICE
from app.services.appointment_moves import move, move_slot
from app.services.care import PURPOSES as CARE_PURPOSES
from app.services.purposes import LEGAL_AID, Purpose
from models import (
    AdviceSlot,
    Appointment,
    AppointmentMove,
    AppointmentState,
    Case,
    CaseKind,
    Person,
    SlotState,
)

PURPOSES: Final[Mapping[CaseKind, Purpose]] = {**CARE_PURPOSES, CaseKind.CONSULTATION: LEGAL_AID}
CANCEL_UNTIL: Final = timedelta(hours=2)  # before it begins
NO_SHOWS, WITHIN, PAUSED_FOR = 2, timedelta(days=90), timedelta(days=30)
WORDS_LENGTH, NAME_LENGTH = 200, 20
NEXT: Final = 3  # free ones that somebody hears of who came too late
_PHONE: Final = re.compile(r"1[3-9]\d{9}|0\d{9,11}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody books. `phone` is empty where they meet in the room."""

    slot: str  # public id
    by_phone: bool
    phone: str = ""
    called: str = ""
    words: str = ""
    case: str = ""  # number of an open matter of one's own that it is about


class Paused(DomainError):
    def __init__(self, until: datetime, kind: CaseKind) -> None:
        day = f"{civil_date(until).month}月{civil_date(until).day}日"
        super().__init__(
            f"最近有两次约好了没有来，为了把时间留给等着的人，预约先停到 {day}。"
            f"这期间照样可以写给{ADVICE[kind].adviser}，急事请打服务电话。"
        )


async def book(
    session: AsyncSession, person_id: int, wish: Wish, *, channel: str, now: datetime
) -> Appointment:
    """Take a slot. A second call returns the first appointment: WeChat sends again what it believes lost.

    Who calls has asked for consent (`PURPOSES`); it is kept here.

    Raises:
        NotFound: no such slot.
        Paused: this person twice did not come.
        DomainError: one is booked already, the slot is gone, too soon or too far, or the wish does not fit;
            or it is about a matter against the company, and the adviser is of it.
    """
    await session.execute(sa.select(Person.id).where(Person.id == person_id).with_for_update())
    slot = await _lock_slot(session, wish.slot)
    live = await rows.find_live(session, person_id, slot.kind)
    if live is not None and live.slot_id == slot.id:
        return live
    if live is not None:
        live = await _settle(session, live, now)
    if live is not None:
        at = spoken(live.slot.starts_at, now)
        raise DomainError(f"您已经约了 {at} 的{slot.kind.label}，一次只能约一个。要换时间，请先取消它。")
    await refuse_paused(session, person_id, slot.kind, now)
    await _refuse_slot(session, slot, person_id, now)
    _refuse_wish(slot, wish)
    staff = await slots.adviser_of(session, slot)
    case = await _case_of(session, person_id, slot.kind, wish.case)
    if case is not None:
        await case_conflicts.refuse(session, case, staff, now)
    purpose = PURPOSES[slot.kind]
    await consents.give(session, person_id, purpose, channel=channel, now=now)
    made = _made(person_id, slot, wish, case, now)
    move_slot(slot, SlotState.TAKEN)
    session.add(made)
    await session.flush()
    session.add(
        AppointmentMove(appointment_id=made.id, to_state=AppointmentState.BOOKED, channel=channel, at=now)
    )
    notices.receipt(session, made, slot, staff.name, now)
    notices.tell_booked(session, staff, made, slot, now)
    await session.flush()
    return made


def _made(person_id: int, slot: AdviceSlot, wish: Wish, case: Case | None, now: datetime) -> Appointment:
    made = Appointment(
        slot_id=slot.id,
        kind=slot.kind,
        case_id=case.id if case else None,
        person_digest=rows.digest(person_id, slot.kind),
        person={"person_id": person_id},
        called=wish.called.strip() or None,
        phone=wish.phone if wish.by_phone else None,
        words=wish.words.strip() or None,
        by_phone=wish.by_phone,
        state=AppointmentState.BOOKED,
        booked_at=now,
    )
    notices.plan(made, slot, now)
    return made


async def cancel(
    session: AsyncSession, person_id: int, public_id: str, *, channel: str, now: datetime
) -> Appointment:
    """Give it up; the slot is free again. Twice is no error.

    Raises:
        NotFound: not one of the person's own.
        DomainError: it is too late, or it is over.
    """
    appointment, slot = await rows.lock_own(session, person_id, public_id)
    if appointment.state is AppointmentState.CANCELLED:
        return appointment
    if appointment.state is not AppointmentState.BOOKED or slot.ends_at <= now:
        raise DomainError(f"这个预约{appointment.state.said_to_member}，不用取消了。")
    if not may_cancel(appointment, slot, now):
        adviser = ADVICE[appointment.kind].adviser
        raise DomainError(f"离开始不到两小时，不能在这里取消了。来不了请回复「人工」，我们转告{adviser}。")
    await give_up(session, appointment, slot, channel=channel, now=now)
    return appointment


async def give_up(
    session: AsyncSession,
    appointment: Appointment,
    slot: AdviceSlot,
    *,
    channel: str,
    reason: str = "",
    now: datetime,
) -> None:
    """What cancelling does; both are locked."""
    move(session, appointment, AppointmentState.CANCELLED, channel=channel, reason=reason, now=now)
    notices.unplan(appointment)
    await notices.withdraw_reminder(session, appointment, now)
    if slot.state is SlotState.TAKEN:
        move_slot(slot, SlotState.FREE)
    await session.flush()
    notices.tell_given_up(session, await slots.adviser_of(session, slot), appointment, slot, now)
    await session.flush()


def checked_phone(typed: str) -> str:
    """A mobile number, or one with its area code, as digits. Raises: DomainError."""
    digits = re.sub(r"[\s()（）+-]", "", typed)
    digits = digits[2:] if len(digits) == 13 and digits.startswith("861") else digits
    if not _PHONE.fullmatch(digits):
        raise DomainError("请留一个能打通的电话：手机号 11 位，座机请带区号。")
    return digits


def may_cancel(appointment: Appointment, slot: AdviceSlot, now: datetime) -> bool:
    return appointment.state is AppointmentState.BOOKED and now <= slot.starts_at - CANCEL_UNTIL


# --- what keeps somebody from it ---------------------------------------------------------------------------


async def refuse_paused(session: AsyncSession, person_id: int, kind: CaseKind, now: datetime) -> None:
    """Raises: Paused."""
    until = await paused_until(session, person_id, now)
    if until is not None:
        raise Paused(until, kind)


async def paused_until(session: AsyncSession, person_id: int, now: datetime) -> datetime | None:
    """Until when somebody cannot book who did not come twice; None where he can. Of all kinds together."""
    missed = (
        sa.select(AdviceSlot.starts_at)
        .join(Appointment, Appointment.slot_id == AdviceSlot.id)
        .where(Appointment.person_digest.in_(rows.digests(person_id)))
        .where(Appointment.state == AppointmentState.NO_SHOW)
    )
    newest = missed.order_by(AdviceSlot.starts_at.desc()).limit(NO_SHOWS)
    found = (await session.scalars(newest)).all()
    if len(found) < NO_SHOWS or found[0] - found[-1] > WITHIN:
        return None
    until = found[0] + PAUSED_FOR
    return until if now < until else None


async def _lock_slot(session: AsyncSession, public_id: str) -> AdviceSlot:
    chosen = sa.select(AdviceSlot).where(AdviceSlot.public_id == public_id)
    slot = await session.scalar(chosen.with_for_update().execution_options(populate_existing=True))
    if slot is None:
        raise NotFound("没有找到这个时段，请重新选一个。")
    return slot


async def _refuse_slot(session: AsyncSession, slot: AdviceSlot, person_id: int, now: datetime) -> None:
    """Raises: DomainError."""
    begin, end = slots.span_open(now)
    staff = await slots.adviser_of(session, slot)
    if staff.person_id == person_id:
        raise DomainError("这是您自己开放的时段，不能自己约。")
    if slot.state is SlotState.TAKEN:
        await _too_late(session, slot, "刚刚被别人约走了", now)
    if slot.state is SlotState.WITHDRAWN or not await slots.still_advises(session, slot):
        await _too_late(session, slot, "刚刚撤回了", now)
    if slot.starts_at < begin:
        await _too_late(session, slot, "离开始不到两小时，来不及约了", now)
    if slot.starts_at >= end:
        raise DomainError(f"只能约 {slots.AHEAD} 天以内的，请选近一点的时间。", question="day")


async def _too_late(session: AsyncSession, slot: AdviceSlot, what: str, now: datetime) -> None:
    """Say it kindly, with what is free next."""
    free = await slots.list_free(session, slot.kind, now, NEXT)
    rest = "、".join(spoken(each.starts_at, now) for each in free)
    hint = (
        f"最近还能约的：{rest}。" if rest else f"暂时没有别的时段了，可以先写给{ADVICE[slot.kind].adviser}。"
    )
    raise DomainError(f"抱歉，{spoken(slot.starts_at, now)} 这个时段{what}。{hint}", question="day")


def _refuse_wish(slot: AdviceSlot, wish: Wish) -> None:
    """Raises: DomainError."""
    if wish.by_phone and not slot.has_phone:
        raise DomainError("这个时段只能当面谈，请重新选。", question="day")
    if not wish.by_phone and not slot.has_room:
        raise DomainError("这个时段只能通电话，请重新选。", question="day")
    if wish.by_phone and not wish.phone:
        raise DomainError("通电话要留一个号码。")
    if len(wish.words.strip()) > WORDS_LENGTH:
        raise DomainError(f"想说的话最多 {WORDS_LENGTH} 个字，请缩短。")
    if len(wish.called.strip()) > NAME_LENGTH:
        raise DomainError(f"称呼最多 {NAME_LENGTH} 个字，请缩短。")


async def _case_of(session: AsyncSession, person_id: int, kind: CaseKind, number: str) -> Case | None:
    """One's own that is open; else nothing is joined. Raises: DomainError: not one's own, or over."""
    if not number:
        return None
    for case in await rows.open_cases(session, person_id, kind):
        if case.number == number:
            return case
    raise DomainError("那件咨询已经办结，或者不是您的，请不选它再约一次。")


async def _settle(session: AsyncSession, live: Appointment, now: datetime) -> Appointment | None:
    """One whose time is over is live no more, though nothing came round yet to say so."""
    if live.slot.ends_at > now:
        return live
    locked = sa.select(Appointment).where(Appointment.id == live.id).with_for_update()
    live = (await session.scalars(locked.execution_options(populate_existing=True))).one()
    if live.state is AppointmentState.BOOKED:
        move(session, live, AppointmentState.UNMARKED, by="system", channel="system", now=now)
        notices.unplan(live)
        await session.flush()
    return None
