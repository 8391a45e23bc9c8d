"""`python -m bench.inboxes`: people write to staff while twenty lists of cases stand open.

PostgreSQL and two processes. First as many words as can be had, without and with the open lists; then a fixed
number each second, and how long each takes until every open list shows it.
"""

import argparse
import asyncio
import itertools
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvloop

from app.database import Database
from app.services import case_threads
from bench import filling
from bench.__main__ import _account
from bench.bodies import Press, openids
from bench.console_lists import _cookie, _employ, _settings
from bench.load import LENGTH, Result, saturate, steady
from bench.processes import Server, running, service_environment
from models import CaseEntry, EntryKind
from tests.servers import start_postgres

PEOPLE, INBOXES, RATE, SECONDS = 1000, 20, 50.0, 600.0
SATURATED = 15.0  # seconds of each of the two
TARGET_S, TARGET_SHARE = 1.0, 0.90
_NEWEST = re.compile(rb'data-live="(\d+)"')
_ASK = (
    "GET /console/cases HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/html\r\n"
    "x-by-itself: {newest}\r\ncookie: {cookie}\r\n\r\n"
)
_COUNT = itertools.count(1)


@dataclass
class Inboxes:
    """What the open lists showed, and when: (moment, id of the newest entry) of each."""

    shown: list[list[tuple[float, int]]] = field(default_factory=list)
    pages: int = 0

    async def watch(self, port: int, cookie: str) -> None:
        """As an open page does: ask for what is newer than what it shows, and wait.

        By hand, since what browsers do is done elsewhere and must not take the time of the processors here.
        """
        mine: list[tuple[float, int]] = []
        self.shown.append(mine)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        newest = "-1"
        try:
            while True:
                writer.write(_ASK.format(newest=newest, cookie=cookie).encode())
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                page = await reader.readexactly(int(length[1])) if length else b""
                if head.startswith(b"HTTP/1.1 204"):
                    continue
                assert head.startswith(b"HTTP/1.1 200"), head
                (newest,) = (each.decode() for each in _NEWEST.findall(page)[:1])
                mine.append((time.perf_counter(), int(newest) // (case_threads.LATELY + 1)))
                self.pages += 1
        finally:
            writer.close()


@asynccontextmanager
async def opened(server: Server, cookie: str, number: int) -> Any:
    inboxes = Inboxes()
    tasks = [asyncio.create_task(inboxes.watch(server.port, cookie)) for _ in range(number)]
    await asyncio.sleep(2)  # all have read once
    try:
        yield inboxes
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def words(press: Press, people: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Each with words of its own, by which they are found again; nobody twice before all have had a turn."""
    for person in itertools.cycle(people):
        said = f"第 {next(_COUNT)} 句：仓库的门关不上，想请人来看"
        yield said, next(press.texts([person], said))


async def _saturated(press: Press, server: Server, people: Sequence[str], seconds: float) -> Result:
    requests = [request for _, request in itertools.islice(words(press, people), int(seconds * 2000))]
    return await saturate(server.port, requests, connections=32, seconds=seconds)


async def _steady(
    press: Press, server: Server, people: Sequence[str], rate: float, seconds: float
) -> tuple[Result, dict[str, float]]:
    """And when each of the words left, by `time.perf_counter`."""
    said, made = [], words(press, people)
    for number in range(int(rate * seconds)):
        press.leaves_in = number / rate  # whatever is ten minutes old is refused
        said.append(next(made))
    began = time.perf_counter()
    result = await steady(server.port, [request for _, request in said], rate=rate)
    return result, {text: began + number / rate for number, (text, _) in enumerate(said)}


async def _visible(url: str, left: dict[str, float], inboxes: Inboxes) -> list[float]:
    """Seconds from leaving to being shown, for each of the words in each list that showed it, in order."""
    database, found = Database(url), []
    async with database.reading() as session:
        chosen = sa.select(CaseEntry).where(CaseEntry.kind == EntryKind.MEMBER).order_by(CaseEntry.id)
        for entry in await session.scalars(chosen):
            blocks: Any = entry.blocks
            began = left.get(str(blocks[0].get("text"))) if blocks else None
            if began is None:
                continue
            for mine in inboxes.shown:
                at = next((moment for moment, newest in mine if newest >= entry.id and moment >= began), None)
                if at is not None:
                    found.append(at - began)
    await database.close()
    return sorted(found)


async def _all(folder: Path, options: argparse.Namespace) -> None:
    with start_postgres(durable=True) as postgres:
        url = filling.migrated(postgres.url)
        settings = _settings(folder, url)
        await _employ(settings)
        account, _ = _account(folder)
        press, people = Press(account), openids(options.people, 7_000_000)
        command = ["-m", "app", "serve", "--port", "{port}", "--workers", "2"]
        with running("ours", command, service_environment(folder, url), folder / "ours.log") as ours:
            cookie = await _cookie(ours)
            await saturate(ours.port, list(press.texts(people, "人工")))
            alone = await _saturated(press, ours, people, options.saturated)
            async with opened(ours, cookie, options.inboxes) as inboxes:
                beside = await _saturated(press, ours, people, options.saturated)
            share = beside.rate / alone.rate
            reached = "reached" if share >= TARGET_SHARE else "MISSED"
            print(
                f"words to staff: {alone.rate:.0f}/s without open lists, {beside.rate:.0f}/s with"
                f" {options.inboxes} ({inboxes.pages} pages read): {share:.0%}; {reached}",
                flush=True,
            )
            async with opened(ours, cookie, options.inboxes) as inboxes:
                result, left = await _steady(press, ours, people, options.rate, options.seconds)
                await asyncio.sleep(3)
        seen = await _visible(url, left, inboxes)
        expected = len(left) * options.inboxes
        p50, p99 = (seen[int(len(seen) * share)] for share in (0.5, 0.99))
        reached = "reached" if p99 < TARGET_S and len(seen) == expected else "MISSED"
        print(
            f"{options.rate:.0f}/s for {options.seconds:.0f} s, {options.inboxes} open lists: answered in p99"
            f" {result.percentile(0.99):.0f} ms, {result.errors} errors; visible p50 {p50:.2f} s,"
            f" p99 {p99:.2f} s, {len(seen)} of {expected}, {inboxes.pages} pages read; {reached}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.inboxes", description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--inboxes", type=int, default=INBOXES)
    parser.add_argument("--rate", type=float, default=RATE, help="words a second")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--saturated", type=float, default=SATURATED, help="seconds of each full load")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_all(Path(folder), options))


if __name__ == "__main__":
    main()
