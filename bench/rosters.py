"""`python -m bench.rosters`: a roster of 20,000 people from the file to both databases, seconds and memory.

Each database takes the same file three times: new, again unchanged, and with a tenth of the rows changed.
`--rows N` takes another number.
"""

import argparse
import asyncio
import io
import logging
import resource
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter, process_time

from app import logs, migrations
from app.clock import SystemClock
from app.database import Database
from app.services import roster_sheets, roster_templates, rosters
from app.services.roster_rows import Row
from models import MemberKind, Sex
from models.sealing import Keyring, use_keyring
from tests.servers import Missing, start_postgres

TODAY = date(2026, 11, 23)


def people(number: int) -> Iterator[Row]:
    """Everybody in one of 200 班组 of ten 分工会."""
    for n in range(number):
        given = {
            "sex": Sex.MALE if n % 3 else Sex.FEMALE,
            "born_on": date(1962 + n % 38, 1 + n % 12, 1 + n % 28).isoformat(),
            "phone": f"138{n:08d}",
            "post": ("配电抢修工", "客户经理", "变电运维工", "调度员")[n % 4],
            "kind": (MemberKind.IN_SERVICE, MemberKind.DISPATCHED, MemberKind.RETIRED)[n % 7 // 5],
            "joined_on": date(2001 + n % 25, 7, 1),
            "left_on": None,
        }
        branch = f"黄陵供电公司工会/第{n % 10}分工会/{n % 200}班"
        yield Row(n + 2, str(100_000 + n), f"职工{n}", branch, given)


class Stopwatch:
    """Seconds gone by, and seconds of this process's own work: the machine may be shared."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._began = (perf_counter(), process_time())

    def lap(self, what: str) -> None:
        seconds, own = (
            now - then for now, then in zip((perf_counter(), process_time()), self._began, strict=True)
        )
        print(f"{self._name:<11} {what:<34} {seconds:6.2f} s   {own:6.2f} s of work")
        self._began = (perf_counter(), process_time())


async def measure(name: str, url: str, file: io.BytesIO, changed: io.BytesIO) -> None:
    database = Database(url)
    await migrations.upgrade(database)
    watch = Stopwatch(name)
    for what, source in (("new", file), ("again, unchanged", file), ("a tenth changed", changed)):
        rows = roster_sheets.read(source, TODAY).rows
        watch.lap(f"{what}: read the file")
        await rosters.apply(database, SystemClock(), rows, by="测速")
        watch.lap(f"{what}: bring it in")
    async with database.reading() as session:
        await rosters.preview(session, rows, TODAY)
    watch.lap("preview")
    await database.close()


def resident_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    number = parser.parse_args().rows
    logs.configure("text", logging.WARNING)
    use_keyring(Keyring({"bench": bytes(32)}, b"lookup key of the bench, 32 bytes"))
    file, changed = io.BytesIO(), io.BytesIO()
    started = perf_counter()
    roster_templates.template(file, people(number))
    print(f"{number} rows, written in {perf_counter() - started:.1f} s, {file.tell() // 1024} KB")
    new = (replace(row, name=f"{row.name}改") if row.line % 10 == 0 else row for row in people(number))
    roster_templates.template(changed, new)
    print(f"resident before: {resident_mb():.0f} MB")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        for name, url in _databases(Path(folder), stack):
            asyncio.run(measure(name, url, file, changed))
            print(f"{name:<11} peak resident {resident_mb():.0f} MB   ({datetime.now(UTC):%Y-%m-%d})")


def _databases(folder: Path, stack: ExitStack) -> Iterator[tuple[str, str]]:
    yield "SQLite", f"sqlite+aiosqlite:///{folder}/bench.db"
    try:
        yield "PostgreSQL", stack.enter_context(start_postgres(durable=True)).url
    except Missing as reason:
        print(f"PostgreSQL left out: {reason}")


if __name__ == "__main__":
    main()
