"""What WeChat tells of articles that went out with campaigns: since they were sent, all orders together.

Source: wechat-platform.md sections 7 and 11.6: statistics name an article by the number its order was
answered with and its place. Not here: taking figures over (`wechat_figures`), those of a period
(`publishing_figures`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from models import Campaign, CampaignArticle, MassOrder, WeChatArticleFigure


@dataclass(frozen=True, slots=True)
class Told:
    """People, of each article and order; who read two counts twice."""

    reads: int = 0
    shares: int = 0
    favourites: int = 0
    likes: int = 0
    comments: int = 0
    told_to: date | None = None  # the last day that is counted in all of it


async def by_campaign(session: AsyncSession, ids: Sequence[int]) -> dict[int, Told]:
    """Nothing of one that WeChat has not told of yet."""
    return await _told(session, CampaignArticle.campaign_id, CampaignArticle.campaign_id.in_(ids))


async def by_article(session: AsyncSession, row: Campaign) -> dict[int, Told]:
    """Of one campaign, by the place of the article in it."""
    return await _told(session, CampaignArticle.place, CampaignArticle.campaign_id == row.id)


async def _told(session: AsyncSession, by: Any, which: sa.ColumnElement[bool]) -> dict[int, Told]:
    figure = WeChatArticleFigure
    counted = (figure.reads, figure.shares, figure.favourites, figure.likes, figure.comments)
    msgid = (
        sa.cast(MassOrder.msg_data_id, sa.String(32)) + "_" + sa.cast(CampaignArticle.place, sa.String(32))
    )
    chosen = (
        sa.select(
            by, *(sa.cast(sa.func.sum(each), sa.Integer) for each in counted), sa.func.min(figure.told_to)
        )
        .select_from(CampaignArticle)
        .join(MassOrder, MassOrder.campaign_id == CampaignArticle.campaign_id)
        .join(figure, figure.msgid == msgid)
        .where(which)
        .group_by(by)
    )
    return {key: Told(*counts) for key, *counts in await session.execute(chosen)}
