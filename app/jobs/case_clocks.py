"""What time does to cases: members are reminded, what is late is marked, what waits too long ends."""

import logging

from app.clock import Clock
from app.database import Database
from app.jobs import case_timers as timers
from app.services import case_timers


async def run(database: Database, clock: Clock) -> int:
    """Returns how many cases were looked at."""
    return await timers.run(
        database,
        clock,
        kind="case",
        list_due=case_timers.list_due,
        advance=case_timers.advance,
        levels={"overdue": logging.WARNING, "returned": logging.WARNING},
    )
