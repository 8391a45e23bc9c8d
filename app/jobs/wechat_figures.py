"""Fetching WeChat's statistics: a few calls a round, day by day, until all that is told is here.

One process at a time, by lease; each answer is kept by a transaction of its own, so that a stop loses
nothing. What WeChat refuses makes the rest wait: for a while, for the next day's calls, or for the next
morning.
"""

import secrets
from datetime import date, datetime, timedelta
from typing import Final

import sqlalchemy as sa
import structlog

from app.clock import Clock
from app.database import Database
from app.jobs.budgets import midnight
from app.services import wechat_figures
from app.services.coordination import give_back, take_lease, upsert
from app.wechat.advice import advice
from app.wechat.api.statistics import StatisticsApi, Table
from app.wechat.errors import NotAllowed, OurMistake, QuotaUsedUp, WeChatError
from models import WeChatCourse, WeChatTable

log = structlog.get_logger(__name__)

AT_ONCE: Final = 20  # calls of one round
LEASE_SECONDS: Final = 120
AGAIN: Final = tuple(timedelta(minutes=each) for each in (1, 5, 15, 30, 60))
NOT_COUNTED: Final = 61503
TABLES: Final = {
    WeChatTable.READS: Table.READS,
    WeChatTable.SHARES: Table.SHARES,
    WeChatTable.ARTICLES: Table.ARTICLES,
    WeChatTable.FOLLOWERS: Table.FOLLOWERS,
    WeChatTable.FOLLOWERS_IN_ALL: Table.FOLLOWERS_IN_ALL,
}


class FigureFetcher:
    def __init__(self, database: Database, api: StatisticsApi, clock: Clock, account_id: int) -> None:
        self._database, self._api, self._clock, self._account = database, api, clock, account_id
        self._holder, self._lease = secrets.token_hex(8), f"wechat-figures:{account_id}"

    async def run(self) -> int:
        """What is due, at most `AT_ONCE` calls of it; how many days' figures came."""
        course = await self._course()
        if course is None:  # from the next morning on
            await self._put(wechat_figures.next_morning(self._clock.now()), "", 0)
            return 0
        if course.due_at > self._clock.now():
            return 0
        if not await self._alone():
            return 0
        try:
            return await self._some(course.tries)
        finally:
            async with self._database.transaction() as session:
                await give_back(session, self._lease, self._holder)

    async def _some(self, tries: int) -> int:
        async with self._database.reading() as session:
            wanted = await wechat_figures.due(session, self._account, self._clock.now())
        done = 0
        for what, day in wanted[:AT_ONCE]:
            if done and not await self._alone():  # slow as a round may be, nobody else begins one
                return done
            try:
                await self._fetch(what, day)
            except WeChatError as error:
                log.warning("statistics_not_fetched", table=what.value, day=str(day), error=str(error))
                await self._wait(error, 0 if done else tries)
                return done
            done += 1
        if len(wanted) <= AT_ONCE:
            await self._put(wechat_figures.next_morning(self._clock.now()), "", 0)
        return done

    async def _fetch(self, what: WeChatTable, day: date) -> None:
        """Raises: WeChatError, if the answer is worth waiting for."""
        try:
            rows = await self._api.rows(TABLES[what], day)
        except OurMistake as error:
            # No such day for WeChat: it must not keep the others waiting.
            log.warning("statistics_refused", table=what.value, day=str(day), error=str(error))
            rows = ()
        async with self._database.transaction() as session:
            await wechat_figures.keep(session, self._account, what, day, rows, self._clock.now())

    async def _wait(self, error: WeChatError, tries: int) -> None:
        now = self._clock.now()
        if isinstance(error, QuotaUsedUp):
            await self._put(midnight(self._clock), "今天的调用次数用完了，明天接着取", 0)
        elif isinstance(error, NotAllowed):
            await self._put(wechat_figures.next_morning(now), advice(error)[:200], 0)
        else:
            again = AGAIN[min(tries, len(AGAIN) - 1)]
            words = "微信还没有统计好" if error.errcode == NOT_COUNTED else "微信没有回应"
            await self._put(now + again, f"{words}，过一会儿再取", tries + 1)

    # --- rows

    async def _course(self) -> WeChatCourse | None:
        async with self._database.reading() as session:
            mine = sa.select(WeChatCourse).where(WeChatCourse.account_id == self._account)
            found: WeChatCourse | None = await session.scalar(mine)
            return found

    async def _alone(self) -> bool:
        async with self._database.transaction() as session:
            now = self._clock.real_now()
            return await take_lease(session, self._lease, self._holder, seconds=LEASE_SECONDS, now=now)

    async def _put(self, due_at: datetime, reason: str, tries: int) -> None:
        async with self._database.transaction() as session:
            told = {"due_at": due_at, "reason": reason, "tries": tries}
            course = upsert(session, WeChatCourse).values(account_id=self._account, **told)
            await session.execute(course.on_conflict_do_update(index_elements=["account_id"], set_=told))
