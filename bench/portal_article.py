"""`python -m bench.portal_article`: article pages, 200 times a second, from one process on each database.

2,000 articles; each of the 200 that are asked for has a hundred readings a day, 40 likes and 30 comments.
Pages are packed, as phones have them. Latency counts from the moment a request should have left.
"""

import argparse
import asyncio
import gzip
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import uvloop

from app import rich_text
from app.clock import civil_date
from app.database import Database
from app.jobs import article_index
from app.services import article_files
from app.settings import load_settings
from bench import filling
from bench.load import Result, steady
from bench.portal_home import NEWS, line, service
from bench.processes import SECRET, Server
from models import (
    Article,
    ArticleComment,
    ArticleLike,
    ArticleReads,
    ArticleState,
    BoardName,
    BoardState,
    Person,
)
from models.sealing import Keyring, use_keyring
from tests.servers import start_postgres

RATE, SECONDS, TARGET_MS = 200.0, 20.0, 30.0
LINES = 32
ARTICLES, ASKED, LIKES, COMMENTS, DAYS = 2_000, 200, 40, 30, 30


async def _fill(url: str) -> list[str]:
    """The public ids of those that are asked for."""
    given = load_settings(_env_file=None, secret_key=SECRET, wechat_api_url="http://127.0.0.1:9")
    assert given.encryption_keys is not None and given.lookup_key is not None
    keys = (given.encryption_keys, given.lookup_key)
    use_keyring(Keyring.parse(*(each.get_secret_value() for each in keys)))
    database, now = Database(url), datetime.now(UTC)
    written = article_files.load(NEWS)
    async with database.transaction() as session:
        people = [Person(created_at=now) for _ in range(LIKES)]
        rows = [
            Article(
                category=written[number % len(written)].content.head.category,
                title=f"{written[number % len(written)].content.head.title[:50]} {number}",
                blocks=rich_text.dump(written[number % len(written)].content.blocks),
                state=ArticleState.PUBLISHED,
                published_at=now - timedelta(hours=number + 1),
                created_at=now,
                updated_at=now,
            )
            for number in range(ARTICLES)
        ]
        session.add_all([*people, *rows])
        await session.flush()
        asked, today = rows[:ASKED], civil_date(now)
        reads = [
            {"article_id": row.id, "day": today - timedelta(days=day), "count": 100}
            for row in asked
            for day in range(DAYS)
        ]
        likes = [{"article_id": row.id, "person_id": who.id, "at": now} for row in asked for who in people]
        await session.execute(sa.insert(ArticleReads), reads)
        await session.execute(sa.insert(ArticleLike), likes)
        session.add_all(_comment(row, number, now) for row in asked for number in range(COMMENTS))
        await session.flush()
        names = [row.public_id for row in asked]
    await article_index.run(database, 1000)  # else the service would read them while it is measured
    await database.close()
    return names


def _comment(row: Article, number: int, now: datetime) -> ArticleComment:
    return ArticleComment(
        article_id=row.id,
        naming=BoardName.NICKNAME,
        name="塬上风",
        text=f"同志们辛苦了 {number}",
        state=BoardState.PUBLISHED,
        written_at=now,
        published_at=now - timedelta(minutes=number),
    )


def _ask(name: str) -> bytes:
    return (
        f"GET /news/{name} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/html\r\naccept-encoding: gzip\r\n\r\n"
    ).encode()


async def _measure(server: Server, names: list[str], seconds: float) -> Result:
    count = int(RATE * seconds)
    asked = [_ask(names[number % len(names)]) for number in range(count)]
    await steady(server.port, asked[: int(RATE)], rate=RATE, connections=LINES)
    return await steady(server.port, asked, rate=RATE, connections=LINES)


def _read(result: Result) -> None:
    """Raises: AssertionError: a sampled answer is no article with its likes and comments."""
    for answer in result.answers:
        page = gzip.decompress(answer.partition(b"\r\n\r\n")[2]).decode()
        assert f"赞 {LIKES}" in page, page[:200]
        assert "同志们辛苦了" in page, page[:200]


async def _all(folder: Path, seconds: float) -> None:
    with start_postgres() as server:
        for name, url in (("SQLite", f"sqlite+aiosqlite:///{folder}/article.db"), ("PostgreSQL", server.url)):
            names = await _fill(filling.migrated(url))
            with service(name, url, folder) as ours:
                result = await _measure(ours, names, seconds)
            _read(result)
            reached = "reached" if result.percentile(0.95) < TARGET_MS else "MISSED"
            print(f"{line(name, result)}; below {TARGET_MS:.0f} ms at p95: {reached}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.portal_article", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_all(Path(folder), options.seconds))


if __name__ == "__main__":
    main()
