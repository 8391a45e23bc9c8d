"""The morning after an activity, those who were there are asked how it was."""

import structlog

from app.clock import Clock
from app.database import Database
from app.services import activity_feedback, sign_ups
from app.services.quiet_hours import is_quiet
from app.wechat.replies import choice_line

log = structlog.get_logger(__name__)

BATCH = 50


async def run(database: Database, clock: Clock) -> int:
    """Returns of how many activities people were asked."""
    now = clock.now()
    if is_quiet(now):
        return 0
    async with database.reading() as session:
        due = await activity_feedback.list_due(session, now, BATCH)
    for activity_id in due:
        async with database.transaction() as session:
            activity = await sign_ups.lock(session, activity_id)
            asked = await activity_feedback.ask(session, activity, tap, now)
        log.info("activity_feedback_asked", activity=activity_id, people=asked)
    async with database.reading() as session:
        stale = await activity_feedback.list_stale(session, now, BATCH)
    if stale:
        async with database.transaction() as session:
            await activity_feedback.drop(session, stale, now)
    return len(due)


def tap(label: str, activity: str, score: int) -> str:
    """A line that gives the activity of that public id that score."""
    return choice_line(label, f"do:activity_feedback.stars?vote={score}-{activity}")
