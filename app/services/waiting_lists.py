"""Seats that are free again go to those who wait: an offer holds one until it is taken, declined or expires.

Whoever calls this holds the activity's row locked. Order of the list: priority, then time. Somebody whose
seats do not fit keeps his place while a later one that fits is offered. Who waits behind all others (he had a
seat of the kind lately) is offered one only after the closing of sign-ups.

Many who sign up at once share a transaction (`app.dialogue.writing`). The first of them locks and settles;
what he found is remembered for the others: nobody else can change it before the commit, and each statement
less is time for which the rest of the crowd would stand in line.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.gathered import memory
from app.services import sign_up_notices as notices
from app.services.quiet_hours import after_quiet
from app.services.sign_up_moves import move
from models import HOLDING, Activity, SignUp, SignUpState

OFFER_FOR = timedelta(hours=12)
OFFER_ON_LAST_DAY = timedelta(hours=2)
LAST_DAY = timedelta(hours=24)
MANY = 10**9  # seats left where there is no limit
BEHIND = -1  # a priority, as all below 0: offered only once nobody else can sign up any more


@dataclass(slots=True)
class Settled:
    """An activity that this transaction has locked and settled; whoever takes of `left` counts it down."""

    activity: Activity
    left: int  # seats that nobody waiting could use
    has_posters: bool | None = None  # None: nobody of this transaction has asked


def settled(session: AsyncSession, activity_id: int) -> Settled | None:
    """What this transaction knows of an activity since it was locked last."""
    found: Settled | None = memory(session).get(_key(activity_id))
    return found


def forget(session: AsyncSession, activity_id: int) -> None:
    """To be called by whoever locks an activity: he may change anything."""
    memory(session).pop(_key(activity_id), None)


def _key(activity_id: int) -> str:
    return f"settled:{activity_id}"


async def settle(session: AsyncSession, activity: Activity, now: datetime) -> Settled:
    """End offers that ran out, offer what is free."""
    forget(session, activity.id)
    await session.flush()
    for entry in await _run_out(session, activity, now):
        move(session, entry, SignUpState.OFFER_EXPIRED, by="system", now=now)
        await session.flush()
        notices.offer_expired(session, activity, entry, now)
    left = await seats_left(session, activity)
    if left > 0 and activity.is_ahead(now) and (until := offer_until(activity, now)) is not None:
        left = await _offer(session, activity, left, until, now)
    found = memory(session)[_key(activity.id)] = Settled(activity, left)
    return found


async def seats_left(session: AsyncSession, activity: Activity) -> int:
    """Not below 0: a capacity that was lowered takes no seat away."""
    if activity.capacity is None:
        return MANY
    if known := settled(session, activity.id):
        return known.left
    used = await session.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(SignUp.seats), 0)).where(
            SignUp.activity_id == activity.id, SignUp.state.in_(HOLDING)
        )
    )
    return max(0, activity.capacity - int(used or 0))


def offer_until(activity: Activity, now: datetime) -> datetime | None:
    """When an offer made now runs out: nobody has to answer at night, nor after the start."""
    told_at = after_quiet(now)
    if told_at >= activity.starts_at:
        return None
    last_day = activity.starts_at - told_at <= LAST_DAY
    return min(told_at + (OFFER_ON_LAST_DAY if last_day else OFFER_FOR), activity.starts_at)


async def list_with_offers_run_out(session: AsyncSession, now: datetime, limit: int) -> list[int]:
    """Activities whose offers wait to be settled."""
    found = await session.scalars(
        sa.select(SignUp.activity_id)
        .where(sa.text("sign_up.state = 'offered'"), SignUp.offer_expires_at <= now)
        .distinct()
        .limit(limit)
    )
    return list(found)


async def _run_out(session: AsyncSession, activity: Activity, now: datetime) -> list[SignUp]:
    found = await session.scalars(
        sa.select(SignUp)
        .where(
            SignUp.activity_id == activity.id,
            SignUp.state == SignUpState.OFFERED,
            SignUp.offer_expires_at <= now,
        )
        .order_by(SignUp.id)
    )
    return list(found)


async def _offer(session: AsyncSession, activity: Activity, left: int, until: datetime, now: datetime) -> int:
    waiting = await session.scalars(
        sa.select(SignUp)
        .where(
            SignUp.activity_id == activity.id,
            SignUp.state == SignUpState.WAITLISTED,
            SignUp.seats <= left,
            sa.or_(SignUp.priority >= 0, sa.literal(now >= activity.closes_at)),
        )
        .order_by(SignUp.priority.desc(), SignUp.signed_up_at, SignUp.id)
        .limit(left)
    )
    for entry in waiting.all():
        if entry.seats > left:
            continue
        move(session, entry, SignUpState.OFFERED, by="system", now=now)
        entry.offer_expires_at = until
        await session.flush()
        notices.offer(session, activity, entry, now)
        left -= entry.seats
    return left
