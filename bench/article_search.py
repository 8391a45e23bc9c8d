"""`python -m bench.article_search`: searching 20,000 articles on each database.

Articles of some 700 characters, made of the sentences we ship, so that words are as common as in real ones.
In turns: the search itself, and what one would write first, LIKE over the same plain words. Then whole pages,
20 a second, from one process; printed beside them the same requests to a bare ASGI application.
"""

import argparse
import asyncio
import gzip
import random
import re
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
import uvloop
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.jobs import article_index
from app.knowledge import Entry, load
from app.services import article_search, articles
from bench import filling
from bench.load import Result, steady
from bench.portal_home import line, service
from bench.processes import UVICORN, Server, running
from models import Article, ArticleCategory, ArticleState, ArticleText
from tests.servers import start_postgres

ARTICLES, RATE, SECONDS, TARGET_MS = 20_000, 20.0, 10.0, 20.0
SENTENCES = 24
TYPED = (
    *("工会", "电", "用电安全", "劳动合同", "年休假", "插座", "热水器 接地", "工伤 认定", "95598", "触电"),
    *(
        "劳动和同",
        "漏电包护",
        "工伤人定怎么办",
        "插座冒火花怎么办",
        "加班工资怎么算才对",
        "下雨天能不能开空调",
    ),
    *("量子纠缠", "OR AND NEAR(", '"' * 60, "工" * 60),
)


def written(entries: list[Entry], size: int) -> Iterator[dict[str, object]]:
    """Rows of articles, the newest last."""
    dice, now = random.Random(20261130), datetime.now(UTC)
    prose = [
        said for each in entries for text in each.prose for said in re.split(r"(?<=[。；])", text) if said
    ]
    asked = [form for each in entries for form in each.ask]
    categories = list(ArticleCategory)
    for number in range(size):
        at = now - timedelta(minutes=20 * (size - number))
        words = [{"text": dice.choice(prose), "bold": False, "href": ""} for _ in range(SENTENCES)]
        yield {
            "public_id": f"s{number:015d}",
            "category": dice.choice(categories),
            "title": f"{dice.choice(asked)[:10]}{dice.choice(asked)[-10:]}",
            "summary": dice.choice(prose)[:60],
            "author": "公司工会",
            "blocks": [{"type": "paragraph", "spans": words[at : at + 4]} for at in range(0, SENTENCES, 4)],
            "state": ArticleState.PUBLISHED,
            "published_at": at,
            "created_at": at,
            "updated_at": at,
            "version": 1,
        }


async def _fill(database: Database, size: int) -> float:
    """Seconds that reading them took."""
    entries = list(load(Path("content")).entries)
    rows = written(entries, size)
    while batch := [row for _, row in zip(range(1000), rows, strict=False)]:
        async with database.transaction() as session:
            await session.execute(sa.insert(Article), batch)
    began = time.perf_counter()
    assert await article_index.run(database, 1000) == size
    took = time.perf_counter() - began
    async with database.writer.connect() as connection, connection.begin():
        await connection.execute(sa.text("ANALYZE"))
    return took


async def _ours(session: AsyncSession, typed: str, now: datetime) -> int:
    return len((await article_search.search(session, typed.lower().split(), now, limit=10)).found)


async def _first(session: AsyncSession, typed: str, now: datetime) -> int:
    """What one would write first."""
    chosen = sa.select(Article.public_id, Article.title).join(
        ArticleText, ArticleText.article_id == Article.id
    )
    for term in typed.lower().split():
        named = Article.title.icontains(term, autoescape=True)
        chosen = chosen.where(sa.or_(named, ArticleText.text.icontains(term, autoescape=True)))
    newest = chosen.where(articles.is_public(now)).order_by(Article.published_at.desc())
    return len((await session.execute(newest.limit(10))).all())


async def _timed(
    database: Database, ask: Callable[[AsyncSession, str, datetime], Awaitable[int]], rounds: int
) -> dict[str, list[float]]:
    """Milliseconds, by what was typed; the first round warms."""
    took: dict[str, list[float]] = {typed: [] for typed in TYPED}
    for turn in range(rounds + 1):
        for typed in TYPED:
            began = time.perf_counter()
            async with database.reading() as session:
                await ask(session, typed, datetime.now(UTC))
            if turn:
                took[typed].append(1000 * (time.perf_counter() - began))
    return took


async def _pages(server: Server, seconds: float) -> Result:
    asked = [
        (
            f"GET /search?q={quote(TYPED[number % len(TYPED)])} HTTP/1.1\r\nhost: 127.0.0.1\r\n"
            "accept: text/html\r\naccept-encoding: gzip\r\n\r\n"
        ).encode()
        for number in range(int(RATE * seconds))
    ]
    await steady(server.port, asked[: 2 * len(TYPED)], rate=RATE, connections=8)
    return await steady(server.port, asked, rate=RATE, connections=8)


def _read(result: Result) -> None:
    """Raises: AssertionError: a sampled answer is no page of results."""
    for answer in result.answers:
        head, _, body = answer.partition(b"\r\n\r\n")
        page = (gzip.decompress(body) if b"content-encoding: gzip" in head.lower() else body).decode()
        assert "<h1>搜索</h1>" in page, page[:200]


async def _one(name: str, url: str, folder: Path, options: argparse.Namespace) -> None:
    database = Database(filling.migrated(url))
    read = await _fill(database, options.articles)
    before = time.process_time()
    ours = await _timed(database, _ours, 5)
    cpu = 1000 * (time.process_time() - before) / (6 * len(TYPED))
    first = await _timed(database, _first, 1)
    await database.close()
    middle = {typed: statistics.median(times) for typed, times in ours.items()}
    if options.each:
        for typed in TYPED:
            print(f"  {typed[:20]}: {middle[typed]:.1f} ms, LIKE {statistics.median(first[typed]):.1f} ms")
    slowest = max(middle, key=lambda typed: middle[typed])
    all_ours, all_first = (sorted(ms for times in each.values() for ms in times) for each in (ours, first))
    p95, median = all_ours[len(all_ours) * 95 // 100], statistics.median(all_ours)
    ratio = statistics.mean(all_first) / statistics.mean(all_ours)
    reached = "reached" if p95 < TARGET_MS else "MISSED"
    print(
        f"{name}: search median {median:.1f} ms, p95 {p95:.1f} ms, CPU here {cpu:.1f} ms, "
        f"slowest {slowest[:12]} {middle[slowest]:.1f} ms; {ratio:.1f} × as fast as LIKE; "
        f"below {TARGET_MS:.0f} ms at p95: {reached}; {options.articles} articles read in {read:.0f} s"
    )
    with service(name, url, folder) as server:
        result = await _pages(server, options.seconds)
    _read(result)
    print(f"{line(f'{name}, whole pages', result)}")


async def _all(folder: Path, options: argparse.Namespace) -> None:
    with running("bare", [*UVICORN, "bench.bare:app"], {}, folder / "bare.log") as bare:
        print(line("bare ASGI", await _pages(bare, options.seconds)))
    if options.database in ("sqlite", "both"):
        await _one("SQLite", f"sqlite+aiosqlite:///{folder}/search.db", folder, options)
    if options.database in ("postgres", "both"):
        with start_postgres() as server:
            await _one("PostgreSQL", server.url, folder, options)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.article_search", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--articles", type=int, default=ARTICLES)
    parser.add_argument("--each", action="store_true", help="one line to each search")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_all(Path(folder), options))


if __name__ == "__main__":
    main()
