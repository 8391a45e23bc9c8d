"""What people are told of appointments: who has booked one, and whose time it is; and when each is reminded.

Who has booked is told by rows that are forgotten soon after, under keys that are digests: neither the record
nor the log of deliveries tells who comes to whom. The adviser reads a time and where to look, never a name.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, civil_date, in_full, spoken
from app.services import addresses, notices, outbox
from app.services.advice_kinds import ADVICE
from app.services.quiet_hours import FROM, after_quiet, is_quiet
from models import AdviceSlot, Appointment, AppointmentStep, DeliveryState, Outbox, Staff
from models.sealing import keyring

PAGE: Final = "/console/appointments"
RECEIPT, REMINDER = "appointments.receipt", "appointments.reminder"
MOVED, CALLED_OFF = "appointments.moved", "appointments.called_off"  # they would come in vain: owed
CARD = notices.APPOINTMENT  # the reminder by template, which needs no open window
BOOKED, GIVEN_UP, COMING = "staff.booked", "staff.given_up", "staff.coming"
KINDS: Final[Mapping[str, str]] = {
    RECEIPT: "预约回执",
    REMINDER: "预约提醒",
    MOVED: "预约改期",
    CALLED_OFF: "预约时段撤回",
    BOOKED: "有人预约（给顾问）",
    GIVEN_UP: "预约取消（给顾问）",
    COMING: "预约提醒（给顾问）",
}
REMINDERS: Final = frozenset({REMINDER, CARD, COMING})
DAY_BEFORE_AT: Final = time(18, 0)
SHORTLY_BEFORE: Final = timedelta(hours=2)
EVENING: Final = time(FROM - 1, 0)  # of the last hour in which something may be sent
_WAITING: Final = (DeliveryState.QUEUED, DeliveryState.FAILED_RETRY, DeliveryState.OWED)


# --- when --------------------------------------------------------------------------------------------------


def moments(slot: AdviceSlot) -> list[tuple[AppointmentStep, datetime]]:
    """What time does to an appointment in this slot, and when; in order."""
    eve = datetime.combine(civil_date(slot.starts_at) - timedelta(days=1), DAY_BEFORE_AT, SHANGHAI)
    found = [(AppointmentStep.DAY_BEFORE, eve)]
    shortly = _awake(slot.starts_at - SHORTLY_BEFORE, slot.starts_at)
    if shortly is not None and shortly > eve:
        found.append((AppointmentStep.SHORTLY, shortly))
    return [*found, (AppointmentStep.END, slot.ends_at)]


def _awake(moment: datetime, starts_at: datetime) -> datetime | None:
    """`moment`; in quiet hours the next one when people are up, or the evening before. None: neither."""
    if not is_quiet(moment):
        return moment
    later = after_quiet(moment)
    if later < starts_at:
        return later
    evening = datetime.combine(civil_date(moment), EVENING, SHANGHAI)
    return evening if evening < moment else None


def plan(appointment: Appointment, slot: AdviceSlot, after: datetime) -> None:
    """The next thing that time does."""
    ahead = [each for each in moments(slot) if each[1] > after]
    appointment.due_step, appointment.due_at = ahead[0] if ahead else (AppointmentStep.END, after)


def unplan(appointment: Appointment) -> None:
    appointment.due_step = appointment.due_at = None


# --- to who has booked -------------------------------------------------------------------------------------


def receipt(
    session: AsyncSession, appointment: Appointment, slot: AdviceSlot, name: str, now: datetime
) -> None:
    """That it was noted; in chat the reply itself says so."""
    _tell(
        session, RECEIPT, appointment, f"约好了：{facts(appointment, slot, name, now)}。\n{_way_out()}", now
    )


async def remind(
    session: AsyncSession, appointment: Appointment, slot: AdviceSlot, name: str, now: datetime
) -> None:
    """By template where staff have mapped one, else by a message, which only an open window lets through."""
    card = None if is_quiet(now) else await _card(session, appointment, slot)
    if card is not None:
        _send(session, CARD, appointment, card, now)
        return
    words = f"提醒您：{facts(appointment, slot, name, now)}。\n{_way_out()}"
    _tell(session, REMINDER, appointment, words, now)


async def _card(session: AsyncSession, appointment: Appointment, slot: AdviceSlot) -> dict[str, Any] | None:
    chosen = await notices.find_official_template(session, CARD)
    if chosen is None:
        return None
    values = dict(notices.NOTICES[CARD]) | {
        "事由": "您约好的电话" if appointment.by_phone else "您约好的面谈",
        "时间": in_full(slot.starts_at),
        "地点": "打您留的电话" if appointment.by_phone else slot.room[:20],
    }
    data = notices.fitting(chosen.fields, values)
    return None if data is None else {"template_id": chosen.template_id, "data": data}


def moved(
    session: AsyncSession, appointment: Appointment, slot: AdviceSlot, name: str, now: datetime
) -> None:
    words = f"您的预约改了时间，现在是：{facts(appointment, slot, name, now)}。\n{_way_out()}"
    _tell(session, MOVED, appointment, words, now)


def called_off(
    session: AsyncSession, appointment: Appointment, slot: AdviceSlot, reason: str, now: datetime
) -> None:
    kind, at = appointment.kind.label, spoken(slot.starts_at, now, read_later=True)
    why = f"原因：{reason}。" if reason else ""
    words = f"很抱歉，您 {at} 的{kind}预约取消了。{why}\n想另约时间，请回复「预约」。"
    _tell(session, CALLED_OFF, appointment, words, now)


async def withdraw_reminder(session: AsyncSession, appointment: Appointment, now: datetime) -> None:
    """What would not be true any more is not said."""
    known: Any = appointment.person
    if not known:
        return
    waiting = sa.select(Outbox.id).where(
        Outbox.person_id == known["person_id"],
        Outbox.kind.in_((REMINDER, CARD)),
        Outbox.key.startswith(about(appointment), autoescape=True),
        Outbox.state.in_(_WAITING),
    )
    # Not waited for, as of cases: who sends holds a row and wants the person.
    ids = (await session.scalars(waiting.with_for_update(skip_locked=True))).all()
    if ids:
        skipped = {"state": DeliveryState.SKIPPED, "reason": "no longer true", "settled_at": now}
        await session.execute(sa.update(Outbox).where(Outbox.id.in_(ids)).values(skipped))


def facts(appointment: Appointment, slot: AdviceSlot, name: str, now: datetime) -> str:
    """When, with whom, how; the date always, since it may be read later."""
    adviser = ADVICE[appointment.kind].adviser
    at = spoken(slot.starts_at, now, read_later=True)
    how = f"{adviser}打您留的电话" if appointment.by_phone else f"地点：{slot.room}"
    return f"{at}，{appointment.kind.label}，{adviser}{name}，{how}"


def about(appointment: Appointment) -> str:
    return f"appointment:{keyring().digest(str(appointment.id), 'appointment-told').hex()}:"


def _way_out() -> str:
    return "来不了请早点回复「我的预约」取消，把时间让给别人。"


def _tell(session: AsyncSession, kind: str, appointment: Appointment, words: str, now: datetime) -> None:
    _send(session, kind, appointment, {"type": "text", "content": words}, now)


def _send(
    session: AsyncSession, kind: str, appointment: Appointment, payload: dict[str, Any], now: datetime
) -> None:
    known: Any = appointment.person
    if not known:
        return  # who it was is not known any more
    what = f"{appointment.version}:{kind.rpartition('.')[2]}:{appointment.due_step or ''}"
    outbox.add(
        session,
        kind,
        key=about(appointment) + what,
        to=known["person_id"],
        payload=payload,
        now=now,
        confidential=True,
    )


# --- to whose time it is -----------------------------------------------------------------------------------


def tell_booked(
    session: AsyncSession, staff: Staff, appointment: Appointment, slot: AdviceSlot, now: datetime
) -> None:
    words = f"有人约了 {_when(appointment, slot, now)}。请到工作台看。"
    _tell_staff(session, BOOKED, staff, f"{appointment.id}:{appointment.version}", words, now)


def tell_given_up(
    session: AsyncSession, staff: Staff, appointment: Appointment, slot: AdviceSlot, now: datetime
) -> None:
    words = f"{_when(appointment, slot, now)} 的预约取消了，这个时段又空了出来。"
    _tell_staff(session, GIVEN_UP, staff, f"{appointment.id}:{appointment.version}", words, now)


def tell_coming(
    session: AsyncSession, staff: Staff, appointment: Appointment, slot: AdviceSlot, now: datetime
) -> None:
    words = f"两小时内有预约：{_when(appointment, slot, now)}。请到工作台看。"
    _tell_staff(session, COMING, staff, f"{appointment.id}:{appointment.version}", words, now)


async def tell_day(
    session: AsyncSession, staff: Staff, day: date, slots: list[AdviceSlot], now: datetime
) -> None:
    """All of tomorrow's at once; who books later than that is told of by itself."""
    key = f"{staff.id}:{day.isoformat()}"
    if await session.scalar(sa.select(Outbox.id).where(Outbox.key == f"{COMING}:{key}")) is None:
        first = spoken(slots[0].starts_at, now, read_later=True)
        words = f"{day.month}月{day.day}日您有 {len(slots)} 个预约，最早的是 {first}。请到工作台看。"
        _tell_staff(session, COMING, staff, key, words, now)


def _when(appointment: Appointment, slot: AdviceSlot, now: datetime) -> str:
    how = "电话" if appointment.by_phone else "当面"
    return f"{spoken(slot.starts_at, now, read_later=True)} 的{appointment.kind.label}（{how}）"


def _tell_staff(session: AsyncSession, kind: str, staff: Staff, key: str, words: str, now: datetime) -> None:
    if staff.person_id is not None:
        text = {"type": "text", "content": addresses.with_page(words, PAGE)}
        # Who books just now and is of staff too has not heard of it by the reply.
        outbox.add(
            session,
            kind,
            key=f"{kind}:{key}",
            to=staff.person_id,
            payload=text,
            now=now,
            besides_reply=True,
        )
