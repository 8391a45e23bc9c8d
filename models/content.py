"""What staff write before it is shown: drafts of tips, law answers and articles, revisions, moves.

A draft of something that is shown already is a row of its own; what is shown stays until the draft takes its
place. What is shown is elsewhere: `models.knowledge` and `models.article`.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.article import ArticleState
from models.base import Base
from models.types import public_id


class ContentKind(StrEnum):
    TIP = "tip"
    LAW = "law"
    ARTICLE = "article"

    @property
    def label(self) -> str:
        return {"tip": "用电安全", "law": "法律问答", "article": "文章"}[self.value]


OPEN_DRAFTS = frozenset({ArticleState.DRAFT, ArticleState.IN_REVIEW, ArticleState.CHANGES_REQUESTED})
_IS_OPEN = sa.text("state IN ('draft', 'in_review', 'changes_requested')")


class ContentDraft(Base):
    """One at most is open for each thing: two who edit it meet in it, and the second sees the first."""

    __tablename__ = "content_draft"
    __table_args__ = (
        sa.Index(
            "uq_content_draft_open",
            "kind",
            "key",
            unique=True,
            sqlite_where=_IS_OPEN,
            postgresql_where=_IS_OPEN,
        ),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    kind: Mapped[ContentKind]
    key: Mapped[str] = mapped_column(sa.String(64))  # slug of an answer, public id of an article
    title: Mapped[str] = mapped_column(sa.String(80))
    state: Mapped[ArticleState]
    filled: Mapped[object] = mapped_column(sa.JSON)  # the form: app.services.content_forms
    writer_ids: Mapped[object] = mapped_column(sa.JSON)  # staff who wrote in it: none of them approves it
    # Staff who passed an earlier step of this review, in order: each passes one, and none of his own words.
    approver_ids: Mapped[object] = mapped_column(sa.JSON, default=list, server_default="[]")
    by: Mapped[str] = mapped_column(sa.String(64))  # who saved it last
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class ContentMove(Base):
    """From one state to another, of a draft or of what is shown: when, by whom, and why."""

    __tablename__ = "content_move"
    __table_args__ = (sa.Index("ix_content_move_kind_key", "kind", "key"),)

    kind: Mapped[ContentKind]
    key: Mapped[str] = mapped_column(sa.String(64))
    from_state: Mapped[ArticleState | None]
    to_state: Mapped[ArticleState]
    by: Mapped[str] = mapped_column(sa.String(64))
    channel: Mapped[str] = mapped_column(sa.String(16))
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    step: Mapped[str] = mapped_column(
        sa.String(8), default="", server_default=""
    )  # of review, that was passed
    at: Mapped[datetime]


class ContentRevision(Base):
    """What one thing of the content said: a row for each save that changed it, and for what was shown."""

    __tablename__ = "content_revision"
    __table_args__ = (sa.UniqueConstraint("kind", "key", "number"),)

    kind: Mapped[ContentKind]
    key: Mapped[str] = mapped_column(sa.String(64))
    number: Mapped[int]  # counts within the thing, from 1
    title: Mapped[str] = mapped_column(sa.String(80))
    filled: Mapped[object] = mapped_column(sa.JSON)  # as in a draft
    digest: Mapped[str] = mapped_column(sa.String(64))  # of `filled`: is it the same once more?
    writer_ids: Mapped[object] = mapped_column(sa.JSON)  # staff whose words these are: none approves them
    by: Mapped[str] = mapped_column(sa.String(64), default="")  # empty: it came with the system
    at: Mapped[datetime] = mapped_column(index=True)
    shown_at: Mapped[datetime | None]  # when it was approved; None: never
    by_itself: Mapped[bool] = mapped_column(
        default=False, server_default=sa.false()
    )  # nobody pressed a button


class ContentSteps(Base):
    """How many steps a review takes, of a kind or of one column of the articles; one where no row says so."""

    __tablename__ = "content_steps"
    __table_args__ = (sa.UniqueConstraint("kind", "category"),)

    kind: Mapped[ContentKind]
    category: Mapped[str] = mapped_column(sa.String(24), default="")  # empty: the whole kind
    steps: Mapped[int]
    by: Mapped[str] = mapped_column(sa.String(64))
    changed_at: Mapped[datetime]


class WordLevel(StrEnum):
    """What is made of a word that the check finds."""

    SERIOUS = "serious"
    MILD = "mild"
    TYPING = "typing"

    @property
    def label(self) -> str:
        return {"serious": "要写理由", "mild": "请核对", "typing": "排版"}[self.value]


class ContentWord(Base):
    """A word that the check of content looks for, of those that staff added."""

    __tablename__ = "content_word"

    word: Mapped[str] = mapped_column(sa.String(30), unique=True)
    level: Mapped[WordLevel]
    note: Mapped[str] = mapped_column(sa.String(60), default="")  # what is right, or why
    by: Mapped[str] = mapped_column(sa.String(64))
    added_at: Mapped[datetime]


class ContentComment(Base):
    """What a reviewer says about a draft or one block of it, and what the writer made of that."""

    __tablename__ = "content_comment"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    once: Mapped[str] = mapped_column(sa.String(32), unique=True)  # of the form: sent twice it is one
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("content_draft.id"), index=True)
    block: Mapped[int | None]  # its number when this was said, from 1; None: the whole
    quote: Mapped[str] = mapped_column(sa.String(80), default="")  # how the block began then
    text: Mapped[str] = mapped_column(sa.String(500))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    by: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(sa.String(500), default="")
    answered_by: Mapped[str] = mapped_column(sa.String(64), default="")
    answered_at: Mapped[datetime | None]
    done_by: Mapped[str] = mapped_column(sa.String(64), default="")
    done_at: Mapped[datetime | None]  # None: still open
