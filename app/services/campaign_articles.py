"""The articles of a campaign that goes out as WeChat articles: chosen, in their order, and as approved.

What stands for approval is sealed by its digest: another text, or an article that is not shown any more, does
not go out (`why_not`). Functions flush and never commit. Not here: the drafts they go out from
(`campaign_drafts`), an article that staff publish by itself (`wechat_articles`).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import articles, wechat_articles, wechat_markup
from app.services.campaign_words import NotWhole, Written
from models import Article, Campaign, CampaignArticle, CampaignWay, MassOrder

MOST: Final = wechat_markup.TOGETHER


async def write(session: AsyncSession, row: Campaign, written: Written, now: datetime) -> None:
    """Put down which ones; of another way none. `row` has its id.

    Raises: NotWhole: none, too many, one twice, or one that WeChat would refuse; NotFound: not shown.
    """
    await session.execute(sa.delete(CampaignArticle).where(CampaignArticle.campaign_id == row.id))
    if row.way is not CampaignWay.ARTICLE:
        return
    keys = [each for each in written.articles if each]
    if not keys or not written.articles[0]:
        raise NotWhole("请选头条文章。")
    if len(keys) > MOST:
        raise NotWhole(f"一次最多发 {MOST} 篇文章。")
    if len(set(keys)) < len(keys):
        raise NotWhole("同一篇文章选了两次，请去掉一处。")
    chosen = [await articles.get_published(session, key, now) for key in keys]
    for article in chosen:
        if why := wechat_articles.lacks(article, now):
            raise NotWhole(f"《{article.title}》：{why}")
    session.add_all(
        CampaignArticle(campaign_id=row.id, article_id=article.id, place=place)
        for place, article in enumerate(chosen, 1)
    )
    row.text = "\n".join(f"《{article.title}》" for article in chosen)[:600]
    await session.flush()


async def list_of(session: AsyncSession, row: Campaign) -> Sequence[tuple[CampaignArticle, Article]]:
    """The big one first."""
    chosen = (
        sa.select(CampaignArticle, Article)
        .join(Article, Article.id == CampaignArticle.article_id)
        .where(CampaignArticle.campaign_id == row.id)
        .order_by(CampaignArticle.place)
    )
    return [(place, article) for place, article in (await session.execute(chosen)).all()]


async def seal(session: AsyncSession, row: Campaign, now: datetime) -> None:
    """As they are now they are approved or not. Raises: DomainError: one cannot go out."""
    for place, article in await list_of(session, row):
        if why := wechat_articles.lacks(article, now):
            raise DomainError(f"《{article.title}》：{why}")
        place.digest = wechat_markup.converted(article).digest


async def why_not(session: AsyncSession, row: Campaign, now: datetime) -> str:
    """Why what was sealed cannot go out now, in words; empty where it can."""
    if row.way is not CampaignWay.ARTICLE:
        return ""
    for place, article in await list_of(session, row):
        if why := _turned(place, article, now):
            return why
    return ""


def _turned(place: CampaignArticle, article: Article, now: datetime) -> str:
    title = f"《{article.title[:32]}》"
    if why := wechat_articles.lacks(article, now):
        return f"{title}现在不能发：{why}"
    if wechat_markup.converted(article).digest != place.digest:
        return f"{title}交去审批以后改过，和看过的不一样。"
    return ""


async def turned(session: AsyncSession, row: Campaign, now: datetime) -> Mapping[int, str]:
    """By place: what became of an article since it was sealed; nothing of one that stands as it did."""
    found = {place.place: _turned(place, article, now) for place, article in await list_of(session, row)}
    return {place: why for place, why in found.items() if why}


async def shown_at(session: AsyncSession, campaign_id: int, urls: Mapping[int, str]) -> None:
    """Where WeChat shows them, by place. Each order has addresses of its own; the first ones stay."""
    chosen = sa.select(CampaignArticle).where(
        CampaignArticle.campaign_id == campaign_id, CampaignArticle.url.is_(None)
    )
    for place in await session.scalars(chosen):
        place.url = urls.get(place.place, "")[:1024] or None


async def ours_among(session: AsyncSession, marks: Collection[str]) -> set[str]:
    """Which of these marks, as `wechat_articles.mark_in` reads them, stand for a campaign's draft."""
    orders = sa.select(MassOrder.mark).where(MassOrder.mark.in_(marks))
    previews = sa.select(Campaign.public_id).where(Campaign.public_id.in_(marks))
    found = [*await session.scalars(orders), *await session.scalars(previews)]
    return {mark for mark in found if mark is not None}
