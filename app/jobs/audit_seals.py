"""Acts of staff are sealed into their chain soon after they were done; one process at a time."""

import secrets

import structlog

from app.clock import Clock
from app.database import Database
from app.services import audit_chain
from app.services.coordination import give_back, take_lease

log = structlog.get_logger(__name__)

LEASE = "staff-acts"
LEASE_SECONDS = 30


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
