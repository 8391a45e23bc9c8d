"""`python -m bench.rush`: 2,000 people ask for 100 places within 20 seconds.

SQLite with one process, PostgreSQL with two. Printed: who got a place, the slowest answer, and how many were
answered later; nobody may get a place too many.
"""

import asyncio
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import uvloop

from app.database import Database
from app.services import activities
from bench import filling
from bench.__main__ import _account
from bench.bodies import Press, openids
from bench.load import Result, saturate, steady
from bench.processes import running, service_environment
from models import HOLDING, DeliveryState, Message, MessageState, Outbox, SignUp
from tests.servers import start_postgres

PEOPLE, PLACES, SECONDS = 2000, 100, 20.0


@dataclass(frozen=True, slots=True)
class Rush:
    """What became of it; times in milliseconds."""

    places: int
    waiting: int
    median: float
    slowest: float
    unanswered: int  # connections that heard nothing
    late: int  # answered by `success` first
    untold: int  # late answers not on their way


async def rush(press: Press, port: int, url: str) -> Rush:
    """Everybody walks up to the confirmation, then all confirm within the time given."""
    activity = await _announce(url)
    people = openids(PEOPLE, 5_000_000)
    tapped = press.texts(people, "我要报名", choice=f"do:activities.sign_up?activity={activity}")
    await saturate(port, list(tapped))
    asked = await steady(port, list(press.texts(people, "确认")), rate=PEOPLE / SECONDS)
    # Whom the last places slipped through the fingers was asked again, for the waiting list.
    again = await steady(port, list(press.texts(people, "确认")), rate=PEOPLE / SECONDS)
    return await _outcome(url, asked, again)


async def _announce(url: str) -> str:
    database, now = Database(url), datetime.now(UTC)
    values = {
        "title": "羽毛球赛",
        "opens_at": now - timedelta(hours=1),
        "closes_at": now + timedelta(days=1),
        "starts_at": now + timedelta(days=2),
        "ends_at": now + timedelta(days=3),
        "capacity": PLACES,
    }
    async with database.transaction() as session:
        made = await activities.create(session, values, by="bench", now=now)
        await activities.publish(session, made.public_id, by="bench", now=now)
    await database.close()
    return made.public_id


async def _outcome(url: str, asked: Result, again: Result) -> Rush:
    database = Database(url)
    async with database.reading() as session:
        held = await session.scalar(sa.select(sa.func.sum(SignUp.seats)).where(SignUp.state.in_(HOLDING)))
        rows = await session.scalar(sa.select(sa.func.count(SignUp.id)))
        late = sa.select(sa.func.count(Message.id)).where(Message.answered_at.is_(None))
        untold = late.where(
            Message.state.in_([MessageState.RECEIVED, MessageState.DEFERRED]),
            Message.id.not_in(
                sa.select(Outbox.message_id).where(
                    Outbox.message_id.is_not(None), Outbox.state != DeliveryState.FAILED
                )
            ),
        )
        found = Rush(
            places=int(held or 0),
            waiting=int(rows or 0) - int(held or 0),
            median=asked.percentile(0.5),
            slowest=max(asked.percentile(1.0), again.percentile(1.0)),
            unanswered=asked.errors + again.errors,
            late=int(await session.scalar(late) or 0),
            untold=int(await session.scalar(untold) or 0),
        )
    await database.close()
    return found


async def _measure(folder: Path) -> None:
    account, _ = _account(folder)
    press = Press(account)
    with ExitStack() as stack:
        postgres = stack.enter_context(start_postgres(durable=True))
        sqlite = f"sqlite+aiosqlite:///{folder}/rush.db"
        for name, url, workers in (("SQLite", sqlite, 1), ("PostgreSQL", filling.migrated(postgres.url), 2)):
            command = ["-m", "app", "serve", "--port", "{port}", "--workers", str(workers)]
            log = folder / f"{name}.log"
            with running(name, command, service_environment(folder, url), log) as ours:
                found = await rush(press, ours.port, url)
            print(f"{name}, processes: {workers}: {found}")
            if found.places > PLACES:
                raise SystemExit("oversold")


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_measure(Path(folder)))


if __name__ == "__main__":
    main()
