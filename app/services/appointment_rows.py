"""Rows of appointments: how a person's own are found again without naming him, and in which order all lock.

Locks are taken in one order: the person, the slot, the appointment.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, joinedload

from app.errors import NotFound
from app.services import appointment_slots as slots
from app.services import cases
from models import OVER, AdviceSlot, Appointment, AppointmentState, Case, CaseKind
from models.sealing import keyring

GONE: Final = "没有找到这个预约，请在「我的预约」里看。"


def digest(person_id: int, kind: CaseKind) -> bytes:
    """Finds a person's appointments again; a digest of its own for each kind joins nothing."""
    return keyring().digest(f"{kind.value}:{person_id}", "appointment.person")


def digests(person_id: int) -> list[bytes]:
    return [digest(person_id, kind) for kind in slots.KINDS]


async def find_live(session: AsyncSession, person_id: int, kind: CaseKind) -> Appointment | None:
    """What is booked, with its slot; there is at most one of a kind."""
    chosen = (
        sa.select(Appointment)
        .options(joinedload(Appointment.slot))
        .where(Appointment.person_digest == digest(person_id, kind), sa.text("appointment.state = 'booked'"))
    )
    return await session.scalar(chosen)


async def lock_own(session: AsyncSession, person_id: int, public_id: str) -> tuple[Appointment, AdviceSlot]:
    """Raises: NotFound: not one of the person's own."""
    mine = sa.select(Appointment.id).where(
        Appointment.public_id == public_id, Appointment.person_digest.in_(digests(person_id))
    )
    appointment_id = await session.scalar(mine)
    if appointment_id is None:
        raise NotFound(GONE)
    return await lock(session, appointment_id)


async def lock(session: AsyncSession, appointment_id: int, *others: int) -> tuple[Appointment, AdviceSlot]:
    """The slot first; an appointment that was moved meanwhile is looked for in its new one.

    `others`: further slots that are locked along with it.
    """
    where = sa.select(Appointment.slot_id).where(Appointment.id == appointment_id)
    locked = sa.select(Appointment).where(Appointment.id == appointment_id).with_for_update()
    while True:
        slot_id = (await session.scalars(where)).one()
        held = await slots.lock(session, slot_id, *others)
        found = (await session.scalars(locked.execution_options(populate_existing=True))).one()
        if found.slot_id == slot_id:
            return found, held[slot_id]


async def get_own(session: AsyncSession, person_id: int, public_id: str) -> Appointment:
    """With its slot and adviser; somebody else's is as if it did not exist. Raises: NotFound."""
    mine = _own(person_id).where(Appointment.public_id == public_id)
    found: Appointment | None = await session.scalar(mine)
    if found is None:
        raise NotFound(GONE)
    return found


async def list_own(
    session: AsyncSession, person_id: int, now: datetime, limit: int = 20
) -> Sequence[Appointment]:
    """What is booked and not over, the next first."""
    mine = _own(person_id).where(Appointment.state == AppointmentState.BOOKED, AdviceSlot.ends_at > now)
    return (await session.scalars(mine.order_by(AdviceSlot.starts_at).limit(limit))).all()


async def list_own_past(
    session: AsyncSession, person_id: int, now: datetime, limit: int = 20
) -> Sequence[Appointment]:
    """All others, the newest first."""
    over = sa.or_(Appointment.state != AppointmentState.BOOKED, AdviceSlot.ends_at <= now)
    mine = _own(person_id).where(over)
    return (await session.scalars(mine.order_by(AdviceSlot.starts_at.desc()).limit(limit))).all()


async def case_of(session: AsyncSession, person_id: int, appointment: Appointment) -> tuple[Case, str] | None:
    """The matter it is about, where that is still the person's, with where its page lies."""
    if appointment.case_id is None:
        return None
    mine = cases.mine(person_id, appointment.kind).where(Case.id == appointment.case_id)
    case = await session.scalar(mine)
    return None if case is None else (case, cases.address_of(case, person_id))


def _own(person_id: int) -> sa.Select[Any]:
    mine = Appointment.person_digest.in_(digests(person_id))
    return (
        sa.select(Appointment)
        .join(Appointment.slot)
        .options(contains_eager(Appointment.slot).joinedload(AdviceSlot.staff))
        .where(mine)
    )


async def open_cases(session: AsyncSession, person_id: int, kind: CaseKind) -> list[Case]:
    """What an appointment can be about, newest first."""
    mine = await cases.list_mine(session, person_id, 20, kind)
    return [each.case for each in mine if each.case.state not in OVER and not each.case.anonymous]
