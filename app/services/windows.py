"""WeChat's windows for customer messages: how many a person's last acts allow, and for how long.

5 within 48 hours of a message; 3 within a minute of a tap, a scan or following. A new act counts anew.
A place is reserved before the call and given back when nothing was sent.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import leaving
from models import Account, Follower

SPOKE_WINDOW = timedelta(hours=48)
SPOKE_COUNT = 5
ACTED_WINDOW = timedelta(minutes=1)
ACTED_COUNT = 3


@dataclass(frozen=True, slots=True)
class Place:
    """One message reserved in a follower's window, and the acts the windows were counted from."""

    follower_id: int
    by_act: bool  # in the minute after a tap, else in the 48 hours after a message
    acted_at: datetime | None
    spoke_at: datetime | None


def reserve(follower: Follower, now: datetime) -> Place | None:
    """Use up one message of the window that closes first; None when all are closed or spent."""
    by_act = _by_act(follower, now)
    if by_act:
        follower.acted_used += 1
    elif left(follower, now) > 0:
        follower.spoke_used += 1
    else:
        return None
    return Place(follower.id, by_act, follower.acted_at, follower.spoke_at)


def is_open(follower: Follower, now: datetime) -> bool:
    """Whether a message could be sent now."""
    return _by_act(follower, now) or left(follower, now) > 0


def is_last(follower: Follower, now: datetime) -> bool:
    """Whether one message more, and no other, could be sent."""
    return not _by_act(follower, now) and left(follower, now) == 1


def spoke_lately(follower: Follower, now: datetime) -> bool:
    """Whether the long window is open, be it spent or not."""
    return _open(follower.spoke_at, SPOKE_WINDOW, now)


def was_here(follower: Follower, now: datetime, within: timedelta) -> bool:
    """Whether the person wrote, tapped, scanned or followed so lately."""
    return _open(follower.spoke_at, within, now) or _open(follower.acted_at, within, now)


def _by_act(follower: Follower, now: datetime) -> bool:
    return _open(follower.acted_at, ACTED_WINDOW, now) and follower.acted_used < ACTED_COUNT


def _open(since: datetime | None, window: timedelta, now: datetime) -> bool:
    return since is not None and now - since < window


async def give_back(session: AsyncSession, place: Place) -> None:
    """Nothing was sent: the place is free again, unless the person acted since and all are."""
    follower = await _holder(session, place)
    if place.by_act and follower.acted_at == place.acted_at:
        follower.acted_used = max(0, follower.acted_used - 1)
    if not place.by_act and follower.spoke_at == place.spoke_at:
        follower.spoke_used = max(0, follower.spoke_used - 1)


async def close(session: AsyncSession, place: Place) -> None:
    """WeChat says that the windows are closed or spent: believe it until the person acts again."""
    follower = await _holder(session, place)
    if follower.spoke_at == place.spoke_at:
        follower.spoke_used = SPOKE_COUNT
    if follower.acted_at == place.acted_at:
        follower.acted_used = ACTED_COUNT


async def leave(session: AsyncSession, place: Place, now: datetime) -> None:
    """WeChat says that this person does not follow us or refuses messages: stop until they act again."""
    follower = await _holder(session, place)
    if (follower.spoke_at, follower.acted_at) == (place.spoke_at, place.acted_at):
        follower.subscribed, follower.unsubscribed_at = False, now
        await session.flush()
        await leaving.forget(session, [follower.id])


def of_openid(app_id: str, openid: str) -> sa.Select[Follower]:
    """Who has this openid on the account `app_id`."""
    return (
        sa.select(Follower)
        .join(Account, Account.id == Follower.account_id)
        .where(Account.app_id == app_id, Follower.openid == openid)
    )


def of_person(app_id: str, person_id: int | None) -> sa.Select[Follower]:
    """The person's openid on the account `app_id` that spoke last."""
    return (
        sa.select(Follower)
        .join(Account, Account.id == Follower.account_id)
        .where(Account.app_id == app_id, Follower.person_id == person_id)
        .order_by(Follower.subscribed.desc(), Follower.spoke_at.desc().nulls_last(), Follower.id)
        .limit(1)
    )


def left(follower: Follower, now: datetime) -> int:
    """How many customer messages may still be sent, and will stay possible longer than a minute."""
    return SPOKE_COUNT - follower.spoke_used if spoke_lately(follower, now) else 0


async def _holder(session: AsyncSession, place: Place) -> Follower:
    return await session.get_one(Follower, place.follower_id, with_for_update=True)
