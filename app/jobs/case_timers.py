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
Advance = Callable[[AsyncSession, int, datetime], Awaitable[tuple[Case, list[str]]]]


async def run(
    database: Database,
    clock: Clock,
    *,
    kind: str,
    list_due: ListDue,
    advance: Advance,
    levels: Mapping[str, int],
) -> int:
    """Returns how many cases were looked at. `levels`: what is logged louder than usual, by what was done."""
    now = clock.now()
    async with database.reading() as session:
        due = await list_due(session, now, BATCH)
    for case_id in due:
        async with database.transaction() as session:
            case, done = await advance(session, case_id, now)
        for what in done:
            log.log(levels.get(what, logging.INFO), f"{kind}_{what}", case=case.number)
    return len(due)
