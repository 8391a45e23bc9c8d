"""Walks through all followers WeChat knows: taking over an account, and looking each day whom we missed.

What is kept here lets a walk go on where it was broken off. Not here: what a walk does - app.jobs.walking.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class WalkKind(StrEnum):
    ADOPTION = "adoption"  # the first day on an account: `gonghui adopt`
    DAILY = "daily"


class WalkStep(StrEnum):
    """In the order in which they are done."""

    LIST = "list"  # WeChat's followers, into `Listed`
    MEET = "meet"  # those we do not know, or think gone
    MISS = "miss"  # those we know and WeChat does not
    TAGS = "tags"
    ARTICLES = "articles"
    TIDY = "tidy"
    DONE = "done"


class Walk(Base):
    """The last walk of each kind, under way or finished."""

    __tablename__ = "walk"
    __table_args__ = (sa.UniqueConstraint("account_id", "kind"),)

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"))
    kind: Mapped[WalkKind]
    step: Mapped[WalkStep]
    cursor: Mapped[str] = mapped_column(sa.String(64), default="")  # within the step, as the step reads it
    counts: Mapped[dict[str, int]] = mapped_column(sa.JSON)  # what it found, by name
    started_at: Mapped[datetime]
    touched_at: Mapped[datetime]
    due_at: Mapped[datetime]  # not before: another day's quota, or the next daily walk


class Listed(Base):
    """An openid on a list WeChat gave us, kept while a walk compares it with ours."""

    __tablename__ = "listed"
    __table_args__ = (sa.UniqueConstraint("account_id", "name", "openid"),)

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(sa.String(32))  # of the list: FOLLOWERS, or a tag's number
    openid: Mapped[str] = mapped_column(sa.String(64))


FOLLOWERS: Final = "followers"


class TagChange(Base):
    """A tag given to somebody or taken by us, until WeChat knows of it and a while longer.

    The row keeps a walk that listed the tag's people before from undoing the change.
    """

    __tablename__ = "tag_change"
    __table_args__ = (
        sa.UniqueConstraint("follower_id", "name"),
        sa.Index("ix_tag_change_due_at", "settled_at", "due_at"),
    )

    follower_id: Mapped[int] = mapped_column(sa.ForeignKey("follower.id"))
    name: Mapped[str] = mapped_column(sa.String(30))
    given: Mapped[bool]  # else taken
    at: Mapped[datetime]
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(sa.String(200), default="")  # why WeChat does not know yet
    settled_at: Mapped[datetime | None]
