"""What time does to activities: they open, close, begin and end, offers run out, lots are drawn, teams that
are not handed in are dropped, and who did not come is noted.

Due rows are the schedule. Each activity is a short transaction of its own; whoever comes second finds
nothing left to do.
"""

from datetime import timedelta

import structlog

from app.clock import Clock
from app.database import Database
from app.services import absences, activities, lots, sign_ups, team_timers, waiting_lists

log = structlog.get_logger(__name__)

BATCH = 50
ABSENT_AFTER = timedelta(hours=12)


async def run(database: Database, clock: Clock, absent_after: timedelta = ABSENT_AFTER) -> int:
    """Returns how many activities were looked at. `absent_after`: from the end of one."""
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
    drawn = await _draw(database, clock) + await _look_at_teams(database, clock)
    return len(due) + drawn + await _note_absent(database, clock, absent_after)


async def _look_at_teams(database: Database, clock: Clock) -> int:
    now = clock.now()
    async with database.reading() as session:
        due = await team_timers.list_due(session, now, BATCH)
    for activity_id in due:
        async with database.transaction() as session:
            looked = await team_timers.look(session, await sign_ups.lock(session, activity_id), now)
        log.info("teams_looked_at", activity=activity_id, teams=looked)
    return len(due)


async def _draw(database: Database, clock: Clock) -> int:
    now = clock.now()
    async with database.reading() as session:
        due = await lots.list_due(session, now, BATCH)
    for activity_id in due:
        told = lots.BATCH
        while told == lots.BATCH:
            async with database.transaction() as session:
                told = await lots.draw(session, await sign_ups.lock(session, activity_id), now)
            log.info("lot_drawn", activity=activity_id, told=told)
    return len(due)


async def _note_absent(database: Database, clock: Clock, absent_after: timedelta) -> int:
    now = clock.now()
    async with database.reading() as session:
        due = await absences.list_due(session, now - absent_after, BATCH)
    for activity_id in due:
        async with database.transaction() as session:
            activity = await sign_ups.lock(session, activity_id)
            absent = await absences.note(session, activity, now) if activity.absent_noted_at is None else 0
        log.info("absence_noted", activity=activity_id, absent=absent)
    return len(due)
