"""外部渠道: Weibo and outside media that get our articles: adding, changing, stopping them.

Not here: which article goes where, and what became of it (`article_posts`).
"""

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import leave_work
from app.errors import DomainError, NotFound
from app.services.audit import does
from models import ArticleCategory, ArticlePost, Outlet, OutletKind, PostState

MOST: Final = 20
WARNED: Final = timedelta(days=3)  # before a token of Weibo's ends
NOWHERE: Final = "没有这个渠道，可能已经删除。"


class MovedOn(DomainError):
    """Somebody else has saved it meanwhile."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form says. `secret`: Weibo's token; "" keeps the one there is, and a webhook's is made by us."""

    name: str
    url: str
    secret: str
    secret_until: datetime | None
    categories: Sequence[str]
    by_itself: bool
    active: bool


def check_url(url: str, *, development: bool) -> None:
    """Raises: DomainError: nobody outside has that address. In development loopback is the far side."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise DomainError("推送地址看不懂，请从对方给的说明里整个复制过来。") from None
    wanted = {"https", "http"} if development else {"https"}
    if parts.scheme not in wanted or not parts.hostname or port == 0:
        raise DomainError("推送地址要以 https:// 开头。")
    if parts.username or parts.password or parts.fragment:
        raise DomainError("推送地址里不要带用户名、密码和 # 后面的部分；我们用签名证明是谁发的。")
    if not development and is_our_own(parts.hostname):
        raise DomainError("推送地址是这台服务器自己，请填对方的地址。")


def is_our_own(host: str) -> bool:
    """Whether `host`, a name or an address, is this machine or its nearest net: nobody outside is there."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast


async def add(
    session: AsyncSession, kind: OutletKind, filled: Filled, *, by: str, now: datetime, development: bool
) -> Outlet:
    """`secret` of the row is shown to who adds it, and can be made anew. Raises: DomainError."""
    if len(await list_all(session)) >= MOST:
        raise DomainError(f"最多 {MOST} 个渠道，请先删掉不用的。")
    row = Outlet(kind=kind, secret="", since=now, created_at=now, by=by[:64])
    _fill(row, filled, by, now, development=development)
    if kind is OutletKind.WEBHOOK:
        row.secret = new_secret()
    session.add(row)
    await session.flush()
    does(session, "outlets.add", row.public_id, name=row.name, kind=kind.value)
    return row


async def change(
    session: AsyncSession,
    public_id: str,
    filled: Filled,
    *,
    version: int,
    by: str,
    now: datetime,
    development: bool,
) -> Outlet:
    """What waited for a new token goes at once. Raises: NotFound, MovedOn, DomainError."""
    row = await get(session, public_id, lock=True)
    if row.version != version:
        raise MovedOn(f"{row.by} 刚才改过这个渠道，所以没有保存。您填的都还在，请看过再存一次。")
    was_active = row.active
    _fill(row, filled, by, now, development=development)
    if row.active and not was_active:
        row.since = now  # what came out meanwhile does not pour out now
    row.reason = ""
    waits = sa.update(ArticlePost).where(ArticlePost.outlet_id == row.id, ArticlePost.state == PostState.DUE)
    await session.execute(waits.values(due_at=now))
    await session.flush()
    does(session, "outlets.change", row.public_id, name=row.name)
    leave_work(session)
    return row


async def renew_secret(session: AsyncSession, public_id: str, *, by: str, now: datetime) -> Outlet:
    """Another signature from now on. Raises: NotFound: no such webhook."""
    row = await get(session, public_id, lock=True)
    if row.kind is not OutletKind.WEBHOOK:
        raise NotFound(NOWHERE)
    row.secret, row.by, row.changed_at = new_secret(), by[:64], now
    await session.flush()
    does(session, "outlets.renew", row.public_id, name=row.name)
    return row


async def delete(session: AsyncSession, public_id: str) -> str:
    """With the record of what went there. Raises: NotFound."""
    row = await get(session, public_id, lock=True)
    await session.execute(sa.delete(ArticlePost).where(ArticlePost.outlet_id == row.id))
    await session.delete(row)
    await session.flush()
    does(session, "outlets.delete", row.public_id, name=row.name)
    return row.name


def new_secret() -> str:
    return secrets.token_urlsafe(32)


async def list_all(session: AsyncSession) -> Sequence[Outlet]:
    return (await session.scalars(sa.select(Outlet).order_by(Outlet.kind.desc(), Outlet.id))).all()


async def list_active(session: AsyncSession) -> Sequence[Outlet]:
    return (await session.scalars(sa.select(Outlet).where(Outlet.active).order_by(Outlet.id))).all()


async def get(session: AsyncSession, public_id: str, *, lock: bool = False) -> Outlet:
    """Raises: NotFound."""
    chosen = sa.select(Outlet).where(Outlet.public_id == public_id)
    row = await session.scalar(chosen.with_for_update() if lock else chosen)
    if row is None:
        raise NotFound(NOWHERE)
    return row


async def count_in_need(session: AsyncSession, now: datetime) -> int:
    """Outlets that somebody has to look at: nothing gets there, or Weibo's token ends soon."""
    ends_soon = Outlet.secret_until.is_not(None) & (Outlet.secret_until < now + WARNED)
    chosen = sa.select(sa.func.count(Outlet.id)).where(Outlet.active, sa.or_(Outlet.reason != "", ends_soon))
    return await session.scalar(chosen) or 0


def _fill(row: Outlet, filled: Filled, by: str, now: datetime, *, development: bool) -> None:
    name = " ".join(filled.name.split())
    if not 2 <= len(name) <= 40:
        raise DomainError("名称应为 2 到 40 个字。")
    known = {each.value for each in ArticleCategory}
    chosen = [each for each in filled.categories if each in known]
    if row.kind is OutletKind.WEBHOOK:
        check_url(filled.url, development=development)
    elif not (filled.secret or row.secret):
        raise DomainError("请填微博开放平台给的授权（access_token）。")
    elif filled.secret and (filled.secret_until is None or filled.secret_until <= now):
        raise DomainError("请填授权到什么时候为止；微博的授权到期不能自动续，到期前三天会提醒您。")
    row.name, row.by_itself, row.active = name, filled.by_itself, filled.active
    row.url = filled.url if row.kind is OutletKind.WEBHOOK else ""
    row.categories = chosen if chosen and len(chosen) < len(known) else None
    if row.kind is OutletKind.WEIBO and filled.secret:
        row.secret, row.secret_until = filled.secret, filled.secret_until
    row.by, row.changed_at = by[:64], now
