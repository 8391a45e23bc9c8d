"""What a campaign does by itself: it begins at its time, ends when each row has, and its owner hears it.

Functions flush and never commit. Not here: what staff decide (`campaigns`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import addresses, campaigns, outbox
from app.services.quiet_hours import after_quiet
from models import Campaign, CampaignDelivery, CampaignState, Staff

S = CampaignState
OVER: Final = "campaigns.over"  # the kind of what its owner hears
KINDS: Final = {OVER: "群发的结果"}


async def begin_due(session: AsyncSession, now: datetime) -> Sequence[int]:
    """Ids of those whose time has come; they are being sent from now on. Never at night."""
    if after_quiet(now) != now:
        return ()
    due = sa.or_(Campaign.send_at.is_(None), Campaign.send_at <= now)
    chosen = sa.select(Campaign).where(Campaign.state == S.SCHEDULED, due).order_by(Campaign.id)
    rows = (await session.scalars(chosen.with_for_update(skip_locked=True))).all()
    for row in rows:
        row.started_at = now
        campaigns.move(session, row, S.SENDING, campaigns.BY_ITSELF, now)
    return [row.id for row in rows]


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


async def list_at_work(session: AsyncSession) -> Sequence[int]:
    """Ids of those that are being sent, and of those called off with somebody still waiting."""
    waits = sa.exists().where(
        CampaignDelivery.campaign_id == Campaign.id, CampaignDelivery.state.in_(("queued", "failed_retry"))
    )
    at_work = sa.or_(Campaign.state == S.SENDING, sa.and_(Campaign.state == S.CANCELLED, waits))
    return (await session.scalars(sa.select(Campaign.id).where(at_work).order_by(Campaign.id))).all()
