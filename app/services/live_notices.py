"""What people are told of a broadcast they wanted to be reminded of, and when.

Each is an outbox row in the transaction of its cause; a reminder is a row that is due later, and is taken
back once it is untrue.
"""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, civil_date, spoken
from app.services import outbox
from app.services.addresses import with_page
from app.services.quiet_hours import is_quiet
from models import DeliveryState, LiveSession, LiveVisit, Outbox

REMINDER, CHANGED, CALLED_OFF = "lives.reminder", "lives.changed", "lives.called_off"
KINDS: Final[Mapping[str, str]] = {
    REMINDER: "直播提醒",
    CHANGED: "直播改期",
    CALLED_OFF: "直播取消",
}
SHORTLY_BEFORE: Final = timedelta(minutes=30)
EVENING: Final = time(20, 0)  # of the day before, where half an hour before people sleep


def reminder_at(live: LiveSession, now: datetime) -> datetime | None:
    """Half an hour before, else the evening before; None: too late for either."""
    evening = datetime.combine(civil_date(live.starts_at) - timedelta(days=1), EVENING, SHANGHAI)
    moments = (live.starts_at - SHORTLY_BEFORE, evening)
    return next((each for each in moments if each > now and not is_quiet(each)), None)


def remind(session: AsyncSession, live: LiveSession, visit: LiveVisit, now: datetime) -> datetime | None:
    """When that will be."""
    due_at = reminder_at(live, now)
    if due_at is not None:
        words = f"提醒您：直播「{live.title}」{spoken(live.starts_at, due_at)}开始。"
        _tell(session, REMINDER, live, visit, words, now, due_at)
    return due_at


def changed(session: AsyncSession, live: LiveSession, visit: LiveVisit, now: datetime) -> None:
    when = spoken(live.starts_at, now, read_later=True)
    _tell(session, CHANGED, live, visit, f"直播「{live.title}」改到{when}开始，到时再提醒您。", now)


def called_off(session: AsyncSession, live: LiveSession, visit: LiveVisit, now: datetime) -> None:
    when = spoken(live.starts_at, now, read_later=True)
    _tell(session, CALLED_OFF, live, visit, f"很抱歉，直播「{live.title}」（{when}）取消了。", now)


async def withdraw(session: AsyncSession, visit: LiveVisit, now: datetime, *also: int) -> None:
    """The reminder that has not gone out yet. `also`: who has it meanwhile, two people being one."""
    await session.execute(
        sa.update(Outbox)
        .where(
            Outbox.person_id.in_([visit.person_id, *also]),
            Outbox.kind == REMINDER,
            Outbox.key.startswith(f"live:{visit.id}:", autoescape=True),
            Outbox.state.in_([DeliveryState.QUEUED, DeliveryState.FAILED_RETRY]),
        )
        .values(state=DeliveryState.SKIPPED, reason="no longer true", settled_at=now)
    )


def _tell(
    session: AsyncSession,
    kind: str,
    live: LiveSession,
    visit: LiveVisit,
    words: str,
    now: datetime,
    due_at: datetime | None = None,
) -> None:
    # Whoever takes the wish back and has it again is reminded again: the moment is part of the key.
    mark = f"{live.version}:{int(visit.marked_at.timestamp())}"
    outbox.add(
        session,
        kind,
        key=f"live:{visit.id}:{mark}:{kind.removeprefix('lives.')}",
        to=visit.person_id,
        payload={"type": "text", "content": with_page(words, f"/lives/{live.public_id}")},
        now=now,
        due_at=due_at,
    )
