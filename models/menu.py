"""Revisions of the menu file, the steps that bring its buttons to WeChat, and how often rules are hit."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class MenuRevision(Base):
    """The newest is live; the file is only input."""

    __tablename__ = "menu_revision"

    number: Mapped[int] = mapped_column(unique=True)
    text: Mapped[str] = mapped_column(sa.Text)  # the file as the operator wrote it
    digest: Mapped[str] = mapped_column(sa.String(64))  # SHA-256 of the text
    applied_by: Mapped[str] = mapped_column(sa.String(64))
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    difference: Mapped[str] = mapped_column(sa.Text, default="")
    created_at: Mapped[datetime]


class StepState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"  # again at due_at
    DROPPED = "dropped"  # a newer revision came

    @property
    def label(self) -> str:
        return _STATES[self]


_STATES = {
    StepState.WAITING: "等待中",
    StepState.DONE: "已完成",
    StepState.FAILED: "遇到问题",
    StepState.DROPPED: "不再需要",
}


class MenuPushStep(Base):
    """One call to WeChat on the way from applied to pushed; in order, resumable."""

    __tablename__ = "menu_push_step"
    __table_args__ = (sa.UniqueConstraint("revision_id", "position"),)

    revision_id: Mapped[int] = mapped_column(sa.ForeignKey("menu_revision.id"))
    position: Mapped[int]
    action: Mapped[str] = mapped_column(sa.String(24))  # default, ensure_tag, conditional, …
    payload: Mapped[object | None] = mapped_column(sa.JSON)
    result: Mapped[object | None] = mapped_column(sa.JSON)
    state: Mapped[StepState]
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[str | None] = mapped_column(sa.String(32))
    lease_until: Mapped[datetime | None]


class MenuHit(Base):
    """How often a rule answered on one day (Asia/Shanghai)."""

    __tablename__ = "menu_hit"
    __table_args__ = (sa.UniqueConstraint("day", "rule"),)

    day: Mapped[date]
    rule: Mapped[str] = mapped_column(sa.String(160))
    count: Mapped[int] = mapped_column(default=0)


class MenuLook(Base):
    """A follower who may have come to see another menu; looked at before all the others."""

    __tablename__ = "menu_look"

    follower_id: Mapped[int] = mapped_column(sa.ForeignKey("follower.id"), unique=True)
    at: Mapped[datetime]
