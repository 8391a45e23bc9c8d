"""Signed in to the API: short access tokens, refresh tokens that are good once, and taking both back.

A phone whose answer was lost may send the same refresh token again within a minute. Later nobody honest still
has it: then the session ends for whoever holds its tokens.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import followers
from app.services.followers import Known
from app.services.forgetting import Ids, Rule, Where, change
from models import ApiSession
from models.sealing import digest_of_random

ACCESS_FOR = timedelta(minutes=30)
REFRESH_FOR = timedelta(days=30)
AGAIN_WITHIN = timedelta(minutes=1)
KEPT_FOR = timedelta(days=30)  # after its end, so that a token of it is known for what it is


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a phone is handed; the seconds count from now."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    access_seconds: int = int(ACCESS_FOR.total_seconds())
    refresh_seconds: int = int(REFRESH_FOR.total_seconds())


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whose access token it is."""

    session_id: int
    known: Known


async def begin(session: AsyncSession, follower_id: int, now: datetime) -> Tokens:
    """A new session for this follower; others of his go on."""
    tokens = _new()
    session.add(
        ApiSession(
            follower_id=follower_id,
            access_digest=digest_of_random(tokens.access),
            access_until=now + ACCESS_FOR,
            refresh_digest=digest_of_random(tokens.refresh),
            started_at=now,
            refreshed_at=now,
            expires_at=now + REFRESH_FOR,
        )
    )
    await session.flush()
    return tokens


async def refresh(session: AsyncSession, token: str, now: datetime) -> Tokens | None:
    """New tokens for a refresh token; None where it is good for nothing.

    No exception then: that it ended a session must be kept.
    """
    digest = digest_of_random(token)
    mine = sa.or_(ApiSession.refresh_digest == digest, ApiSession.before_digest == digest)
    row = await session.scalar(sa.select(ApiSession).where(mine).with_for_update())
    if row is None or row.revoked_at is not None or row.expires_at <= now:
        return None
    if row.before_digest == digest and now - row.refreshed_at > AGAIN_WITHIN:
        row.revoked_at = now
        await session.flush()
        return None
    tokens = _new()
    row.before_digest, row.refresh_digest = digest, digest_of_random(tokens.refresh)
    row.access_digest, row.access_until = digest_of_random(tokens.access), now + ACCESS_FOR
    row.refreshed_at, row.expires_at = now, now + REFRESH_FOR
    await session.flush()
    return tokens


async def find(session: AsyncSession, token: str, now: datetime) -> SignedIn | None:
    """Whose access token this is; None for one that is over, revoked, or of somebody who is gone."""
    row = await session.scalar(
        sa.select(ApiSession).where(
            ApiSession.access_digest == digest_of_random(token),
            ApiSession.access_until > now,
            ApiSession.revoked_at.is_(None),
        )
    )
    known = None if row is None else await followers.find(session, row.follower_id, now)
    return None if row is None or known is None or not known.subscribed else SignedIn(row.id, known)


async def revoke(session: AsyncSession, session_id: int, now: datetime) -> None:
    ended = sa.update(ApiSession).where(ApiSession.id == session_id, ApiSession.revoked_at.is_(None))
    await session.execute(ended.values(revoked_at=now))


def _new() -> Tokens:
    return Tokens(secrets.token_urlsafe(32), secrets.token_urlsafe(32))


def _is_long_over(now: datetime) -> Where:
    return (sa.or_(ApiSession.expires_at <= now - KEPT_FOR, ApiSession.revoked_at <= now - KEPT_FOR),)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await change(session, sa.delete(ApiSession).where(ApiSession.id.in_(ids), *_is_long_over(now)))


forget_old = Rule("api_sessions", ApiSession.id, _is_long_over, _forget)
