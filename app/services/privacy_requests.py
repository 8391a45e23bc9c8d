"""What people ask of us about their own data, and the receipt they get: numbered, and naming nobody."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.services.forgetting import Ids, Rule, Where, change
from app.services.numbers import next_number
from models import PrivacyRequest, RequestKind
from models.sealing import digest_of_random

LINK_FOR = timedelta(minutes=30)
KEPT_FOR = timedelta(days=3 * 365 + 1)


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of data, and what was done with it or why it stays; both Chinese."""

    what: str
    done: str


async def done(
    session: AsyncSession,
    kind: RequestKind,
    person_id: int | None,
    lines: Sequence[Line],
    channel: str,
    now: datetime,
    *,
    is_open: bool = False,
) -> PrivacyRequest:
    """Keep what was asked and done at once, or is to be done by staff where `is_open`.

    `person_id` is None where nobody is behind it any more.
    """
    row = PrivacyRequest(
        number=await next_number(session, "QX", now),
        kind=kind,
        person_id=person_id,
        channel=channel,
        asked_at=now,
        done_at=None if is_open else now,
        outcome=[[line.what, line.done] for line in lines],
    )
    session.add(row)
    await session.flush()
    return row


async def list_own(session: AsyncSession, person_id: int) -> Sequence[PrivacyRequest]:
    """Newest first."""
    chosen = sa.select(PrivacyRequest).where(PrivacyRequest.person_id == person_id)
    return (await session.scalars(chosen.order_by(PrivacyRequest.id.desc()))).all()


async def get(session: AsyncSession, public_id: str) -> PrivacyRequest:
    """Any receipt, by the name nobody can guess. Raises: NotFound."""
    row: PrivacyRequest | None = await session.scalar(
        sa.select(PrivacyRequest).where(PrivacyRequest.public_id == public_id)
    )
    if row is None:
        raise NotFound("没有这张回执，或者已过保存期限。")
    return row


def chosen(kind: RequestKind | None = None) -> sa.Select[PrivacyRequest]:
    """All receipts, or those of one kind, for staff who look at what was asked and done; no order yet."""
    everything = sa.select(PrivacyRequest)
    return everything.where(PrivacyRequest.kind == kind) if kind else everything


async def find_by_number(session: AsyncSession, number: str) -> PrivacyRequest | None:
    found: PrivacyRequest | None = await session.scalar(
        sa.select(PrivacyRequest).where(PrivacyRequest.number == number.strip().upper())
    )
    return found


def lines_of(row: PrivacyRequest) -> list[Line]:
    kept: Any = row.outcome
    return [Line(what, said) for what, said in kept]


# --- the link of an export ---------------------------------------------------------------------------------


def open_link(row: PrivacyRequest, now: datetime) -> str:
    """A secret that opens this export in any browser for half an hour; the one before is void."""
    secret = secrets.token_urlsafe(32)
    row.link_digest, row.link_until = digest_of_random(secret), now + LINK_FOR
    return secret


async def find_by_link(session: AsyncSession, secret: str, now: datetime) -> PrivacyRequest | None:
    """The export this link was made for, while it is good."""
    good = sa.and_(PrivacyRequest.link_digest == digest_of_random(secret), PrivacyRequest.link_until > now)
    row: PrivacyRequest | None = await session.scalar(sa.select(PrivacyRequest).where(good))
    return row


def _is_old(now: datetime) -> Where:
    return (PrivacyRequest.asked_at <= now - KEPT_FOR,)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await change(session, sa.delete(PrivacyRequest).where(PrivacyRequest.id.in_(ids), *_is_old(now)))


forget_old = Rule("privacy_requests", PrivacyRequest.id, _is_old, _forget)
