"""What time does to activities: they open, close, begin and end, and offers of seats run out.

Due rows are the schedule. Each activity is a short transaction of its own; whoever comes second finds
nothing left to do.
"""

import structlog

from app.clock import Clock
from app.database import Database
from app.services import activities, sign_ups, waiting_lists

log = structlog.get_logger(__name__)

BATCH = 50


async def run(database: Database, clock: Clock) -> int:
    """Returns how many activities were looked at."""
    now = clock.now()
    async with database.reading() as session:
        due = set(await activities.list_to_advance(session, now, BATCH))
        due |= set(await waiting_lists.list_with_offers_run_out(session, now, BATCH))
    for activity_id in sorted(due):
        async with database.transaction() as session:
            activity = await sign_ups.lock(session, activity_id)
            await activities.advance(session, activity, now)
            await waiting_lists.settle(session, activity, now)
        log.info("activity_advanced", activity=activity_id, state=activity.state.value)
    return len(due)
