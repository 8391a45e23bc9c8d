"""Taking in what WeChat tells by itself of articles that were handed in: the event PUBLISHJOBFINISH.

It was answered and kept as a message when it came. Here it is acted on and then emptied: one with a body is
still to be done.
"""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database
from app.jobs.wechat_article_words import ended
from app.wechat.incoming import fields_of
from app.wechat.job_results import publish_result
from models import Message, WeChatArticle, WeChatArticleState
from models.message import PUBLISH_EVENTS

log = structlog.get_logger(__name__)

BATCH: Final = 50
KEPT: Final = timedelta(days=1)  # one of an article that is just being handed in
ASK: Final = timedelta(minutes=2)  # after an event that tells no end


async def take_in(database: Database, clock: Clock) -> None:
    """All that wait. One that fails is logged and comes again."""
    async with database.reading() as session:
        waiting = sa.select(Message.id).where(sa.text(PUBLISH_EVENTS)).order_by(Message.id).limit(BATCH)
        ids = (await session.scalars(waiting)).all()
    for message_id in ids:
        try:
            async with database.transaction() as session:
                await _act(session, message_id, clock)
        except Exception:
            log.exception("publish_event_failed", message=message_id)


async def _act(session: AsyncSession, message_id: int, clock: Clock) -> None:
    """In one transaction with the emptying of the event: a crash between runs it again."""
    event = await session.get(Message, message_id, with_for_update=True, populate_existing=True)
    if event is None or event.body is None:
        return
    result, now = publish_result(fields_of(event.body)), clock.now()
    mine = sa.select(WeChatArticle).where(WeChatArticle.account_id == event.account_id)
    row = await session.scalar(mine.where(WeChatArticle.publish_id == result.publish_id).with_for_update())
    if row is not None:
        ended(row, result, now, again=now + ASK)
    else:
        handing_in = mine.where(WeChatArticle.state == WeChatArticleState.PUBLISHING).limit(1)
        if await session.scalar(handing_in) is not None and now - event.received_at < KEPT:
            return  # it may be quicker than the answer to our call
    event.body = None
