"""Comments under an article: what readers say of it, seen by all once somebody of staff let it through.

As on the board, who wrote or reported lies nowhere in the clear: a digest of the person finds it again.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.board import BoardName, BoardState, ReportReason
from models.types import SealedJSON, SealedText, public_id


def _some(name: str, columns: tuple[str, ...], condition: str) -> sa.Index:
    where = sa.text(condition)
    return sa.Index(f"ix_article_comment_{name}", *columns, sqlite_where=where, postgresql_where=where)


class ArticleComment(Base):
    __tablename__ = "article_comment"
    __table_args__ = (
        sa.UniqueConstraint("once_digest"),
        sa.Index("ix_article_comment_author", "author_digest", "id"),
        sa.Index("ix_article_comment_article_id", "article_id", "id"),
        _some("shown", ("article_id", "published_at", "id"), "state = 'published'"),
        _some("pending", ("id",), "state = 'pending'"),
        _some("reported", ("id",), "reports > 0"),
        _some("over", ("decided_at",), "state IN ('hidden', 'refused', 'withdrawn')"),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"))
    author_digest: Mapped[bytes | None] = mapped_column(sa.LargeBinary(16))  # None: forgotten
    author: Mapped[object | None] = mapped_column(SealedJSON("article_comment.author"))  # {"person_id": …}
    once_digest: Mapped[bytes | None] = mapped_column(sa.LargeBinary(16))  # of writer and form
    naming: Mapped[BoardName]
    name: Mapped[str] = mapped_column(SealedText("article_comment.name"))  # as it is shown
    text: Mapped[str] = mapped_column(SealedText("article_comment.text"))
    marks: Mapped[list[str]] = mapped_column(sa.JSON, default=list)  # app.services.board_wording.MARKS

    state: Mapped[BoardState]
    reason: Mapped[str | None] = mapped_column(SealedText("article_comment.reason"))  # the writer was told
    written_at: Mapped[datetime]  # the day: the minute would lead to the writer
    published_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]  # the last move; where not by staff, the day
    decided_by: Mapped[str] = mapped_column(sa.String(64), default="")
    reports: Mapped[int] = mapped_column(default=0)  # of as many persons, not looked at yet

    reply: Mapped[str | None] = mapped_column(SealedText("article_comment.reply"))  # stands under it
    reply_unit: Mapped[str] = mapped_column(sa.String(30), default="")
    reply_by: Mapped[str] = mapped_column(sa.String(64), default="")  # for staff; readers see the unit
    replied_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class CommentReport(Base):
    __tablename__ = "comment_report"
    __table_args__ = (sa.UniqueConstraint("comment_id", "person_digest"),)

    comment_id: Mapped[int] = mapped_column(sa.ForeignKey("article_comment.id"))
    person_digest: Mapped[bytes | None] = mapped_column(sa.LargeBinary(16), index=True)  # None: forgotten
    reason: Mapped[ReportReason]
    at: Mapped[datetime]  # the day
