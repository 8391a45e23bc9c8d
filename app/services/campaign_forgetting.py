"""Campaigns and persons: when two turn out to be one, when one closes the account, and after half a year.

What is forgotten is who; how many got it stays.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.services.campaign_rows import CALLED_OFF
from app.services.forgetting import Ids, Rule, Where, change
from models import Campaign, CampaignDelivery, CampaignRefusal, DeliveryState

KEPT_FOR: Final = timedelta(days=180)
D = CampaignDelivery
_NOBODY: Final = {"person_id": None, "follower_id": None}


async def hand_over(session: AsyncSession, gone: int, stays: int) -> None:
    """What one person got is the other's; of a campaign that both got, one delivery is nobody's."""
    other = aliased(CampaignDelivery)
    both = sa.exists().where(other.person_id == stays, other.campaign_id == D.campaign_id)
    await change(session, sa.update(D).where(D.person_id == gone, both).values(_NOBODY))
    await change(session, sa.update(D).where(D.person_id == gone).values(person_id=stays))


async def hand_over_refusal(session: AsyncSession, gone: int, stays: int) -> None:
    """Who refused once, refused."""
    refused = set(
        await session.scalars(
            sa.select(CampaignRefusal.person_id).where(CampaignRefusal.person_id.in_((gone, stays)))
        )
    )
    theirs = sa.select(CampaignRefusal).where(CampaignRefusal.person_id == gone)
    for row in (await session.scalars(theirs)).all():
        if stays in refused:
            await session.delete(row)
        else:
            row.person_id = stays


async def forget(session: AsyncSession, person_id: int, follower_ids: Sequence[int], now: datetime) -> int:
    """Of an account that is closed: nothing more is sent, nothing tells who got what. How many deliveries."""
    await change(session, sa.delete(CampaignRefusal).where(CampaignRefusal.person_id == person_id))
    theirs = sa.or_(D.person_id == person_id, D.follower_id.in_(follower_ids))
    waits = D.state.in_((DeliveryState.QUEUED, DeliveryState.FAILED_RETRY)) & D.order_id.is_(None)
    skipped = {"state": DeliveryState.SKIPPED, "reason": CALLED_OFF, "settled_at": now}
    await change(session, sa.update(D).where(theirs, waits).values(skipped))
    return await change(session, sa.update(D).where(theirs).values(_NOBODY))


async def list_of(session: AsyncSession, person_id: int) -> Sequence[tuple[CampaignDelivery, Campaign]]:
    """What somebody got or was to get, the oldest first."""
    chosen = sa.select(D, Campaign).join(Campaign, Campaign.id == D.campaign_id)
    found = await session.execute(chosen.where(D.person_id == person_id).order_by(D.id))
    return [(row, campaign) for row, campaign in found.all()]


def _is_old(now: datetime) -> Where:
    return D.person_id.is_not(None), D.settled_at <= now - KEPT_FOR


async def _forget_who(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await change(session, sa.update(D).where(D.id.in_(ids), *_is_old(now)).values(_NOBODY))


forget_who = Rule("campaign_deliveries", D.id, _is_old, _forget_who)
