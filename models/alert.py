"""Alerts to people on duty: somebody may harm himself. Repeated until one of them has taken it."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedText


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
    state: Mapped[AlertState]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]  # the next round
    rounds: Mapped[int] = mapped_column(default=0)
    reached_at: Mapped[datetime | None]  # the first time a message to somebody on duty was accepted
    taken_at: Mapped[datetime | None]
    taken_by: Mapped[str] = mapped_column(sa.String(64), default="")
    lease_token: Mapped[str | None] = mapped_column(sa.String(32))
    lease_until: Mapped[datetime | None]
