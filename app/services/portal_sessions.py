"""Where a person is signed in: browsers on the portal, phones in the mini-program; and taking that back.

A session of the portal is good while its row is there: taking it away ends it at once, in every process.
What a browser keeps of it is a matter of the portal; tokens of the mini-program are one of `api_sessions`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.services import api_sessions
from app.services.forgetting import Ids, Rule, Where, change
from models import ApiSession, DeviceKind, Follower, PortalSession
from models.sealing import digest_of_random

SESSION_FOR: Final = timedelta(days=1)  # renewing is silent; a phone may change hands or accounts
MINIPROGRAM: Final = "小程序"


@dataclass(frozen=True, slots=True)
class Device:
    """One place where a person is signed in. `key` names it in a form, for its own person only."""

    key: str
    label: str
    started_at: datetime
    is_this: bool = False


async def begin(
    session: AsyncSession, follower_id: int, mark: bytes, device: DeviceKind, now: datetime
) -> None:
    """A browser is signed in; `mark` is the secret that only it keeps."""
    row = PortalSession(
        follower_id=follower_id, mark_digest=digest_of_random(mark), device=device, started_at=now
    )
    session.add(row)
    await session.flush()


async def is_live(session: AsyncSession, follower_id: int, mark: bytes, now: datetime) -> bool:
    """Whether the session with this mark still is one."""
    found = sa.select(PortalSession.id).where(_is_of(mark), PortalSession.follower_id == follower_id)
    return await session.scalar(found.where(PortalSession.started_at > now - SESSION_FOR)) is not None


async def end(session: AsyncSession, mark: bytes) -> None:
    """A browser signs out, or is signed in anew. Without a row there is nothing to do."""
    await session.execute(sa.delete(PortalSession).where(_is_of(mark)))


async def list_devices(session: AsyncSession, person_id: int, mark: bytes, now: datetime) -> list[Device]:
    """Where this person is signed in now: this browser first, then the newest."""
    chosen = sa.select(PortalSession).where(
        PortalSession.follower_id.in_(_followers(person_id)), PortalSession.started_at > now - SESSION_FOR
    )
    own = digest_of_random(mark)
    found = [
        Device(f"portal-{row.public_id}", row.device.label, row.started_at, row.mark_digest == own)
        for row in await session.scalars(chosen)
    ]
    phones = await session.scalars(sa.select(ApiSession).where(*_live_phones(person_id, now)))
    found += [Device(f"phone-{row.id}", MINIPROGRAM, row.started_at) for row in phones]
    return sorted(found, key=lambda each: (not each.is_this, -each.started_at.timestamp(), each.key))


async def revoke(session: AsyncSession, person_id: int, key: str, now: datetime) -> None:
    """Sign one device of this person out. Twice is no error.

    Raises: NotFound: no key of a device.
    """
    kind, _, name = key.partition("-")
    if kind == "portal" and name:
        gone = sa.delete(PortalSession).where(PortalSession.public_id == name)
        await session.execute(gone.where(PortalSession.follower_id.in_(_followers(person_id))))
    elif kind == "phone" and name.isascii() and name.isdecimal() and len(name) < 19:
        phone = sa.select(ApiSession.id).where(ApiSession.id == int(name), *_live_phones(person_id, now))
        if (found := await session.scalar(phone)) is not None:
            await api_sessions.revoke(session, found, now)
    else:
        raise NotFound("没有找到这个登录，可能已经退出。")


async def revoke_others(session: AsyncSession, person_id: int, mark: bytes, now: datetime) -> None:
    """Sign this person out everywhere but in the browser with this mark."""
    theirs = PortalSession.follower_id.in_(_followers(person_id))
    others = sa.delete(PortalSession).where(theirs, PortalSession.mark_digest != digest_of_random(mark))
    await session.execute(others)
    phones = await session.scalars(sa.select(ApiSession.id).where(*_live_phones(person_id, now)))
    for phone in phones.all():
        await api_sessions.revoke(session, phone, now)


def _followers(person_id: int) -> sa.Select[int]:
    return sa.select(Follower.id).where(Follower.person_id == person_id)


def _live_phones(person_id: int, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        ApiSession.follower_id.in_(_followers(person_id)),
        ApiSession.revoked_at.is_(None),
        ApiSession.expires_at > now,
    )


def _is_of(mark: bytes) -> sa.ColumnElement[bool]:
    return PortalSession.mark_digest == digest_of_random(mark)


def _is_over(now: datetime) -> Where:
    return (PortalSession.started_at <= now - SESSION_FOR,)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await change(session, sa.delete(PortalSession).where(PortalSession.id.in_(ids), *_is_over(now)))


forget_old = Rule("portal_sessions", PortalSession.id, _is_over, _forget)
