"""What time does to 入会申请: staff and applicants are reminded, what waits too long ends."""

import logging

from app.clock import Clock
from app.database import Database
from app.jobs import case_timers
from app.services import application_timers
from app.services.application_timers import NEAR, OVERDUE


async def run(database: Database, clock: Clock) -> int:
    """Returns how many applications were looked at."""
    return await case_timers.run(
        database,
        clock,
        kind="application",
        list_due=application_timers.list_due,
        advance=application_timers.advance,
        levels={NEAR: logging.WARNING, OVERDUE: logging.ERROR},
    )
