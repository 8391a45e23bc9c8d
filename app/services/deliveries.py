"""Which way an outbox row takes, within WeChat's windows (`windows`), and what becomes of it.

A row is leased and its place in the window reserved in one transaction; sending happens outside
(`app.jobs.deliveries`); then it is settled here. What may not be sent twice is never sent again. A person's
own matter that cannot be sent is owed: it opens their next passive reply (`app.dialogue.owed`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from app.services import (
    activity_feedback,
    appointment_notices,
    board_notices,
    case_news,
    case_notices,
    customer_notices,
    live_notices,
    notices,
    parcels,
    rating_notices,
    windows,
)
from app.services.outbox import LATE_REPLY
from app.services.parcels import Parcel
from app.services.quiet_hours import after_quiet, is_quiet
from app.services.sign_up_notices import CALLED_OFF, CHANGED, HELPED
from app.services.windows import Place
from models import Account, AccountKind, DeliveryState, Follower, Message, MessageState, Outbox, Way
from models.sealing import SealBroken

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)  # real time; longer than one call to WeChat with its repeats
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
    *customer_notices.KINDS,
    *rating_notices.KINDS,
    *activity_feedback.KINDS,
}  # what cannot be sent opens the next reply

BY_TEMPLATE = frozenset({notices.TEST, notices.APPOINTMENT})  # need no window; not kept for the morning

# Written out as in the index: with states that come as parameters neither database would use it, and
# every look would read all that was ever sent.
_WAITING = sa.text("outbox.state IN ('queued', 'sending', 'failed_retry')")
_WORDS_LATER = defer(Outbox.payload, raiseload=True)  # one that no key opens must not stop the others


class Obstacle(StrEnum):
    """Why nothing can be sent to a person now; the values are reasons of rows."""

    NO_OPENID = "no openid on this account"
    NOT_FOLLOWING = "not following"
    NO_RIGHT = "the account may not send customer messages"
    NO_WINDOW = "no open window"
    SPENT = "the window's messages are used up"
    LAST = "the window's last message is held a moment"


@dataclass(frozen=True, slots=True)
class Leased:
    """The earliest due row; without `parcel` it was put off, owed or settled on the spot."""

    parcel: Parcel | None = None


async def anything_due(session: AsyncSession, now: datetime, real_now: datetime, app_id: str) -> bool:
    """Whether `next_due` would find something; the usual "no" costs no lock."""
    due = sa.select(Outbox.id).where(*_due(now, real_now, app_id)).limit(1)
    return await session.scalar(due) is not None


async def next_due(
    session: AsyncSession,
    *,
    token: str,
    now: datetime,
    real_now: datetime,
    app_id: str,
    customer_messages: bool,
) -> Leased | None:
    """Lease the earliest due row and choose its way, for followers of the account `app_id`.

    `customer_messages` tells whether that account has the right. Returns None when nothing is due.
    """
    row = await session.scalar(
        sa.select(Outbox)
        .options(_WORDS_LATER)
        .where(*_due(now, real_now, app_id))
        .order_by(Outbox.due_at, Outbox.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return None
    if row.state is DeliveryState.SENDING:
        # Somebody died or waited too long while sending: it may have arrived.
        await unknown(session, row, "the sender was cut off", now)
        await case_news.sent(session, [row])
        return Leased()
    if _quiet(row, now):
        row.due_at = after_quiet(now)
        return Leased()
    before = row.state
    parcel = await _parcel(session, row, token, now, real_now, app_id, customer_messages)
    if parcel is None and row.state is not before:
        await case_news.sent(session, [row])
    return Leased(parcel)


async def _parcel(
    session: AsyncSession,
    row: Outbox,
    token: str,
    now: datetime,
    real_now: datetime,
    app_id: str,
    customer_messages: bool,
) -> Parcel | None:
    follower = await _follower(session, row, app_id)
    obstacle = _obstacle(follower, customer_messages)
    if obstacle is not None or follower is None:
        await undeliverable(session, row, obstacle or "", now)
        return None
    by_template = row.kind in BY_TEMPLATE
    if not by_template and (until := await parcels.put_off(session, row, follower, now)) is not None:
        row.due_at = until
        return None
    try:
        rows, payload = await parcels.load(session, row)
    except SealBroken as error:
        await unreadable(session, row, str(error), now)
        return None
    place = None if by_template else windows.reserve(follower, now)
    if place is None and not by_template:
        await undeliverable(session, row, Obstacle.NO_WINDOW, now)
        return None
    way = Way.TEMPLATE if by_template else Way.CUSTOMER_MESSAGE
    if any(each.state is DeliveryState.OWED for each in rows):
        follower.version += 1  # a message at work may be telling it: it looks again
    for each in rows:
        each.way, each.state, each.tries = way, DeliveryState.SENDING, each.tries + 1
        each.lease_token, each.lease_until = token, real_now + LEASE
    return Parcel([each.id for each in rows], rows[0].kind, payload, way, follower.openid, token, place)


def _due(
    now: datetime, real_now: datetime, app_id: str
) -> tuple[sa.ColumnElement[bool] | sa.TextClause, ...]:
    """What the sender of the account `app_id` may take: its own followers' rows.

    A row for a person at large is the official account's.
    """
    free = sa.or_(Outbox.lease_until.is_(None), Outbox.lease_until <= real_now)
    own = sa.exists().where(
        Follower.id == Outbox.follower_id, Account.id == Follower.account_id, Account.app_id == app_id
    )
    official = sa.exists().where(Account.app_id == app_id, Account.kind == AccountKind.OFFICIAL)
    return _WAITING, Outbox.due_at <= now, free, sa.or_(own, Outbox.follower_id.is_(None) & official)


def _quiet(row: Outbox, now: datetime) -> bool:
    return not row.urgent and row.kind not in OWN_MATTERS | BY_TEMPLATE and is_quiet(now)


async def _follower(session: AsyncSession, row: Outbox, app_id: str, *, lock: bool = True) -> Follower | None:
    """The openid it must go to, else the person's openid that spoke last."""
    chosen = windows.of_person(app_id, row.person_id)
    if row.follower_id is not None:
        chosen = sa.select(Follower).join(Account, Account.id == Follower.account_id)
        chosen = chosen.where(Account.app_id == app_id, Follower.id == row.follower_id)
    return await session.scalar(chosen.with_for_update(of=Follower) if lock else chosen)


async def obstacle(
    session: AsyncSession, row: Outbox, now: datetime, *, app_id: str, customer_messages: bool
) -> Obstacle | None:
    """What would keep the row from being sent at this moment."""
    # Not locked: who asks holds a case, and messages take the person first and the case then.
    follower = await _follower(session, row, app_id, lock=False)
    found = _obstacle(follower, customer_messages)
    if found is not None or follower is None:
        return found
    if windows.is_open(follower, now):
        return Obstacle.LAST if await parcels.held_until(session, row, follower, now) else None
    return Obstacle.SPENT if windows.spoke_lately(follower, now) else Obstacle.NO_WINDOW


def _obstacle(follower: Follower | None, customer_messages: bool) -> Obstacle | None:
    if follower is None:
        return Obstacle.NO_OPENID
    if not follower.subscribed:
        return Obstacle.NOT_FOLLOWING
    return None if customer_messages else Obstacle.NO_RIGHT


# --- settling -----------------------------------------------------------------------------------------------


async def held(session: AsyncSession, parcel: Parcel) -> Sequence[Outbox]:
    """Its rows, as far as the lease is still ours; the oldest first."""
    chosen = sa.select(Outbox).options(_WORDS_LATER).order_by(Outbox.id)
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
    session: AsyncSession, row: Outbox, place: Place | None, reason: str, now: datetime
) -> None:
    if place is not None:
        await windows.close(session, place)
    await undeliverable(session, row, reason, now)


async def gone(session: AsyncSession, row: Outbox, place: Place | None, reason: str, now: datetime) -> None:
    if place is not None:
        await windows.leave(session, place, now)
    await undeliverable(session, row, reason, now)


async def unknown(session: AsyncSession, row: Outbox, reason: str, now: datetime) -> None:
    """It may have arrived, and a customer message is never sent twice; staff see the row as it is.

    A late answer's message counts as delivered: as an undeliverable one it would be said again.
    """
    _settle(row, DeliveryState.UNKNOWN, reason, now)
    await _tell_message(session, row, MessageState.DELIVERED)


async def failed(session: AsyncSession, row: Outbox, place: Place | None, reason: str, now: datetime) -> None:
    """Nothing was sent, and it will never work as it is: owed, or else shown to staff."""
    await _give_back(session, place)
    if not await _owe(session, row, reason):
        _settle(row, DeliveryState.FAILED, reason, now)


async def unreadable(
    session: AsyncSession, row: Outbox, reason: str, now: datetime, place: Place | None = None
) -> None:
    """There are no words that anybody could be told; shown to staff."""
    await _give_back(session, place)
    _settle(row, DeliveryState.FAILED, reason, now)
    await _tell_message(session, row, MessageState.UNDELIVERABLE)


async def again(
    session: AsyncSession,
    row: Outbox,
    place: Place | None,
    reason: str,
    now: datetime,
    *,
    after: timedelta = timedelta(),
) -> None:
    """Nothing was sent; try in a while, `after` at the earliest, and give up in the end."""
    if row.tries >= GIVE_UP_AFTER:
        await failed(session, row, place, reason, now)
        return
    await _give_back(session, place)
    pause = max(after, BACKOFF[min(row.tries, len(BACKOFF)) - 1])
    _wait(row, reason, now + pause)


async def reworded(
    session: AsyncSession, row: Outbox, place: Place | None, payload: Any, reason: str, now: datetime
) -> None:
    """Nothing was sent, and something else can be: at once."""
    await _give_back(session, place)
    row.payload = payload
    _wait(row, reason, now)


async def _give_back(session: AsyncSession, place: Place | None) -> None:
    if place is not None:
        await windows.give_back(session, place)


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
