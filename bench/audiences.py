"""`python -m bench.audiences`: how long 200,000 followers take to be counted, and to be read through.

20,000 of them are members in 40 branches; every third carries a tag. Printed: milliseconds, the median of
some rounds, on both databases.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from app.clock import civil_date
from app.database import Database
from app.services import audience_rows
from app.services.audiences import Audience
from bench import filling
from models import Account, AccountKind, Branch, Follower, FollowerTag, Member, MemberKind, Sex
from tests.servers import start_postgres

FOLLOWERS, MEMBERS, BRANCHES, ROUNDS = 200_000, 20_000, 40, 5

ASKED = (
    None,
    Audience(member=True),
    Audience.model_validate({"branch": "北区分工会", "sex": "女"}),
    Audience.model_validate({"tag": "志愿者"}),
    Audience.model_validate({"tag": "志愿者", "kind": "退休"}),
)


async def _fill(database: Database) -> None:
    now = datetime.now(UTC)
    async with database.transaction() as session:
        session.add(Account(app_id="wx", kind=AccountKind.OFFICIAL))
    await filling.fill(database.url.render_as_string(hide_password=False), messages=0, followers=FOLLOWERS)
    async with database.transaction() as session:
        ids = (await session.execute(sa.select(Follower.id, Follower.person_id).order_by(Follower.id))).all()
        names = [f"黄陵供电公司工会/{'北区' if n % 4 == 0 else '南区'}分工会/{n} 班" for n in range(BRANCHES)]
        rows = [Branch(name=name[-3:], lineage=name, created_at=now) for name in names]
        session.add_all(rows)
        await session.flush()
        branch_ids = [row.id for row in rows]
        kinds, sexes = list(MemberKind), list(Sex)
        members = [
            {
                "public_id": f"m{n:015d}",
                "staff_number": f"{n}",
                "name": "李娜",
                "sex": sexes[n % 2],
                "branch_id": branch_ids[n % BRANCHES],
                "post": "",
                "kind": kinds[n % 3],
                "person_id": row.person_id,
                "updated_at": now,
                "version": 1,
            }
            for n, row in enumerate(ids[:MEMBERS])
        ]
        tags = [{"follower_id": row.id, "name": "志愿者", "given_at": now} for row in ids[::3]]
        for table, values in ((Member.__table__, members), (FollowerTag.__table__, tags)):
            for start in range(0, len(values), filling.BATCH):
                await session.execute(sa.insert(table), values[start : start + filling.BATCH])  # type: ignore[arg-type]


async def _measure(name: str, url: str) -> None:
    database = Database(url)
    await _fill(database)
    async with database.transaction() as session:
        await session.execute(sa.text("ANALYZE"))  # as the server does by itself within a minute
    today = civil_date(datetime.now(UTC))
    for audience in ASKED:
        counted, streamed = [], []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            async with database.reading() as session:
                number = await audience_rows.count(session, audience, today)
            counted.append(time.perf_counter() - began)
        began = time.perf_counter()
        read = sum([len(page) async for page in audience_rows.stream(database, audience, today)])
        streamed.append(time.perf_counter() - began)
        assert read == number
        print(
            f"{name}, {audience or '所有人'}: {number} 人, counted in {_ms(counted)}, read in {_ms(streamed)}"
        )
    await database.close()


def _ms(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.0f} ms"


async def _both(folder: Path) -> None:
    await _measure("SQLite", filling.migrated(f"sqlite+aiosqlite:///{folder}/audiences.db"))
    with start_postgres() as server:
        await _measure("PostgreSQL", filling.migrated(server.url))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_both(Path(folder)))


if __name__ == "__main__":
    main()
