"""Who is on duty when, what each of staff answers, and how far a case has come in being given to somebody.

Not here: who may answer what (`app.services.permissions`), who has a case (`models.case`).
"""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.case import CaseKind
from models.types import public_id


class DutyRoom(StrEnum):
    """A room of cases for which somebody is on duty."""

    DESK = "desk"
    LEGAL = "legal"
    COUNSEL = "counsel"
    HEALTH = "health"
    COMPLAINTS = "complaints"

    @property
    def label(self) -> str:
        return _ROOMS[self]


_ROOMS = {
    DutyRoom.DESK: "留言和人工",
    DutyRoom.LEGAL: "法律咨询",
    DutyRoom.COUNSEL: "心理疏导",
    DutyRoom.HEALTH: "健康咨询",
    DutyRoom.COMPLAINTS: "投诉建议",
}


class Half(StrEnum):
    """Of a day, as the office has it: before and after the midday break."""

    MORNING = "am"
    AFTERNOON = "pm"

    @property
    def label(self) -> str:
        return "上午" if self is Half.MORNING else "下午"


class DutyShift(Base):
    """Somebody is on duty in a room for half a day."""

    __tablename__ = "duty_shift"
    __table_args__ = (sa.UniqueConstraint("room", "day", "half", "staff_id"),)

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    room: Mapped[DutyRoom]
    day: Mapped[date] = mapped_column(index=True)
    half: Mapped[Half]
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    assigned_at: Mapped[datetime | None]  # when he last got a case in it; of two equals the other is next


class DutySetting(Base):
    """Whether new cases of a room are given to who is on duty; locked while one is, or its rota changes."""

    __tablename__ = "duty_setting"

    room: Mapped[DutyRoom] = mapped_column(unique=True)
    assigns: Mapped[bool] = mapped_column(default=False)
    changed_by: Mapped[str] = mapped_column(sa.String(64), default="")
    changed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class StaffSkill(Base):
    """A kind of case that somebody answers, of one topic or of all. Who has none answers all that he may."""

    __tablename__ = "staff_skill"
    __table_args__ = (sa.UniqueConstraint("staff_id", "kind", "topic"),)

    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    kind: Mapped[CaseKind]
    topic: Mapped[str] = mapped_column(sa.String(24), default="")  # empty: all of the kind


class CaseQueue(Base):
    """What was tried to find somebody for a case. Of an anonymous one no time here tells when it came."""

    __tablename__ = "case_queue"

    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"), unique=True)
    since: Mapped[datetime | None]  # the case's `waiting_since` that the rest is about
    passed: Mapped[list[int]] = mapped_column(sa.JSON)  # ids of staff who gave it back or stayed silent
    look_at: Mapped[datetime | None]  # when somebody is next looked for; None: as soon as it lies free
    lead_due_at: Mapped[datetime | None]  # when the lead hears that nobody takes it
    lead_told_at: Mapped[datetime | None]
