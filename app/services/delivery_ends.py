"""What became of a row: delivered, owed, tried again, given up; what was taken and not used goes back.

A person's own matter that cannot be sent is owed: it opens their next passive reply (`app.dialogue.owed`).
What may have arrived is never sent again from here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from app.services import (
    activity_feedback,
    appointment_notices,
    board_notices,
    case_notices,
    clarification_notices,
    comment_notices,
    customer_notices,
    live_notices,
    notice_consents,
    rating_notices,
    windows,
)
from app.services.notice_consents import Yes
from app.services.outbox import LATE_REPLY
from app.services.parcels import Parcel, Taken
from app.services.sign_up_notices import CALLED_OFF, CHANGED, HELPED
from app.services.windows import Place
from models import DeliveryState, Follower, Message, MessageState, Outbox, Way

log = structlog.get_logger(__name__)

BACKOFF = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
GIVE_UP_AFTER = 12  # tries: some four hours
OWN_MATTERS = frozenset({LATE_REPLY, *case_notices.KINDS})  # told at any hour
TO_BE_OWED = OWN_MATTERS | {
    CALLED_OFF,
    CHANGED,
    HELPED,
    live_notices.CALLED_OFF,
    live_notices.CHANGED,
    appointment_notices.MOVED,
    appointment_notices.CALLED_OFF,
    *board_notices.OF_WRITERS,
    *clarification_notices.KINDS,
    *comment_notices.KINDS,
    *customer_notices.KINDS,
    *rating_notices.KINDS,
    *activity_feedback.KINDS,
}  # what cannot be sent opens the next reply


WORDS_LATER = defer(Outbox.payload, raiseload=True)  # one that no key opens must not stop the others


async def held(session: AsyncSession, parcel: Parcel) -> Sequence[Outbox]:
    """Its rows, as far as the lease is still ours; the oldest first."""
    chosen = sa.select(Outbox).options(WORDS_LATER).order_by(Outbox.id)
    ours = (Outbox.id.in_(parcel.outbox_ids), Outbox.lease_token == parcel.lease_token)
    return (await session.scalars(chosen.where(*ours).with_for_update())).all()


async def delivered(session: AsyncSession, row: Outbox, now: datetime) -> None:
    _settle(row, DeliveryState.DELIVERED, "", now)
    await _tell_message(session, row, MessageState.DELIVERED)


async def undeliverable(session: AsyncSession, row: Outbox, reason: str, now: datetime) -> None:
    """No way to this person now: their own matters open the next passive reply, all else is over."""
    if await _owe(session, row, reason):
        return
    row.way = Way.PORTAL
    _settle(row, DeliveryState.SKIPPED, reason, now)


async def exhausted(
    session: AsyncSession, row: Outbox, taken: Taken | None, reason: str, now: datetime
) -> None:
    if isinstance(taken, Place):
        await windows.close(session, taken)
    if isinstance(taken, Yes):
        await notice_consents.spent(session, taken)
    await undeliverable(session, row, reason, now)


async def gone(session: AsyncSession, row: Outbox, taken: Taken | None, reason: str, now: datetime) -> None:
    if isinstance(taken, Place):
        await windows.leave(session, taken, now)
    await undeliverable(session, row, reason, now)


async def unknown(session: AsyncSession, row: Outbox, reason: str, now: datetime) -> None:
    """It may have arrived, and is not sent twice; staff see the row as it is.

    A late answer's message counts as delivered: as an undeliverable one it would be said again.
    """
    _settle(row, DeliveryState.UNKNOWN, reason, now)
    await _tell_message(session, row, MessageState.DELIVERED)


async def failed(session: AsyncSession, row: Outbox, taken: Taken | None, reason: str, now: datetime) -> None:
    """Nothing was sent, and it will never work as it is: owed, or else shown to staff."""
    await _give_back(session, taken)
    if not await _owe(session, row, reason):
        _settle(row, DeliveryState.FAILED, reason, now)


async def unreadable(
    session: AsyncSession, row: Outbox, reason: str, now: datetime, taken: Taken | None = None
) -> None:
    """There are no words that anybody could be told; shown to staff."""
    await _give_back(session, taken)
    _settle(row, DeliveryState.FAILED, reason, now)
    await _tell_message(session, row, MessageState.UNDELIVERABLE)


async def again(
    session: AsyncSession,
    row: Outbox,
    taken: Taken | None,
    reason: str,
    now: datetime,
    *,
    after: timedelta = timedelta(),
) -> None:
    """Nothing was sent; try in a while, `after` at the earliest, and give up in the end."""
    if row.tries >= GIVE_UP_AFTER:
        await failed(session, row, taken, reason, now)
        return
    await _give_back(session, taken)
    pause = max(after, BACKOFF[min(row.tries, len(BACKOFF)) - 1])
    _wait(row, reason, now + pause)


async def reworded(
    session: AsyncSession, row: Outbox, taken: Taken | None, payload: Any, reason: str, now: datetime
) -> None:
    """Nothing was sent, and something else can be: at once."""
    await _give_back(session, taken)
    row.payload = payload
    _wait(row, reason, now)


async def _give_back(session: AsyncSession, taken: Taken | None) -> None:
    if isinstance(taken, Place):
        await windows.give_back(session, taken)
    if isinstance(taken, Yes):
        await notice_consents.give_back(session, taken)


async def _owe(session: AsyncSession, row: Outbox, reason: str) -> bool:
    """Let the row wait for a reply to open (`app.dialogue.owed`); false where nobody waits for it."""
    if row.kind not in TO_BE_OWED or row.person_id is None:
        return False
    if row.kind == LATE_REPLY and not await _tell_message(session, row, MessageState.UNDELIVERABLE):
        return False
    row.state, row.way, row.reason = DeliveryState.OWED, None, reason[:200]
    row.lease_token, row.lease_until = None, None
    # A message of theirs that is at work read that nothing is owed: it is stale now and looks again.
    theirs = sa.select(Follower).where(Follower.person_id == row.person_id).order_by(Follower.id)
    for follower in await session.scalars(theirs.with_for_update()):
        follower.version += 1
    return True


def _wait(row: Outbox, reason: str, due_at: datetime) -> None:
    row.state, row.due_at, row.reason = DeliveryState.FAILED_RETRY, due_at, reason[:200]
    row.lease_token, row.lease_until = None, None


def _settle(row: Outbox, state: DeliveryState, reason: str, now: datetime) -> None:
    row.state, row.reason, row.settled_at = state, reason[:200], now
    row.lease_token, row.lease_until = None, None
    if row.urgent and state is not DeliveryState.DELIVERED:
        log.error("urgent_not_delivered", kind=row.kind, outbox=row.id, state=state.value, reason=reason)


async def _tell_message(session: AsyncSession, row: Outbox, state: MessageState) -> bool:
    """A late answer's message takes part in its fate; only a deferred one. False where there is none."""
    if row.kind != LATE_REPLY or row.message_id is None:
        return False
    before = [MessageState.DEFERRED]
    if state is MessageState.DELIVERED:  # an answer that could not be read, and that staff sent again
        before.append(MessageState.UNDELIVERABLE)
    told = await session.scalar(
        sa.update(Message)
        .where(Message.id == row.message_id, Message.state.in_(before))
        .values(state=state)
        .returning(Message.id)
    )
    return told is not None
