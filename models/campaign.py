"""Campaigns (群发): one message to many people, what became of it for each, and WeChat's orders for it.

A delivery is a row of its own and no outbox row: a hundred thousand of them must not stand before somebody's
own notice. Its states are those of the outbox.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.outbox import DeliveryState
from models.types import public_id


class CampaignState(StrEnum):
    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    SCHEDULED = "scheduled"  # approved; takes effect by itself at `send_at`
    SENDING = "sending"
    PAUSED = "paused"
    FINISHED = "finished"  # every delivery has come to an end
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return _STATES[self]


_STATES = {
    CampaignState.DRAFT: "草稿",
    CampaignState.PENDING_APPROVAL: "待审批",
    CampaignState.SCHEDULED: "已排期",
    CampaignState.SENDING: "发送中",
    CampaignState.PAUSED: "已暂停",
    CampaignState.FINISHED: "已完成",
    CampaignState.CANCELLED: "已取消",
}


class CampaignWay(StrEnum):
    MESSAGE = "message"  # a customer message each, to whom WeChat lets us write
    MASS = "mass"  # WeChat's mass message to a list of people: four a month for each of them
    ARTICLE = "article"  # likewise, with one to eight of our articles as WeChat articles
    NOTICE = "notice"  # a subscription notice each, to whoever agreed to its template

    @property
    def label(self) -> str:
        return _WAYS[self.value]

    @property
    def is_by_order(self) -> bool:
        """Counts among the four that a person gets in a month."""
        return self in (CampaignWay.MASS, CampaignWay.ARTICLE)


_WAYS = {"message": "客服消息", "mass": "群发消息", "article": "群发图文", "notice": "订阅通知"}


class Campaign(Base):
    __tablename__ = "campaign"
    __table_args__ = (sa.Index("ix_campaign_state", "state"),)

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    title: Mapped[str] = mapped_column(sa.String(64))  # among staff; nobody else reads it
    way: Mapped[CampaignWay]
    audience: Mapped[object | None] = mapped_column(sa.JSON(none_as_null=True))  # None: all who follow
    text: Mapped[str] = mapped_column(sa.String(600))  # of a notice and of articles: as a phone shows it
    article_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("article.id")
    )  # its link stands below the text; a notice opens it
    template_id: Mapped[str | None] = mapped_column(sa.String(64))  # of a notice
    fields: Mapped[dict[str, str] | None] = mapped_column(sa.JSON(none_as_null=True))  # and what they hold
    preview_id: Mapped[str | None] = mapped_column(sa.String(128))  # the draft that staff saw on their phone
    state: Mapped[CampaignState]
    send_at: Mapped[datetime | None]  # None: as soon as it is approved
    writer_ids: Mapped[object] = mapped_column(sa.JSON)  # staff who wrote in it: none of them approves it
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))  # is told how it ends
    reason: Mapped[str] = mapped_column(sa.String(200), default="")  # why it came back, rests, or was stopped
    rests_until: Mapped[datetime | None]  # nothing of it is sent before
    filled_to: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # person ids up to here have their row
    filled_at: Mapped[datetime | None]  # all have
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class CampaignArticle(Base):
    """An article that goes out as a WeChat article, in its place from 1; the first is the big one."""

    __tablename__ = "campaign_article"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "place"),)

    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id"))
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"), index=True)
    place: Mapped[int]
    digest: Mapped[str] = mapped_column(sa.String(64), default="")  # of what stands for approval
    url: Mapped[str | None] = mapped_column(sa.String(1024))  # where the first order's stands at WeChat
    dealt_at: Mapped[datetime | None]  # staff saw to it that it stays or goes there after its end


class CampaignMove(Base):
    __tablename__ = "campaign_move"

    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id"), index=True)
    from_state: Mapped[CampaignState | None]
    to_state: Mapped[CampaignState]
    by: Mapped[str] = mapped_column(sa.String(64))
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    at: Mapped[datetime]


# Written out as in the index, else neither database would use it.
DELIVERY_WAITS = "state IN ('queued', 'sending', 'failed_retry')"


class CampaignDelivery(Base):
    """What one person gets of a campaign: once, whatever happens."""

    __tablename__ = "campaign_delivery"
    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "person_id"),
        sa.Index("ix_campaign_delivery_campaign_id_state", "campaign_id", "state"),
        sa.Index(
            "ix_campaign_delivery_waits",
            "campaign_id",
            "id",
            sqlite_where=sa.text(DELIVERY_WAITS),
            postgresql_where=sa.text(DELIVERY_WAITS),
        ),
        sa.Index(
            "ix_campaign_delivery_order_id",
            "order_id",
            sqlite_where=sa.text("order_id IS NOT NULL"),
            postgresql_where=sa.text("order_id IS NOT NULL"),
        ),
    )

    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id"))
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)  # None: forgotten
    follower_id: Mapped[int | None] = mapped_column(sa.ForeignKey("follower.id"), index=True)
    order_id: Mapped[int | None] = mapped_column(sa.ForeignKey("mass_order.id"))  # with which it went
    state: Mapped[DeliveryState]
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    tries: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[str | None] = mapped_column(sa.String(32))
    lease_until: Mapped[datetime | None]  # real time; of one that waits for another try, when that may be
    asked_at: Mapped[datetime | None]  # real time: a notice's first try; WeChat knows its key for 10 minutes
    settled_at: Mapped[datetime | None]


class MassOrder(Base):
    """Up to ten thousand people whom WeChat was told to send a campaign to, and what it said came of it."""

    __tablename__ = "mass_order"
    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "number"),
        sa.Index("ix_mass_order_msg_id", "msg_id"),
    )

    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id"))
    number: Mapped[int]  # in its campaign, from 1; part of the key by which WeChat knows it again
    state: Mapped[DeliveryState]
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    msg_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    msg_data_id: Mapped[int | None] = mapped_column(
        sa.BigInteger
    )  # of articles: by it comments are asked for
    mark: Mapped[str | None] = mapped_column(
        sa.String(16), unique=True, index=True
    )  # in its draft's addresses
    draft_id: Mapped[str | None] = mapped_column(sa.String(128))  # its own: a draft is gone when it was sent
    draft_begun_at: Mapped[datetime | None]  # since then one may lie there; None: cleared away, or none yet
    people: Mapped[int]
    total: Mapped[int | None]
    reachable: Mapped[int | None]  # without those who refuse, or had their four this month
    sent: Mapped[int | None]
    failed: Mapped[int | None]
    tries: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[str | None] = mapped_column(sa.String(32))
    lease_until: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]  # when it was ordered first; WeChat knows its key for 24 hours
    due_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class CampaignRefusal(Base):
    """Somebody does not want campaigns any more; what concerns himself he gets all the same."""

    __tablename__ = "campaign_refusal"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), unique=True)
    at: Mapped[datetime]
