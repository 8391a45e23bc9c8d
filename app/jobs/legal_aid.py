"""What time does to 法律援助申请: staff and members are reminded, what waits too long is withdrawn."""

import logging

from app.clock import Clock
from app.database import Database
from app.jobs import case_timers
from app.services import legal_aid_timers
from app.services.legal_aid_timers import HURRIED, NEAR, OVERDUE


async def run(database: Database, clock: Clock) -> int:
    """Returns how many applications were looked at."""
    return await case_timers.run(
        database,
        clock,
        kind="legal_aid",
        list_due=legal_aid_timers.list_due,
        advance=legal_aid_timers.advance,
        levels={NEAR: logging.WARNING, HURRIED: logging.WARNING, OVERDUE: logging.ERROR},
    )
