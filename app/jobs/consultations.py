"""What time does to consultations: members are reminded, what is late is marked, what waits too long ends."""

import logging

from app.clock import Clock
from app.database import Database
from app.jobs import case_timers
from app.services import consultation_timers


async def run(database: Database, clock: Clock) -> int:
    """Returns how many consultations were looked at."""
    return await case_timers.run(
        database,
        clock,
        kind="consultation",
        list_due=consultation_timers.list_due,
        advance=consultation_timers.advance,
        levels={"overdue": logging.WARNING},
    )
