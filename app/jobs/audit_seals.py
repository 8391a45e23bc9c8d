"""Acts of staff are sealed soon after they were done, and the chain is gone through once a day.

One process at a time does either.
"""

import secrets

import structlog

from app.clock import Clock
from app.database import Database
from app.services import audit_chain
from app.services.coordination import give_back, take_lease

log = structlog.get_logger(__name__)

LEASE = "staff-acts"
LEASE_SECONDS = 30
LOOK = "staff-acts-look"
LOOK_SECONDS = 24 * 3600  # nobody gives this lease back: it is the day


async def run(database: Database, clock: Clock) -> int:
    """Returns how many acts were sealed."""
    holder, sealed = secrets.token_hex(8), 0
    async with database.reading() as session:
        if not await audit_chain.any_waiting(session, clock.now()):
            return 0
    while True:
        async with database.transaction() as session:
            if not await take_lease(session, LEASE, holder, seconds=LEASE_SECONDS, now=clock.real_now()):
                return sealed
            done = await audit_chain.seal(session, clock.now())
            sealed += done
            if done < audit_chain.BATCH:
                await give_back(session, LEASE, holder)
                return sealed


async def look(database: Database, clock: Clock) -> None:
    """Go through the chain, once a day. Where it is broken, everybody who reads the log is told."""
    async with database.transaction() as session:
        holder = secrets.token_hex(8)
        if not await take_lease(session, LOOK, holder, seconds=LOOK_SECONDS, now=clock.real_now()):
            return
    async with database.reading() as session:
        verdict = await audit_chain.verify(session)
    if verdict.is_whole:
        log.info("staff_acts_whole", sealed=verdict.sealed)
    else:
        log.error("staff_acts_changed", sealed=verdict.sealed, act=verdict.broken)
