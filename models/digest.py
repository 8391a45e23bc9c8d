"""每周精选: who wants it, each week's round, and what became of it for each person.

Not here: what is in it (`app.services.digest_picks`), and how it leaves (an outbox row for each copy).
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.outbox import DeliveryState, Way


class DigestWish(Base):
    """Somebody asked for it; without this row nobody gets any."""

    __tablename__ = "digest_wish"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), unique=True)
    at: Mapped[datetime]  # who asks after the week's moment waits for the next
    channel: Mapped[str] = mapped_column(sa.String(16))  # where: chat, portal, miniprogram


class DigestWeek(Base):
    """A week of which copies are made, page by page."""

    __tablename__ = "digest_week"

    week_on: Mapped[date] = mapped_column(unique=True)  # its Monday in China
    due_at: Mapped[datetime]  # as it was set when the week's first copy was made
    filled_to: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # wishes up to here have their copy
    filled_at: Mapped[datetime | None]  # all have


# Written out as in the index, else neither database would use it.
COPY_WAITS = "state = 'queued'"


class DigestCopy(Base):
    """What one person gets in one week: once, whatever happens."""

    __tablename__ = "digest_copy"
    __table_args__ = (
        sa.UniqueConstraint("week_on", "person_id"),
        sa.Index("ix_digest_copy_week_on_state", "week_on", "state"),
        sa.Index(
            "ix_digest_copy_waits",
            "id",
            sqlite_where=sa.text(COPY_WAITS),
            postgresql_where=sa.text(COPY_WAITS),
        ),
    )

    week_on: Mapped[date]
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)  # None: forgotten
    state: Mapped[DeliveryState]  # queued: its outbox row is not at its end
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    way: Mapped[Way | None]
    articles: Mapped[list[str]] = mapped_column(sa.JSON)  # their public ids, the best first
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
