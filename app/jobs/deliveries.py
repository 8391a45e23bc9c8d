"""Sending what is due: lease a row, call WeChat outside any transaction, settle it by what WeChat said."""

import secrets
from datetime import timedelta
from typing import Any

import structlog

from app.clock import Clock
from app.database import Database
from app.services import deliveries
from app.services.deliveries import Parcel
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
)
from models import Outbox

log = structlog.get_logger(__name__)

AT_ONCE = 50  # rows in one round; the next round comes in seconds


class Sender:
    """Sends outbox rows for one account. `customer_messages`: whether the account has the right."""

    def __init__(
        self, database: Database, client: WeChatClient, clock: Clock, *, customer_messages: bool
    ) -> None:
        self._database, self._client, self._clock = database, client, clock
        self._customer_messages = customer_messages

    async def send_due(self) -> int:
        """Send what is due; returns how many rows were tried."""
        for count in range(AT_ONCE):
            async with self._database.transaction() as session:
                parcel = await deliveries.next_due(
                    session,
                    token=secrets.token_hex(8),
                    now=self._clock.now(),
                    real_now=self._clock.real_now(),
                    customer_messages=self._customer_messages,
                )
            if parcel is None:
                return count
            await self._send(parcel)
        return AT_ONCE

    async def _send(self, parcel: Parcel) -> None:
        error: errors.WeChatError | None = None
        try:
            await self._client.messages.send(wire.CustomerMessage(parcel.openid, content_of(parcel.payload)))
        except errors.WeChatError as refused:
            error = refused
            log.warning("delivery_refused", kind=parcel.kind, outbox=parcel.outbox_id, error=str(refused))
        async with self._database.transaction() as session:
            row = await deliveries.held(session, parcel)
            if row is not None:
                await self._settle(session, row, error)

    async def _settle(self, session: Any, row: Outbox, error: errors.WeChatError | None) -> None:
        now = self._clock.now()
        reason = str(error)
        match error:
            case None:
                await deliveries.delivered(session, row, now)
            case errors.TryLater():
                pause = timedelta(seconds=error.retry_after_seconds)
                await deliveries.again(session, row, reason, now, after=pause)
            case errors.QuotaUsedUp():
                await deliveries.again(session, row, reason, now, after=error.until - now)
            case errors.WindowClosed() | errors.AllowanceUsed():
                await deliveries.exhausted(session, row, reason, now)
            case errors.PersonUnreachable():
                await deliveries.gone(session, row, reason, now)
            case errors.OutcomeUnknown():
                await deliveries.unknown(session, row, reason, now)
            case errors.NotAllowed() | errors.TokenRejected():
                await deliveries.again(session, row, reason, now, after=timedelta(minutes=5))
            case _:
                await deliveries.failed(session, row, reason, now)


def content_of(payload: Any) -> wire.Content:
    """A stored reply as a customer message: one article, text within its length."""
    reply: Reply = from_store(payload)
    match reply:
        case Text(content):
            return wire.Text(fit(content))
        case Image(media_id):
            return wire.Image(media_id)
        case Voice(media_id):
            return wire.Voice(media_id)
        case Video():
            return wire.Video(reply.media_id, reply.media_id, reply.title, reply.description)
        case Music():
            return wire.Music(reply.title, reply.description, reply.url, reply.thumb_media_id, reply.hq_url)
        case News(articles):
            first = articles[0]
            return wire.News(first.title, first.description, first.url, first.picture)
        case Transfer() | Nothing():
            return wire.Text("您的消息已收到。")
