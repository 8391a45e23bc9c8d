"""WeChat's own statistics of articles and followers, as it told them day by day; nobody is named in them."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class WeChatTable(StrEnum):
    """What is asked for; each is fetched by day."""

    READS = "reads"
    SHARES = "shares"
    ARTICLES = "articles"  # those published that day, with all that happened to them since
    FOLLOWERS = "followers"
    FOLLOWERS_IN_ALL = "followers_in_all"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    WeChatTable.READS: "每天的阅读",
    WeChatTable.SHARES: "每天的分享",
    WeChatTable.ARTICLES: "文章的累计",
    WeChatTable.FOLLOWERS: "新关注和取消关注",
    WeChatTable.FOLLOWERS_IN_ALL: "关注总数",
}


class WeChatCourse(Base):
    """How far the fetching is for an account."""

    __tablename__ = "wechat_course"

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"), unique=True)
    due_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(sa.String(200), default="")  # why nothing comes now, in words
    tries: Mapped[int] = mapped_column(default=0)  # in vain, one after the other


class WeChatFetch(Base):
    """A day was told of."""

    __tablename__ = "wechat_fetch"
    __table_args__ = (sa.UniqueConstraint("account_id", "what", "day"),)

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"))
    what: Mapped[WeChatTable]
    day: Mapped[date]
    fetched_on: Mapped[date]  # the last time; figures of the last days are asked for again


class WeChatArticleFigure(Base):
    """One article as WeChat counts it. The sums are since it was published; people, not times."""

    __tablename__ = "wechat_article_figure"
    __table_args__ = (sa.UniqueConstraint("account_id", "msgid"),)

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"))
    msgid: Mapped[str] = mapped_column(sa.String(64))  # message and place in it, as 2247483650_1
    article_id: Mapped[int | None] = mapped_column(sa.ForeignKey("article.id"), index=True)  # ours, if known
    title: Mapped[str] = mapped_column(sa.String(64), default="")  # "": not told yet
    url: Mapped[str] = mapped_column(sa.String(1024), default="")
    published_on: Mapped[date | None]
    told_to: Mapped[date | None]  # the sums hold up to this day
    reads: Mapped[int] = mapped_column(default=0)
    shares: Mapped[int] = mapped_column(default=0)
    likes: Mapped[int] = mapped_column(default=0)
    favourites: Mapped[int] = mapped_column(default=0)
    comments: Mapped[int] = mapped_column(default=0)


class WeChatArticleDay(Base):
    """People who read, shared or kept it on a day."""

    __tablename__ = "wechat_article_day"
    __table_args__ = (sa.UniqueConstraint("figure_id", "day"), sa.Index("ix_wechat_article_day_day", "day"))

    figure_id: Mapped[int] = mapped_column(sa.ForeignKey("wechat_article_figure.id"))
    day: Mapped[date]
    reads: Mapped[int] = mapped_column(default=0)
    shares: Mapped[int] = mapped_column(default=0)
    favourites: Mapped[int] = mapped_column(default=0, server_default="0")  # those who had not before


class WeChatFollowerDay(Base):
    __tablename__ = "wechat_follower_day"
    __table_args__ = (sa.UniqueConstraint("account_id", "day"),)

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"))
    day: Mapped[date]
    came: Mapped[int] = mapped_column(default=0)
    went: Mapped[int] = mapped_column(default=0)
    in_all: Mapped[int | None]  # at its end
