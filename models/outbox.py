"""Effects that leave us: one row each, with a unique key, written in the transaction of its cause."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import LISTED, Base
from models.types import SealedJSON


class DeliveryState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"  # leased; what happened is not known until it is settled
    ACCEPTED = "accepted"  # the platform has it; a result event may follow
    DELIVERED = "delivered"
    FAILED_RETRY = "failed_retry"  # again at due_at
    OWED = "owed"  # it cannot be sent now; it opens the person's next passive reply
    FAILED = "failed"
    UNKNOWN = "unknown"  # a timeout on something that must not be sent twice
    SKIPPED = "skipped"  # for a reason: unsubscribed, no window, merged


class Way(StrEnum):
    PASSIVE = "passive"
    CUSTOMER_MESSAGE = "customer_message"
    TEMPLATE = "template"
    SUBSCRIPTION = "subscription"  # a notice the person has agreed to (订阅通知)
    MINIPROGRAM = "miniprogram"  # likewise, of the mini-program: WeChat knows no key for it
    PORTAL = "portal"  # nowhere else to go


class Outbox(Base):
    __tablename__ = "outbox"
    __table_args__ = (
        *(
            sa.Index(
                f"ix_outbox_{name}_listed",
                name,
                "id",
                sqlite_where=sa.text(LISTED),
                postgresql_where=sa.text(LISTED),
            )
            for name in ("kind", "state")
        ),
        sa.Index(
            "ix_outbox_due",
            "due_at",
            sqlite_where=sa.text("state IN ('queued', 'sending', 'failed_retry')"),
            postgresql_where=sa.text("state IN ('queued', 'sending', 'failed_retry')"),
        ),
        sa.Index(
            "ix_outbox_message",
            "message_id",
            sqlite_where=sa.text("message_id IS NOT NULL"),
            postgresql_where=sa.text("message_id IS NOT NULL"),
        ),
        sa.Index(
            "ix_outbox_confidential",
            "settled_at",
            sqlite_where=sa.text("confidential AND person_id IS NOT NULL"),
            postgresql_where=sa.text("confidential AND person_id IS NOT NULL"),
        ),
        sa.Index(
            "ix_outbox_owed",
            "person_id",
            sqlite_where=sa.text("state = 'owed'"),
            postgresql_where=sa.text("state = 'owed'"),
        ),
    )

    key: Mapped[str] = mapped_column(sa.String(160), unique=True)
    kind: Mapped[str] = mapped_column(sa.String(64))  # which notice, e.g. dialogue.late_reply
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)
    follower_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("follower.id")
    )  # where it must go to this openid
    message_id: Mapped[int | None] = mapped_column(sa.ForeignKey("message.id"))  # whose late answer it is
    payload: Mapped[object | None] = mapped_column(SealedJSON("outbox.payload"))
    state: Mapped[DeliveryState]
    way: Mapped[Way | None]
    besides_reply: Mapped[bool] = mapped_column(default=False)
    urgent: Mapped[bool] = mapped_column(default=False)
    confidential: Mapped[bool] = mapped_column(default=False)  # once told, whom and what is forgotten
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[str | None] = mapped_column(sa.String(32))
    lease_until: Mapped[datetime | None]
