"""What time does to cases: members are reminded, what is late is marked, what waits too long ends.

Who of staff wanted to look at a case again hears of it; what lies free is given to who is on duty.
"""

import logging

from app.clock import Clock
from app.database import Database
from app.jobs import case_timers as timers
from app.services import case_assigning, case_timers, complaint_timers, reminder_timers


async def run(database: Database, clock: Clock) -> int:
    """Returns how many cases and reminders were looked at, a case once for each thing that is due."""
    reminders = await timers.run(
        database,
        clock,
        kind="case_reminder",
        list_due=reminder_timers.list_due,
        advance=reminder_timers.advance,
        levels={},
    )
    complaints = await timers.run(
        database,
        clock,
        kind="complaint",
        list_due=complaint_timers.list_due,
        advance=complaint_timers.advance,
        levels={complaint_timers.ESCALATED: logging.WARNING},
    )
    clocks = await timers.run(
        database,
        clock,
        kind="case",
        list_due=case_timers.list_due,
        advance=case_timers.advance,
        levels={"overdue": logging.WARNING, "returned": logging.WARNING},
    )
    # After what has gone back to all just now.
    found = await timers.run(
        database,
        clock,
        kind="case",
        list_due=case_assigning.list_due,
        advance=case_assigning.advance,
        levels={"lead_told": logging.WARNING},
    )
    return reminders + complaints + clocks + found
