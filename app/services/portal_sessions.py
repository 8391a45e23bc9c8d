"""Where a person is signed in: browsers on the portal, phones in the mini-program; and taking that back.

A session of the portal is good while its row is there: taking it away ends it at once, in every process.
What a browser keeps of it is a matter of the portal; tokens of the mini-program are one of `api_sessions`.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.services import api_sessions
from app.services.forgetting import Ids, Rule, Where, change
from models import ApiSession, DeviceKind, Follower, PortalSession
from models.sealing import digest_of_random, keyring

SESSION_FOR: Final = timedelta(days=1)  # renewing is silent; a phone may change hands or accounts
MINIPROGRAM: Final = "小程序"
NO_SUCH_DEVICE: Final = "没有找到这个登录，可能已经退出。"
_PHONE_KEY: Final = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Device:
    """One place where a person is signed in. `key` names it to its own person only, and tells nothing."""

    key: str
    label: str
    started_at: datetime
    is_this: bool = False


@dataclass(frozen=True, slots=True)
class Here:
    """Where a person looks from: the browser with this mark, or the phone with this session of the API."""

    mark: bytes = b""
    phone_id: int | None = None


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


async def list_devices(session: AsyncSession, person_id: int, here: Here, now: datetime) -> list[Device]:
    """Where this person is signed in now: the place he looks from first, then the newest."""
    chosen = sa.select(PortalSession).where(
        PortalSession.follower_id.in_(_followers(person_id)), PortalSession.started_at > now - SESSION_FOR
    )
    own = digest_of_random(here.mark)
    found = [
        Device(f"portal-{row.public_id}", row.device.label, row.started_at, row.mark_digest == own)
        for row in await session.scalars(chosen)
    ]
    phones = await session.scalars(sa.select(ApiSession).where(*_live_phones(person_id, now)))
    found += [
        Device(f"phone-{_phone_key(row.id)}", MINIPROGRAM, row.started_at, row.id == here.phone_id)
        for row in phones
    ]
    return sorted(found, key=lambda each: (not each.is_this, -each.started_at.timestamp(), each.key))


async def revoke(session: AsyncSession, person_id: int, key: str, now: datetime) -> bool:
    """Sign one device of this person out; False where he is not signed in there, or no more.

    Raises: NotFound: no key of a device.
    """
    kind, _, name = key.partition("-")
    if kind == "portal" and name:
        gone = sa.delete(PortalSession).where(PortalSession.public_id == name)
        theirs = PortalSession.follower_id.in_(_followers(person_id))
        return await change(session, gone.where(theirs)) > 0
    if kind == "phone" and _PHONE_KEY.fullmatch(name):
        phones = await session.scalars(sa.select(ApiSession.id).where(*_live_phones(person_id, now)))
        found = next((phone for phone in phones if _phone_key(phone) == name), None)
        if found is not None:
            await api_sessions.revoke(session, found, now)
        return found is not None
    raise NotFound(NO_SUCH_DEVICE)


async def revoke_others(session: AsyncSession, person_id: int, here: Here, now: datetime) -> None:
    """Sign this person out everywhere but where he looks from."""
    theirs = PortalSession.follower_id.in_(_followers(person_id))
    mark = digest_of_random(here.mark)
    await session.execute(sa.delete(PortalSession).where(theirs, PortalSession.mark_digest != mark))
    phones = await session.scalars(sa.select(ApiSession.id).where(*_live_phones(person_id, now)))
    for phone in phones.all():
        if phone != here.phone_id:
            await api_sessions.revoke(session, phone, now)


def _phone_key(session_id: int) -> str:
    """Instead of the row's number, which would tell how many have logged in."""
    return keyring().digest(str(session_id), "api_session.device").hex()


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
