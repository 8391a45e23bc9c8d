"""What phones at the door have scanned: each scan once, with the answer it was given.

Not here: that somebody is checked in (`SignUp.state`), and its history (`SignUpMove`).
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class CheckInAnswer(StrEnum):
    """What a ticket that is shown at the door is answered."""

    OK = "ok"
    ALREADY_CHECKED_IN = "already_checked_in"
    NOT_FOUND = "not_found"  # forged, of another service, or no ticket at all
    WRONG_ACTIVITY = "wrong_activity"
    CANCELLED = "cancelled"
    WAITLISTED = "waitlisted"
    NOT_APPROVED = "not_approved"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    REVOKED = "revoked"  # of a sign-up that was given up and made anew since

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    CheckInAnswer.OK: "签到成功",
    CheckInAnswer.ALREADY_CHECKED_IN: "已经签过到",
    CheckInAnswer.NOT_FOUND: "不是有效的票",
    CheckInAnswer.WRONG_ACTIVITY: "别的活动的票",
    CheckInAnswer.CANCELLED: "已取消",
    CheckInAnswer.WAITLISTED: "还在候补",
    CheckInAnswer.NOT_APPROVED: "没有通过审核",
    CheckInAnswer.TOO_EARLY: "还没到签到时间",
    CheckInAnswer.TOO_LATE: "签到已经结束",
    CheckInAnswer.REVOKED: "旧票，已经失效",
}


class CheckInScan(Base):
    __tablename__ = "check_in_scan"
    __table_args__ = (sa.UniqueConstraint("activity_id", "request_id"),)

    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id"))
    request_id: Mapped[str] = mapped_column(sa.String(40))  # of the phone's own making
    sign_up_id: Mapped[int | None] = mapped_column(sa.ForeignKey("sign_up.id"), index=True)
    sitting: Mapped[str] = mapped_column(sa.String(8), default="", server_default="")  # its key
    answer: Mapped[CheckInAnswer]
    by: Mapped[str] = mapped_column(sa.String(64))
    channel: Mapped[str] = mapped_column(sa.String(16))  # scan, hand
    said_at: Mapped[datetime | None]  # by the phone's clock, whatever that says
    at: Mapped[datetime]  # the same within the bounds of ours
    offline: Mapped[bool]  # it waited in the phone for a signal
    received_at: Mapped[datetime] = mapped_column(index=True)
