"""预约: times that a counsellor, a doctor or a lawyer offers, and who has booked one.

Who it is lies nowhere in the clear: found again by a digest of person and kind, and sealed like the number,
the name somebody goes by and what was written. Not here: rules that need other rows
(`app.services.appointments`).
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.case import CaseKind
from models.staff import Staff
from models.types import SealedJSON, SealedText, public_id


class SlotState(StrEnum):
    FREE = "free"
    TAKEN = "taken"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return {"free": "可约", "taken": "已约", "withdrawn": "已撤回"}[self.value]


class SlotPlace(StrEnum):
    """Where one meets."""

    ROOM = "room"
    PHONE = "phone"
    BOTH = "both"  # whoever books says which

    @property
    def label(self) -> str:
        return {"room": "当面", "phone": "电话", "both": "当面或电话"}[self.value]


class AppointmentState(StrEnum):
    BOOKED = "booked"
    CANCELLED = "cancelled"  # by who had booked it
    CALLED_OFF = "called_off"  # by the adviser
    UNMARKED = "unmarked"  # its time is over; the adviser has not said yet how it was
    CAME = "came"
    NO_SHOW = "no_show"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def said_to_member(self) -> str:
        return {AppointmentState.UNMARKED: "已过时间", AppointmentState.CAME: "已完成"}.get(self, self.label)


_LABELS = {
    AppointmentState.BOOKED: "已约好",
    AppointmentState.CANCELLED: "已取消",
    AppointmentState.CALLED_OFF: "时段撤回",
    AppointmentState.UNMARKED: "待记到没到",
    AppointmentState.CAME: "到了",
    AppointmentState.NO_SHOW: "没来",
}


class AppointmentStep(StrEnum):
    """What time does next."""

    DAY_BEFORE = "day_before"
    SHORTLY = "shortly"
    END = "end"


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    condition = sa.text(where)
    return sa.Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


class AdviceSlot(Base):
    __tablename__ = "advice_slot"
    __table_args__ = (
        sa.Index("ix_advice_slot_staff", "staff_id", "starts_at"),
        sa.Index("ix_advice_slot_ends_at", "ends_at"),
        _partial("ix_advice_slot_free", "kind", "starts_at", where="state = 'free'"),
        # Two that offer the same time at once: one of them does.
        _partial("uq_advice_slot_time", "staff_id", "starts_at", where="state <> 'withdrawn'", unique=True),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    kind: Mapped[CaseKind]  # which advice
    series: Mapped[str] = mapped_column(sa.String(16), index=True)  # all that one form offered
    starts_at: Mapped[datetime]  # UTC
    ends_at: Mapped[datetime]
    place: Mapped[SlotPlace]
    room: Mapped[str] = mapped_column(sa.String(60), default="")  # where to come
    state: Mapped[SlotState] = mapped_column(default=SlotState.FREE)
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    staff: Mapped[Staff] = relationship(lazy="raise")

    @property
    def has_room(self) -> bool:
        return self.place is not SlotPlace.PHONE

    @property
    def has_phone(self) -> bool:
        return self.place is not SlotPlace.ROOM


class Appointment(Base):
    __tablename__ = "appointment"
    __table_args__ = (
        _partial(
            "uq_appointment_slot",
            "slot_id",
            where="state IN ('booked', 'unmarked', 'came', 'no_show')",
            unique=True,
        ),
        _partial("uq_appointment_live", "person_digest", where="state = 'booked'", unique=True),
        sa.Index("ix_appointment_person", "person_digest"),
        sa.Index("ix_appointment_slot_id", "slot_id"),
        _partial("ix_appointment_case_id", "case_id", where="case_id IS NOT NULL"),
        _partial("ix_appointment_due_at", "due_at", where="due_at IS NOT NULL"),
        _partial("ix_appointment_unmarked", "slot_id", where="state = 'unmarked'"),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    slot_id: Mapped[int] = mapped_column(sa.ForeignKey("advice_slot.id"))
    kind: Mapped[CaseKind]
    case_id: Mapped[int | None] = mapped_column(sa.ForeignKey("case.id"))  # the matter it is about
    person_digest: Mapped[bytes | None] = mapped_column(sa.LargeBinary(16))  # of person and kind
    person: Mapped[object | None] = mapped_column(SealedJSON("appointment.person"))  # {"person_id": …}
    called: Mapped[str | None] = mapped_column(SealedText("appointment.called"))
    phone: Mapped[str | None] = mapped_column(SealedText("appointment.phone"))  # None: they meet in the room
    words: Mapped[str | None] = mapped_column(SealedText("appointment.words"))
    by_phone: Mapped[bool]
    state: Mapped[AppointmentState] = mapped_column(default=AppointmentState.BOOKED)
    booked_at: Mapped[datetime]
    due_at: Mapped[datetime | None]  # when time does something next, and what
    due_step: Mapped[AppointmentStep | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    slot: Mapped[AdviceSlot] = relationship(lazy="raise")


class AppointmentMove(Base):
    """What happened to an appointment. `by` is a name of staff, or empty for who had booked it."""

    __tablename__ = "appointment_move"

    appointment_id: Mapped[int] = mapped_column(sa.ForeignKey("appointment.id"), index=True)
    from_state: Mapped[AppointmentState | None]
    to_state: Mapped[AppointmentState]
    to_time: Mapped[datetime | None]  # where it was moved to another time
    by: Mapped[str] = mapped_column(sa.String(64), default="")
    reason: Mapped[str | None] = mapped_column(SealedText("appointment_move.reason"))
    channel: Mapped[str] = mapped_column(sa.String(16))
    at: Mapped[datetime]
