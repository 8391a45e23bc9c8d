"""Sending what is due: lease a row, call WeChat outside any transaction, settle it by what WeChat said."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database
from app.services import case_news, deliveries, delivery_ends
from app.services.deliveries import Leased
from app.services.parcels import Parcel, Taken
from app.wechat import errors
from app.wechat.api import messages as wire
from app.wechat.client import WeChatClient
from app.wechat.replies import (
    Image,
    Music,
    News,
    Nothing,
    Reply,
    Text,
    Transfer,
    Video,
    Voice,
    fit,
    from_store,
    one_article,
    to_store,
)
from models import Outbox, Way

log = structlog.get_logger(__name__)

OPERATOR_ACTS = timedelta(minutes=5)  # the least pause where somebody must put something right first
ASKED_AGAIN = (1.0, 5.0)  # seconds before a notice of unknown outcome goes out again; with its key, once
SETTLE_TRIES = 8
SETTLE_PAUSE = 1.0  # seconds; together less than the lease
MEDIA_GONE = Text(
    "您要的内容里有图片或音视频，现在发不出来。请稍后再问一次，或回复「人工」找我们的工作人员。"
)


class Sender:
    """Sends outbox rows for one account. `customer_messages`: whether the account has the right.

    `notice_page`: where a notice of the mini-program leads, a page of its own; our path is told to it.
    """

    def __init__(
        self,
        database: Database,
        client: WeChatClient,
        clock: Clock,
        *,
        customer_messages: bool,
        notice_page: str = "",
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._database, self._client, self._clock = database, client, clock
        self._notice_page = notice_page
        self._customer_messages, self._pause = customer_messages, pause

    async def send_due(self) -> int:
        """Send what is due; returns how many rows were looked at."""
        count = 0
        while await to_the_end(self._one()):
            count += 1
        return count

    async def _one(self) -> bool:
        """Lease a row and bring it where it goes; false when nothing is due."""
        leased = await self._lease()
        if leased is not None and leased.parcel is not None:
            await self._send(leased.parcel)
        return leased is not None

    async def _lease(self) -> Leased | None:
        now, real_now = self._clock.now(), self._clock.real_now()
        async with self._database.reading() as session:
            if not await deliveries.anything_due(session, now, real_now, self._client.app_id):
                return None
        async with self._database.transaction() as session:
            return await deliveries.next_due(
                session,
                token=secrets.token_hex(8),
                now=now,
                real_now=real_now,
                app_id=self._client.app_id,
                customer_messages=self._customer_messages,
            )

    async def _send(self, parcel: Parcel) -> None:
        error: Exception | None = None
        try:
            await self._hand_over(parcel)
        except errors.WeChatError as refused:
            error = refused
            operator = isinstance(refused, errors.NotAllowed | errors.OurMistake)
            (log.error if operator else log.warning)(
                "delivery_refused", kind=parcel.kind, outbox=parcel.outbox_id, error=str(refused)
            )
        except ValueError as unreadable:
            error = unreadable
            log.error("delivery_unreadable", kind=parcel.kind, outbox=parcel.outbox_id, error=str(unreadable))
        await self._note(parcel, error)

    async def _hand_over(self, parcel: Parcel) -> None:
        if parcel.way is Way.CUSTOMER_MESSAGE:
            await self._client.messages.send(wire.CustomerMessage(parcel.openid, content_of(parcel.payload)))
            return
        if parcel.way is Way.MINIPROGRAM:
            await self._tell_in_miniprogram(parcel)
            return
        for pause in ASKED_AGAIN:
            try:
                await self._tell(parcel)
            except errors.OutcomeUnknown:
                await self._pause(pause)
            else:
                return
        await self._tell(parcel)

    async def _tell(self, parcel: Parcel) -> None:
        """By a template; its key lets WeChat tell a second try from a second notice."""
        told, once = parcel.payload, f"outbox-{parcel.outbox_id}"
        to, template, data = parcel.openid, told["template_id"], told["data"]
        if parcel.way is Way.TEMPLATE:
            await self._client.templates.send(to, template, data, client_msg_id=once)
        else:
            await self._client.notices.send(to, template, data, client_msg_id=once, page=told["page"])

    async def _tell_in_miniprogram(self, parcel: Parcel) -> None:
        """Once: WeChat would take a second try for a second notice."""
        told, page = parcel.payload, ""
        if self._notice_page:
            page = f"{self._notice_page}?to={quote(told['page'], safe='')}"
        to, template = parcel.openid, told["template_id"]
        await self._client.notices.send_in_miniprogram(to, template, told["data"], page=page)

    async def _note(self, parcel: Parcel, error: Exception | None) -> None:
        """Keep what came of it."""

        async def put_down(session: AsyncSession) -> None:
            now = self._clock.now()  # one for all: it tells later what went together
            rows = await delivery_ends.held(session, parcel)
            for index, row in enumerate(rows):
                taken = None if index else parcel.taken  # one message took one
                await self._settle(session, row, taken, parcel.payload, error, now)
            await case_news.sent(session, rows)

        await insist(self._database, put_down, pause=self._pause)

    async def _settle(
        self,
        session: AsyncSession,
        row: Outbox,
        taken: Taken | None,
        payload: Any,
        error: Exception | None,
        now: datetime,
    ) -> None:
        reason = str(error)
        match error:
            case None:
                await delivery_ends.delivered(session, row, now)
            case errors.TryLater():
                pause = timedelta(seconds=error.retry_after_seconds)
                await delivery_ends.again(session, row, taken, reason, now, after=pause)
            case errors.QuotaUsedUp():  # `until` is real time
                pause = max(error.until - self._clock.real_now(), OPERATOR_ACTS)
                await delivery_ends.again(session, row, taken, reason, now, after=pause)
            case errors.NotAllowed() | errors.TokenRejected():
                told = timedelta(seconds=getattr(error, "retry_after_seconds", None) or 0)
                await delivery_ends.again(session, row, taken, reason, now, after=max(told, OPERATOR_ACTS))
            case errors.WindowClosed() | errors.AllowanceUsed() | errors.NotSubscribed():
                await delivery_ends.exhausted(session, row, taken, reason, now)
            case errors.PersonGone():
                await delivery_ends.gone(session, row, taken, reason, now)
            case errors.PersonUnreachable():
                await delivery_ends.undeliverable(session, row, reason, now)
            case errors.OutcomeUnknown():
                await delivery_ends.unknown(session, row, reason, now)
            case errors.MediaGone() if _has_media(payload):
                await delivery_ends.reworded(session, row, taken, to_store(MEDIA_GONE), reason, now)
            case errors.WeChatError():
                await delivery_ends.failed(session, row, taken, reason, now)
            case _:
                await delivery_ends.unreadable(session, row, reason, now, taken)


async def insist(
    database: Database,
    work: Callable[[AsyncSession], Awaitable[None]],
    *,
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Put down what came of something. A database that is away for seconds must not make it "unknown"."""
    for left in reversed(range(SETTLE_TRIES)):
        try:
            async with database.transaction() as session:
                await work(session)
        except Exception as away:
            log.warning("settling_failed", error=type(away).__name__)
            if not left:
                raise
            await pause(SETTLE_PAUSE)
        else:
            return


async def to_the_end(work: Coroutine[Any, Any, bool]) -> bool:
    """What has been leased is sent and settled, even when we are told to stop meanwhile."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


def _has_media(payload: Any) -> bool:
    return "type" in payload and not isinstance(content_of(payload), wire.Text)


def content_of(payload: Any) -> wire.Content:
    """A stored reply as a customer message: one article, text within its length.

    Raises:
        ValueError: it is no stored reply.
    """
    if not isinstance(payload, dict):
        raise ValueError("nothing to send is stored")
    reply: Reply = from_store(payload)
    match reply:
        case Text(content):
            return wire.Text(fit(content))
        case Image(media_id):
            return wire.Image(media_id)
        case Voice(media_id):
            return wire.Voice(media_id)
        case Music():
            return wire.Music(reply.title, reply.description, reply.url, reply.thumb_media_id, reply.hq_url)
        case News(articles) if articles:
            return _one_article(reply)
        case Video():  # as a customer message it needs a cover, which a passive one has not
            return wire.Text(MEDIA_GONE.content)
        case Transfer() | Nothing() | News():
            return wire.Text("您的消息已收到。")


def _one_article(news: News) -> wire.Content:
    """Only one may be sent: it names the others. One that leads nowhere goes as text."""
    (article,) = one_article(news).articles
    if article.url and article.title:
        return wire.News(article.title, article.description, article.url, article.picture)
    return wire.Text(fit("\n".join(filter(None, [article.title, article.description])) or "您的消息已收到。"))
