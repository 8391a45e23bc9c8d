"""Giving each follower the one tag of ours that decides which menu WeChat shows.

WeChat looks at the tag given last. So with another tag `app.services.tags.give_again` is called in the same
transaction, and ours is taken and given anew. `Follower.menu_tag` holds what WeChat knows: None nothing,
n the tag gh-menu-n, -n the same but no longer the last, 0 another tag was given while ours was on its way.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
import structlog

from app.clock import Clock, civil_date
from app.database import Database
from app.menus import revisions
from app.menus.buttons import tag_name
from app.menus.file import read_unchecked
from app.services import tags
from app.services.audience_rows import is_meant
from app.services.audiences import Audience
from app.services.coordination import give_back, take_lease
from app.wechat.api.tags import TagsApi
from app.wechat.client import WeChatClient
from app.wechat.errors import OurMistake, PartlyDone, PersonUnreachable, WeChatError
from models import Follower, Lease, MenuLook

log = structlog.get_logger(__name__)

BATCH = 50  # openids in one call
PAGE = 500
LEASE = "menu-tags"  # one process at a time
LEASE_SECONDS = 300.0
SWEEP = "menu-tags-sweep"  # all followers were looked at; not again before it runs out
SWEEP_SECONDS = 40.0
PAUSES = (0.0, 0.3, 1.0)  # seconds before each try of who cannot wait for the round; most are over in no time

TagCall = Callable[[int, Sequence[str]], Awaitable[None]]


class Whom(Protocol):
    """Somebody whose tags change."""

    @property
    def follower_id(self) -> int: ...

    @property
    def openid(self) -> str: ...


Change = TypeVar("Change", bound=Whom)


@dataclass(frozen=True)
class Tagged:
    given: int = 0
    taken: int = 0
    finished: bool = True  # False: WeChat or another process was busy; call again later
    busy: bool = False  # it was another process


@dataclass(frozen=True)
class _Change:
    follower_id: int
    openid: str
    have: int | None
    want: int | None

    @property
    def to_take(self) -> int | None:
        """The tag to take away first: another one, or the same that must become the last."""
        return abs(self.have) or self.want if self.have is not None else None


async def tag_followers(
    database: Database,
    client: WeChatClient,
    clock: Clock,
    account_id: int,
    follower_ids: Sequence[int] | None = None,
) -> Tagged:
    """Make WeChat's tags what the live menus ask for: these followers, or every one that differs.

    All followers are looked at within each minute by one process for all, since who binds himself or leaves
    shall see it so soon; a call in between does nothing. 200,000 take the database a tenth of a second.
    """
    if follower_ids is None and not await _sweep_due(database, clock):
        return Tagged()
    holder = secrets.token_hex(8)
    if not await hold(database, LEASE, holder, LEASE_SECONDS, clock):
        return Tagged(finished=False, busy=True)
    round_ = _Round(database, client, clock, account_id)
    try:
        finished = await round_.run(follower_ids, lambda: hold(database, LEASE, holder, LEASE_SECONDS, clock))
        if finished and follower_ids is None:
            await hold(database, SWEEP, holder, SWEEP_SECONDS, clock)
        return Tagged(round_.given, round_.taken, finished)
    except WeChatError as error:
        log.warning("menu_tags.stopped", error=str(error), given=round_.given, taken=round_.taken)
        return Tagged(round_.given, round_.taken, finished=False)
    finally:
        async with database.transaction() as session:
            await give_back(session, LEASE, holder)


async def tag_due(database: Database, client: WeChatClient, clock: Clock, account_id: int) -> Tagged:
    """Those of whom somebody said that they may see another menu, and after them all, when that is due."""
    async with database.reading() as session:
        found = await session.execute(sa.select(MenuLook.follower_id, MenuLook.at).limit(PAGE))
        looks = found.all()
    if looks:
        done = await tag_followers(database, client, clock, account_id, [each.follower_id for each in looks])
        if not done.finished:
            return done
        async with database.transaction() as session:
            for each in looks:  # one that was said again meanwhile stays
                seen = (MenuLook.follower_id == each.follower_id, MenuLook.at == each.at)
                await session.execute(sa.delete(MenuLook).where(*seen))
    return await tag_followers(database, client, clock, account_id)


async def tag_now(
    database: Database, client: WeChatClient, clock: Clock, account_id: int, follower_ids: Sequence[int]
) -> Tagged:
    """The same for a few followers, at once, by the process that changed their tags.

    A wake-up would reach the rounds of other processes only where there is Redis. What cannot be done now is
    left to the next round, as for whoever binds himself.
    """
    done = Tagged(finished=False)
    for pause in PAUSES:
        await asyncio.sleep(pause)
        done = await tag_followers(database, client, clock, account_id, follower_ids)
        if not done.busy:
            break
    if not done.finished:
        async with database.transaction() as session:
            await tags.look_at(session, follower_ids, clock.now())
    return done


async def _sweep_due(database: Database, clock: Clock) -> bool:
    async with database.reading() as session:
        until = await session.scalar(sa.select(Lease.until).where(Lease.name == SWEEP))
    return until is None or until <= clock.real_now()


async def hold(database: Database, name: str, holder: str, seconds: float, clock: Clock) -> bool:
    async with database.transaction() as session:
        return await take_lease(session, name, holder, seconds=seconds, now=clock.real_now())


async def tag_id(tags: TagsApi, name: str) -> int:
    """WeChat's number of the tag called `name`, made when there is none."""
    for tag in await tags.list():
        if tag.name == name:
            return tag.id
    return (await tags.create(name)).id


class _Round:
    """One pass over followers; counts go on even when it is broken off."""

    def __init__(self, database: Database, client: WeChatClient, clock: Clock, account_id: int) -> None:
        self._database, self._clock = database, clock
        self._tags = client.tags
        self._account_id = account_id
        self._ids: dict[int, int] = {}
        self.given = 0
        self.taken = 0

    async def run(self, follower_ids: Sequence[int] | None, renew: Callable[[], Awaitable[bool]]) -> bool:
        audiences = await self._audiences()
        async for changes in self._pages(audiences, follower_ids):
            if not await renew():
                return False
            await self._take(changes)
            await self._give(changes)
        return True

    async def _audiences(self) -> list[Audience]:
        async with self._database.reading() as session:
            revision = await revisions.live(session)
        return [each.when for each in read_unchecked(revision.text).menus_for] if revision else []

    async def _pages(
        self, audiences: Sequence[Audience], follower_ids: Sequence[int] | None
    ) -> AsyncIterator[list[_Change]]:
        last = 0
        want = _wanted(audiences, civil_date(self._clock.now()))
        differing = sa.select(Follower.id, Follower.openid, Follower.menu_tag, want.label("want")).where(
            Follower.account_id == self._account_id,
            Follower.subscribed,
            Follower.menu_tag.is_distinct_from(want),
        )
        if follower_ids is not None:
            differing = differing.where(Follower.id.in_(follower_ids))
        while True:
            async with self._database.reading() as session:
                page = differing.where(Follower.id > last).order_by(Follower.id).limit(PAGE)
                rows = (await session.execute(page)).all()
            if not rows:
                return
            last = rows[-1].id
            yield [_Change(row.id, row.openid, row.menu_tag, row.want) for row in rows]

    async def _take(self, changes: Sequence[_Change]) -> None:
        for number, group in _grouped(changes, lambda change: change.to_take):
            tag = await self._tag(number)
            for batch in _batches(group):
                done = await reached(self._tags.untag, tag, batch)
                self.taken += len(done)
                await self._record(done, lambda change: change.have, None)
        nothing_known = [each for each in changes if each.have == 0 and each.want is None]
        await self._record(nothing_known, lambda change: 0, None)

    async def _give(self, changes: Sequence[_Change]) -> None:
        for number, group in _grouped(changes, lambda change: change.want):
            tag = await self._tag(number)
            for batch in _batches(group):
                done = await reached(self._tags.tag, tag, batch)
                self.given += len(done)
                await self._record(done, lambda change: None, number)

    async def _tag(self, number: int) -> int:
        if number not in self._ids:
            self._ids[number] = await tag_id(self._tags, tag_name(number))
        return self._ids[number]

    async def _record(
        self, done: Sequence[_Change], before: Callable[[_Change], int | None], after: int | None
    ) -> None:
        """Only where nobody changed it meanwhile: `give_again` must not be forgotten."""
        async with self._database.transaction() as session:
            for value in {before(change) for change in done}:
                ids = [change.follower_id for change in done if before(change) == value]
                unchanged = Follower.menu_tag.is_(None) if value is None else Follower.menu_tag == value
                mine = sa.update(Follower).where(Follower.id.in_(ids), unchanged)
                await session.execute(mine.values(menu_tag=after))


def _wanted(audiences: Sequence[Audience], today: date) -> sa.ColumnElement[Any]:
    """The menu each follower should see, worked out by the database."""
    cases = [(is_meant(audience, today), sa.literal(number)) for number, audience in enumerate(audiences, 1)]
    nothing = sa.cast(sa.null(), sa.Integer)
    return sa.case(*cases, else_=nothing) if cases else nothing


def _grouped(
    changes: Sequence[_Change], number: Callable[[_Change], int | None]
) -> list[tuple[int, list[_Change]]]:
    groups: dict[int, list[_Change]] = {}
    for change in changes:
        of = number(change)
        if of is not None:
            groups.setdefault(of, []).append(change)
    return sorted(groups.items())


def _batches(changes: Sequence[_Change]) -> list[Sequence[_Change]]:
    return [changes[start : start + BATCH] for start in range(0, len(changes), BATCH)]


async def reached(call: TagCall, tag: int, changes: Sequence[Change]) -> list[Change]:
    """For whom the call worked. One who is gone or full of tags must not keep 49 others waiting."""
    try:
        await call(tag, [change.openid for change in changes])
    except PartlyDone as error:
        return [change for change in changes if change.openid not in error.fail_openids]
    except (PersonUnreachable, OurMistake) as error:
        if len(changes) == 1:
            log.warning("menu_tags.skipped", follower=changes[0].follower_id, error=str(error))
            return []
        half = len(changes) // 2
        return [*await reached(call, tag, changes[:half]), *await reached(call, tag, changes[half:])]
    return list(changes)
