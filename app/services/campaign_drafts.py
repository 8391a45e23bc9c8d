"""The drafts a campaign of articles goes out from: each order has its own, for it is gone when it was sent.

A draft is laid before its order is given, and none is given before all lie there. That one may lie there is
written down first: what a lost call or a killed process left is looked for by its mark. Functions flush and
never commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import campaign_articles, wechat_articles, wechat_markup
from app.services.wechat_markup import Converted
from models import Article, Campaign, CampaignState, CampaignWay, DeliveryState, MassOrder

LEASE: Final = timedelta(minutes=5)  # real time; pictures are brought there, too
ENDED: Final = (CampaignState.FINISHED, CampaignState.CANCELLED)
D = DeliveryState


@dataclass(frozen=True, slots=True)
class Sheet:
    """One article of a draft."""

    article: str  # its public id
    content: Converted
    source: str  # where 阅读原文 leads
    category: str
    cover_id: str | None  # which staff chose for it at WeChat


@dataclass(frozen=True, slots=True)
class Lay:
    """A draft to be laid, leased."""

    order_id: int
    mark: str
    sheets: Sequence[Sheet]
    may_lie_there: bool


@dataclass(frozen=True, slots=True)
class Left:
    """What nobody needs any more in the draft box. `mark`: to be looked for there."""

    draft_id: str | None
    mark: str
    order_id: int = 0
    campaign_id: int = 0  # of a preview


async def sheets_of(session: AsyncSession, row: Campaign, mark: str) -> Sequence[Sheet]:
    """Raises: TooLong."""
    return [
        await _sheet(session, article, mark) for _, article in await campaign_articles.list_of(session, row)
    ]


async def _sheet(session: AsyncSession, article: Article, mark: str) -> Sheet:
    stands = await wechat_articles.find_live(session, article)
    return Sheet(
        article.public_id,
        wechat_markup.converted(article),
        wechat_articles.source_url(article, mark),
        article.category.label,
        stands.cover_id if stands is not None else None,
    )


async def lease(
    session: AsyncSession, row: Campaign, token: str, now: datetime, real_now: datetime
) -> Lay | None:
    """The next draft to be laid now. What it holds was looked at (`campaign_articles.why_not`)."""
    free = sa.or_(MassOrder.lease_until.is_(None), MassOrder.lease_until <= real_now)
    chosen = sa.select(MassOrder).where(*_missing(row), MassOrder.due_at <= now, free)
    order = await session.scalar(chosen.order_by(MassOrder.number).limit(1).with_for_update(skip_locked=True))
    if order is None:
        return None
    may_lie_there = order.draft_begun_at is not None
    order.draft_begun_at = order.draft_begun_at or now
    order.lease_token, order.lease_until = token, real_now + LEASE
    mark = order.mark or ""
    return Lay(order.id, mark, await sheets_of(session, row, mark), may_lie_there)


async def any_missing(session: AsyncSession, row: Campaign) -> bool:
    """Whether a draft is still to be laid, by whomever."""
    return await session.scalar(sa.select(MassOrder.id).where(*_missing(row)).limit(1)) is not None


def _missing(row: Campaign) -> tuple[sa.ColumnElement[bool], ...]:
    to_give = MassOrder.state.in_((D.QUEUED, D.FAILED_RETRY)), MassOrder.asked_at.is_(None)
    return MassOrder.campaign_id == row.id, MassOrder.draft_id.is_(None), *to_give


async def held(session: AsyncSession, lay: Lay, token: str) -> MassOrder | None:
    """The order, locked, as far as the lease is still ours."""
    ours = MassOrder.id == lay.order_id, MassOrder.lease_token == token
    return await session.scalar(sa.select(MassOrder).where(*ours).with_for_update())


async def is_over(session: AsyncSession, lay: Lay) -> bool:
    """Whether its order has come to its end without it."""
    return (await session.get_one(MassOrder, lay.order_id)).settled_at is not None


def laid(order: MassOrder, draft_id: str | None, now: datetime) -> None:
    """It lies there; None: more pictures are to be brought first, nothing was laid."""
    order.draft_id, order.reason, order.due_at = draft_id, "", now
    order.draft_begun_at = now if draft_id is not None else None
    order.lease_token = order.lease_until = None


def again(order: MassOrder, reason: str, due_at: datetime, *, may_lie_there: bool) -> None:
    order.reason, order.due_at = reason[:200], due_at
    order.draft_begun_at = order.draft_begun_at if may_lie_there else None
    order.lease_token = order.lease_until = None


def lost(order: MassOrder) -> None:
    """It is not in the box any more, and nothing was sent of it: another is laid."""
    order.draft_id = order.draft_begun_at = None


# --- cleared away ------------------------------------------------------------------------------------------


async def left(session: AsyncSession) -> Sequence[Left]:
    """Of orders that came to their end, and previews of campaigns that did."""
    over = MassOrder.settled_at.is_not(None), MassOrder.draft_begun_at.is_not(None)
    orders = sa.select(MassOrder.id, MassOrder.draft_id, MassOrder.mark).where(*over)
    ended = Campaign.state.in_(ENDED), Campaign.way == CampaignWay.ARTICLE, Campaign.preview_id.is_not(None)
    previews = sa.select(Campaign.id, Campaign.preview_id, Campaign.public_id).where(*ended)
    return [
        *(Left(each[1], each[2] or "", order_id=each[0]) for each in (await session.execute(orders)).all()),
        *(Left(each[1], each[2], campaign_id=each[0]) for each in (await session.execute(previews)).all()),
    ]


async def cleared(session: AsyncSession, one: Left) -> None:
    order = sa.update(MassOrder).where(MassOrder.id == one.order_id)
    await session.execute(order.values(draft_id=None, draft_begun_at=None))
    campaign = await session.get(Campaign, one.campaign_id, with_for_update=True)
    if campaign is not None:
        campaign.preview_id = None
