"""Live broadcasts: announced, watched, watched again; and who asked to be reminded and who watched.

Not here: rules that need other rows (`app.services.lives`).
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import public_id


class LiveState(StrEnum):
    """What staff decided; what the clock makes of it is its phase."""

    DRAFT = "draft"
    ANNOUNCED = "announced"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return {"draft": "草稿", "announced": "已发布", "cancelled": "已取消"}[self.value]


class LivePhase(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    LIVE = "live"
    ENDED = "ended"
    REPLAY = "replay"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return _PHASES[self]


_PHASES = {
    LivePhase.DRAFT: "草稿",
    LivePhase.SCHEDULED: "预告",
    LivePhase.LIVE: "直播中",
    LivePhase.ENDED: "已结束",
    LivePhase.REPLAY: "可回看",
    LivePhase.CANCELLED: "已取消",
}


class LiveSession(Base):
    """Watched at `link`, wherever that is, or in our own page where it comes from a host of the union."""

    __tablename__ = "live_session"
    __table_args__ = (sa.Index("ix_live_session_state_starts_at", "state", "starts_at"),)

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    title: Mapped[str] = mapped_column(sa.String(60))
    about: Mapped[str] = mapped_column(sa.String(200))
    activity_id: Mapped[int | None] = mapped_column(sa.ForeignKey("activity.id"), index=True)
    branch_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    state: Mapped[LiveState]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    link: Mapped[str] = mapped_column(sa.String(500))  # https; a link, or a stream of a host of the union
    replay: Mapped[str] = mapped_column(sa.String(500))  # likewise; empty: there is none (yet)
    chapters: Mapped[object] = mapped_column(sa.JSON)  # [[seconds, title], …] of the replay, in order
    cover: Mapped[str] = mapped_column(sa.String(16))  # a stored file
    cover_alt: Mapped[str] = mapped_column(sa.String(60))
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    def phase(self, now: datetime) -> LivePhase:
        if self.state is LiveState.DRAFT:
            return LivePhase.DRAFT
        if self.state is LiveState.CANCELLED:
            return LivePhase.CANCELLED
        if now < self.starts_at:
            return LivePhase.SCHEDULED
        if now < self.ends_at:
            return LivePhase.LIVE
        return LivePhase.REPLAY if self.replay else LivePhase.ENDED


class LiveVisit(Base):
    """Once per person and broadcast; nobody's after a while, so that the count stays and no name."""

    __tablename__ = "live_visit"
    __table_args__ = (
        sa.UniqueConstraint("live_id", "person_id"),
        sa.Index(
            "ix_live_visit_marked_at",
            "marked_at",
            sqlite_where=sa.text("person_id IS NOT NULL"),
            postgresql_where=sa.text("person_id IS NOT NULL"),
        ),
    )

    live_id: Mapped[int] = mapped_column(sa.ForeignKey("live_session.id"))
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)
    reminds: Mapped[bool]  # wants to be told before it begins
    watched_at: Mapped[datetime | None]  # first; None: not yet
    marked_at: Mapped[datetime]  # the last time that something of this changed
