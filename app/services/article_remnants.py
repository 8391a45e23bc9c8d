"""What still stands elsewhere of an article that nobody may read here any more, and is to be dealt with.

What we published at WeChat goes there with its end (`wechat_articles.take_down_over`), or with who takes it
down; outside media are told (`article_posts`). What is left is for staff: what WeChat did not delete, what
was taken down here only, what went out with a mass message, what stands on Weibo. Functions flush and never
commit. Not here: the call that deletes what went out (`app.jobs.sent_articles`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import articles, staff_jobs
from app.services.audit import does
from app.services.permissions import Standing
from models import (
    Article,
    ArticlePost,
    Campaign,
    CampaignArticle,
    DeliveryState,
    MassOrder,
    Outlet,
    OutletKind,
    PostState,
    WeChatArticle,
    WeChatArticleState,
)

DELETE: Final = "content.sent_delete"  # the job of staff that deletes one of a mass message
NOTHING: Final = "没有找到，可能已经处理过。"
_SENT: Final = (DeliveryState.ACCEPTED, DeliveryState.UNKNOWN)
_POSTED: Final = (PostState.SENT, PostState.UNKNOWN)


class RemnantKind(StrEnum):
    PUBLISHED = "published"  # in the account, by itself
    SENT = "sent"  # with a mass message
    WEIBO = "weibo"

    @property
    def label(self) -> str:
        return {"published": "公众号", "sent": "群发", "weibo": "微博"}[self.value]


@dataclass(frozen=True, slots=True)
class Remnant:
    kind: RemnantKind
    key: str  # of its row; of what went out with a campaign, that campaign's
    title: str = ""  # of the campaign
    url: str = ""
    reason: str = ""  # why WeChat did not delete it
    is_sure: bool = True  # else nobody knows whether it stands there
    may_delete: bool = False  # by a call of ours


def are_left(now: datetime) -> sa.ColumnElement[bool]:
    """Of articles: whether something stands elsewhere, and not here."""
    found = [chosen.where(column == Article.id).exists() for chosen, column in _all()]
    return sa.and_(~articles.is_public(now), sa.or_(*found))


async def count(session: AsyncSession, now: datetime) -> int:
    return await session.scalar(sa.select(sa.func.count(Article.id)).where(are_left(now))) or 0


async def list_of(session: AsyncSession, article: Article, now: datetime) -> Sequence[Remnant]:
    """Nothing of one that is shown here."""
    if articles.is_shown(article, now):
        return []
    published, sent, posted = [chosen.where(column == article.id) for chosen, column in _all()]
    went = (await session.execute(sent.order_by(Campaign.id))).all()
    known = {campaign.id: await orders_of(session, campaign.id) for _, campaign in went}
    return [
        *(
            Remnant(RemnantKind.PUBLISHED, row.public_id, url=row.url or "", reason=row.reason)
            for row in await session.scalars(published)
        ),
        *(
            Remnant(
                *(RemnantKind.SENT, campaign.public_id, campaign.title, place.url or ""),
                may_delete=all(order.msg_id is not None for order in known[campaign.id]),
            )
            for place, campaign in went
        ),
        *(
            Remnant(RemnantKind.WEIBO, post.public_id, is_sure=post.state is PostState.SENT)
            for post in await session.scalars(posted)
        ),
    ]


async def orders_of(session: AsyncSession, campaign_id: int) -> Sequence[MassOrder]:
    """Those with which its articles went out, or may have."""
    chosen = sa.select(MassOrder).where(MassOrder.campaign_id == campaign_id, _went_out())
    return (await session.scalars(chosen.order_by(MassOrder.id))).all()


async def place_of(
    session: AsyncSession, article: Article, key: str, *, lock: bool = False
) -> CampaignArticle | None:
    """Where it stands in a campaign that has this public id."""
    mine = sa.select(CampaignArticle).join(Campaign, Campaign.id == CampaignArticle.campaign_id)
    mine = mine.where(CampaignArticle.article_id == article.id, Campaign.public_id == key)
    return await session.scalar(mine.with_for_update(of=CampaignArticle) if lock else mine)


async def delete_sent(
    session: AsyncSession, article: Article, key: str, *, by: Standing, now: datetime
) -> None:
    """Have it deleted at WeChat, for good, for everybody who got it. Pressed twice it is done once.

    Raises: NotFound: it did not go out with that campaign. DomainError: it is shown here, or WeChat cannot.
    """
    place = await place_of(session, article, key)
    if place is None:
        raise NotFound(NOTHING)
    if articles.is_shown(article, now):
        raise DomainError("这篇文章正在显示，要从公众号删除，请先撤下。")
    orders = await orders_of(session, place.campaign_id)
    if not orders or any(order.msg_id is None for order in orders):
        raise DomainError("有一批群发不知道微信的编号，这里删不了，请到微信公众平台的「发表记录」里删。")
    given = {"article": article.public_id, "campaign": key}
    await staff_jobs.start(session, by, DELETE, f"从公众号删除「{article.title[:50]}」", given, now)
    does(session, DELETE, article.public_id, title=article.title)


async def deal_with(
    session: AsyncSession, article: Article, kind: RemnantKind, key: str, now: datetime
) -> None:
    """Somebody saw to it: it is gone there, or may stay. Twice is no error.

    Raises: NotFound: nothing of that article is there, or it is shown here.
    """
    row: CampaignArticle | ArticlePost | None = None
    if kind is RemnantKind.SENT:
        row = await place_of(session, article, key, lock=True)
    elif kind is RemnantKind.WEIBO:
        post = sa.select(ArticlePost).where(
            ArticlePost.article_id == article.id, ArticlePost.public_id == key
        )
        row = await session.scalar(post.with_for_update())
    if row is None or articles.is_shown(article, now):
        raise NotFound(NOTHING)
    if row.dealt_at is None:
        row.dealt_at = now
    await session.flush()
    does(session, "content.remnant", article.public_id, title=article.title, where=kind.label)


def _went_out() -> sa.ColumnElement[bool]:
    """Of orders: whether somebody has it, or may have it."""
    return sa.and_(MassOrder.state.in_(_SENT), sa.or_(MassOrder.sent.is_(None), MassOrder.sent > 0))


def _all() -> Sequence[tuple[Any, Any]]:
    """Each with the column that leads to the article, in the order of `RemnantKind`."""
    published = sa.select(WeChatArticle).where(WeChatArticle.state == WeChatArticleState.PUBLISHED)
    went = sa.exists().where(MassOrder.campaign_id == CampaignArticle.campaign_id, _went_out())
    sent = sa.select(CampaignArticle, Campaign).join(Campaign, Campaign.id == CampaignArticle.campaign_id)
    posted = sa.select(ArticlePost).join(Outlet, Outlet.id == ArticlePost.outlet_id)
    posted = posted.where(Outlet.kind == OutletKind.WEIBO, ArticlePost.state.in_(_POSTED))
    return [
        (published, WeChatArticle.article_id),
        (sent.where(went, CampaignArticle.dealt_at.is_(None)), CampaignArticle.article_id),
        (posted.where(ArticlePost.dealt_at.is_(None)), ArticlePost.article_id),
    ]
