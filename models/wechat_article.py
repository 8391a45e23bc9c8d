"""Articles of ours on their way to being WeChat articles of the account: one row for each try.

Not here: articles that were published in WeChat's own console (`models.article`, `source`).
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import public_id


class WeChatArticleState(StrEnum):
    PREPARING = "preparing"  # to be put into the draft box
    DRAFT = "draft"  # lies there
    PUBLISHING = "publishing"  # to be handed in
    SUBMITTED = "submitted"  # WeChat has it, and will tell how it ended
    PUBLISHED = "published"
    WITHDRAWING = "withdrawing"  # to be deleted there
    WITHDRAWN = "withdrawn"
    FAILED = "failed"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    WeChatArticleState.PREPARING: "正在放进草稿箱",
    WeChatArticleState.DRAFT: "在草稿箱",
    WeChatArticleState.PUBLISHING: "正在提交发布",
    WeChatArticleState.SUBMITTED: "微信正在审核",
    WeChatArticleState.PUBLISHED: "已发布",
    WeChatArticleState.WITHDRAWING: "正在删除",
    WeChatArticleState.WITHDRAWN: "已删除",
    WeChatArticleState.FAILED: "没有发成",
}
IS_LIVE = "state NOT IN ('withdrawn', 'failed')"  # written out, as the index must have it


class WeChatArticle(Base):
    """At most one of an article that is live: it cannot stand there twice."""

    __tablename__ = "wechat_article"
    __table_args__ = (
        sa.Index(
            "uq_wechat_article_live",
            "article_id",
            unique=True,
            sqlite_where=sa.text(IS_LIVE),
            postgresql_where=sa.text(IS_LIVE),
        ),
        sa.UniqueConstraint("account_id", "publish_id"),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"))
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"), index=True)
    state: Mapped[WeChatArticleState]
    digest: Mapped[str] = mapped_column(
        sa.String(64), default=""
    )  # of what lies there: is it still the text?
    media_id: Mapped[str | None] = mapped_column(sa.String(128))  # of the draft
    cover: Mapped[str] = mapped_column(sa.String(16), default="")  # a stored file, until it is at WeChat
    cover_id: Mapped[str | None] = mapped_column(sa.String(128))  # its media id there
    publish_id: Mapped[str | None] = mapped_column(sa.String(64))
    msg_data_id: Mapped[int | None] = mapped_column(sa.BigInteger)  # by it comments are asked for
    published_id: Mapped[str | None] = mapped_column(sa.String(128), index=True)  # WeChat's `article_id`
    url: Mapped[str | None] = mapped_column(sa.String(1024))
    errcode: Mapped[int | None]
    reason: Mapped[str] = mapped_column(sa.String(200), default="")  # why it stands so, in words
    by: Mapped[str] = mapped_column(sa.String(64))  # who did the last thing to it
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    # A call that must not be made twice may have gone out at this moment, and nobody knows its end.
    begun_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None] = mapped_column(index=True)  # None: nothing to do
    lease_token: Mapped[str | None] = mapped_column(sa.String(32))
    lease_until: Mapped[datetime | None]  # real time, not moved by the clock file
    tries: Mapped[int] = mapped_column(default=0)  # of what is due now
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    @property
    def is_live(self) -> bool:
        return self.state not in (WeChatArticleState.WITHDRAWN, WeChatArticleState.FAILED)


class WeChatPicture(Base):
    """A picture in the account's library, so that it is brought there once; found by what it is."""

    __tablename__ = "wechat_picture"
    __table_args__ = (sa.UniqueConstraint("account_id", "sha256"),)

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"))
    sha256: Mapped[str] = mapped_column(sa.String(64))
    media_id: Mapped[str] = mapped_column(sa.String(128))
    created_at: Mapped[datetime]


class WeChatBodyPicture(Base):
    """Where a picture of a text is at WeChat, so that it is brought there once; found by what it is."""

    __tablename__ = "wechat_body_picture"
    __table_args__ = (sa.UniqueConstraint("account_id", "sha256"),)

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"))
    sha256: Mapped[str] = mapped_column(sa.String(64))
    address: Mapped[str] = mapped_column(sa.String(512))
    created_at: Mapped[datetime]
