"""Walking through all followers WeChat has: once at the start (`gonghui adopt`), then every day.

Whom we missed while we were down is met, who left meanwhile takes along what leaving deletes, and people's
tags become what they are at WeChat. A walk is a row: broken off, it goes on where it was. One at a time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from app.clock import Clock
from app.database import Database
from app.jobs.budgets import Budget, NearlyUsedUp
from app.jobs.trails import Busy, Tell, Trail, nobody_listens
from app.services import adopted_articles, leaving, tags, walks
from app.services.adopted_articles import Published
from app.services.walks import PAGE, Compared
from app.wechat.api.publishing import MOST_AT_ONCE, Publication
from app.wechat.api.tags import Tag
from app.wechat.api.users import User
from app.wechat.client import WeChatClient
from app.wechat.errors import NotAllowed, OurMistake, PersonUnreachable, QuotaUsedUp, WeChatError
from models import FOLLOWERS, Walk, WalkKind, WalkStep

log = structlog.get_logger(__name__)

WECHATS_OWN: Final = 2  # and below
LONGEST: Final = 30  # characters of a tag
SOON: Final = timedelta(minutes=10)  # after WeChat did not answer
DETAILS: Final = 100  # openids in one call
LIST_CALL, INFO_CALL = "/cgi-bin/user/get", "/cgi-bin/user/info/batchget"
TAG_CALL, ARTICLES_CALL = "/cgi-bin/user/tag/get", "/cgi-bin/freepublish/batchget"


class Walker:
    """One process's walks; `tell` hears of every page."""

    def __init__(
        self,
        database: Database,
        client: WeChatClient,
        clock: Clock,
        account_id: int,
        tell: Tell = nobody_listens,
    ) -> None:
        self._database, self._client, self._clock = database, client, clock
        self._account_id = account_id
        self._trail = Trail(database, clock, account_id, tell)
        self._budget = Budget(client.base, clock)
        self._their_tags: dict[str, int] | None = None

    async def daily(self) -> bool:
        """The day's walk, if it is due and no adoption is under way; whether it came to its end."""
        if not await self._trail.is_due():
            return False
        try:
            await self.walk(WalkKind.DAILY)
        except (Busy, NearlyUsedUp, WeChatError):
            return False  # its row says when to go on
        return True

    async def walk(self, kind: WalkKind) -> Walk:
        """Go on with the walk that is under way, or begin one; returns at its end.

        Raises:
            Busy: somebody else walks.
            NearlyUsedUp: it must wait for another day; so does QuotaUsedUp.
            WeChatError: WeChat did not do as asked; the row says when to try again.
        """
        await self._trail.hold()
        try:
            walk = await self._trail.open(kind)
            while walk.step is not WalkStep.DONE:
                await self._do(walk)
            return walk
        finally:
            await self._trail.let_go()

    async def _do(self, walk: Walk) -> None:
        steps: dict[WalkStep, Callable[[Walk], Awaitable[None]]] = {
            WalkStep.LIST: self._list,
            WalkStep.MEET: self._meet,
            WalkStep.MISS: self._miss,
            WalkStep.TAGS: self._tags,
            WalkStep.ARTICLES: self._articles,
            WalkStep.TIDY: self._tidy,
        }
        try:
            await steps[walk.step](walk)
        except (NearlyUsedUp, QuotaUsedUp) as used_up:
            await self._trail.wait(walk, used_up.until)
            raise
        except WeChatError as error:
            log.warning("walk_stopped", kind=walk.kind.value, step=walk.step.value, error=str(error))
            await self._trail.wait(walk, self._clock.now() + SOON)
            raise

    # --- the steps

    async def _list(self, walk: Walk) -> None:
        """A page of WeChat's followers."""
        await self._trail.hold()
        await self._budget.spend(LIST_CALL)
        page = await self._client.users.list(walk.cursor)
        await self._stage(FOLLOWERS, page.openids)
        more = bool(page.next_openid and page.openids)
        walk.counts = walk.counts | {"total": page.total}
        await self._trail.keep(walk, cursor=page.next_openid if more else None, listed=len(page.openids))

    async def _stage(self, name: str, openids: Sequence[str]) -> None:
        for start in range(0, len(openids), PAGE):
            async with self._database.transaction() as session:
                await walks.stage(session, self._account_id, name, openids[start : start + PAGE])
            await asyncio.sleep(0)  # messages come first

    async def _meet(self, walk: Walk) -> None:
        """A page of those on the list: whom we do not know is met, who came back is asked about."""
        await self._trail.hold()
        async with self._database.reading() as session:
            page = await walks.list_listed(session, self._account_id, _number(walk.cursor))
        if not page:
            await self._trail.keep(walk)
            return
        now = self._clock.now()
        new = [each.openid for each in page if each.follower_id is None]
        async with self._database.transaction() as session:
            met = await walks.meet_all(session, self._account_id, new, now)
        returned = await self._come_back([each for each in page if _seems_back(each, walk.started_at)])
        await self._trail.keep(walk, cursor=str(page[-1].id), met=met, returned=returned)

    async def _come_back(self, candidates: Sequence[Compared]) -> int:
        returned = 0
        for start in range(0, len(candidates), DETAILS):
            some = candidates[start : start + DETAILS]
            told = await self._ask([each.openid for each in some])
            back = {
                each.follower_id: (each.version, _moment(user.subscribed_at, self._clock.now()))
                for each in some
                if each.follower_id is not None and (user := told.get(each.openid)) and user.subscribed
            }
            async with self._database.transaction() as session:
                returned += await walks.come_back(session, back, self._clock.now())
        return returned

    async def _miss(self, walk: Walk) -> None:
        """A page of ours: who is not on the list is asked about, and has left if WeChat says so again."""
        await self._trail.hold()
        after, since = _number(walk.cursor), walk.started_at
        async with self._database.reading() as session:
            missed, last = await walks.list_ours(session, self._account_id, after, since)
        left = 0
        for start in range(0, len(missed), DETAILS):
            some = missed[start : start + DETAILS]
            told = await self._ask([each.openid for each in some])
            gone = {
                each.id: each.version
                for each in some
                if each.openid not in told or not told[each.openid].subscribed
            }
            async with self._database.transaction() as session:
                left += await leaving.leave(session, gone, self._clock.now())
        await self._trail.keep(walk, cursor=str(last) if last else None, left=left)

    async def _ask(self, openids: Sequence[str]) -> dict[str, User]:
        """What WeChat says of these; of one it does not know, nothing."""
        await self._budget.spend(INFO_CALL)
        try:
            return {user.openid: user for user in await self._client.users.batch_get(openids)}
        except (PersonUnreachable, OurMistake):
            if len(openids) == 1:
                return {}
            half = len(openids) // 2
            return await self._ask(openids[:half]) | await self._ask(openids[half:])

    async def _tags(self, walk: Walk) -> None:
        """One tag: who carries it at WeChat carries it here, and nobody else."""
        await self._trail.hold()
        if self._their_tags is None:
            found = await self._client.tags.list()
            self._their_tags = {tag.name: tag.id for tag in found if _is_peoples(tag)}
        theirs = self._their_tags
        async with self._database.reading() as session:
            ours = await walks.list_names(session, self._account_id)
        waiting = [name for name in sorted(theirs.keys() | set(ours)) if name > walk.cursor]
        if not waiting:
            await self._trail.keep(walk)
            return
        tag = waiting[0]
        tagged, untagged = await self._tag(tag, theirs.get(tag))
        await self._trail.keep(walk, cursor=tag, tags=int(tag in theirs), tagged=tagged, untagged=untagged)

    async def _tag(self, tag: str, number: int | None) -> tuple[int, int]:
        since = self._clock.now() - walks.SURE
        list_name = None if number is None else f"tag:{number}"
        tagged = untagged = after = 0
        if number is not None and list_name is not None:
            await self._list_carriers(number, list_name)
            while True:
                async with self._database.reading() as session:
                    lacking, after = await walks.list_to_give(
                        session, self._account_id, list_name, tag, after, since
                    )
                if not after:
                    break
                async with self._database.transaction() as session:
                    tagged += await walks.give(session, tag, lacking, self._clock.now())
                await self._trail.hold()
        after = 0
        while True:
            async with self._database.reading() as session:
                gone, after = await walks.list_to_take(
                    session, self._account_id, list_name, tag, after, since
                )
            if not after:
                return tagged, untagged
            async with self._database.transaction() as session:
                untagged += await walks.take(session, gone)

    async def _list_carriers(self, number: int, list_name: str) -> None:
        await self._trail.clear(list_name)
        place = ""
        while True:
            await self._trail.hold()
            await self._budget.spend(TAG_CALL)
            page = await self._client.tags.members(number, place)
            await self._stage(list_name, page.openids)
            if not page.next_openid or not page.openids:
                return
            place = page.next_openid

    async def _articles(self, walk: Walk) -> None:
        """A page of what was published; at an adoption all of it, on other days the newest."""
        await self._trail.hold()
        start = _number(walk.cursor)
        try:
            await self._budget.spend(ARTICLES_CALL)
            page = await self._client.publishing.list(start)
        except (NotAllowed, OurMistake) as error:
            log.info("articles_not_listed", error=str(error))
            await self._trail.keep(walk)
            return
        found = [each for item in page.items for each in _published(item, self._clock.now())]
        async with self._database.transaction() as session:
            added = await adopted_articles.keep(session, found, self._clock.now())
        more = walk.kind is WalkKind.ADOPTION and start + len(page.items) < page.total and page.items
        await self._trail.keep(walk, cursor=str(start + MOST_AT_ONCE) if more else None, articles=added)

    async def _tidy(self, walk: Walk) -> None:
        await self._trail.clear()
        await self._trail.end(walk)
        log.info("walk_done", kind=walk.kind.value, **walk.counts)


def _number(cursor: str) -> int:
    return int(cursor or 0)


def _seems_back(each: Compared, since: datetime) -> bool:
    """On the list, though an event told that he left well before it was made."""
    if each.follower_id is None or each.subscribed:
        return False
    return each.unsubscribed_at is None or each.unsubscribed_at < since - walks.SURE


def _moment(seconds: int, otherwise: datetime) -> datetime:
    return datetime.fromtimestamp(seconds, UTC) if seconds else otherwise


def _is_peoples(tag: Tag) -> bool:
    """Neither WeChat's own nor ours for menus, and of a name we can keep."""
    return tag.id > WECHATS_OWN and not tag.name.startswith(tags.OURS) and 1 <= len(tag.name) <= LONGEST


def _published(item: Publication, now: datetime) -> list[Published]:
    return [
        Published(
            source=f"{item.article_id}:{place}",
            title=each.title,
            summary=each.digest,
            author=each.author,
            address=each.url,
            cover=each.thumb_url,
            published_at=_moment(item.updated_at, now)
            - timedelta(milliseconds=place),  # the first comes first
            is_deleted=each.is_deleted,
            source_url=str(each.raw.get("content_source_url") or ""),
        )
        for place, each in enumerate(item.articles, 1)
    ]
