"""Forgetting in small steps: every rule of `app.services.retention`, batch by batch.

Looking is done by sessions that only read; each batch is a short transaction of its own, so that messages
never wait long behind it. A stop half-way loses nothing: the next round finds what is left.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime

import structlog

from app.clock import Clock
from app.database import Database
from app.services import retention
from app.services.coordination import take_lease
from app.services.forgetting import BATCH, Rule

log = structlog.get_logger(__name__)

DEEP_LEASE = "retention"
DEEP_EVERY = 3600  # seconds, real time; whoever takes the lease does it for all processes


async def run(database: Database, clock: Clock) -> int:
    """What must go soon, and once an hour everything; returns how many rows changed."""
    now = clock.now()
    changed = await _apply(database, retention.SOON, now)
    if await _is_my_hour(database, clock):
        changed += await _apply(database, retention.DEEP, now)
    return changed


async def _is_my_hour(database: Database, clock: Clock) -> bool:
    async with database.transaction() as session:
        return await take_lease(
            session, DEEP_LEASE, secrets.token_hex(8), seconds=DEEP_EVERY, now=clock.real_now()
        )


async def _apply(database: Database, rules: Sequence[Rule], now: datetime, batch: int = BATCH) -> int:
    total = 0
    for rule in rules:
        changed = await apply(database, rule, now, batch)
        if changed:
            log.info("retention", rule=rule.name, rows=changed)
        total += changed
    return total


async def apply(database: Database, rule: Rule, now: datetime, batch: int = BATCH) -> int:
    """Apply one rule until nothing is left; one transaction for each batch."""
    last = None
    if rule.last is not None:
        async with database.reading() as session:
            last = await rule.last(session, now)
    total, ids = 0, [0]
    while True:
        before = ids
        async with database.reading() as session:
            ids = list(await session.scalars(rule.find(now, batch, after=before[-1], last=last)))
        if not ids or ids == before:  # the same again: somebody else is at them
            return total
        async with database.transaction() as session:
            total += await rule.act(session, ids, now)
