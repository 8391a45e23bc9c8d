"""Telling WeChat of the tags that were given to people or taken here; their menu's tag is given again after.

WeChat is asked who carries what by walks (`app.jobs.walking`): it pushes no event about tags. Whoever changes
tags at WeChat holds the lease of `menu_tags`, since two calls about one person at a time are refused.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa
import structlog

from app.clock import Clock
from app.database import Database
from app.jobs import menu_tags
from app.jobs.menu_tags import BATCH, LEASE, LEASE_SECONDS, PAGE, PAUSES, Tagged, hold, reached, tag_id
from app.services import tags
from app.services.coordination import give_back
from app.wechat.api.tags import TagsApi
from app.wechat.client import WeChatClient
from app.wechat.errors import OurMistake, QuotaUsedUp, TryLater, WeChatError
from models import Follower, TagChange

log = structlog.get_logger(__name__)

REFUSED = timedelta(days=1)  # until a change WeChat does not take is tried again
BUSY = timedelta(minutes=1)
NOT_TAKEN = "微信没有接受：标签太多（一共 100 个、每人 20 个），或标签名不合要求"
NOT_REACHED = "微信没有接受：这个人可能已经取消关注"


@dataclass(frozen=True, slots=True)
class _Change:
    id: int
    follower_id: int
    openid: str
    name: str
    given: bool
    at: datetime


async def tag_due(database: Database, client: WeChatClient, clock: Clock, account_id: int) -> Tagged:
    """Changes WeChat does not know of yet, and after them whoever should see another menu."""
    told = await tell(database, client, clock, account_id)
    shown = await menu_tags.tag_due(database, client, clock, account_id)
    return replace(shown, finished=shown.finished and told.finished)


async def tag_now(
    database: Database, client: WeChatClient, clock: Clock, account_id: int, follower_ids: Sequence[int]
) -> Tagged:
    """The same for a few followers, at once, by the process that changed their tags."""
    told = Tagged(finished=False)
    for pause in PAUSES:
        await asyncio.sleep(pause)
        told = await tell(database, client, clock, account_id, follower_ids)
        if not told.busy:
            break
    shown = await menu_tags.tag_now(database, client, clock, account_id, follower_ids)
    return replace(shown, finished=shown.finished and told.finished)


async def tell(
    database: Database,
    client: WeChatClient,
    clock: Clock,
    account_id: int,
    follower_ids: Sequence[int] | None = None,
) -> Tagged:
    """One page of what is due, or what there is of these followers."""
    changes = await _due(database, clock, account_id, follower_ids)
    if not changes:
        return Tagged()
    holder = secrets.token_hex(8)
    if not await hold(database, LEASE, holder, LEASE_SECONDS, clock):
        return Tagged(finished=False, busy=True)
    try:
        finished = True
        for (name, given), group in groupby(changes, key=lambda each: (each.name, each.given)):
            finished &= await _tell(database, client.tags, clock, name, list(group), given=given)
        return Tagged(finished=finished)
    finally:
        async with database.transaction() as session:
            await give_back(session, LEASE, holder)


async def _due(
    database: Database, clock: Clock, account_id: int, follower_ids: Sequence[int] | None
) -> list[_Change]:
    columns = (TagChange.id, TagChange.follower_id, Follower.openid)
    due = (
        sa.select(*columns, TagChange.name, TagChange.given, TagChange.at)
        .join(Follower, Follower.id == TagChange.follower_id)
        .where(TagChange.settled_at.is_(None), Follower.account_id == account_id, Follower.subscribed)
        .order_by(TagChange.name, TagChange.given, TagChange.id)
        .limit(PAGE)
    )
    if follower_ids is None:
        due = due.where(TagChange.due_at <= clock.now())
    else:
        due = due.where(TagChange.follower_id.in_(follower_ids))
    async with database.reading() as session:
        return [_Change(*row) for row in await session.execute(due)]


async def _tell(
    database: Database, api: TagsApi, clock: Clock, name: str, changes: Sequence[_Change], *, given: bool
) -> bool:
    """Changes of one kind of one tag; whether WeChat knows of all of them now."""
    try:
        number = await _number(api, name, given=given)
        done: list[_Change] = []
        for start in range(0, len(changes), BATCH):
            batch = changes[start : start + BATCH]
            if number is None:  # to be taken, and WeChat has no such tag
                done += batch
            else:
                done += await reached(api.tag if given else api.untag, number, batch)
    except WeChatError as error:
        until, reason = _meaning(error, clock.now())
        log.warning("tags_not_told", error=str(error), number=len(changes))
        await _put_off(database, changes, until, reason)
        return False
    await _settle(database, done, clock.now(), given=given)
    missed = [each for each in changes if each not in done]
    await _put_off(database, missed, clock.now() + REFUSED, NOT_REACHED)
    return not missed


async def _number(api: TagsApi, name: str, *, given: bool) -> int | None:
    if given:
        return await tag_id(api, name)
    return next((tag.id for tag in await api.list() if tag.name == name), None)


def _meaning(error: WeChatError, now: datetime) -> tuple[datetime, str]:
    """When to try again, and why it was not done, in words."""
    if isinstance(error, QuotaUsedUp):
        return error.until, "今天的调用次数用完了，明天自动再试"
    if isinstance(error, TryLater):
        return now + max(BUSY, timedelta(seconds=error.retry_after_seconds)), "微信暂时繁忙，稍后自动再试"
    if isinstance(error, OurMistake):
        return now + REFUSED, f"{NOT_TAKEN}（{error.errcode}）"
    return now + BUSY, f"没有办成，稍后自动再试（{error.errcode or '没有答复'}）"


async def _settle(database: Database, done: Sequence[_Change], now: datetime, *, given: bool) -> None:
    if not done:
        return
    async with database.transaction() as session:
        for each in done:  # one that was changed again meanwhile is told again
            known = sa.update(TagChange).where(TagChange.id == each.id, TagChange.at == each.at)
            await session.execute(known.values(settled_at=now, reason=""))
        if given:  # the menu's tag may have been given before this one came to be the last
            ids = sorted({each.follower_id for each in done})
            await tags.give_again(session, ids)
            await tags.look_at(session, ids, now)


async def _put_off(database: Database, missed: Sequence[_Change], until: datetime, reason: str) -> None:
    if not missed:
        return
    later: dict[str, Any] = {"due_at": until, "reason": reason[:200], "tries": TagChange.tries + 1}
    async with database.transaction() as session:
        waiting = sa.update(TagChange).where(TagChange.id.in_([each.id for each in missed]))
        await session.execute(waiting.where(TagChange.settled_at.is_(None)).values(later))
