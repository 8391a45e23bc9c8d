"""The round of 每周精选: copies whose end is known are settled, then the next people get theirs by pages.

What is in a copy is chosen outside of any transaction; a page is written in one. Sending is the outbox's.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from app.clock import Clock
from app.database import Database
from app.jobs.rounds import Round
from app.services import digest_picks, digests, recommendations
from app.services.digest_picks import Picked
from app.services.digests import Moment, Page
from app.services.quiet_hours import is_quiet


def round_of(database: Database, clock: Clock, moment: Moment) -> Round:
    return Round("digests", lambda: run(database, clock, moment), 5)


async def run(database: Database, clock: Clock, moment: Moment) -> int:
    """How many copies were made."""
    now, total = clock.now(), 0
    await _settle(database, now)
    while not is_quiet(now):
        async with database.reading() as session:
            page = await digests.next_page(session, moment, now)
        if page is None:
            return total
        picked, shown = await _choose(database, page, now)
        async with database.transaction() as session:
            total += await digests.make(session, page, picked, shown, now)
    return total


async def _settle(database: Database, now: datetime) -> None:
    async with database.reading() as session:
        ids = await digests.ended(session)
    if ids:
        async with database.transaction() as session:
            await digests.settle(session, ids, now)


async def _choose(
    database: Database, page: Page, now: datetime
) -> tuple[Mapping[int, Sequence[Picked]], Mapping[str, str]]:
    """What each of the page's people gets, and the pictures for it."""
    people = set(page.wishes.values())
    async with database.reading() as session:
        found = await digest_picks.offered(session, now)
        known = await recommendations.known_of(session, people)
    picked = {}
    for person_id in people:
        picked[person_id] = digest_picks.choose(known.get(person_id), found, now)
        await asyncio.sleep(0)  # a message that came meanwhile is answered first
    async with database.reading() as session:
        return picked, await digests.pictures(session, picked.values())
