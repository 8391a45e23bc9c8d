"""Which moves a slot and an appointment may make, each with its trace. One that is not here is an error."""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from models import AdviceSlot, Appointment, AppointmentMove, AppointmentState, SlotState

A, S = AppointmentState, SlotState

APPOINTMENT_MOVES: Final[dict[AppointmentState, frozenset[AppointmentState]]] = {
    # To another time it stays booked.
    A.BOOKED: frozenset({A.BOOKED, A.CANCELLED, A.CALLED_OFF, A.UNMARKED, A.CAME, A.NO_SHOW}),
    A.UNMARKED: frozenset({A.CAME, A.NO_SHOW}),
    A.NO_SHOW: frozenset({A.CAME}),  # noted too early
    A.CAME: frozenset(),
    A.CANCELLED: frozenset(),
    A.CALLED_OFF: frozenset(),
}
SLOT_MOVES: Final[dict[SlotState, frozenset[SlotState]]] = {
    S.FREE: frozenset({S.TAKEN, S.WITHDRAWN}),
    S.TAKEN: frozenset({S.FREE, S.WITHDRAWN}),
    S.WITHDRAWN: frozenset(),
}


def move(
    session: AsyncSession,
    appointment: Appointment,
    to: AppointmentState,
    *,
    by: str = "",
    channel: str,
    reason: str = "",
    to_time: datetime | None = None,
    now: datetime,
) -> None:
    """Raises: DomainError."""
    if to not in APPOINTMENT_MOVES[appointment.state]:
        raise DomainError(f"这个预约{appointment.state.label}，不能改为「{to.label}」。")
    session.add(
        AppointmentMove(
            appointment_id=appointment.id,
            from_state=appointment.state,
            to_state=to,
            to_time=to_time,
            by=by,
            reason=reason or None,
            channel=channel,
            at=now,
        )
    )
    appointment.state = to


def move_slot(slot: AdviceSlot, to: SlotState) -> None:
    """Raises: DomainError."""
    if to not in SLOT_MOVES[slot.state]:
        raise DomainError(f"这个时段{slot.state.label}，不能改为「{to.label}」。")
    slot.state = to
