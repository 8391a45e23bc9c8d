"""A database as it is after years: a million messages, 200,000 followers, inserted in bulk."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app import migrations
from app.database import Database
from models import Account, Follower, Message, Person
from tests.servers import run_apart

BATCH = 5000


async def fill(url: str, *, messages: int, followers: int) -> None:
    database = Database(url)
    now = datetime.now(UTC) - timedelta(days=1)
    sealed = os.urandom(420)  # as long as a sealed message of usual length
    async with database.writer.connect() as connection:
        account_id = (await connection.execute(sa.select(Account.id))).scalar_one()
        first = ((await connection.execute(sa.select(sa.func.max(Person.id)))).scalar() or 0) + 1
        await connection.rollback()
        people = ({"id": first + n, "public_id": f"b{n:015d}", "created_at": now} for n in range(followers))
        await _insert(connection, Person.__table__, people)
        rows = (
            {
                "id": first + n,
                "account_id": account_id,
                "openid": f"oFilled{n:021d}",
                "person_id": first + n,
                "version": 5,
                "subscribed": True,
                "spoke_at": now,
                "spoke_used": 0,
                "acted_used": 0,
            }
            for n in range(followers)
        )
        await _insert(connection, Follower.__table__, rows)
        kept = (
            {
                "account_id": account_id,
                "key": f"m|{23_000_000_000_000_000 + n}|oFilled{n % followers:021d}",
                "follower_id": first + n % followers,
                "kind": "text",
                "state": "answered",
                "rule": "keyword:值班电话",
                "request_id": f"{n:016x}",
                "received_at": now,
                "answered_at": now,
                "body_": sealed,
                "reply_": sealed,
                "tries": 0,
            }
            for n in range(messages)
        )
        await _insert(connection, Message.__table__, kept)
        if not database.is_sqlite:
            async with connection.begin():
                for table in ("person", "follower"):  # whose ids were given, not counted
                    ids = f"pg_get_serial_sequence('{table}', 'id')"
                    await connection.execute(sa.text(f"SELECT setval({ids}, max(id)) FROM {table}"))
    await database.close()


async def _insert(
    connection: AsyncConnection, table: sa.FromClause, rows: Iterator[dict[str, object]]
) -> None:
    values = {
        column.name: sa.bindparam("body_" if column.name == "body" else "reply_", type_=sa.LargeBinary())
        for column in table.c
        if column.name in ("body", "reply")
    }
    statement = sa.insert(table).values(values) if values else sa.insert(table)  # type: ignore[arg-type]
    while batch := list(islice(rows, BATCH)):
        async with connection.begin():
            await connection.execute(statement, batch)


def migrated(url: str) -> str:
    """Bring the database at `url` to the newest revision; returns `url`."""

    async def upgrade() -> None:
        database = Database(url)
        await migrations.upgrade(database.writer)
        await database.close()

    run_apart(upgrade)
    return url
