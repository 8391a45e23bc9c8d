"""Posts whose words are still to be checked: leased, asked about outside of any transaction, and settled.

A verdict is kept only while the lease under which it was asked for is still the row's: words that were
changed meanwhile are checked anew. Nothing gets public by a verdict. Not here: asking WeChat (a job).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.board_notices import writer_of
from app.services.forgetting import change
from models import Account, BoardCheck, BoardPost, BoardState, Follower

LEASE: Final = timedelta(minutes=1)  # real time; longer than one call with its repeats
BACKOFF: Final = (timedelta(seconds=20), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30))
# Written as in the index.
_AHEAD: Final = sa.text("board_post.check_due_at IS NOT NULL")


@dataclass(frozen=True, slots=True)
class Asked:
    """One leased post, all of it read before the network is touched."""

    post_id: int
    token: str
    tries: int  # this one included
    title: str
    text: str
    name: str
    openid: str  # of the writer in the mini-program; empty where there is none


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is written down; with `again_at` it is asked about once more then."""

    verdict: BoardCheck
    said: str = ""
    marks: Sequence[str] = ()
    again_at: datetime | None = None


async def is_any_due(session: AsyncSession, now: datetime, real_now: datetime) -> bool:
    return await session.scalar(_due(now, real_now)) is not None


async def lease(session: AsyncSession, app_id: str, now: datetime, real_now: datetime) -> Asked | None:
    """The next post that is due, held until `LEASE` has passed. `app_id` is the mini-program's, or empty."""
    found = await session.scalar(_due(now, real_now).with_for_update(skip_locked=True))
    if found is None:
        return None
    post = await session.get_one(BoardPost, found)
    token = secrets.token_hex(8)
    held = {"lease_token": token, "lease_until": real_now + LEASE, "check_tries": BoardPost.check_tries + 1}
    await change(session, sa.update(BoardPost).where(BoardPost.id == found).values(held))
    openid = await _openid(session, post, app_id)
    return Asked(found, token, post.check_tries + 1, post.title, post.text, post.name, openid)


async def settle(session: AsyncSession, asked: Asked, verdict: Verdict) -> bool:
    """Write it down; false where the lease was lost or the words are others by now."""
    values = {
        "verdict": BoardCheck.WAITING if verdict.again_at else verdict.verdict,
        "check_said": verdict.said[:200],
        "marks": list(verdict.marks),
        "check_due_at": verdict.again_at,
        "lease_token": None,
        "lease_until": None,
    }
    held = sa.update(BoardPost).where(
        BoardPost.id == asked.post_id,
        BoardPost.lease_token == asked.token,
        BoardPost.state == BoardState.PENDING,
    )
    return await change(session, held.values(values)) == 1


def again_after(tries: int) -> timedelta | None:
    """How long to wait before another try; None after the last."""
    return BACKOFF[tries - 1] if tries <= len(BACKOFF) else None


def _due(now: datetime, real_now: datetime) -> sa.Select[int]:
    free = sa.or_(BoardPost.lease_until.is_(None), BoardPost.lease_until <= real_now)
    chosen = sa.select(BoardPost.id).where(_AHEAD, BoardPost.check_due_at <= now, free)
    return chosen.order_by(BoardPost.check_due_at, BoardPost.id).limit(1)


async def _openid(session: AsyncSession, post: BoardPost, app_id: str) -> str:
    """The writer's newest in the mini-program: WeChat checks words only of who was there lately."""
    person_id = writer_of(post)
    if not app_id or person_id is None:
        return ""
    theirs = (
        sa.select(Follower.openid)
        .join(Account, Account.id == Follower.account_id)
        .where(Account.app_id == app_id, Follower.person_id == person_id, Follower.subscribed)
    )
    return await session.scalar(theirs.order_by(Follower.id.desc()).limit(1)) or ""
