"""A dialogue of several messages: the answers so far and the question that stands open."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedJSON


class DialogueState(StrEnum):
    OPEN = "open"
    SUSPENDED = "suspended"  # interrupted by a menu tap; 「继续」 goes on
    DRAFT = "draft"  # older, kept; 「继续」 reaches it when nothing newer waits
    ENDED = "ended"


def _one(state: DialogueState) -> sa.Index:
    where = sa.text(f"state = '{state.value}'")
    return sa.Index(
        f"uq_dialogue_{state.value}",
        "follower_id",
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )


class Dialogue(Base):
    __tablename__ = "dialogue"
    __table_args__ = (
        _one(DialogueState.OPEN),
        _one(DialogueState.SUSPENDED),
        sa.Index("ix_dialogue_follower", "follower_id", "state"),
        sa.Index("ix_dialogue_ended", "ended_at"),
    )

    ref: Mapped[str] = mapped_column(sa.String(16), unique=True)  # its name in messages and logs
    follower_id: Mapped[int] = mapped_column(sa.ForeignKey("follower.id"))
    flow: Mapped[str] = mapped_column(sa.String(64))
    version: Mapped[int]  # of the flow, as its author counts
    state: Mapped[DialogueState]
    confidential: Mapped[bool] = mapped_column(default=False)
    args: Mapped[object | None] = mapped_column(SealedJSON("dialogue.args"))  # the menu's `with`
    answers: Mapped[object | None] = mapped_column(
        SealedJSON("dialogue.answers")
    )  # [[key, value], …] in order
    pending: Mapped[object | None] = mapped_column(
        SealedJSON("dialogue.pending")
    )  # what was shown: app.dialogue.questions
    serial: Mapped[int] = mapped_column(default=0)  # of the question that stands open
    started_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    expires_at: Mapped[datetime]  # open becomes draft, draft is deleted
    ended_at: Mapped[datetime | None]
    emptied: Mapped[bool] = mapped_column(default=False)  # not read: the release before this one needs it
