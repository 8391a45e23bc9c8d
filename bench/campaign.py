"""`python -m bench.campaign`: a campaign of 100,000 notices against the sandbox.

Beside every rate stands that of a bare httpx loop with as many calls in flight, against the same endpoint and
before and after ours. Then the worker is killed three times on the way, and goes on: WeChat must have told
everybody once, and our rows must say so. At last the sandbox answers 50 ms later, to one worker and to two
(two on PostgreSQL only). `--quick` is a small one.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import sqlalchemy as sa
import uvloop

from app.clock import SHANGHAI
from app.database import Database
from bench import filling
from bench.campaign_far import SEND, Far, arrived, bare, sandbox
from bench.processes import SECRET, Server, free_port, service_environment
from models import (
    Account,
    AccountKind,
    Campaign,
    CampaignDelivery,
    CampaignState,
    CampaignWay,
    DeliveryState,
    Follower,
    KnownTemplate,
    NoticeConsent,
    Staff,
    StaffState,
    TemplateKind,
)
from sandbox.config import derived_keys
from tests.servers import start_postgres

PEOPLE, KILLS, YESES = 100_000, 3, 20
RATE_TARGET, MEMORY_TARGET_MB, TWO_TARGET = 0.60, 200.0, 1.7
SLOW_SECONDS = 0.05
ROOT = Path(__file__).parent.parent


# --- our side ----------------------------------------------------------------------------------------------


async def fill(url: str, far: Far, people: int) -> None:
    """An account with its template, its followers, and their yeses."""
    database, now = Database(url), datetime.now(UTC)
    template_id = far.template["priTmplId"]
    async with database.transaction() as session:
        account = Account(app_id=derived_keys(SECRET)["app_id"], kind=AccountKind.OFFICIAL)
        session.add(account)
        await session.flush()
        session.add(
            KnownTemplate(
                account_id=account.id,
                template_id=template_id,
                title=far.template["title"],
                content=far.template["content"],
                example=far.template["example"],
                kind=TemplateKind.ONCE,
                fetched_at=now,
            )
        )
        session.add(Staff(login="bench", name="赵敏", state=StaffState.ACTIVE, created_at=now))
    await filling.fill(url, messages=0, followers=people)
    async with database.transaction() as session:
        ids = (await session.scalars(sa.select(Follower.id))).all()
        for at in range(0, len(ids), 5000):
            rows = [
                {"follower_id": each, "template_id": template_id, "remaining": YESES, "said_at": now}
                for each in ids[at : at + 5000]
            ]
            await session.execute(sa.insert(NoticeConsent), rows)
    await database.close()


async def approve(database: Database, far: Far, now: datetime) -> tuple[int, int]:
    """One more campaign to all, ready to go; its id, and the highest id of a delivery before it."""
    async with database.transaction() as session:
        owner = (await session.scalars(sa.select(Staff.id).where(Staff.login == "bench"))).one()
        row = Campaign(
            title="bench",
            way=CampaignWay.NOTICE,
            text="bench",
            template_id=far.template["priTmplId"],
            fields=dict(far.data),
            state=CampaignState.SCHEDULED,
            writer_ids=[owner],
            owner_id=owner,
            created_at=now,
            updated_at=now,
        )
        session.add(row)
        before = await session.scalar(sa.select(sa.func.max(CampaignDelivery.id)))
        await session.flush()
        return row.id, before or 0


@contextmanager
def worker(environment: Mapping[str, str], log: Path) -> Iterator[Server]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "worker"],
            env={**os.environ, **environment},
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Server("worker", 0, process)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


async def _until(far: Far, first: int, told: int) -> None:
    while arrived(far, first)[0] < told:  # noqa: ASYNC110 - another process counts
        await asyncio.sleep(0.3)


async def _row(database: Database, campaign_id: int) -> Campaign:
    async with database.reading() as session:
        return await session.get_one(Campaign, campaign_id)


async def _until_over(database: Database, campaign_id: int, ours: Server) -> list[float]:
    """Resident memory on the way, in MB, twice a second."""
    found: list[float] = []
    while (row := await _row(database, campaign_id)).state is not CampaignState.FINISHED:
        if row.state is CampaignState.PAUSED or ours.process.poll() is not None:
            raise SystemExit(f"it stopped: {row.reason}")
        if row.state is CampaignState.SENDING and row.filled_at is not None:
            found.append(ours.resident_mb)
        await asyncio.sleep(0.5)
    return found


async def _rate(database: Database, campaign_id: int) -> tuple[float, float]:
    """Notices a second while it was sent, and from the moment it began, with the list being made."""
    row = await _row(database, campaign_id)
    async with database.reading() as session:
        mine = CampaignDelivery.campaign_id == campaign_id
        many, last = (
            await session.execute(
                sa.select(sa.func.count(), sa.func.max(CampaignDelivery.settled_at)).where(mine)
            )
        ).one()
    assert row.started_at is not None and row.filled_at is not None and last is not None
    sent, whole = last - row.filled_at, last - row.started_at
    return many / sent.total_seconds(), many / whole.total_seconds()


async def _check(database: Database, far: Far, campaign_id: int, before: int, people: int) -> str:
    """Raises: SystemExit: somebody twice, somebody missed, or a count that is not true."""
    async with database.reading() as session:
        mine = CampaignDelivery.campaign_id == campaign_id
        chosen = sa.select(CampaignDelivery.state, sa.func.count().label("many")).where(mine)
        rows = await session.execute(chosen.group_by(CampaignDelivery.state))
        counts = {row.state: row.many for row in rows}
    many, persons = arrived(far, before)
    if (many, persons, counts) != (people, people, {DeliveryState.DELIVERED: people}):
        raise SystemExit(f"NOT once each: {many} notices to {persons} people, rows {counts}")
    return f"{people} told once each, {people} rows delivered"


# --- measuring ---------------------------------------------------------------------------------------------


async def _straight(
    database: Database, far: Far, environment: Mapping[str, str], people: int, now: datetime, log: Path
) -> None:
    before = await bare(far, people // 4, f"a{time.time_ns()}")
    campaign_id, first = await approve(database, far, now)
    with worker(environment, log) as ours:
        memory = await _until_over(database, campaign_id, ours)
        spent = ours.cpu_seconds
    after = await bare(far, people // 4, f"b{time.time_ns()}")
    rate, whole = await _rate(database, campaign_id)
    loop = (before + after) / 2
    told = await _check(database, far, campaign_id, first, people)
    grown = memory[-1] - memory[len(memory) // 4] if memory else 0.0
    fits = rate / loop >= RATE_TARGET and max(memory, default=0) < MEMORY_TARGET_MB
    print(
        f"  {told}; {rate:.0f}/s ({whole:.0f}/s with the list), bare loop {before:.0f} and {after:.0f}/s,"
        f" ratio {rate / loop:.2f}; memory at most {max(memory, default=0):.0f} MB, grown by {grown:.1f}"
        f" MB; CPU {spent * 1000 / people:.2f} ms each; {'reached' if fits else 'MISSED'}",
        flush=True,
    )


async def _killed(
    database: Database, far: Far, environment: Mapping[str, str], people: int, now: datetime, log: Path
) -> None:
    campaign_id, first = await approve(database, far, now)
    for kill in range(1, KILLS + 1):
        with worker(environment, log) as ours:
            await _until(far, first, people * kill // (KILLS + 1))
            ours.process.kill()
    with worker(environment, log) as ours:
        await _until_over(database, campaign_id, ours)
    told = await _check(database, far, campaign_id, first, people)
    async with database.reading() as session:
        left = sa.select(sa.func.sum(NoticeConsent.remaining))
        remaining = int(await session.scalar(left) or 0)
    print(f"  killed {KILLS} times: {told}; yeses left {remaining}", flush=True)


async def _slowed(
    database: Database,
    far: Far,
    environment: Mapping[str, str],
    workers: int,
    now: datetime,
    log: Path,
) -> float:
    """Notices a second of so many workers, where each answer takes 50 ms more."""
    campaign_id, _ = await approve(database, far, now)
    with ExitStack() as stack:
        ours = [stack.enter_context(worker(environment, log)) for _ in range(workers)]
        await _until_over(database, campaign_id, ours[0])
    return (await _rate(database, campaign_id))[0]


async def measure(folder: Path, people: int, databases: str) -> None:
    port, noon = free_port(), _until_noon()
    clock = folder / "clock"
    clock.write_text(str(noon.total_seconds()))
    now = datetime.now(UTC) + noon
    here = {"GONGHUI_CLOCK_FILE": str(clock), "GONGHUI_SECRET_KEY": SECRET}
    here |= {"GONGHUI_WECHAT_API_URL": f"http://127.0.0.1:{port}"}
    with ExitStack() as stack:
        urls = {"SQLite": f"sqlite+aiosqlite:///{folder}/campaign.db"}
        if databases != "sqlite":
            urls["PostgreSQL"] = stack.enter_context(start_postgres(durable=True)).url
        for name, url in urls.items():
            if databases == "postgres" and name == "SQLite":
                continue
            of_it = folder / name
            of_it.mkdir()
            environment = service_environment(folder, filling.migrated(url)) | here
            with sandbox(of_it, here, port, people) as far:
                await fill(url, far, people)
                database, log = Database(url), of_it / "worker.log"
                print(f"{name}, {people} people", flush=True)
                await _straight(database, far, environment, people, now, log)
                await _killed(database, far, environment, people, now, log)
                slow = {"slow": {"path": SEND, "seconds": SLOW_SECONDS}}
                async with httpx.AsyncClient(trust_env=False) as http:
                    (await http.post(f"{far.address}/sandbox/api/misbehaviour", json=slow)).raise_for_status()
                one = await _slowed(database, far, environment, 1, now, log)
                told = f"  with {SLOW_SECONDS * 1000:.0f} ms more: one worker {one:.0f}/s"
                if name == "PostgreSQL":
                    two = await _slowed(database, far, environment, 2, now, log)
                    reached = "reached" if two / one >= TWO_TARGET else "MISSED"
                    told += f", two {two:.0f}/s, {two / one:.2f} times; {reached}"
                print(told, flush=True)
                await database.close()


def _until_noon() -> timedelta:
    """Nothing is sent at night: for both clocks it is noon."""
    now = datetime.now(SHANGHAI)
    return timedelta(seconds=(now.replace(hour=12, minute=0, second=0) - now).total_seconds() % 86400)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.campaign", description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--quick", action="store_true", help="4,000 people")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    options = parser.parse_args()
    people = 4000 if options.quick else options.people
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(measure(Path(folder), people, options.database))


if __name__ == "__main__":
    main()
