"""Articles (news, notices) as typed blocks, the moves they made, and how often they were read."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import public_id


class ArticleState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    ArticleState.DRAFT: "草稿",
    ArticleState.IN_REVIEW: "待审核",
    ArticleState.CHANGES_REQUESTED: "退回修改",
    ArticleState.APPROVED: "已审核",
    ArticleState.SCHEDULED: "定时待发",
    ArticleState.PUBLISHED: "已发布",
    ArticleState.WITHDRAWN: "已撤回",
    ArticleState.EXPIRED: "已下线",
}


class ArticleCategory(StrEnum):
    UNION = "union"
    POLICY = "policy"
    RIGHTS = "rights"
    NOTICE = "notice"
    SAFETY = "safety"
    PEOPLE = "people"

    @property
    def label(self) -> str:
        return _CATEGORIES[self]


_CATEGORIES = {
    ArticleCategory.UNION: "工会动态",
    ArticleCategory.POLICY: "政策法规",
    ArticleCategory.RIGHTS: "维权指南",
    ArticleCategory.NOTICE: "通知公告",
    ArticleCategory.SAFETY: "安全生产",
    ArticleCategory.PEOPLE: "身边的人",
}


class Article(Base):
    __tablename__ = "article"
    __table_args__ = (
        sa.Index("ix_article_state_published_at", "state", "published_at"),
        sa.Index("ix_article_state_id_version", "state", "id", "version"),  # what the search has not read yet
        sa.Index("uq_article_source", "source", unique=True),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    slug: Mapped[str | None] = mapped_column(sa.String(64), unique=True)  # of the file it came from
    category: Mapped[ArticleCategory]
    title: Mapped[str] = mapped_column(sa.String(64))
    summary: Mapped[str] = mapped_column(sa.String(120), default="")
    author: Mapped[str] = mapped_column(sa.String(64), default="")  # shown: an office or a name
    blocks: Mapped[object] = mapped_column(sa.JSON)  # app.rich_text
    state: Mapped[ArticleState]
    published_at: Mapped[datetime | None]
    digest: Mapped[str] = mapped_column(sa.String(64), default="")  # of the file: did it change?
    source: Mapped[str | None] = mapped_column(sa.String(160))  # what WeChat calls it, if it came from there
    address: Mapped[str | None] = mapped_column(sa.String(1024))  # where it is read, if not here
    cover: Mapped[str | None] = mapped_column(sa.String(1024))  # its picture's address, likewise
    reviewer: Mapped[str] = mapped_column(sa.String(40), default="", server_default="")  # not shown
    next_review_on: Mapped[date | None] = mapped_column(index=True)
    # Staff's own by now: its file no longer changes it, nor takes it away.
    edited: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    comments_closed: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    source_name: Mapped[str] = mapped_column(
        sa.String(64), default="", server_default=""
    )  # whose it was first
    source_link: Mapped[str] = mapped_column(sa.String(1024), default="", server_default="")  # https
    tags: Mapped[object] = mapped_column(sa.JSON, default=list, server_default="[]")  # words, as shown
    expires_at: Mapped[datetime | None]  # from then on nobody reads it; None: it stays
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    def state_at(self, now: datetime) -> ArticleState:
        """As it stands at a moment: nothing has to happen for a published one to begin or to end."""
        if self.state is not ArticleState.PUBLISHED:
            return self.state
        if self.expires_at is not None and self.expires_at <= now:
            return ArticleState.EXPIRED
        waits = self.published_at is not None and self.published_at > now
        return ArticleState.SCHEDULED if waits else ArticleState.PUBLISHED


class ArticleMove(Base):
    __tablename__ = "article_move"

    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"), index=True)
    from_state: Mapped[ArticleState | None]
    to_state: Mapped[ArticleState]
    by: Mapped[str] = mapped_column(sa.String(64))
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    at: Mapped[datetime]


class ArticleReads(Base):
    """How often an article was opened on a day; added up in memory and flushed every few seconds."""

    __tablename__ = "article_reads"
    __table_args__ = (sa.UniqueConstraint("day", "article_id"),)

    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"))
    day: Mapped[date]
    count: Mapped[int] = mapped_column(default=0)


class ArticleClicks(Base):
    """Of the reads of a day, those that came by a link of one channel; the others came by themselves."""

    __tablename__ = "article_clicks"
    __table_args__ = (sa.UniqueConstraint("day", "article_id", "channel"),)

    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"))
    day: Mapped[date]
    channel: Mapped[str] = mapped_column(sa.String(32))  # see `app.services.channel_marks`
    count: Mapped[int] = mapped_column(default=0)
