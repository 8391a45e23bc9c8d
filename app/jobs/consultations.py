"""What time does to consultations, each in a short transaction of its own; due rows are the schedule."""

import structlog

from app.clock import Clock
from app.database import Database
from app.services import consultation_timers

log = structlog.get_logger(__name__)

BATCH = 50


async def run(database: Database, clock: Clock) -> int:
    """Returns how many consultations were looked at."""
    now = clock.now()
    async with database.reading() as session:
        due = await consultation_timers.list_due(session, now, BATCH)
    for case_id in due:
        async with database.transaction() as session:
            case, done = await consultation_timers.advance(session, case_id, now)
        for what in done:
            tell = log.warning if what == "overdue" else log.info
            tell(f"consultation_{what}", case=case.number)
    return len(due)
