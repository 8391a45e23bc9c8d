"""What a campaign does by itself: it begins at its time, ends when each row has, and its owner hears it.

Functions flush and never commit. Not here: what staff decide (`campaigns`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import addresses, campaign_articles, campaign_rows, campaigns, outbox
from app.services.quiet_hours import after_quiet
from models import Campaign, CampaignDelivery, CampaignState, MassOrder, Staff

S = CampaignState
OVER: Final = "campaigns.over"  # the kind of what its owner hears
KINDS: Final = {OVER: "群发的结果"}


async def anything_due(session: AsyncSession, now: datetime) -> bool:
    """Whether `begin_due` would find something; the usual "no" costs no lock. Never at night."""
    if after_quiet(now) != now:
        return False
    return await session.scalar(sa.select(Campaign.id).where(*_due(now)).limit(1)) is not None


async def begin_due(session: AsyncSession, now: datetime) -> None:
    """Those whose time has come are being sent from now on. What is not as it was approved goes back."""
    chosen = sa.select(Campaign).where(*_due(now)).order_by(Campaign.id)
    for row in (await session.scalars(chosen.with_for_update(skip_locked=True))).all():
        if why := await campaign_articles.why_not(session, row, now):
            row.reason = f"{why}改好再交去审批。"[:200]
            campaigns.move(session, row, S.DRAFT, campaigns.BY_ITSELF, now, row.reason)
            await tell_owner(session, row, f"群发「{row.title}」没有发，退回了。{row.reason}", now)
            continue
        row.started_at = now
        campaigns.move(session, row, S.SENDING, campaigns.BY_ITSELF, now)


def _due(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return Campaign.state == S.SCHEDULED, sa.or_(Campaign.send_at.is_(None), Campaign.send_at <= now)


async def finish(session: AsyncSession, row: Campaign, now: datetime) -> None:
    """All is said and done; its owner hears it. `row` is locked."""
    row.ended_at = now
    campaigns.move(session, row, S.FINISHED, campaigns.BY_ITSELF, now)
    await tell_owner(session, row, f"群发「{row.title}」发完了。", now)


async def tell_owner(session: AsyncSession, row: Campaign, words: str, now: datetime) -> None:
    owner = await session.get_one(Staff, row.owner_id)
    if owner.person_id is None:
        return
    told = addresses.with_page(
        f"{words}详细情况请到工作台「群发」看。", f"/console/campaigns/{row.public_id}"
    )
    await session.flush()
    outbox.add(
        session,
        OVER,
        key=f"campaign:{row.id}:{row.version}",
        to=owner.person_id,
        payload={"type": "text", "content": told},
        now=now,
    )


async def list_at_work(session: AsyncSession, now: datetime) -> Sequence[int]:
    """Ids of those of which something is to be done now; of one that was called off, while somebody waits.

    What rests, or waits for WeChat's word, costs no lock.
    """
    waits = sa.exists().where(
        CampaignDelivery.campaign_id == Campaign.id, CampaignDelivery.state.in_(campaign_rows.WAITING)
    )
    ours = MassOrder.campaign_id == Campaign.id
    to_give = sa.exists().where(ours, MassOrder.state.in_(campaign_rows.WAITING))
    untold = sa.exists().where(ours, MassOrder.settled_at.is_(None))
    rests = sa.and_(Campaign.rests_until.is_not(None), Campaign.rests_until > now)
    to_do = sa.or_(Campaign.filled_at.is_(None), waits, to_give, ~untold)
    at_work = sa.or_(
        sa.and_(Campaign.state == S.SENDING, ~rests, to_do), sa.and_(Campaign.state == S.CANCELLED, waits)
    )
    return (await session.scalars(sa.select(Campaign.id).where(at_work).order_by(Campaign.id))).all()
