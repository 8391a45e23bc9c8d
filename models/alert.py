"""Alerts to people on duty: somebody may harm himself. Repeated until one of them has taken it."""

from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedText

RINGS_EVERY = timedelta(minutes=5)
MUST_REACH_WITHIN = timedelta(minutes=1)  # of a round's time


class AlertState(StrEnum):
    WAITING = "waiting"
    TAKEN = "taken"


class CrisisAlert(Base):
    __tablename__ = "crisis_alert"
    __table_args__ = (
        sa.Index(
            "ix_crisis_alert_due",
            "due_at",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        ),
    )

    key: Mapped[str] = mapped_column(
        sa.String(200), unique=True
    )  # one alert for one message, however often it comes
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    channel: Mapped[str] = mapped_column(sa.String(24))  # chat, portal, api
    excerpt: Mapped[str | None] = mapped_column(SealedText("crisis_alert.excerpt"))
    # Of the case the words went into; an anonymous one has none here. Sealed: this row names who wrote them.
    case_number: Mapped[str | None] = mapped_column(SealedText("crisis_alert.case_number"))
    state: Mapped[AlertState]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]  # the next round
    rounds: Mapped[int] = mapped_column(default=0)
    reached_at: Mapped[datetime | None]  # the last time WeChat took a round's message to somebody on duty
    taken_at: Mapped[datetime | None]
    taken_by: Mapped[str] = mapped_column(sa.String(64), default="")
    lease_token: Mapped[str | None] = mapped_column(sa.String(32))
    lease_until: Mapped[datetime | None]

    @property
    def must_reach_by(self) -> datetime:
        """When the round that somebody must hear next has failed."""
        since = self.created_at if self.reached_at is None else self.reached_at + RINGS_EVERY
        return since + MUST_REACH_WITHIN

    @classmethod
    def unheard(cls, now: datetime) -> sa.ColumnElement[bool]:
        """Waiting ones past their `must_reach_by`, written as a condition."""
        never = cls.reached_at.is_(None) & (cls.created_at <= now - MUST_REACH_WITHIN)
        no_more = cls.reached_at <= now - RINGS_EVERY - MUST_REACH_WITHIN
        return (cls.state == AlertState.WAITING) & (never | no_more)
