"""What time does to appointments: reminders, and that one is over. Due rows are the schedule."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, day_begins
from app.services import appointment_notices as notices
from app.services import appointment_rows, appointment_work
from app.services import appointment_slots as slots
from app.services.appointment_moves import move
from models import Appointment, AppointmentState, AppointmentStep


async def list_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[int]:
    due = sa.select(Appointment.id).where(
        sa.text("appointment.due_at IS NOT NULL"), Appointment.due_at <= now
    )
    return (await session.scalars(due.order_by(Appointment.due_at).limit(limit))).all()


async def advance(session: AsyncSession, appointment_id: int, now: datetime) -> str:
    """One step; who comes second finds nothing left to do. Returns what was done, in one word."""
    appointment, slot = await appointment_rows.lock(session, appointment_id)
    if appointment.due_at is None or appointment.due_at > now:
        return ""
    if appointment.state is not AppointmentState.BOOKED:
        notices.unplan(appointment)
        await session.flush()
        return ""
    if now >= slot.ends_at:
        move(session, appointment, AppointmentState.UNMARKED, by="system", channel="system", now=now)
        notices.unplan(appointment)
        await notices.withdraw_reminder(session, appointment, now)
        await session.flush()
        return "unmarked"
    if not await slots.still_advises(session, slot):
        await appointment_work.call_off_abandoned(session, appointment, slot, now)
        return "called_off"
    done = ""
    if now < slot.starts_at:  # of what has begun nobody is reminded
        done = str(appointment.due_step)
        staff = await slots.adviser_of(session, slot)
        await notices.remind(session, appointment, slot, staff.name, now)
        if appointment.due_step is AppointmentStep.DAY_BEFORE:
            day = civil_date(slot.starts_at)
            booked = await appointment_work.list_booked_on(
                session, staff, day_begins(day), day_begins(day, days=1)
            )
            await notices.tell_day(session, staff, day, booked, now)
        else:
            notices.tell_coming(session, staff, appointment, slot, now)
    notices.plan(appointment, slot, now)
    await session.flush()
    return done
