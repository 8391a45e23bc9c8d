"""Which way an outbox row takes, within WeChat's windows and counts, and what becomes of it.

A row is leased and its place in the window reserved in one transaction; sending happens outside
(`app.jobs.deliveries`); then it is settled here. What may not be sent twice is never sent again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from models import DeliveryState, Follower, Message, MessageState, Outbox, Way

SPOKE_WINDOW = timedelta(hours=48)
SPOKE_COUNT = 5
ACTED_WINDOW = timedelta(minutes=1)
ACTED_COUNT = 3
LEASE = timedelta(seconds=60)  # real time; longer than one call to WeChat with its repeats
BACKOFF = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
GIVE_UP_AFTER = 12  # tries
QUIET_FROM, QUIET_UNTIL = 21, 8  # o'clock in China
OWN_MATTERS = frozenset({"dialogue.late_reply", "cases.answered"})  # not held back by quiet hours
LATE_REPLY = "dialogue.late_reply"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One leased row, ready to go: everything the sender needs, read before the network is touched."""

    outbox_id: int
    kind: str
    payload: Any
    way: Way
    openid: str
    lease_token: str
    tries: int


async def next_due(
    session: AsyncSession, *, token: str, now: datetime, real_now: datetime, customer_messages: bool
) -> Parcel | None:
    """Lease the earliest due row and choose its way; rows with no way at all are settled on the spot.

    `customer_messages` tells whether the account has the right. Returns None when nothing can go out now.
    """
    while (row := await _lease_one(session, token, now, real_now)) is not None:
        if row.state is DeliveryState.UNKNOWN:
            continue
        if _quiet(row, now):
            row.state, row.due_at, row.lease_token = DeliveryState.QUEUED, _morning(now), None
            continue
        follower = await _follower(session, row)
        reason = _cannot(follower, customer_messages)
        if reason is None and follower is not None and await _reserve(session, follower, now):
            row.way = Way.CUSTOMER_MESSAGE
            return Parcel(
                row.id, row.kind, row.payload, Way.CUSTOMER_MESSAGE, follower.openid, token, row.tries
            )
        await undeliverable(session, row, reason or "no open window", now)
    return None


async def _lease_one(session: AsyncSession, token: str, now: datetime, real_now: datetime) -> Outbox | None:
    free = sa.or_(Outbox.lease_until.is_(None), Outbox.lease_until <= real_now)
    row = await session.scalar(
        sa.select(Outbox)
        .where(
            Outbox.state.in_([DeliveryState.QUEUED, DeliveryState.FAILED_RETRY, DeliveryState.SENDING]),
            Outbox.due_at <= now,
            free,
        )
        .order_by(Outbox.due_at, Outbox.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return None
    if row.state is DeliveryState.SENDING:
        # Somebody died or waited too long while sending: it may have arrived.
        await unknown(session, row, "the sender was cut off", now)
        return row
    row.state, row.lease_token, row.lease_until = DeliveryState.SENDING, token, real_now + LEASE
    row.tries += 1
    return row


def _quiet(row: Outbox, now: datetime) -> bool:
    hour = shanghai(now).hour
    held_back = not row.urgent and row.kind not in OWN_MATTERS
    return held_back and (hour >= QUIET_FROM or hour < QUIET_UNTIL)


def _morning(now: datetime) -> datetime:
    local = shanghai(now)
    day = local if local.hour < QUIET_UNTIL else local + timedelta(days=1)
    return day.replace(hour=QUIET_UNTIL, minute=0, second=0, microsecond=0)


async def _follower(session: AsyncSession, row: Outbox) -> Follower | None:
    """The openid it must go to, else the person's openid that spoke last."""
    if row.follower_id is not None:
        return await session.get(Follower, row.follower_id, with_for_update=True)
    return await session.scalar(
        sa.select(Follower)
        .where(Follower.person_id == row.person_id)
        .order_by(Follower.subscribed.desc(), Follower.spoke_at.desc().nulls_last(), Follower.id)
        .limit(1)
        .with_for_update()
    )


def _cannot(follower: Follower | None, customer_messages: bool) -> str | None:
    if follower is None or not follower.subscribed:
        return "not following"
    return None if customer_messages else "the account may not send customer messages"


async def _reserve(session: AsyncSession, follower: Follower, now: datetime) -> bool:
    """Use up one message of the window that closes first."""
    if _open(follower.acted_at, ACTED_WINDOW, now) and follower.acted_used < ACTED_COUNT:
        follower.acted_used += 1
        return True
    if _open(follower.spoke_at, SPOKE_WINDOW, now) and follower.spoke_used < SPOKE_COUNT:
        follower.spoke_used += 1
        return True
    return False


def _open(since: datetime | None, window: timedelta, now: datetime) -> bool:
    return since is not None and now - since < window


# --- settling -----------------------------------------------------------------------------------------------


async def held(session: AsyncSession, parcel: Parcel) -> Outbox | None:
    """The row, if its lease is still ours."""
    return await session.scalar(
        sa.select(Outbox)
        .where(Outbox.id == parcel.outbox_id, Outbox.lease_token == parcel.lease_token)
        .with_for_update()
    )


async def delivered(session: AsyncSession, row: Outbox, now: datetime) -> None:
    _settle(row, DeliveryState.DELIVERED, "", now)
    await _tell_message(session, row, MessageState.DELIVERED)


async def undeliverable(session: AsyncSession, row: Outbox, reason: str, now: datetime) -> None:
    """No way to this person now: the text stays on the portal; a late answer opens the next passive reply."""
    row.way = Way.PORTAL
    _settle(row, DeliveryState.SKIPPED, reason, now)
    await _tell_message(session, row, MessageState.UNDELIVERABLE)


async def exhausted(session: AsyncSession, row: Outbox, reason: str, now: datetime) -> None:
    """WeChat says that the window is closed or spent: believe it until the person acts again."""
    follower = await _follower(session, row)
    if follower is not None:
        follower.spoke_used, follower.acted_used = SPOKE_COUNT, ACTED_COUNT
    await undeliverable(session, row, reason, now)


async def gone(session: AsyncSession, row: Outbox, reason: str, now: datetime) -> None:
    """WeChat says that this person does not follow us or refuses messages."""
    follower = await _follower(session, row)
    if follower is not None:
        follower.subscribed, follower.unsubscribed_at = False, now
    await undeliverable(session, row, reason, now)


async def unknown(session: AsyncSession, row: Outbox, reason: str, now: datetime) -> None:
    """It may have arrived; a customer message is never sent twice."""
    _settle(row, DeliveryState.UNKNOWN, reason, now)
    await _tell_message(session, row, MessageState.DELIVERED)


async def failed(session: AsyncSession, row: Outbox, reason: str, now: datetime) -> None:
    """It will never work as it is; shown to staff."""
    _settle(row, DeliveryState.FAILED, reason, now)
    await _tell_message(session, row, MessageState.UNDELIVERABLE)


async def again(
    session: AsyncSession, row: Outbox, reason: str, now: datetime, *, after: timedelta | None = None
) -> None:
    """Nothing was sent; try later, and give up in the end."""
    if row.tries >= GIVE_UP_AFTER:
        await failed(session, row, reason, now)
        return
    pause = after or BACKOFF[min(row.tries, len(BACKOFF)) - 1]
    row.state, row.due_at, row.reason = DeliveryState.FAILED_RETRY, now + pause, reason[:200]
    row.lease_token, row.lease_until = None, None
    await _return_place(session, row)


async def _return_place(session: AsyncSession, row: Outbox) -> None:
    """Nothing was sent: the place reserved in the window is free again."""
    follower = await _follower(session, row)
    if follower is None:
        return
    if follower.spoke_used > 0:
        follower.spoke_used -= 1
    elif follower.acted_used > 0:
        follower.acted_used -= 1


def _settle(row: Outbox, state: DeliveryState, reason: str, now: datetime) -> None:
    row.state, row.reason, row.settled_at = state, reason[:200], now
    row.lease_token, row.lease_until = None, None


async def _tell_message(session: AsyncSession, row: Outbox, state: MessageState) -> None:
    """A late answer's message takes part in its fate; only a deferred one."""
    if row.kind != LATE_REPLY or row.message_id is None:
        return
    await session.execute(
        sa.update(Message)
        .where(Message.id == row.message_id, Message.state == MessageState.DEFERRED)
        .values(state=state)
    )
