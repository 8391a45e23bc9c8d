"""Answers as rows (the files in `content/` are their source) and questions nobody could answer."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedText


class ShippedRow(Base):
    """What we ship comes from files; a row keeps what every process reads into memory."""

    __abstract__ = True

    slug: Mapped[str] = mapped_column(sa.String(64), unique=True)
    topic: Mapped[str] = mapped_column(sa.String(24))
    title: Mapped[str] = mapped_column(sa.String(80))
    data: Mapped[object] = mapped_column(sa.JSON)  # app.knowledge.Entry.to_dict
    digest: Mapped[str] = mapped_column(sa.String(64))
    live: Mapped[bool] = mapped_column(default=True)  # false: its file is gone
    next_review_on: Mapped[date]
    # Staff's own by now: files no longer change it, nor take it away.
    edited: Mapped[bool] = mapped_column(default=False, server_default=sa.false())


class Tip(ShippedRow):
    __tablename__ = "tip"


class LawAnswer(ShippedRow):
    __tablename__ = "law_answer"


class Signpost(ShippedRow):
    """Where in the account something is done."""

    __tablename__ = "signpost"


class QuestionState(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"  # something was written for it; asked again in vain, it is open again
    DISMISSED = "dismissed"  # nothing is to be written, however often it is asked

    @property
    def label(self) -> str:
        return _QUESTIONS[self]


_QUESTIONS = {
    QuestionState.OPEN: "没答上来",
    QuestionState.ANSWERED: "已写答案",
    QuestionState.DISMISSED: "不用答",
}


class UnansweredQuestion(Base):
    """A question the search found nothing for; grows the next tip or keyword."""

    __tablename__ = "unanswered_question"
    __table_args__ = (sa.Index("ix_unanswered_question_state_count", "state", "count", "last_at"),)

    text: Mapped[str] = mapped_column(SealedText("unanswered_question.text"))
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(16), unique=True)  # the same words, counted
    count: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    state: Mapped[QuestionState] = mapped_column(default=QuestionState.OPEN)
    settled_by: Mapped[str | None] = mapped_column(sa.String(64))  # who of staff
    settled_at: Mapped[datetime | None]
