"""Sending campaigns: those that are due begin, everybody meant gets a row, each row is brought to its end.

Any number of processes may do it: rows and orders are taken up by lease, and WeChat is called outside of any
transaction. What a killed process leaves behind, another goes on with.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database
from app.jobs import campaign_results
from app.jobs.campaign_drafts import Drafter
from app.jobs.campaign_messages import back, bring
from app.jobs.campaign_notices import Group
from app.jobs.deliveries import insist, to_the_end
from app.services import (
    campaign_articles,
    campaign_course,
    campaign_drafts,
    campaign_notices,
    campaign_rows,
    campaign_words,
    campaigns,
    mass_orders,
)
from app.services.campaign_drafts import Lay
from app.services.campaign_notices import Due, Notice
from app.services.campaign_rows import End, Ready
from app.services.mass_orders import Given
from app.services.quiet_hours import after_quiet
from app.wechat import errors
from app.wechat.advice import advice
from app.wechat.api import messages as wire
from app.wechat.api.mass import Articles, MassContent, MassReceipt
from app.wechat.client import WeChatClient
from models import Campaign, CampaignState, CampaignWay, DeliveryState

log = structlog.get_logger(__name__)

AT_ONCE: Final = 20  # calls to WeChat
LOOKED_AT: Final = 200  # of the last messages that were tried
TOO_MANY: Final = 20  # of these that failed; more than a tenth, too
REST: Final = timedelta(minutes=5)  # where WeChat wants no more now
TEMPLATE_GONE: Final = "选用的通知模板在微信上没有了，或者改作别的通知。请取消，另选模板再写一条。"
NOT_AS_APPROVED: Final = "恢复成审批时的样子再点「继续」，或者取消，另写一条。"
MOST_TRIES: Final = 5  # of an order whose draft somebody deletes
Onward = Callable[[], Awaitable[bool]]  # what is leased goes out, outside of the transaction
S, D = CampaignState, DeliveryState
# Whether one that was tried failed.
TRIED: Final = {D.DELIVERED: False, D.FAILED: True, D.UNKNOWN: True, D.FAILED_RETRY: True}


class Campaigner:
    """`messages`: the account may send customer messages; `mass`: mass messages to lists of people;
    `notices`: subscription notices.
    """

    def __init__(
        self,
        database: Database,
        client: WeChatClient,
        clock: Clock,
        drafter: Drafter,
        *,
        messages: bool,
        mass: bool,
        notices: bool,
    ) -> None:
        self._database, self._client, self._clock = database, client, clock
        self._drafter = drafter
        self._may = {CampaignWay.MESSAGE: messages, CampaignWay.MASS: mass, CampaignWay.NOTICE: notices}
        self._may[CampaignWay.ARTICLE] = mass
        self._last: dict[int, deque[bool]] = {}  # of a campaign: whether the last ones failed

    async def run(self) -> int:
        """All that can be done now; returns how many campaigns were looked at."""
        now = self._clock.now()
        async with self._database.reading() as session:
            is_due = await campaign_course.anything_due(session, now)
        if is_due:
            async with self._database.transaction() as session:
                await campaign_course.begin_due(session, now)
        async with self._database.reading() as session:
            ids = await campaign_course.list_at_work(session, now)
        for campaign_id in ids:
            try:
                await self._one(campaign_id)
            except Exception:  # the others must not wait for it
                log.exception("campaign_failed", campaign=campaign_id)
        await campaign_results.hear(self._database, self._clock)
        await self._drafter.clear_left()
        return len(ids)

    async def _one(self, campaign_id: int) -> None:
        """Until there is nothing to do for it now."""
        while await self._fill(campaign_id):
            continue
        while await to_the_end(self._step(campaign_id)):
            continue
        async with self._database.transaction() as session:
            row = await campaigns.lock(session, campaign_id)
            if row.state is S.CANCELLED:
                await mass_orders.call_off(session, row, self._clock.now(), self._clock.real_now())
                await campaign_rows.call_off(session, row, self._clock.now(), self._clock.real_now())
            elif row.state is S.SENDING and row.filled_at is not None:
                waits = await campaign_rows.anything_waits(session, row.id)
                if not waits and not await mass_orders.anything_open(session, row):
                    await campaign_course.finish(session, row, self._clock.now())
                    self._last.pop(row.id, None)
        if row.state is S.FINISHED:
            log.info("campaign_finished", campaign=row.public_id)

    async def _fill(self, campaign_id: int) -> bool:
        async with self._database.transaction() as session:
            row = await campaigns.lock(session, campaign_id)
            if row.state is not S.SENDING or row.filled_at is not None:
                return False
            now = self._clock.now()
            if await campaign_rows.fill(session, row, now):
                return True
            if row.way.is_by_order:
                while await mass_orders.make(session, row, now):
                    continue
            return False

    async def _step(self, campaign_id: int) -> bool:
        """The next few messages, or the next order; false when nothing is to be done now."""
        now, token = self._clock.now(), secrets.token_hex(8)
        async with self._database.transaction() as session:
            row = await campaigns.lock(session, campaign_id)
            if row.state is not S.SENDING or (row.rests_until is not None and row.rests_until > now):
                return False
            if (morning := after_quiet(now)) != now:
                row.rests_until = morning
                return False
            if not self._may[row.way]:
                await self._stop(session, row, f"这个账号没有发{row.way.label}的权限。", now)
                return False
            match row.way:
                case CampaignWay.NOTICE:
                    onward = await self._lease_notices(session, row, token, now)
                case CampaignWay.MASS:
                    onward = await self._lease_order(session, row, token, now)
                case CampaignWay.ARTICLE:
                    onward = await self._lease_articles(session, row, token, now)
                case CampaignWay.MESSAGE:
                    onward = await self._lease_messages(session, row, token, now)
        return onward is not None and await onward()

    async def _lease_messages(
        self, session: AsyncSession, row: Campaign, token: str, now: datetime
    ) -> Onward | None:
        words = campaign_words.words_of(row, await campaign_words.article_of(session, row, now))
        ready, more = await campaign_rows.lease(session, row, token, AT_ONCE, now, self._clock.real_now())
        return partial(self._send, row.id, ready, token, words) if more else None

    async def _lease_order(
        self, session: AsyncSession, row: Campaign, token: str, now: datetime
    ) -> Onward | None:
        words = campaign_words.words_of(row, await campaign_words.article_of(session, row, now))
        given = await mass_orders.lease(session, row, token, now, self._clock.real_now())
        return partial(self._order, row.id, given, token, wire.Text(words)) if given is not None else None

    async def _lease_articles(
        self, session: AsyncSession, row: Campaign, token: str, now: datetime
    ) -> Onward | None:
        """The next draft, or, when all lie there, the next order: of what was approved, and nothing else."""
        if why := await campaign_articles.why_not(session, row, now):
            await self._stop(session, row, f"{why}{NOT_AS_APPROVED}", now)
            return None
        real_now = self._clock.real_now()
        if (lay := await campaign_drafts.lease(session, row, token, now, real_now)) is not None:
            return partial(self._lay, row.id, lay, token)
        if await campaign_drafts.any_missing(session, row):
            return None
        given = await mass_orders.lease(session, row, token, now, real_now)
        if given is None:
            return None
        return partial(self._order, row.id, given, token, Articles(given.draft_id or ""))

    async def _lease_notices(
        self, session: AsyncSession, row: Campaign, token: str, now: datetime
    ) -> Onward | None:
        notice = await campaign_notices.notice_of(session, row, now)
        if notice is None:
            await self._stop(session, row, TEMPLATE_GONE, now)
            return None
        real_now = self._clock.real_now()
        ready, more = await campaign_notices.lease(session, row, notice, token, now, real_now)
        return partial(self._notify, row.id, notice, ready, token) if more else None

    # --- notices ---

    async def _notify(self, campaign_id: int, notice: Notice, ready: Sequence[Due], token: str) -> bool:
        group = Group(self._client, notice, ready)
        await group.send()
        now, hold = self._clock.now(), group.hold
        goes_wrong = self._is_going_wrong(campaign_id, [end.state for end in group.ends.values()])

        async def put_down(session: AsyncSession) -> None:
            row = await campaigns.lock(session, campaign_id)  # before its rows, as everywhere
            await campaign_notices.settle(session, token, ready, group.ends, now, self._clock.real_now())
            await self._after(session, row, hold, now, goes_wrong=goes_wrong)

        await insist(self._database, put_down)
        if goes_wrong:
            self._last.pop(campaign_id, None)
        return hold is None and not goes_wrong

    # --- one by one ---

    async def _send(self, campaign_id: int, ready: Sequence[Ready], token: str, words: str) -> bool:
        ends = dict(await asyncio.gather(*(bring(self._client, each, words) for each in ready)))
        now = self._clock.now()
        hold = next((end for end in ends.values() if isinstance(end, errors.WeChatError)), None)
        settled = {key: end if isinstance(end, End) else back(ready, key) for key, end in ends.items()}
        states = [end.state for end in settled.values()]
        goes_wrong = hold is None and self._is_going_wrong(campaign_id, states)

        async def put_down(session: AsyncSession) -> None:
            row = await campaigns.lock(session, campaign_id)  # before its rows, as everywhere
            await campaign_rows.settle(session, token, settled, now)
            await self._after(session, row, hold, now, goes_wrong=goes_wrong)

        await insist(self._database, put_down)
        if goes_wrong:
            self._last.pop(campaign_id, None)
        return hold is None

    async def _after(
        self,
        session: AsyncSession,
        row: Campaign,
        hold: errors.WeChatError | None,
        now: datetime,
        *,
        goes_wrong: bool,
    ) -> None:
        if hold is not None:
            await self._hold(session, row, hold, now)
        elif goes_wrong and row.state is S.SENDING:
            await self._stop(session, row, "失败太多，自动暂停。请看原因，处理好再继续。", now)

    def _is_going_wrong(self, campaign_id: int, states: Sequence[DeliveryState]) -> bool:
        last = self._last.setdefault(campaign_id, deque(maxlen=LOOKED_AT))
        last.extend(TRIED[state] for state in states if state in TRIED)
        return sum(last) >= TOO_MANY and sum(last) * 10 > len(last)

    # --- by order ---

    async def _lay(self, campaign_id: int, lay: Lay, token: str) -> bool:
        """The draft of an order. Nobody can have got anything of it yet."""
        error, draft_id = None, None
        try:
            draft_id = await self._drafter.lay(lay)
        except errors.WeChatError as refused:
            error = refused
            log.warning("campaign_draft_refused", order=lay.order_id, error=str(refused))
        now = self._clock.now()
        async with self._database.transaction() as session:
            row = await campaigns.lock(session, campaign_id)
            order = await campaign_drafts.held(session, lay, token)
            is_over = order is None and await campaign_drafts.is_over(session, lay)
            if order is not None and error is None:
                campaign_drafts.laid(order, draft_id, now)
            if order is not None and error is not None:
                is_lost = isinstance(error, errors.OutcomeUnknown)
                may = is_lost or lay.may_lie_there
                due_at = now + mass_orders.AGAIN if is_lost else now
                campaign_drafts.again(order, str(error), due_at, may_lie_there=may)
                if not is_lost:
                    await self._hold(session, row, error, now)
        if is_over and draft_id is not None:  # called off meanwhile
            await self._drafter.clear(draft_id)
        return True

    async def _order(self, campaign_id: int, given: Given, token: str, content: MassContent) -> bool:
        """Reprints stop (the default): WeChat could put another text in their place than was approved."""
        error: errors.WeChatError | None = None
        receipt = MassReceipt(0)
        try:
            receipt = await self._client.mass.to_openids(given.openids, content, client_msg_id=given.key)
        except errors.WeChatError as refused:
            error = refused
            log.warning("mass_order_refused", order=given.order_id, error=str(refused))
        now = self._clock.now()
        async with self._database.transaction() as session:
            row = await campaigns.lock(session, campaign_id)
            order = await mass_orders.held(session, given, token)
            if order is None:
                return True
            match error:
                case None:
                    await mass_orders.accepted(
                        session, order, receipt.msg_id, now, msg_data_id=receipt.msg_data_id
                    )
                case errors.OutcomeUnknown() | errors.TryLater():
                    pause = max(
                        mass_orders.AGAIN, timedelta(seconds=getattr(error, "retry_after_seconds", 0))
                    )
                    mass_orders.again(order, str(error), now + pause)
                case errors.QuotaUsedUp() | errors.NotAllowed() | errors.TokenRejected():
                    mass_orders.refused(order, given, str(error), now)
                    await self._hold(session, row, error, now)
                    return False
                case errors.AwaitsAdmin():
                    mass_orders.again(order, str(error), now)
                    await self._hold(session, row, error, now)
                    return False
                case errors.MediaGone() if given.draft_id and not given.is_first:
                    # It leaves the box when it is sent, and that may be what the lost call did.
                    await mass_orders.end(session, order, D.UNKNOWN, mass_orders.DRAFT_GONE, now)
                case errors.MediaGone() if given.draft_id and order.tries < MOST_TRIES:
                    campaign_drafts.lost(order)
                    mass_orders.refused(order, given, str(error), now + mass_orders.AGAIN)
                case _:
                    await mass_orders.end(session, order, D.FAILED, str(error), now)
                    if row.state is S.SENDING:
                        await self._stop(session, row, f"微信没有接受：{advice(error)}", now)
                    return False
        return True

    async def _hold(
        self, session: AsyncSession, row: Campaign, error: errors.WeChatError, now: datetime
    ) -> None:
        """WeChat takes no more of it just now: it rests for a while, or until somebody looks."""
        if row.state is not S.SENDING:
            return
        if isinstance(error, errors.TryLater):
            row.rests_until = now + max(REST, timedelta(seconds=error.retry_after_seconds))
            row.reason = f"微信要求慢一点，稍后自动继续（{error.errcode}）。"
            return
        said = "这一类发送的次数用完了" if isinstance(error, errors.QuotaUsedUp) else advice(error)
        await self._stop(session, row, f"微信不让再发：{said}。处理好再点「继续」。", now)

    async def _stop(self, session: AsyncSession, row: Campaign, why: str, now: datetime) -> None:
        campaigns.stop(session, row, why, campaigns.BY_ITSELF, now)
        await campaign_course.tell_owner(session, row, f"群发「{row.title}」停在中途。{why}", now)
