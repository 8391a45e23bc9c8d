"""How what a case told its person went: by which message, together with what else, and whether it arrived.

One message settles all it carried at the same moment (`parcels`). Of an anonymous case nothing is told:
whether somebody was here lately would be a hint of who it is.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import spoken
from app.services import case_notices
from app.services.delivery_log import STATES, WAYS
from models import Case, CaseEntry, DeliveryState, EntryKind, Outbox

_SAID = (EntryKind.STAFF, EntryKind.EVENT)  # what a case tells is words of staff, or that it moved


async def of_entries(
    session: AsyncSession, case: Case, entries: Sequence[CaseEntry], now: datetime
) -> dict[int, str]:
    """In words, by the id of the entry; what told its person nothing is not there."""
    if case.anonymous:
        return {}
    keys = {case_notices.key_of(case, each): each.id for each in entries if each.kind in _SAID}
    if not keys:
        return {}
    columns = (Outbox.key, Outbox.state, Outbox.way, Outbox.settled_at, Outbox.due_at, Outbox.lease_token)
    rows: Sequence[Any] = (await session.execute(sa.select(*columns).where(Outbox.key.in_(keys)))).all()
    carried = Counter(_message(row) for row in rows)
    return {keys[row.key]: _in_words(row, carried[_message(row)] - 1, now) for row in rows}


def _message(row: Any) -> Any:
    """What rows of the same message have in common; of what has not left, the row alone."""
    if row.state is DeliveryState.SENDING:
        return row.lease_token
    has_left = row.state in (DeliveryState.DELIVERED, DeliveryState.UNKNOWN) and row.settled_at is not None
    return (row.settled_at, row.way) if has_left else row.key


def _in_words(row: Any, others: int, now: datetime) -> str:
    by = f"（{WAYS[row.way]}）" if row.way is not None and row.state is DeliveryState.DELIVERED else ""
    when = ""
    if row.state is DeliveryState.FAILED_RETRY:
        when = f" {spoken(row.due_at, now, read_later=True)}"
    elif row.settled_at is not None:
        when = f" {spoken(row.settled_at, now)}"
    together = f"，和另外 {others} 条合成一条" if others else ""
    return f"{STATES[row.state]}{when}{by}{together}"
