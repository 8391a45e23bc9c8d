"""内容数据: how articles were read, liked and passed on, by channel; what became of campaigns.

Reads are openings of our pages, of anybody; what a day has by no link of ours came by itself. What WeChat
counts are people, by day: those of several days added up are no different people. Not here: who was reached,
by branch and tag (`audience_figures`); fetching WeChat's statistics (`wechat_figures`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import campaign_figures, channel_marks
from app.services.attendance_figures import Period
from app.services.campaign_figures import Told
from app.services.channel_marks import Channel
from models import (
    Article,
    ArticleClicks,
    ArticleComment,
    ArticleFavourite,
    ArticleLike,
    ArticlePost,
    ArticleReads,
    BoardState,
    Campaign,
    CampaignDelivery,
    CampaignWay,
    DeliveryState,
    PostState,
    WeChatArticleDay,
    WeChatArticleFigure,
    WeChatCourse,
    WeChatFetch,
    WeChatFollowerDay,
    WeChatTable,
)

LATELY: Final = timedelta(days=29)  # before today, where a form says nothing
LONGEST: Final = timedelta(days=365)
MOST: Final = 500  # articles and campaigns of a page
OWN: Final = "own"
# As pages show them, in this order: at most six can be told apart in a chart.
COLUMNS: Final[Mapping[str, str]] = {
    OWN: "自己来的",
    "campaign": "群发",
    "account": "公众号",
    "share": "转发",
    "weibo": "微博",
    "webhook": "外部媒体",
}
_COLUMN_OF: Final = {
    Channel.CAMPAIGN: "campaign",
    Channel.WECHAT: "account",
    Channel.CHAT: "account",
    Channel.SHARE: "share",
    Channel.WEIBO: "weibo",
    Channel.WEBHOOK: "webhook",
}
D = DeliveryState
_GIVEN: Final = (D.ACCEPTED, D.DELIVERED, D.UNKNOWN)


@dataclass(slots=True)
class Reads:
    """Openings: all of them, and by column of those that came by a link of ours."""

    total: int = 0
    marked: Counter[str] = field(default_factory=Counter)

    def by(self, column: str) -> int:
        if column != OWN:
            return self.marked[column]
        return max(0, self.total - self.marked.total())  # the two are written one after the other


@dataclass(slots=True)
class Line:
    """Of one article. Without `public_id` it is only at WeChat, or not known as ours."""

    title: str
    public_id: str = ""
    reads: Reads = field(default_factory=Reads)
    likes: int = 0
    favourites: int = 0
    comments: int = 0
    wechat_reads: int = 0
    wechat_shares: int = 0
    wechat_favourites: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """Of one campaign: people, how often its link was opened up to now, and what WeChat told up to now of
    articles it consists of.
    """

    campaign: Campaign
    people: int
    given: int  # to WeChat
    arrived: int
    refused: int  # left out, for a reason
    failed: int
    clicks: int
    told: Told | None  # None: it has none


@dataclass(frozen=True, slots=True)
class Followers:
    came: int
    went: int
    in_all: int | None  # at the end of the last day that WeChat told of


@dataclass(frozen=True, slots=True)
class Figures:
    days: Sequence[tuple[date, Reads]]  # every day of the period
    total: Reads
    articles: Sequence[Line]  # the most read first
    campaigns: Sequence[Sent]  # the newest first
    likes: int
    favourites: int
    comments: int
    wechat_reads: int
    wechat_shares: int
    wechat_favourites: int
    posts: int  # that went to Weibo and to outside media
    followers: Followers
    told_to: date | None  # up to this day WeChat's figures are here
    trouble: str  # why there are no newer ones


def period_of(since: str, until: str, now: datetime) -> Period:
    """What a form says, or the last thirty days; no longer than a year."""
    asked = Period.of(since, until, now)
    if not since.strip():
        return Period(asked.until - LATELY, asked.until)
    return Period(max(asked.since, asked.until - LONGEST), asked.until)


async def read(session: AsyncSession, period: Period) -> Figures:
    days, by_article = await _reads(session, period)
    lines = await _lines(session, period, by_article)
    campaigns = await _campaigns(session, period)
    total = Reads()
    for each in days.values():
        total.total += each.total
        total.marked.update(each.marked)
    course = await session.scalar(sa.select(WeChatCourse).order_by(WeChatCourse.id).limit(1))
    newest = sa.select(sa.func.max(WeChatFetch.day)).where(WeChatFetch.what == WeChatTable.READS)
    return Figures(
        days=sorted(days.items()),
        total=total,
        articles=lines[:MOST],
        campaigns=campaigns,
        likes=sum(each.likes for each in lines),
        favourites=sum(each.favourites for each in lines),
        comments=sum(each.comments for each in lines),
        wechat_reads=sum(each.wechat_reads for each in lines),
        wechat_shares=sum(each.wechat_shares for each in lines),
        wechat_favourites=sum(each.wechat_favourites for each in lines),
        posts=await _posts(session, period),
        followers=await _followers(session, period),
        told_to=await session.scalar(newest),
        trouble="" if course is None else course.reason,
    )


# --- as rows -----------------------------------------------------------------------------------------------

DAY_HEADS: Final = ("日期", "阅读", *COLUMNS.values())
ARTICLE_HEADS: Final = (
    *("文章", "阅读", *COLUMNS.values(), "点赞", "收藏", "评论"),
    *("公众号阅读", "公众号分享", "公众号收藏"),
)
CAMPAIGN_HEADS: Final = (
    *("群发", "开始", "名单", "交给微信", "送到", "打开", "没发给", "失败"),
    *("公众号阅读", "公众号分享", "公众号收藏"),
)


def read_cells(reads: Reads) -> list[int]:
    """Under 阅读 and the columns."""
    return [reads.total, *(reads.by(column) for column in COLUMNS)]


def article_cells(line: Line) -> list[int]:
    """Behind the title, under `ARTICLE_HEADS`."""
    marks = [line.likes, line.favourites, line.comments]
    at_wechat = [line.wechat_reads, line.wechat_shares, line.wechat_favourites]
    return [*read_cells(line.reads), *marks, *at_wechat]


def campaign_cells(sent: Sent) -> list[int | None]:
    """Behind title and day, under `CAMPAIGN_HEADS`; None where there is nothing to count."""
    told = sent.told
    at_wechat = [None] * 3 if told is None else [told.reads, told.shares, told.favourites]
    return [sent.people, sent.given, sent.arrived, sent.clicks, sent.refused, sent.failed, *at_wechat]


# --- parts -------------------------------------------------------------------------------------------------


async def _reads(session: AsyncSession, period: Period) -> tuple[dict[date, Reads], dict[int, Reads]]:
    """By day, of which none is left out, and by article."""
    length = (period.until - period.since).days + 1
    days = {period.since + timedelta(days=number): Reads() for number in range(length)}
    articles: dict[int, Reads] = {}
    counted = sa.select(ArticleReads.day, ArticleReads.article_id, ArticleReads.count)
    for day, article, count in await session.execute(counted.where(_within(ArticleReads.day, period))):
        days[day].total += count
        articles.setdefault(article, Reads()).total += count
    marked = sa.select(
        ArticleClicks.day, ArticleClicks.article_id, ArticleClicks.channel, ArticleClicks.count
    )
    rows = await session.execute(marked.where(_within(ArticleClicks.day, period)))
    for day, article, channel, count in rows:
        column = _COLUMN_OF[Channel(channel.partition("-")[0])]
        days[day].marked[column] += count
        articles.setdefault(article, Reads()).marked[column] += count
    return days, articles


async def _lines(session: AsyncSession, period: Period, by_article: Mapping[int, Reads]) -> list[Line]:
    first, last = period.moments
    likes = await _counted(session, ArticleLike.article_id, ArticleLike.at >= first, ArticleLike.at < last)
    kept = (ArticleFavourite.at >= first, ArticleFavourite.at < last)
    favourites = await _counted(session, ArticleFavourite.article_id, *kept)
    shown = (ArticleComment.published_at >= first, ArticleComment.published_at < last)
    is_shown = ArticleComment.state == BoardState.PUBLISHED
    comments = await _counted(session, ArticleComment.article_id, is_shown, *shown)
    wechat, strangers = await _at_wechat(session, period)

    ids = {*by_article, *likes, *favourites, *comments, *wechat}
    named = sa.select(Article.id, Article.public_id, Article.title).where(Article.id.in_(ids))
    lines = [
        Line(
            *(title, public_id, by_article.get(number, Reads())),
            *(likes.get(number, 0), favourites.get(number, 0), comments.get(number, 0)),
            *wechat.get(number, (0, 0, 0)),
        )
        for number, public_id, title in await session.execute(named)
    ]
    return sorted([*lines, *strangers], key=lambda line: (-line.reads.total, -line.wechat_reads, line.title))


AtWeChat = tuple[int, int, int]  # reads, shares, favourites


async def _at_wechat(session: AsyncSession, period: Period) -> tuple[dict[int, AtWeChat], list[Line]]:
    """By our article, published or sent to many, and of those that are none of ours."""
    figure, day = WeChatArticleFigure, WeChatArticleDay
    sums = [sa.func.sum(each) for each in (day.reads, day.shares, day.favourites)]
    chosen = sa.select(figure.article_id, figure.title, figure.msgid, *sums)
    chosen = chosen.join(day, day.figure_id == figure.id).where(_within(day.day, period))
    chosen = chosen.group_by(figure.article_id, figure.title, figure.msgid).order_by(figure.msgid)
    ours: dict[int, AtWeChat] = {}
    strangers = []
    for article, title, msgid, *counts in await session.execute(chosen):
        reads, shares, kept = map(int, counts)
        if article is None:
            line = Line(title or f"公众号文章 {msgid}")
            line.wechat_reads, line.wechat_shares, line.wechat_favourites = reads, shares, kept
            strangers.append(line)
        else:
            before = ours.get(article, (0, 0, 0))
            ours[article] = before[0] + reads, before[1] + shares, before[2] + kept
    return ours, strangers


async def _campaigns(session: AsyncSession, period: Period) -> list[Sent]:
    first, last = period.moments
    chosen = sa.select(Campaign).where(Campaign.started_at >= first, Campaign.started_at < last)
    rows = (await session.scalars(chosen.order_by(Campaign.started_at.desc(), Campaign.id).limit(MOST))).all()
    ids = [row.id for row in rows]
    states: dict[int, Counter[DeliveryState]] = {number: Counter() for number in ids}
    counted = sa.select(CampaignDelivery.campaign_id, CampaignDelivery.state, sa.func.count())
    counted = counted.where(CampaignDelivery.campaign_id.in_(ids))
    grouped = counted.group_by(CampaignDelivery.campaign_id, CampaignDelivery.state)
    for number, state, count in await session.execute(grouped):
        states[number][state] = count
    marks = [channel_marks.of_campaign(row.public_id) for row in rows]
    clicked = sa.select(ArticleClicks.channel, sa.func.sum(ArticleClicks.count))
    clicked = clicked.where(ArticleClicks.channel.in_(marks)).group_by(ArticleClicks.channel)
    clicks = {channel: int(count) for channel, count in await session.execute(clicked)}
    told = await campaign_figures.by_campaign(session, ids)
    return [
        Sent(
            row,
            states[row.id].total(),
            sum(states[row.id][state] for state in _GIVEN),
            states[row.id][D.DELIVERED],
            states[row.id][D.SKIPPED],
            states[row.id][D.FAILED],
            clicks.get(channel_marks.of_campaign(row.public_id), 0),
            told.get(row.id, Told()) if row.way is CampaignWay.ARTICLE else None,
        )
        for row in rows
    ]


async def _posts(session: AsyncSession, period: Period) -> int:
    first, last = period.moments
    sent = sa.select(sa.func.count(ArticlePost.id)).where(ArticlePost.state == PostState.SENT)
    return await session.scalar(sent.where(ArticlePost.sent_at >= first, ArticlePost.sent_at < last)) or 0


async def _followers(session: AsyncSession, period: Period) -> Followers:
    day = WeChatFollowerDay
    within = _within(day.day, period)
    sums = sa.select(sa.func.sum(day.came), sa.func.sum(day.went)).where(within)
    came, went = (await session.execute(sums)).one()
    newest = sa.select(day.in_all).where(within, day.in_all.is_not(None)).order_by(day.day.desc()).limit(1)
    return Followers(int(came or 0), int(went or 0), await session.scalar(newest))


async def _counted(session: AsyncSession, article: Any, *which: Any) -> dict[int, int]:
    chosen = sa.select(article, sa.func.count()).where(*which).group_by(article)
    return dict((await session.execute(chosen)).all())


def _within(day: Any, period: Period) -> Any:
    return day.between(period.since, period.until)
