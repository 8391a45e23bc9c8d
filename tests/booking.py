"""Advisers with slots, and people who book them, for tests of every edge."""

from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, civil_date
from app.services import appointment_slots as slots
from app.services import appointments, permissions
from app.services.appointment_slots import Offer
from app.services.appointments import Wish
from app.services.permissions import Standing
from models import (
    AdviceSlot,
    Appointment,
    CaseKind,
    Outbox,
    Person,
    Role,
    SlotPlace,
    Staff,
    StaffGrant,
    StaffState,
)
from tests.conftest import NOON

ROLES = {
    CaseKind.COUNSELLING: Role.COUNSELLOR,
    CaseKind.HEALTH: Role.DOCTOR,
    CaseKind.CONSULTATION: Role.LAWYER,
}
TOMORROW = date(2026, 11, 24)  # NOON is Monday the 23rd, 12:00 in China


def china(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


async def adviser(
    session: AsyncSession, name: str = "王芳", role: Role = Role.COUNSELLOR, *, person_id: int | None = None
) -> Standing:
    row = Staff(
        login=f"l{abs(hash(name)) % 10**8}",
        name=name,
        state=StaffState.ACTIVE,
        created_at=NOON,
        person_id=person_id,
    )
    session.add(row)
    await session.flush()
    session.add(StaffGrant(staff_id=row.id, role=role, given_at=NOON))
    await session.flush()
    return await permissions.standing_of(session, row)


async def somebody(session: AsyncSession) -> int:
    row = Person(created_at=NOON)
    session.add(row)
    await session.flush()
    return row.id


async def offered(
    session: AsyncSession, who: Standing, *, now: datetime = NOON, **given: Any
) -> list[AdviceSlot]:
    """Tomorrow from nine to eleven, two of an hour each, in the room or by telephone."""
    values = {
        "kind": CaseKind.COUNSELLING,
        "day": TOMORROW,
        "begins": time(9),
        "until": time(11),
        "minutes": 60,
        "place": SlotPlace.BOTH,
        "room": "工会二楼谈心室",
        **given,
    }
    return list(await slots.offer(session, who, Offer(**values), now))


async def booked(
    session: AsyncSession, person_id: int, slot: AdviceSlot, *, now: datetime = NOON, **given: Any
) -> Appointment:
    """In the room, unless something else is said."""
    wish = Wish(slot.public_id, **{"by_phone": False, **given})
    return await appointments.book(session, person_id, wish, channel="chat", now=now)


async def own(session: AsyncSession, person_id: int, now: datetime) -> str:
    """The public id of something booked for the day after tomorrow."""
    day = civil_date(now) + timedelta(days=2)
    slot, *_ = await offered(session, await adviser(session), day=day, now=now)
    return (await booked(session, person_id, slot, now=now)).public_id


async def fresh(session: AsyncSession, appointment: Appointment) -> Appointment:
    """As the database has it."""
    found = sa.select(Appointment).where(Appointment.id == appointment.id)
    return (await session.scalars(found.execution_options(populate_existing=True))).one()


async def told(session: AsyncSession, person_id: int, kind: str = "") -> list[str]:
    """What goes, or went, to a person, in order."""
    found = sa.select(Outbox).where(Outbox.person_id == person_id).order_by(Outbox.id)
    rows = (await session.scalars(found.where(Outbox.kind == kind) if kind else found)).all()
    return [str(dict(row.payload)["content"]) for row in rows]  # type: ignore[call-overload]
