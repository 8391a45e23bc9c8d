"""Every message and event WeChat pushed to us, what we answered, and how far its handling came."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import LISTED, Base
from models.types import SealedJSON, SealedText


class MessageState(StrEnum):
    RECEIVED = "received"  # queued to run again, nobody is at it
    ANSWERED = "answered"  # the passive reply is what the person got
    DEFERRED = "deferred"  # WeChat was told `success`; the answer follows as an outbox row
    DELIVERED = "delivered"  # the late answer arrived
    UNDELIVERABLE = "undeliverable"  # it may not be sent; its outbox row is owed
    FAILED = "failed"  # a bug; the person read a calm sentence, `gonghui messages retry` runs it again


# Messages that tell where somebody is; written out, as the statements that look for them must have it.
PLACES = "kind IN ('event.location', 'event.location_select', 'location') AND body IS NOT NULL"

NOT_ANSWERED = "state <> 'answered'"  # written out likewise

# What WeChat tells of a person's wishes about his data; acted on once, then emptied: the body names him.
PRIVATE_EVENTS = (
    "kind IN ('event.user_authorization_revoke', 'event.user_authorization_cancellation')"
    " AND body IS NOT NULL"
)

# How WeChat says that publishing an article has ended; acted on once, then emptied.
PUBLISH_EVENTS = "kind = 'event.publishjobfinish' AND body IS NOT NULL"


class PushTrouble(StrEnum):
    """What there is to know of a push beside its message; the words are those of the engine."""

    REPEATED = "repeated"  # WeChat sent again what we had already
    SILENT = "silent"  # it could not be stored in time
    CROWDED = "crowded"  # too many at work: its sender was asked to write again
    REFUSED = "refused"


class PushCount(Base):
    """How often that was so on one day (Asia/Shanghai)."""

    __tablename__ = "push_count"
    __table_args__ = (sa.UniqueConstraint("day", "trouble"),)

    day: Mapped[date]
    trouble: Mapped[PushTrouble]
    count: Mapped[int] = mapped_column(default=0)


class Message(Base):
    __tablename__ = "message"
    __table_args__ = (
        sa.UniqueConstraint("account_id", "key"),
        sa.Index(
            "ix_message_unsettled",
            "lease_until",
            sqlite_where=sa.text("state IN ('received', 'deferred')"),
            postgresql_where=sa.text("state IN ('received', 'deferred')"),
        ),
        # What the console's log is narrowed by; nearly every message was answered, so that state has none.
        *(
            sa.Index(
                f"ix_message_{name}_listed",
                name,
                "id",
                sqlite_where=sa.text(LISTED),
                postgresql_where=sa.text(LISTED),
            )
            for name in ("kind", "rule", "follower_id")
        ),
        sa.Index(
            "ix_message_not_answered",
            "id",
            sqlite_where=sa.text(f"{NOT_ANSWERED} AND {LISTED}"),
            postgresql_where=sa.text(f"{NOT_ANSWERED} AND {LISTED}"),
        ),
        sa.Index("ix_message_received_at_state_tries", "received_at", "state", "tries"),
        sa.Index(
            "ix_message_failed",
            "id",
            sqlite_where=sa.text("state = 'failed'"),
            postgresql_where=sa.text("state = 'failed'"),
        ),
        sa.Index(
            "ix_message_owed",  # not used: the release before this one needs it
            "follower_id",
            sqlite_where=sa.text("state = 'undeliverable'"),
            postgresql_where=sa.text("state = 'undeliverable'"),
        ),
        sa.Index(
            "ix_message_dialogue",
            "dialogue_ref",
            sqlite_where=sa.text("dialogue_ref IS NOT NULL"),
            postgresql_where=sa.text("dialogue_ref IS NOT NULL"),
        ),
        sa.Index(
            "ix_message_private_event",
            "id",
            sqlite_where=sa.text(PRIVATE_EVENTS),
            postgresql_where=sa.text(PRIVATE_EVENTS),
        ),
        sa.Index(
            "ix_message_publish_event",
            "id",
            sqlite_where=sa.text(PUBLISH_EVENTS),
            postgresql_where=sa.text(PUBLISH_EVENTS),
        ),
        sa.Index(
            "ix_message_place", "follower_id", sqlite_where=sa.text(PLACES), postgresql_where=sa.text(PLACES)
        ),
    )

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"))
    key: Mapped[str] = mapped_column(sa.String(200))  # app.wechat.incoming: what makes a push this push
    follower_id: Mapped[int | None] = mapped_column(sa.ForeignKey("follower.id"))  # none: nobody's, or secret
    kind: Mapped[str] = mapped_column(sa.String(48))
    state: Mapped[MessageState]
    rule: Mapped[str] = mapped_column(sa.String(160), default="")  # what answered, as `menus try` names it
    request_id: Mapped[str] = mapped_column(sa.String(32))
    received_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    body: Mapped[str | None] = mapped_column(SealedText("message.body"))  # as WeChat sent it, decrypted
    reply: Mapped[object | None] = mapped_column(SealedJSON("message.reply"))  # app.wechat.replies.to_store
    dialogue_ref: Mapped[str | None] = mapped_column(sa.String(16))  # the dialogue it belonged to
    dialogue_serial: Mapped[int | None]  # and how far that was, so that a retry knows whether it moved on
    lease_token: Mapped[str | None] = mapped_column(sa.String(32))
    lease_until: Mapped[datetime | None]  # real time, not moved by the clock file
    tries: Mapped[int] = mapped_column(default=0)
