"""`python -m bench.portal_home`: the home page, 50 times a second, from one process on each database.

Three articles and three activities stand on it; pages are packed, as phones have them. Latency counts from
the moment a request should have left. Printed beside it: the same requests to a bare ASGI application.
"""

import argparse
import asyncio
import gzip
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvloop

from app.database import Database
from app.services import activities, article_files, articles
from bench import filling
from bench.load import Result, steady
from bench.processes import UVICORN, Server, running, service_environment
from tests.servers import start_postgres

RATE, SECONDS, TARGET_MS = 50.0, 20.0, 50.0
LINES = 16  # each is asked again long before the server gives an idle one up
PAGE = b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/html\r\naccept-encoding: gzip\r\n\r\n"
NEWS = Path("content/demo/news")


async def _fill(url: str) -> None:
    database, now = Database(url), datetime.now(UTC)
    async with database.transaction() as session:
        await articles.load(session, article_files.load(NEWS), now)
        for number in range(3):
            starts = now + timedelta(days=number + 3)
            times = {"opens_at": now - timedelta(days=1), "closes_at": starts - timedelta(days=1)}
            given = {"title": f"健步走 {number}", "starts_at": starts, "ends_at": starts + timedelta(hours=2)}
            made = await activities.create(session, given | times | {"capacity": 50}, by="bench", now=now)
            await activities.publish(session, made.public_id, by="bench", now=now)
    await database.close()


async def _measure(server: Server, seconds: float) -> Result:
    warm = [PAGE] * int(RATE)
    await steady(server.port, warm, rate=RATE, connections=LINES)
    return await steady(server.port, [PAGE] * int(RATE * seconds), rate=RATE, connections=LINES)


def line(name: str, result: Result) -> str:
    p50, p95 = result.percentile(0.5), result.percentile(0.95)
    return (
        f"{name}: p50 {p50:.1f} ms, p95 {p95:.1f} ms, {result.errors} errors, {len(result.latencies)} answers"
    )


def _read(result: Result) -> None:
    """Raises: AssertionError: a sampled answer is no home page with news and activities on it."""
    for answer in result.answers:
        page = gzip.decompress(answer.partition(b"\r\n\r\n")[2]).decode()
        assert "健步走" in page, page[:200]
        assert "工会动态" in page, page[:200]


@contextmanager
def service(name: str, url: str, folder: Path) -> Iterator[Server]:
    command = ["-m", "app", "serve", "--port", "{port}"]
    with running(name, command, service_environment(folder, url), folder / f"{name}.log") as started:
        yield started


async def _all(folder: Path, seconds: float) -> None:
    with running("bare", [*UVICORN, "bench.bare:app"], {}, folder / "bare.log") as bare:
        print(line("bare ASGI", await _measure(bare, seconds)))
    with start_postgres() as server:
        for name, url in (("SQLite", f"sqlite+aiosqlite:///{folder}/home.db"), ("PostgreSQL", server.url)):
            await _fill(filling.migrated(url))
            with service(name, url, folder) as ours:
                result = await _measure(ours, seconds)
            _read(result)
            reached = "reached" if result.percentile(0.95) < TARGET_MS else "MISSED"
            print(f"{line(name, result)}; below {TARGET_MS:.0f} ms at p95: {reached}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.portal_home", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_all(Path(folder), options.seconds))


if __name__ == "__main__":
    main()
