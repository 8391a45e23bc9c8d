"""Where articles go beside our own pages and WeChat: Weibo, and outside media that are told by webhook.

One row stands for one article at one outlet, whatever was sent of it: it is there once.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedText, public_id


class OutletKind(StrEnum):
    WEIBO = "weibo"
    WEBHOOK = "webhook"

    @property
    def label(self) -> str:
        return {"weibo": "微博", "webhook": "外部媒体"}[self.value]


class PostState(StrEnum):
    DUE = "due"
    SENT = "sent"
    UNKNOWN = "unknown"  # it may stand there
    FAILED = "failed"

    @property
    def label(self) -> str:
        return {"due": "待发", "sent": "已发", "unknown": "结果不明", "failed": "没有发成"}[self.value]


class PostEvent(StrEnum):
    PUBLISHED = "published"
    UPDATED = "updated"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return {"published": "发布", "updated": "更新", "withdrawn": "撤下"}[self.value]


class Outlet(Base):
    __tablename__ = "outlet"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    kind: Mapped[OutletKind]
    name: Mapped[str] = mapped_column(sa.String(40))
    url: Mapped[str] = mapped_column(sa.String(1024), default="")  # of a webhook
    secret: Mapped[str] = mapped_column(SealedText("outlet.secret"))  # signs what is told; Weibo's token
    secret_until: Mapped[datetime | None]  # Weibo's token holds until then
    categories: Mapped[object | None] = mapped_column(sa.JSON(none_as_null=True))  # None: all
    by_itself: Mapped[bool]  # what is published goes there without anybody asking
    active: Mapped[bool]
    since: Mapped[datetime]  # what was published earlier does not go by itself
    reason: Mapped[str] = mapped_column(sa.String(200), default="")  # why nothing gets there now
    by: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class ArticlePost(Base):
    """`public_id` is told to the outlet: by it two of the same are one."""

    __tablename__ = "article_post"
    __table_args__ = (sa.UniqueConstraint("outlet_id", "article_id"),)

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    outlet_id: Mapped[int] = mapped_column(sa.ForeignKey("outlet.id"))
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"), index=True)
    event: Mapped[PostEvent]
    state: Mapped[PostState]
    text: Mapped[str] = mapped_column(sa.String(300), default="")  # of Weibo; "": made from the article
    article_version: Mapped[int] = mapped_column(default=0)  # which was looked at last
    digest: Mapped[str] = mapped_column(sa.String(64), default="")  # of what was sent last
    remote_id: Mapped[str] = mapped_column(sa.String(64), default="")
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    by: Mapped[str] = mapped_column(sa.String(64))
    begun_at: Mapped[datetime | None]  # a call that must not be made twice may have gone out then
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    lease_token: Mapped[str | None] = mapped_column(sa.String(32))
    lease_until: Mapped[datetime | None]  # real time
    tries: Mapped[int] = mapped_column(default=0)  # of what is due now
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    dealt_at: Mapped[datetime | None]  # staff saw to it that it stays or goes there after the article's end
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
