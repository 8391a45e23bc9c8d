"""What time does to appointments: people are reminded, and what is over waits to be marked.

Due rows are the schedule. Each is a short transaction of its own; whoever comes second finds nothing to do.
"""

import structlog

from app.clock import Clock
from app.database import Database
from app.services import appointment_timers

log = structlog.get_logger(__name__)

BATCH = 50


async def run(database: Database, clock: Clock) -> int:
    """Returns how many were looked at."""
    now = clock.now()
    async with database.reading() as session:
        due = await appointment_timers.list_due(session, now, BATCH)
    for appointment_id in due:
        async with database.transaction() as session:
            done = await appointment_timers.advance(session, appointment_id, now)
        # Neither id nor kind: log lines have times.
        log.info("appointment_advanced", done=done)
    return len(due)
