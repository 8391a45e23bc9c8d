"""Accounts we answer on, the persons behind them, and their openids there.

Not here: members of the roster and electricity accounts; they point to a person and come with their features.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.types import public_id


class AccountKind(StrEnum):
    OFFICIAL = "official"
    MINIPROGRAM = "miniprogram"

    @property
    def label(self) -> str:
        return {"official": "公众号", "miniprogram": "小程序"}[self.value]


class Account(Base):
    __tablename__ = "account"

    app_id: Mapped[str] = mapped_column(sa.String(32), unique=True)
    kind: Mapped[AccountKind]
    gh_id: Mapped[str | None] = mapped_column(sa.String(32))  # 原始ID; learned from the first callback


class Person(Base):
    __tablename__ = "person"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    created_at: Mapped[datetime]
    merged_into_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))  # the one that stayed
    closed_at: Mapped[datetime | None]  # the account was closed: nobody is behind this row any more


class MergeState(StrEnum):
    DONE = "done"
    REFUSED = "refused"  # staff must look: `PersonMerge.reason`


class PersonMerge(Base):
    """Two persons who turned out to be one, or would have: kept for ever, one row for each pair."""

    __tablename__ = "person_merge"
    __table_args__ = (
        sa.UniqueConstraint("stays_id", "gone_id"),
        sa.Index("ix_person_merge_gone_id", "gone_id"),
        sa.Index("ix_person_merge_state", "state"),
    )

    stays_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    gone_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    state: Mapped[MergeState]
    reason: Mapped[str] = mapped_column(sa.String(200), default="")  # why it was refused, in Chinese
    at: Mapped[datetime]


class Follower(Base):
    """One openid on one account, with the facts the platform's windows depend on."""

    __tablename__ = "follower"
    __table_args__ = (
        sa.UniqueConstraint("account_id", "openid"),
        sa.Index("ix_follower_openid", "openid"),
        sa.Index(
            "ix_follower_left",
            "id",
            sqlite_where=sa.text("NOT subscribed"),
            postgresql_where=sa.text("NOT subscribed"),
        ),
    )

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"))
    openid: Mapped[str] = mapped_column(sa.String(64))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    unionid: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    version: Mapped[int] = mapped_column(default=0)  # one more at each message; keeps processes in order
    subscribed: Mapped[bool] = mapped_column(default=True)
    subscribed_at: Mapped[datetime | None]
    unsubscribed_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]  # when WeChat was asked for the unionid
    menu_tag: Mapped[int | None]  # the one gh-menu-n tag WeChat knows of

    # Customer messages allowed: 5 within 48 h of a message, 3 within 1 min of a tap, follow or scan.
    spoke_at: Mapped[datetime | None]
    spoke_used: Mapped[int] = mapped_column(default=0)
    acted_at: Mapped[datetime | None]
    acted_used: Mapped[int] = mapped_column(default=0)

    person: Mapped[Person] = relationship(lazy="raise")


class FollowerTag(Base):
    """A tag a follower carries, by name; the first word of the audience grammar."""

    __tablename__ = "follower_tag"
    __table_args__ = (sa.UniqueConstraint("follower_id", "name"), sa.Index("ix_follower_tag_name", "name"))

    follower_id: Mapped[int] = mapped_column(sa.ForeignKey("follower.id"))
    name: Mapped[str] = mapped_column(sa.String(30))
    given_at: Mapped[datetime]
