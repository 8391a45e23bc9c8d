"""Seats that are free again go to those who wait: an offer holds one until it is taken, declined or expires.

Whoever calls this holds the activity's row locked. Order of the list: priority, then time. Somebody whose
seats do not fit keeps his place while a later one that fits is offered. Who waits behind all others (he had a
seat of the kind lately) is offered one only after the closing of sign-ups.

Many who sign up at once share a transaction (`app.dialogue.writing`). The first of them locks and settles;
what he found is remembered for the others: nobody else can change it before the commit, and each statement
less is time for which the rest of the crowd would stand in line.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.gathered import memory
from app.services import seats, team_rows
from app.services import sign_up_notices as notices
from app.services.quiet_hours import after_quiet
from app.services.seats import Pool, Seats
from app.services.sign_up_moves import move
from models import Activity, Membership, SignUp, SignUpState

OFFER_FOR = timedelta(hours=12)
OFFER_ON_LAST_DAY = timedelta(hours=2)
LAST_DAY = timedelta(hours=24)
BEHIND = -1  # a priority, as all below 0: offered only once nobody else can sign up any more


@dataclass(slots=True)
class Settled:
    """An activity that this transaction has locked and settled; whoever takes of `seats` counts them down."""

    activity: Activity
    seats: Seats  # that nobody waiting could use
    has_posters: bool | None = None  # None: nobody of this transaction has asked
    absent: set[int] = field(default_factory=set)  # persons of whom there is no sign-up


def settled(session: AsyncSession, activity_id: int) -> Settled | None:
    """What this transaction knows of an activity since it was locked last."""
    found: Settled | None = memory(session).get(_key(activity_id))
    return found


def settled_as(session: AsyncSession, public_id: str) -> Settled | None:
    """The same, by the activity's public id."""
    kept = (each for each in memory(session).values() if isinstance(each, Settled))
    return next((each for each in kept if each.activity.public_id == public_id), None)


def learn(session: AsyncSession, entry: SignUp) -> None:
    """To be called by whoever makes a sign-up."""
    if known := settled(session, entry.activity_id):
        known.absent.discard(entry.person_id)


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
    await team_rows.settle(session, activity, now)
    left = await seats.count(session, activity, now)
    if activity.is_ahead(now) and (until := offer_until(activity, now)) is not None:
        for pool in left.by_pool:
            await _offer(session, activity, left, pool, until, now)
    found = memory(session)[_key(activity.id)] = Settled(activity, left)
    return found


async def seats_left(
    session: AsyncSession, activity: Activity, now: datetime, membership: Membership | None = None
) -> int:
    """How many a person could have who is a member like that, or none."""
    found = await free(session, activity, now)
    return found.left(found.pool_of(membership))


async def free(session: AsyncSession, activity: Activity, now: datetime) -> Seats:
    """What nobody has; in a transaction that settled the activity, what it knows of them."""
    known = settled(session, activity.id)
    return known.seats if known else await seats.count(session, activity, now)


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


async def _offer(
    session: AsyncSession, activity: Activity, kept: Seats, pool: Pool, until: datetime, now: datetime
) -> None:
    """As long as anybody fits: who does not, keeps his place, and does not hide who comes after him."""
    while (left := kept.left(pool)) > 0:
        chosen = _waiting(activity, kept, pool, left, now)
        fitting = (await session.scalars(chosen.limit(left))).all()
        for entry in fitting:
            if entry.seats > kept.left(pool):
                continue
            move(session, entry, SignUpState.OFFERED, by="system", now=now)
            entry.offer_expires_at = until
            await session.flush()
            notices.offer(session, activity, entry, now)
            kept.take(pool, entry.seats)
        if not fitting:
            return


def _waiting(activity: Activity, kept: Seats, pool: Pool, left: int, now: datetime) -> sa.Select[SignUp]:
    """Who waits and would fit, in the order of the list."""
    chosen = sa.select(SignUp).where(
        SignUp.activity_id == activity.id,
        SignUp.state == SignUpState.WAITLISTED,
        SignUp.seats <= left,
        sa.or_(SignUp.priority >= 0, sa.literal(now >= activity.closes_at)),
    )
    if not kept.together:
        chosen = chosen.where(_is_of(pool, kept))
    return chosen.order_by(SignUp.priority.desc(), SignUp.signed_up_at, SignUp.id)


def _is_of(pool: Pool, kept: Seats) -> sa.ColumnElement[bool]:
    if pool is not None:
        return SignUp.quota_branch_id == pool
    known = [each.branch_id for each in kept.quotas]
    return sa.or_(SignUp.quota_branch_id.is_(None), SignUp.quota_branch_id.not_in(known))
