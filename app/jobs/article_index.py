"""The round that reads what was published or changed, so that it is found."""

from app.database import Database
from app.jobs.rounds import Round
from app.services import article_index
from app.services.article_index import AT_ONCE


def round_of(database: Database) -> Round:
    return Round("article index", lambda: run(database), 5, wakes=True)


async def run(database: Database, at_once: int = AT_ONCE) -> int:
    """Until nothing is left; how many articles were read."""
    total = 0
    while True:
        async with database.reading() as session:
            if not await article_index.is_behind(session):
                return total
        async with database.transaction() as session:
            total += await article_index.catch_up(session, at_once)
