"""Who gets a campaign, what each is sent, and what became of it.

Rows are made page by page, taken up by lease in groups, and settled together. As in `app.services.deliveries`
what may have arrived is never sent again. Functions flush and never commit.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.services import audience_rows, campaigns, digests, windows
from app.services.crisis import SPARED_FOR
from app.services.deliveries import Obstacle
from app.services.windows import Place
from models import (
    Account,
    AccountKind,
    Campaign,
    CampaignDelivery,
    CampaignRefusal,
    CrisisAlert,
    DeliveryState,
    Follower,
    MassOrder,
)
from models.campaign import DELIVERY_WAITS

PAGE: Final = 2000  # people whose rows are made in one transaction
LEASE: Final = timedelta(seconds=60)  # real time
# Who refused, and who is spared after an alert: one word for both, or a small audience would tell who it is.
LEFT_OUT: Final = "left out"
CALLED_OFF: Final = "called off"
TOLD: Final = "told under another name"
CUT_OFF: Final = "the sender was cut off"
NO_ANSWER: Final = "no answer came"
_WAITS = sa.text(DELIVERY_WAITS)
WAITING: Final = (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.FAILED_RETRY)


@dataclass(frozen=True, slots=True)
class Ready:
    """One person's message, leased."""

    delivery_id: int
    openid: str
    place: Place


@dataclass(frozen=True, slots=True)
class End:
    """What became of it. `place` goes back where nothing was sent."""

    state: DeliveryState
    reason: str = ""
    place: Place | None = None
    is_closed: bool = False  # WeChat says that the window is closed
    has_left: bool = False  # or that the person does not follow


# --- who gets it -------------------------------------------------------------------------------------------


async def fill(session: AsyncSession, row: Campaign, now: datetime) -> bool:
    """Rows for the next people who are meant and follow now; false when all have theirs. `row` is locked."""
    audience = campaigns.audience_of(row)
    meant = () if audience is None else (audience_rows.is_meant(audience, civil_date(now)),)
    chosen = (
        sa.select(Follower.person_id, Follower.id)
        .join(Account, Account.id == Follower.account_id)
        .where(
            Account.kind == AccountKind.OFFICIAL,
            Follower.subscribed.is_(True),
            Follower.person_id > row.filled_to,
            *meant,
        )
        .order_by(Follower.person_id, Follower.spoke_at.desc().nulls_last(), Follower.id)
        .limit(PAGE)
    )
    found: dict[int, int] = {}  # of somebody with two openids the one that spoke last
    for person_id, follower_id in (await session.execute(chosen)).all():
        found.setdefault(person_id, follower_id)
    if not found:
        row.filled_at = now
        return False
    # A row leads to its follower, who is looked at for that: in the order in which messages hold them.
    held = sa.select(Follower.id).where(Follower.id.in_(found.values())).order_by(Follower.id)
    await session.execute(held.with_for_update(read=True, key_share=True))
    out = await _left_out(session, list(found), now)
    rows = [
        {
            "campaign_id": row.id,
            "person_id": person_id,
            "follower_id": follower_id,
            "state": DeliveryState.SKIPPED if person_id in out else DeliveryState.QUEUED,
            "reason": LEFT_OUT if person_id in out else "",
            "tries": 0,
            "settled_at": now if person_id in out else None,
        }
        for person_id, follower_id in found.items()
    ]
    await session.execute(sa.insert(CampaignDelivery), rows)
    row.filled_to = max(found)
    return True


async def _left_out(session: AsyncSession, people: Sequence[int], now: datetime) -> Collection[int]:
    """Who gets none of it."""
    refused = sa.select(CampaignRefusal.person_id).where(CampaignRefusal.person_id.in_(people))
    alarmed = sa.select(CrisisAlert.person_id).where(
        CrisisAlert.person_id.in_(people), CrisisAlert.created_at > now - SPARED_FOR
    )
    return {*await session.scalars(alarmed), *await session.scalars(refused)}


# --- sending -----------------------------------------------------------------------------------------------


async def lease(
    session: AsyncSession, row: Campaign, token: str, limit: int, now: datetime, real_now: datetime
) -> tuple[Sequence[Ready], bool]:
    """Up to `limit` messages to be sent now, and whether anything was looked at. Who cannot be reached now
    is settled on the spot; whom somebody else holds comes in a later turn.
    """
    free = sa.or_(CampaignDelivery.lease_until.is_(None), CampaignDelivery.lease_until <= real_now)
    chosen = sa.select(CampaignDelivery).where(CampaignDelivery.campaign_id == row.id, _WAITS, free)
    taken = chosen.order_by(CampaignDelivery.id).limit(limit).with_for_update(skip_locked=True)
    found = (await session.scalars(taken)).all()
    ids = {each.follower_id for each in found if each.follower_id is not None}
    # Not waited for: a message, a merge and a closing hold a follower and want his deliveries then.
    held = sa.select(Follower).where(Follower.id.in_(ids)).order_by(Follower.id)
    free_ones = held.with_for_update(skip_locked=True)
    followers = {each.id: each for each in await session.scalars(free_ones)}
    found = [each for each in found if each.follower_id is None or each.follower_id in followers]
    ready = []
    for each in found:
        if each.state is DeliveryState.SENDING:
            _settle(each, DeliveryState.UNKNOWN, CUT_OFF, now)
            continue
        follower = followers.get(each.follower_id or 0)
        if follower is None or not follower.subscribed:
            _settle(each, DeliveryState.SKIPPED, Obstacle.NOT_FOLLOWING, now)
            continue
        if (place := windows.reserve(follower, now)) is None:
            _settle(each, DeliveryState.SKIPPED, Obstacle.NO_WINDOW, now)
            continue
        each.state, each.tries = DeliveryState.SENDING, each.tries + 1
        each.lease_token, each.lease_until = token, real_now + LEASE
        ready.append(Ready(each.id, follower.openid, place))
    return ready, bool(found)


async def settle(session: AsyncSession, token: str, ends: Mapping[int, End], now: datetime) -> None:
    """Put down what came of these, as far as the lease is still ours."""
    # Followers first and in one order, as everybody else takes them.
    places = sorted({end.place.follower_id for end in ends.values() if end.place is not None})
    held = sa.select(Follower.id).where(Follower.id.in_(places)).order_by(Follower.id)
    await session.execute(held.with_for_update())
    ours = CampaignDelivery.id.in_(ends), CampaignDelivery.lease_token == token
    chosen = sa.select(CampaignDelivery).where(*ours).order_by(CampaignDelivery.id).with_for_update()
    for each in await session.scalars(chosen):
        end = ends[each.id]
        if end.place is not None:
            if end.has_left:
                await windows.leave(session, end.place, now)
            elif end.is_closed:
                await windows.close(session, end.place)
            else:
                await windows.give_back(session, end.place)
        _settle(each, end.state, end.reason, now)


async def call_off(
    session: AsyncSession, row: Campaign, now: datetime, real_now: datetime, limit: int = PAGE
) -> int:
    """Whoever still waits gets nothing; what is just being sent comes to its own end, and so does an order
    (`mass_orders.call_off`). What a killed sender left behind may have arrived. How many got nothing.
    """
    left = sa.update(CampaignDelivery).where(
        CampaignDelivery.campaign_id == row.id,
        CampaignDelivery.state == DeliveryState.SENDING,
        CampaignDelivery.lease_until <= real_now,
    )
    unknown = {"state": DeliveryState.UNKNOWN, "reason": CUT_OFF, "settled_at": now}
    await session.execute(left.values(lease_token=None, lease_until=None, **unknown))
    unanswered = sa.update(CampaignDelivery).where(
        CampaignDelivery.campaign_id == row.id,
        CampaignDelivery.state == DeliveryState.FAILED_RETRY,
        CampaignDelivery.asked_at.is_not(None),
    )
    unknown |= {"reason": NO_ANSWER, "lease_until": None}
    await session.execute(unanswered.values(unknown).execution_options(synchronize_session=False))
    waits = (DeliveryState.QUEUED, DeliveryState.FAILED_RETRY)
    chosen = sa.select(CampaignDelivery.id).where(
        CampaignDelivery.campaign_id == row.id,
        CampaignDelivery.state.in_(waits),
        CampaignDelivery.order_id.is_(None),
    )
    ids = (await session.scalars(chosen.order_by(CampaignDelivery.id).limit(limit))).all()
    await mark(session, ids, DeliveryState.SKIPPED, CALLED_OFF, now)
    return len(ids)


async def mark(
    session: AsyncSession, ids: Collection[int], state: DeliveryState, reason: str, now: datetime
) -> None:
    """The same end for many."""
    if not ids:
        return
    values = {"state": state, "reason": reason[:200], "settled_at": now, "lease_token": None}
    found = sa.update(CampaignDelivery).where(CampaignDelivery.id.in_(ids))
    await session.execute(
        found.values(lease_until=None, **values).execution_options(synchronize_session=False)
    )


async def anything_waits(session: AsyncSession, campaign_id: int) -> bool:
    chosen = sa.select(CampaignDelivery.id).where(CampaignDelivery.campaign_id == campaign_id, _WAITS)
    return await session.scalar(chosen.limit(1)) is not None


def _settle(each: CampaignDelivery, state: DeliveryState, reason: str, now: datetime) -> None:
    each.state, each.reason = state, reason[:200]
    each.settled_at = None if state in WAITING else now
    each.lease_token, each.lease_until = None, None


# --- counting ----------------------------------------------------------------------------------------------


async def counts(session: AsyncSession, campaign_id: int) -> Mapping[DeliveryState, int]:
    """How many stand how; together they are all whom it was for."""
    chosen = sa.select(CampaignDelivery.state, sa.func.count().label("many")).where(
        CampaignDelivery.campaign_id == campaign_id
    )
    found = await session.execute(chosen.group_by(CampaignDelivery.state))
    return {each.state: each.many for each in found}


async def reasons(session: AsyncSession, campaign_id: int) -> Sequence[tuple[DeliveryState, str, int]]:
    """Why people did not get it; the most common first."""
    chosen = sa.select(CampaignDelivery.state, CampaignDelivery.reason, sa.func.count().label("many"))
    chosen = chosen.where(CampaignDelivery.campaign_id == campaign_id, CampaignDelivery.reason != "")
    chosen = chosen.group_by(CampaignDelivery.state, CampaignDelivery.reason)
    found = await session.execute(chosen.order_by(sa.desc("many")).limit(20))
    return [(state, reason, many) for state, reason, many in found.all()]


# --- what people want --------------------------------------------------------------------------------------


async def refuse(session: AsyncSession, person_id: int, now: datetime) -> bool:
    """No campaigns for this person any more, nor the weekly digest; false where it was so already. What waits
    is not sent either, unless WeChat was given it already.
    """
    await digests.stop(session, person_id, now)
    if await is_refused(session, person_id):
        return False
    session.add(CampaignRefusal(person_id=person_id, at=now))
    skipped = {"state": DeliveryState.SKIPPED, "reason": LEFT_OUT, "settled_at": now}
    theirs = sa.update(CampaignDelivery).where(CampaignDelivery.person_id == person_id, *is_untouched())
    await session.execute(theirs.values(skipped).execution_options(synchronize_session=False))
    return True


def is_untouched() -> tuple[sa.ColumnElement[bool], ...]:
    """Still to be sent, and not given to WeChat in an order either."""
    given = sa.exists().where(MassOrder.id == CampaignDelivery.order_id, MassOrder.asked_at.is_not(None))
    return CampaignDelivery.state == DeliveryState.QUEUED, ~given


async def want_again(session: AsyncSession, person_id: int) -> bool:
    """Whether they had been refused. The digest is asked for by itself (`digests`)."""
    gone = sa.delete(CampaignRefusal).where(CampaignRefusal.person_id == person_id)
    return await session.scalar(gone.returning(CampaignRefusal.id)) is not None


async def is_refused(session: AsyncSession, person_id: int) -> bool:
    chosen = sa.select(CampaignRefusal.id).where(CampaignRefusal.person_id == person_id)
    return await session.scalar(chosen) is not None
