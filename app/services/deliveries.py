"""Which way an outbox row takes: within WeChat's windows (`windows`), or by a notice that was agreed to.

A row is leased and its place in the window reserved in one transaction; sending happens outside
(`app.jobs.deliveries`). Not here: what becomes of it then (`delivery_ends`).
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import leave_work
from app.services import case_news, delivery_ends, notice_consents, notices, parcels, windows
from app.services.delivery_ends import OWN_MATTERS, WORDS_LATER
from app.services.parcels import Parcel, Taken
from app.services.quiet_hours import after_quiet, is_quiet
from models import Account, AccountKind, DeliveryState, Follower, Outbox, Way
from models.sealing import SealBroken

LEASE = timedelta(seconds=60)  # real time; longer than one call to WeChat with its repeats
BY_TEMPLATE = frozenset({notices.TEST, notices.APPOINTMENT})  # need no window; not kept for the morning
# The same notice to the same person under the same key is told once within 10 minutes, says WeChat, so that
# one whose sender died may go out again. A little less is relied on.
KEYED = frozenset({Way.TEMPLATE, Way.SUBSCRIPTION})
KEYED_FOR = timedelta(minutes=8)

# Written out as in the index: with states that come as parameters neither database would use it, and
# every look would read all that was ever sent.
_WAITING = sa.text("outbox.state IN ('queued', 'sending', 'failed_retry')")


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
        .options(WORDS_LATER)
        .where(*_due(now, real_now, app_id))
        .order_by(Outbox.due_at, Outbox.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return None
    if row.state is DeliveryState.SENDING and _is_told_once(row, real_now):
        return Leased(await _once_more(session, row, token, real_now, app_id, now))
    if row.state is DeliveryState.SENDING:
        # Somebody died or waited too long while sending: it may have arrived.
        await delivery_ends.unknown(session, row, "the sender was cut off", now)
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
        await _elsewhere(session, row, obstacle or "", now)
        return None
    by_template = row.kind in BY_TEMPLATE
    if not by_template and (until := await parcels.put_off(session, row, follower, now)) is not None:
        row.due_at = until
        return None
    try:
        rows, payload = await parcels.load(session, row)
    except SealBroken as error:
        await delivery_ends.unreadable(session, row, str(error), now)
        return None
    taken: Taken | None = None if by_template else windows.reserve(follower, now)
    way = Way.TEMPLATE if by_template else Way.CUSTOMER_MESSAGE
    if taken is None and not by_template:
        told = await notice_consents.use(session, follower, row.kind, payload)
        if told is None:
            await _elsewhere(session, row, Obstacle.NO_WINDOW, now)
            return None
        way, taken, payload = told.way, told.yes, told.payload
    if any(each.state is DeliveryState.OWED for each in rows):
        follower.version += 1  # a message at work may be telling it: it looks again
    for each in rows:
        each.way, each.state, each.tries = way, DeliveryState.SENDING, each.tries + 1
        each.lease_token, each.lease_until = token, real_now + LEASE
    return Parcel([each.id for each in rows], rows[0].kind, payload, way, follower.openid, token, taken)


async def _elsewhere(session: AsyncSession, row: Outbox, reason: str, now: datetime) -> None:
    """Hand it over to the mini-program's sender, where the person has agreed to that there; else it ends."""
    if row.follower_id is None and row.person_id is not None and row.kind in notices.SUBSCRIBED:
        row.follower_id = await notice_consents.in_miniprogram(session, row.person_id, row.kind)
        if row.follower_id is not None:
            leave_work(session)
            return
    await delivery_ends.undeliverable(session, row, reason, now)


def _is_told_once(row: Outbox, real_now: datetime) -> bool:
    """Whether WeChat would still know the notice again that its last sender may have sent."""
    return row.way in KEYED and row.lease_until is not None and real_now < row.lease_until - LEASE + KEYED_FOR


async def _once_more(
    session: AsyncSession, row: Outbox, token: str, real_now: datetime, app_id: str, now: datetime
) -> Parcel | None:
    """The notice of a sender that died, the same way and under the same key."""
    follower, words = await _follower(session, row, app_id), None
    with suppress(SealBroken):
        _, words = await parcels.load(session, row)
    told = None
    if follower is not None and row.way is Way.SUBSCRIPTION:
        told = await notice_consents.use(session, follower, row.kind, words, again=True)
        words = told.payload if told is not None else None
    if follower is None or words is None:
        await delivery_ends.unknown(session, row, "the sender was cut off", now)
        return None
    row.tries += 1
    row.lease_token, row.lease_until = token, real_now + LEASE
    taken = told.yes if told is not None else None
    assert row.way is not None
    return Parcel([row.id], row.kind, words, row.way, follower.openid, token, taken)


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
