"""WeChat's orders for a campaign by mass message: up to 10,000 people each, under a key that it knows again.

Source: wechat-platform.md section 7. With the same key WeChat sends once within 24 hours, so an order of
unknown outcome, or of a killed process, is given again. What came of it tells an event (`heard`). Functions
flush and never commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import campaign_articles, campaign_rows
from app.services.deliveries import Obstacle
from models import Campaign, CampaignDelivery, CampaignWay, DeliveryState, Follower, MassOrder, Message
from models.base import LISTED
from models.types import public_id

LEAST, MOST = 2, 10_000  # people of one order
LEASE: Final = timedelta(minutes=2)  # real time; a list of ten thousand is long
KEY_HOLDS: Final = timedelta(hours=23)  # an hour less than WeChat says
AGAIN: Final = timedelta(seconds=70)  # the same key within a minute is refused (45066)
TOO_FEW: Final = "a mass message needs two people"
DRAFT_GONE: Final = "the draft had gone after a lost answer"
NOTHING_TOLD: Final = "no result was told"
EVENT: Final = "event.masssendjobfinish"
_LISTED: Final = sa.text(f"message.{LISTED}")  # for its index
D = DeliveryState


@dataclass(frozen=True, slots=True)
class Given:
    """An order, leased: to whom, and under which key."""

    order_id: int
    key: str
    openids: Sequence[str]
    draft_id: str | None  # of articles
    is_first: bool  # nobody can have got it of an earlier try


@dataclass(frozen=True, slots=True)
class Result:
    """What WeChat tells of an order."""

    msg_id: int
    is_sent: bool
    status: str
    total: int
    reachable: int
    sent: int
    failed: int
    urls: Mapping[int, str] = field(default_factory=dict)  # where the articles are, by place


async def make(session: AsyncSession, row: Campaign, now: datetime, *, most: int = MOST) -> bool:
    """One more order out of those who are in none; false when there is nobody left. `row` is locked."""
    waits = (
        CampaignDelivery.campaign_id == row.id,
        CampaignDelivery.state == D.QUEUED,
        CampaignDelivery.order_id.is_(None),
    )
    ids = list(await session.scalars(sa.select(CampaignDelivery.id).where(*waits).limit(most + LEAST)))
    if not ids:
        return False
    if len(ids) < LEAST:
        await campaign_rows.mark(session, ids, D.SKIPPED, TOO_FEW, now)
        return False
    if len(ids) > most:
        ids = ids[: most if len(ids) - most >= LEAST else most - 1]  # nobody is left over alone
    number = 1 + (
        await session.scalar(
            sa.select(sa.func.coalesce(sa.func.max(MassOrder.number), 0)).where(
                MassOrder.campaign_id == row.id
            )
        )
        or 0
    )
    order = MassOrder(campaign_id=row.id, number=number, state=D.QUEUED, people=len(ids), due_at=now)
    if row.way is CampaignWay.ARTICLE:
        order.mark = public_id()
    session.add(order)
    await session.flush()
    mine = sa.update(CampaignDelivery).where(CampaignDelivery.id.in_(ids))
    await session.execute(mine.values(order_id=order.id))
    return True


async def lease(
    session: AsyncSession, row: Campaign, token: str, now: datetime, real_now: datetime
) -> Given | None:
    """The next order to be given now. Whom it cannot reach any more leaves it before it is first given."""
    free = sa.or_(MassOrder.lease_until.is_(None), MassOrder.lease_until <= real_now)
    open_ = MassOrder.state.in_((D.QUEUED, D.SENDING, D.FAILED_RETRY)), MassOrder.due_at <= now
    chosen = sa.select(MassOrder).where(MassOrder.campaign_id == row.id, *open_, free)
    order = await session.scalar(chosen.order_by(MassOrder.number).limit(1).with_for_update(skip_locked=True))
    if order is None:
        return None
    if order.asked_at is not None and now - order.asked_at >= KEY_HOLDS:
        await end(session, order, D.UNKNOWN, campaign_rows.CUT_OFF, now)
        return None
    members = (
        sa.select(CampaignDelivery.id, Follower.openid, Follower.subscribed)
        .outerjoin(Follower, Follower.id == CampaignDelivery.follower_id)
        .where(CampaignDelivery.order_id == order.id, CampaignDelivery.state == D.QUEUED)
        .order_by(CampaignDelivery.id)
    )
    rows = (await session.execute(members)).all()
    is_first = order.asked_at is None
    if is_first:  # else the list must stay as it was: the key stands for it
        gone = [each.id for each in rows if not each.subscribed]
        await campaign_rows.mark(session, gone, D.SKIPPED, Obstacle.NOT_FOLLOWING, now)
        rows = [each for each in rows if each.subscribed]
    rows = [each for each in rows if each.openid is not None]  # without those who closed the account
    if len(rows) < LEAST:
        if is_first:
            await end(session, order, D.SKIPPED, TOO_FEW, now)
            order.people = 0
        else:
            await end(session, order, D.UNKNOWN, campaign_rows.CUT_OFF, now)
        return None
    order.people, order.asked_at = len(rows), order.asked_at or now
    order.state, order.tries = D.SENDING, order.tries + 1
    order.lease_token, order.lease_until = token, real_now + LEASE
    openids = [each.openid for each in rows]
    return Given(order.id, f"gh-{row.public_id}-{order.number}", openids, order.draft_id, is_first)


async def held(session: AsyncSession, given: Given, token: str) -> MassOrder | None:
    """The order, locked, as far as the lease is still ours."""
    ours = MassOrder.id == given.order_id, MassOrder.lease_token == token
    return await session.scalar(sa.select(MassOrder).where(*ours).with_for_update())


async def accepted(
    session: AsyncSession, order: MassOrder, msg_id: int, now: datetime, *, msg_data_id: int = 0
) -> None:
    """WeChat has it; how many got it comes later."""
    order.state, order.msg_id, order.reason = D.ACCEPTED, msg_id, ""
    order.msg_data_id = msg_data_id or None
    order.lease_token, order.lease_until = None, None
    await _mark_all(session, order, D.QUEUED, D.ACCEPTED, "", now)


def refused(order: MassOrder, given: Given, reason: str, due_at: datetime) -> None:
    """WeChat took nothing: to be tried again, with whoever is there then, as if it had not been asked."""
    again(order, reason, due_at)
    if given.is_first:
        order.asked_at = None


def again(order: MassOrder, reason: str, due_at: datetime) -> None:
    """Under the same key: not sent, or perhaps."""
    order.state, order.reason, order.due_at = D.FAILED_RETRY, reason[:200], due_at
    order.lease_token, order.lease_until = None, None


async def end(
    session: AsyncSession, order: MassOrder, state: DeliveryState, reason: str, now: datetime
) -> None:
    """It will not be given again; nor will anybody in it get the campaign another way."""
    order.state, order.reason, order.settled_at = state, reason[:200], now
    order.lease_token, order.lease_until = None, None
    await _mark_all(session, order, D.QUEUED, state, reason, now)


async def call_off(session: AsyncSession, row: Campaign, now: datetime, real_now: datetime) -> None:
    """No order is given any more. Of one that was given and not answered nobody knows who got it."""
    stopped = sa.or_(
        MassOrder.state.in_((D.QUEUED, D.FAILED_RETRY)),
        sa.and_(MassOrder.state == D.SENDING, MassOrder.lease_until <= real_now),
    )
    chosen = sa.select(MassOrder).where(MassOrder.campaign_id == row.id, stopped).with_for_update()
    for order in (await session.scalars(chosen.order_by(MassOrder.id))).all():
        if order.asked_at is None:
            await end(session, order, D.SKIPPED, campaign_rows.CALLED_OFF, now)
        else:
            await end(session, order, D.UNKNOWN, campaign_rows.CUT_OFF, now)


async def heard(session: AsyncSession, result: Result, now: datetime) -> bool:
    """Put down what WeChat told; false where the order is none of ours, or ended before."""
    mine = sa.select(MassOrder).where(MassOrder.msg_id == result.msg_id, MassOrder.settled_at.is_(None))
    order = await session.scalar(mine.with_for_update())
    if order is None:
        return False
    order.total, order.reachable = result.total, result.reachable
    order.sent, order.failed, order.settled_at = result.sent, result.failed, now
    await campaign_articles.shown_at(session, order.campaign_id, result.urls)
    if not result.is_sent:
        order.state, order.reason = D.FAILED, result.status[:200]
        await _mark_all(session, order, D.ACCEPTED, D.FAILED, result.status, now)
    return True


async def any_untold(session: AsyncSession) -> bool:
    chosen = sa.select(MassOrder.id).where(MassOrder.state == D.ACCEPTED, MassOrder.settled_at.is_(None))
    return await session.scalar(chosen.limit(1)) is not None


async def untold(session: AsyncSession, now: datetime) -> Sequence[MassOrder]:
    """Those whose result is still to come; who has waited for a day is told nothing any more and ends so."""
    chosen = sa.select(MassOrder).where(MassOrder.state == D.ACCEPTED, MassOrder.settled_at.is_(None))
    found = (await session.scalars(chosen.order_by(MassOrder.id).with_for_update())).all()
    for order in found:
        if order.asked_at is not None and now - order.asked_at >= timedelta(days=1):
            order.settled_at, order.reason = now, NOTHING_TOLD
    return [order for order in found if order.settled_at is None]


async def events_since(session: AsyncSession, since: datetime) -> Sequence[str]:
    """The bodies of WeChat's results that came since."""
    chosen = sa.select(Message.body).where(
        Message.kind == EVENT, _LISTED, Message.received_at >= since, Message.body.is_not(None)
    )
    return [body for body in await session.scalars(chosen.order_by(Message.id)) if body is not None]


async def list_all(session: AsyncSession, row: Campaign) -> Sequence[MassOrder]:
    chosen = sa.select(MassOrder).where(MassOrder.campaign_id == row.id)
    return (await session.scalars(chosen.order_by(MassOrder.number))).all()


async def anything_open(session: AsyncSession, row: Campaign) -> bool:
    """Whether an order is still to be given, or its result to be told."""
    chosen = sa.select(MassOrder.id).where(MassOrder.campaign_id == row.id, MassOrder.settled_at.is_(None))
    return await session.scalar(chosen.limit(1)) is not None


async def _mark_all(
    session: AsyncSession,
    order: MassOrder,
    before: DeliveryState,
    to: DeliveryState,
    reason: str,
    now: datetime,
) -> None:
    theirs = CampaignDelivery.order_id == order.id, CampaignDelivery.state == before
    await session.execute(
        sa.update(CampaignDelivery)
        .where(*theirs)
        .values(state=to, reason=reason[:200], settled_at=now)
        .execution_options(synchronize_session=False)
    )
