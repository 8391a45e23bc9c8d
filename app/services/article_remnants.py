"""What still stands elsewhere of an article that nobody may read here any more, and is to be dealt with.

What we published at WeChat goes there with its end (`wechat_articles.take_down_over`), or with who takes it
down; outside media are told (`article_posts`). What is left is for staff: what WeChat did not delete, what
was taken down here only, what went out with a mass message, what stands on Weibo. Functions flush and never
commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.services import articles
from app.services.audit import does
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
    return [
        *(
            Remnant(RemnantKind.PUBLISHED, row.public_id, url=row.url or "", reason=row.reason)
            for row in await session.scalars(published)
        ),
        *(
            Remnant(RemnantKind.SENT, campaign.public_id, campaign.title, place.url or "")
            for place, campaign in await session.execute(sent.order_by(Campaign.id))
        ),
        *(
            Remnant(RemnantKind.WEIBO, post.public_id, is_sure=post.state is PostState.SENT)
            for post in await session.scalars(posted)
        ),
    ]


async def deal_with(
    session: AsyncSession, article: Article, kind: RemnantKind, key: str, now: datetime
) -> None:
    """Somebody saw to it: it is gone there, or may stay. Twice is no error.

    Raises: NotFound: nothing of that article is there.
    """
    row: CampaignArticle | ArticlePost | None = None
    if kind is RemnantKind.SENT:
        mine = sa.select(CampaignArticle).join(Campaign, Campaign.id == CampaignArticle.campaign_id)
        mine = mine.where(CampaignArticle.article_id == article.id, Campaign.public_id == key)
        row = await session.scalar(mine.with_for_update(of=CampaignArticle))
    elif kind is RemnantKind.WEIBO:
        post = sa.select(ArticlePost).where(
            ArticlePost.article_id == article.id, ArticlePost.public_id == key
        )
        row = await session.scalar(post.with_for_update())
    if row is None:
        raise NotFound("没有找到，可能已经处理过。")
    if row.dealt_at is None:
        row.dealt_at = now
    await session.flush()
    does(session, "content.remnant", article.public_id, title=article.title, where=kind.label)


def _all() -> Sequence[tuple[Any, Any]]:
    """Each with the column that leads to the article, in the order of `RemnantKind`."""
    published = sa.select(WeChatArticle).where(WeChatArticle.state == WeChatArticleState.PUBLISHED)
    went = sa.exists().where(
        MassOrder.campaign_id == CampaignArticle.campaign_id,
        MassOrder.state.in_(_SENT),
        sa.or_(MassOrder.sent.is_(None), MassOrder.sent > 0),
    )
    sent = sa.select(CampaignArticle, Campaign).join(Campaign, Campaign.id == CampaignArticle.campaign_id)
    posted = sa.select(ArticlePost).join(Outlet, Outlet.id == ArticlePost.outlet_id)
    posted = posted.where(Outlet.kind == OutletKind.WEIBO, ArticlePost.state.in_(_POSTED))
    return [
        (published, WeChatArticle.article_id),
        (sent.where(went, CampaignArticle.dealt_at.is_(None)), CampaignArticle.article_id),
        (posted.where(ArticlePost.dealt_at.is_(None)), ArticlePost.article_id),
    ]
