"""What time does to 入会申请, each in a short transaction of its own; due rows are the schedule."""

import structlog

from app.clock import Clock
from app.database import Database
from app.services import application_timers
from app.services.application_timers import NEAR, OVERDUE

log = structlog.get_logger(__name__)

BATCH = 50


async def run(database: Database, clock: Clock) -> int:
    """Returns how many applications were looked at."""
    now = clock.now()
    async with database.reading() as session:
        due = await application_timers.list_due(session, now, BATCH)
    for case_id in due:
        async with database.transaction() as session:
            case, done = await application_timers.advance(session, case_id, now)
        for what in done:
            tell = {NEAR: log.warning, OVERDUE: log.error}.get(what, log.info)
            tell(f"application_{what}", case=case.number)
    return len(due)
