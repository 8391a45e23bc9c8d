"""What was said in confidence, as staff look through it: of each day how many, and whether any has failed.

As with what was sent in confidence (`kept_deliveries`): an id stands between two others, whose rows have
times; so none is shown, nor in which order these came.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import kept_deliveries, messages
from app.services.audit import does
from app.services.kept_deliveries import Day
from app.services.message_log import is_confidential
from models import Message, MessageState

READ: Final = kept_deliveries.READ  # of the newest rows, to count those of a day
MOST: Final = 200  # run again at once
_FAILED: Final = sa.text("message.state = 'failed'")


@dataclass(frozen=True, slots=True)
class Again:
    queued: int
    reasons: Counter[str]  # why others were not, in words


async def list_days(session: AsyncSession, now: datetime) -> list[Day[MessageState]]:
    """The last days on which there were any, the newest first."""
    newest = sa.select(Message.id).order_by(Message.id.desc()).limit(READ).subquery()
    chosen = sa.select(Message.received_at, Message.state).join(newest, newest.c.id == Message.id)
    since = kept_deliveries.first_day(now)
    rows = await session.execute(chosen.where(is_confidential, Message.received_at >= since))
    return kept_deliveries.by_day((at, state) for at, state in rows)


async def count_failed(session: AsyncSession) -> int:
    chosen = sa.select(sa.func.count(Message.id)).where(_FAILED, is_confidential)
    return int(await session.scalar(chosen) or 0)


async def queue_again(session: AsyncSession, real_now: datetime) -> Again:
    """All that have failed, the oldest `MOST`; as `messages.queue_again`."""
    queued, reasons = 0, Counter[str]()
    for each in await _failed(session):
        (verdict,) = await messages.queue_again(session, each, real_now)
        queued += verdict.queued
        if not verdict.queued:
            reasons[verdict.reason] += 1
    if queued:
        does(session, "messages.retry", "")  # an id among others has their time
    return Again(queued, reasons)


async def _failed(session: AsyncSession) -> Sequence[int]:
    chosen = sa.select(Message.id).where(_FAILED, is_confidential).order_by(Message.id).limit(MOST)
    return (await session.scalars(chosen)).all()
