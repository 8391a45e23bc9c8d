"""What becomes of appointments when persons become one, leave, take consent back, or time passes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import appointment_rows, appointments
from app.services.advice_kinds import CARE
from app.services.appointment_rows import digest, digests
from app.services.appointment_slots import KINDS
from app.services.appointments import NO_SHOWS, PAUSED_FOR, WITHIN
from app.services.forgetting import Ids, Rule, Where, change
from models import AdviceSlot, Appointment, AppointmentMove, AppointmentState, CaseKind

CARE_FOR: Final = timedelta(days=365)  # after its time, as the words of these kinds
LAW_FOR: Final = timedelta(days=3 * 365)
# What was missed counts so long for the pause of who missed it.
COUNTS_FOR: Final = WITHIN + PAUSED_FOR
_CARE: Final = sa.text("appointment.kind IN ('counselling', 'health')")
assert {each.value for each in CARE} == {"counselling", "health"}
assert NO_SHOWS > 1


# --- persons -----------------------------------------------------------------------------------------------


async def hand_over(session: AsyncSession, gone: int, stays: int, now: datetime) -> None:
    """One person turned out to be another. Of two that are booked of a kind the earlier is kept."""
    for kind in KINDS:
        mine, theirs = await _live(session, stays, kind), await _live(session, gone, kind)
        if mine is not None and theirs is not None:
            later = max(mine, theirs, key=lambda each: (each.booked_at, each.id))
            appointment, slot = await appointment_rows.lock(session, later.id)
            if appointment.state is AppointmentState.BOOKED:
                await appointments.give_up(
                    session, appointment, slot, channel="system", reason="同一个人约了两次", now=now
                )
        for each in await _all(session, [digest(gone, kind)]):
            each.person_digest, each.person = digest(stays, kind), {"person_id": stays}
        await session.flush()


async def close(session: AsyncSession, person_id: int, channel: str, now: datetime) -> list[tuple[str, str]]:
    """The account is closed: what is booked is given up, and nothing leads to the person any more.

    Returns what was there, and what was done with it.
    """
    for kind in KINDS:
        await give_up_kind(session, person_id, kind, channel, now)
    found = await _all(session, digests(person_id))
    await _empty(session, found)
    done = f"{len(found)} 次里您的称呼、电话和写的话已删除，还没到时间的已取消，已经查不到是您"
    return [("预约", done)] if found else []


async def give_up_kind(
    session: AsyncSession, person_id: int, kind: CaseKind, channel: str, now: datetime
) -> None:
    """What is booked of a kind and has not begun: consent to it was taken back."""
    live = await _live(session, person_id, kind)
    if live is None:
        return
    appointment, slot = await appointment_rows.lock(session, live.id)
    if appointment.state is AppointmentState.BOOKED and now < slot.starts_at:
        await appointments.give_up(session, appointment, slot, channel=channel, now=now)


async def delete_past(session: AsyncSession, person_id: int, now: datetime) -> tuple[int, int]:
    """On the person's wish: all that is over. What was missed lately stays without words, as it still counts.

    Returns how many were emptied, and how many are still to come.
    """
    found = await _all(session, digests(person_id))
    ahead = [each for each in found if each.state is AppointmentState.BOOKED]
    over = [each for each in found if each.state is not AppointmentState.BOOKED]
    recent = set(
        await session.scalars(
            sa.select(Appointment.id)
            .join(AdviceSlot, AdviceSlot.id == Appointment.slot_id)
            .where(Appointment.id.in_([each.id for each in over]))
            .where(Appointment.state == AppointmentState.NO_SHOW, AdviceSlot.starts_at > now - COUNTS_FOR)
        )
    )
    await _empty(session, [each for each in over if each.id not in recent])
    await _empty_words(session, [each for each in over if each.id in recent])
    return len(over), len(ahead)


async def _live(session: AsyncSession, person_id: int, kind: CaseKind) -> Appointment | None:
    return await appointment_rows.find_live(session, person_id, kind)


async def _all(session: AsyncSession, of: Sequence[bytes]) -> Sequence[Appointment]:
    mine = sa.select(Appointment).where(Appointment.person_digest.in_(of)).order_by(Appointment.id)
    return (await session.scalars(mine.with_for_update().execution_options(populate_existing=True))).all()


async def _empty(session: AsyncSession, found: Sequence[Appointment]) -> None:
    for each in found:
        each.person_digest = each.person = each.case_id = None
    await _empty_words(session, found)


async def _empty_words(session: AsyncSession, found: Sequence[Appointment]) -> None:
    for each in found:
        each.called = each.phone = each.words = None
    await session.flush()


# --- time --------------------------------------------------------------------------------------------------


def _is_old(now: datetime) -> Where:
    slot = sa.select(AdviceSlot.id).where(AdviceSlot.id == Appointment.slot_id)
    care, law = (
        slot.where(AdviceSlot.ends_at <= now - CARE_FOR),
        slot.where(AdviceSlot.ends_at <= now - LAW_FOR),
    )
    return (
        Appointment.state != AppointmentState.BOOKED,
        sa.or_(sa.and_(_CARE, sa.exists(care)), sa.exists(law)),
    )


async def _delete(session: AsyncSession, ids: Ids, now: datetime) -> int:
    """Appointments with all that happened to them; nothing of them stays."""
    due = sa.select(Appointment.id).where(Appointment.id.in_(ids), *_is_old(now)).order_by(Appointment.id)
    old = (await session.scalars(due.with_for_update())).all()
    if not old:
        return 0
    await change(session, sa.delete(AppointmentMove).where(AppointmentMove.appointment_id.in_(old)))
    return await change(session, sa.delete(Appointment).where(Appointment.id.in_(old)))


def _is_bare(now: datetime) -> Where:
    """Slots that nobody has booked or whose appointments are gone."""
    booked: Any = sa.exists().where(Appointment.slot_id == AdviceSlot.id)
    return AdviceSlot.ends_at <= now - CARE_FOR, ~booked


async def _delete_slots(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await change(session, sa.delete(AdviceSlot).where(AdviceSlot.id.in_(ids), *_is_bare(now)))


forget_old = Rule("appointments_old", Appointment.id, _is_old, _delete)
forget_slots = Rule("advice_slots_old", AdviceSlot.id, _is_bare, _delete_slots)
