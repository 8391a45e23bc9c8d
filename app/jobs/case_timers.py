"""What time does to cases of a kind, each in a short transaction of its own; due rows are the schedule."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database
from models import Case

log = structlog.get_logger(__name__)

BATCH = 50

ListDue = Callable[[AsyncSession, datetime, int], Awaitable[Sequence[int]]]
Moved = tuple[Case, list[str]]
Advance = Callable[[AsyncSession, int, datetime], Awaitable[Moved]]


async def run(
    database: Database,
    clock: Clock,
    *,
    kind: str,
    list_due: ListDue,
    advance: Advance,
    levels: Mapping[str, int],
) -> int:
    """Returns how many cases were looked at. `levels`: what is logged louder than usual, by what was done.

    A case that cannot be moved stops no other: it is logged, and tried again in the next round.
    """
    now, looked_at = clock.now(), 0
    failed: set[int] = set()
    while True:
        async with database.reading() as session:
            # Those that failed are due still, and would fill the list in front of all others.
            found = await list_due(session, now, BATCH + len(failed))
        due = [each for each in found if each not in failed]
        wrong = [each for each in due if not await _advanced(database, each, now, kind, advance, levels)]
        looked_at += len(due)
        failed.update(wrong)
        if not wrong or len(due) < BATCH:
            return looked_at


async def _advanced(
    database: Database, case_id: int, now: datetime, kind: str, advance: Advance, levels: Mapping[str, int]
) -> bool:
    try:
        async with database.transaction() as session:
            case, done = await advance(session, case_id, now)
    except Exception:
        log.exception(f"{kind}_not_advanced")  # no number: the case may be an anonymous one
        return False
    for what in done:
        log.log(levels.get(what, logging.INFO), f"{kind}_{what}", **_named(case))
    return True


def _named(case: Case) -> dict[str, str]:
    """The exact time of a line, beside what else was logged then, would lead from a number to who wrote."""
    return {} if case.anonymous else {"case": case.number}
