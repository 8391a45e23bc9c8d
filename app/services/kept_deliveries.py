"""What was told in confidence, as staff look through it: how many of a day, and what was not sent.

An id stands between two others, whose rows have times; so none is shown, nor in which order these were
written: who reads the log must not find by it when somebody was told something about his case, and who that
may be. Notices to staff about such cases are among them (`staff_notices`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import start_of_day
from app.errors import NotFound
from app.services import delivery_log
from app.services.delivery_log import IS_LISTED, LATELY, STATES, is_confidential
from models import DeliveryState, Outbox
from models.sealing import keyring

DAYS: Final = 14
READ: Final = 5000  # of the newest rows, to count those of a day
SHOWN: Final = 200
NOT_SENT: Final = (DeliveryState.FAILED, DeliveryState.FAILED_RETRY, DeliveryState.UNKNOWN)


State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Day(Generic[State]):
    begins_at: datetime
    counts: Mapping[State, int]


@dataclass(frozen=True, slots=True)
class Unsent:
    """One that did not go out, under a name that tells nothing of its place."""

    name: str
    state: DeliveryState
    reason: str  # in words
    day: datetime
    kept_because: str  # why it is not sent again; empty where it may be

    @property
    def state_label(self) -> str:
        return STATES[self.state]


async def list_days(session: AsyncSession, now: datetime) -> list[Day[DeliveryState]]:
    """The last days on which there were any, the newest first."""
    newest = sa.select(Outbox.id).order_by(Outbox.id.desc()).limit(READ).subquery()
    chosen = sa.select(Outbox.created_at, Outbox.state).join(newest, newest.c.id == Outbox.id)
    rows = await session.execute(chosen.where(is_confidential, Outbox.created_at >= first_day(now)))
    return by_day((at, state) for at, state in rows)


def first_day(now: datetime) -> datetime:
    """When the first of the days begins that are told of."""
    return start_of_day(now) - timedelta(days=DAYS - 1)


def by_day(rows: Iterable[tuple[datetime, State]]) -> list[Day[State]]:
    """The days on which there were any, the newest first."""
    found: dict[datetime, Counter[State]] = {}
    for at, state in rows:
        found.setdefault(start_of_day(at), Counter())[state] += 1
    return [Day(day, found[day]) for day in sorted(found, reverse=True)]


async def list_unsent(session: AsyncSession, now: datetime) -> list[Unsent]:
    """Those of the last days, the newest day first, and within one in no order."""
    found = [
        Unsent(
            _name(row.id),
            row.state,
            delivery_log.in_words(row.reason),
            start_of_day(row.created_at),
            delivery_log.why_kept(row.state, row.kind),
        )
        for row in await _unsent(session, now)
    ]
    return sorted(found, key=lambda each: (-each.day.timestamp(), each.name))


async def count_lately(session: AsyncSession, state: DeliveryState, now: datetime) -> int:
    """Of those that `delivery_log.count_lately` counts."""
    counted = delivery_log.lately(state, now).where(is_confidential)
    return int(await session.scalar(counted) or 0)


async def send_again(session: AsyncSession, name: str, now: datetime) -> None:
    """As `delivery_log.send_again`. Raises: NotFound; DomainError."""
    for row in await _unsent(session, now):
        if _name(row.id) == name:
            await delivery_log.send_again(session, row.id, now, in_confidence=True)
            return
    raise NotFound("没有找到这条发送记录，可能已经重发。")


async def _unsent(session: AsyncSession, now: datetime) -> Sequence[Any]:
    chosen = sa.select(Outbox.id, Outbox.state, Outbox.reason, Outbox.kind, Outbox.created_at)
    lately = sa.func.coalesce(Outbox.settled_at, Outbox.created_at) > now - LATELY
    chosen = chosen.where(Outbox.state.in_(NOT_SENT), IS_LISTED, lately, is_confidential)
    return (await session.execute(chosen.order_by(Outbox.id.desc()).limit(SHOWN))).all()


def _name(outbox_id: int) -> str:
    return keyring().digest(str(outbox_id), "kept-delivery").hex()[:24]
