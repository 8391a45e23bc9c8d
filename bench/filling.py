"""A database as it is after years: a million messages, 200,000 followers, inserted in bulk."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app import migrations
from app.database import Database
from models import LINEAGE, Account, Branch, Case, CaseEntry, Follower, Member, Message, Outbox, Person
from models.sealing import keyring
from tests.servers import run_apart

BATCH = 5000
WAL_FILES = 60  # more than a run writes
BLOCKS = "case_entry.blocks"


async def fill(url: str, *, messages: int, followers: int, mixed: bool = False) -> None:
    """With `mixed` the messages are of a year, of many kinds and states, and a fifth left an effect."""
    database = Database(url)
    now = datetime.now(UTC) - timedelta(days=1)
    sealed = os.urandom(420)  # as long as a sealed message of usual length
    async with database.writer.connect() as connection:
        account_id = (await connection.execute(sa.select(Account.id))).scalar_one()
        first = ((await connection.execute(sa.select(sa.func.max(Person.id)))).scalar() or 0) + 1
        await connection.rollback()
        people = ({"id": first + n, "public_id": f"b{n:015d}", "created_at": now} for n in range(followers))
        await _insert(connection, Person.__table__, people)
        rows = (_follower(first + n, account_id, n, now) for n in range(followers))
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
                **(_mixed(n, messages, now) if mixed else {}),
            }
            for n in range(messages)
        )
        await _insert(connection, Message.__table__, kept)
        if mixed:
            await _insert_effects(connection, messages, followers, first)
        await _settle(connection, "person", "follower")
    await database.close()


async def _insert_effects(connection: AsyncConnection, messages: int, followers: int, first: int) -> None:
    now = datetime.now(UTC)
    effects = (_effect(n, first + n % followers, now) for n in range(messages // 5))
    await _insert(connection, Outbox.__table__, effects)
    if connection.dialect.name == "postgresql":
        async with connection.begin():
            await connection.execute(sa.text("ANALYZE"))


def _follower(row_id: int, account_id: int, n: int, now: datetime) -> dict[str, object]:
    return {
        "id": row_id,
        "account_id": account_id,
        "openid": f"oFilled{n:021d}",
        "person_id": row_id,
        "version": 5,
        "subscribed": True,
        "spoke_at": now,
        "spoke_used": 0,
        "acted_used": 0,
    }


def _mixed(n: int, messages: int, now: datetime) -> dict[str, object]:
    """One of a year's messages: most are answered texts, of 300 rules; a few came late or failed."""
    at = now - timedelta(days=365) * ((messages - n) / messages)
    state = "failed" if n % 1000 == 7 else "delivered" if n % 150 == 3 else "answered"
    state = "undeliverable" if n % 2000 == 9 else state
    kind = "event.scan" if n % 200 == 5 else "event.click" if n % 10 in {1, 2} else "text"
    rule = "fallback" if n % 3 == 0 else f"keyword:词{n * 7 % 300}"
    return {"received_at": at, "answered_at": at, "state": state, "kind": kind, "rule": rule}


def _effect(n: int, person_id: int, now: datetime) -> dict[str, object]:
    state = "failed" if n % 500 == 7 else "unknown" if n % 700 == 3 else "delivered"
    at = now - timedelta(seconds=n)
    return {
        "key": f"filled:{n}",
        "kind": "cases.answered" if n % 4 else "activities.reminder",
        "person_id": person_id,
        "state": "skipped" if n % 9 == 1 else state,
        "way": "customer_message",
        "besides_reply": False,
        "urgent": False,
        "confidential": n % 20 == 0,
        "reason": "",
        "created_at": at,
        "due_at": at,
        "settled_at": at,
        "tries": 1,
    }


async def fill_cases(url: str, *, cases: int, entries: int) -> None:
    """留言 and 人工 of years, each with so many entries; every five-hundredth waits for an answer.

    Their words are sealed with the keyring in use, so that lists can show them.
    """
    database, now = Database(url), datetime.now(UTC)
    words = keyring().seal(json.dumps([{"type": "text", "text": "食堂的灯坏了"}]).encode(), BLOCKS)
    async with database.writer.connect() as connection:
        await _insert(connection, Case.__table__, (_case(n, now) for n in range(cases)))
        said = (_entry(n % cases + 1, n // cases, words, now) for n in range(cases * entries))
        await _insert(connection, CaseEntry.__table__, said)
        await _settle(connection, "case", "case_entry")
    await database.close()


async def fill_members(url: str, *, members: int, branches: int = 200) -> None:
    """A roster of a province, in two levels of branches; a few have left."""
    database, now = Database(url), datetime.now(UTC)
    async with database.writer.connect() as connection:
        await _insert(connection, Branch.__table__, (_branch(n, now) for n in range(branches)))
        rows = (_member(n, n % branches + 1, now) for n in range(members))
        await _insert(connection, Member.__table__, rows)
        await _settle(connection, "branch", "member")
    await database.close()


def _branch(n: int, now: datetime) -> dict[str, object]:
    above, name = n % 20 if n >= 20 else None, f"第{n}分工会"
    lineage = name if above is None else f"第{above}分工会{LINEAGE}{name}"
    parent_id = None if above is None else above + 1
    return {
        "id": n + 1,
        "public_id": f"r{n:015d}",
        "name": name,
        "lineage": lineage,
        "parent_id": parent_id,
        "created_at": now,
    }


def _member(n: int, branch_id: int, now: datetime) -> dict[str, object]:
    return {
        "public_id": f"e{n:015d}",
        "staff_number": f"{n:08d}",
        "name": f"王{n % 5000}",
        "post": "电工",
        "branch_id": branch_id,
        "kind": "in_service",
        "version": 1,
        "updated_at": now,
        "left_on": now.date() - timedelta(days=30) if n % 40 == 3 else None,
    }


async def _settle(connection: AsyncConnection, *tables: str) -> None:
    """What PostgreSQL has to know of tables whose ids may have been given, not counted."""
    if connection.dialect.name == "sqlite":
        return
    async with connection.begin():
        for table in tables:
            ids = f"pg_get_serial_sequence('\"{table}\"', 'id')"
            await connection.execute(sa.text(f'SELECT setval({ids}, max(id)) FROM "{table}"'))
            await connection.execute(sa.text(f'ANALYZE "{table}"'))


def _case(n: int, now: datetime) -> dict[str, object]:
    waits = n % 500 == 7
    at = now - timedelta(minutes=n)
    return {
        "id": n + 1,
        "public_id": f"c{n:015d}",
        "kind": "desk" if n % 3 == 0 else "feedback",
        "number": f"LY-2020-{n:06d}",
        "topic": "" if n % 3 == 0 else "safety" if n % 50 == 1 else "other",
        "state": "submitted" if waits else "answered" if n % 100 == 1 else "closed",
        "anonymous": n % 10 == 4,
        "opened_at": at,
        "first_answer_due_at": at,
        "answer_due_at": at if waits else None,
        "waiting_since": at if waits else None,
        "overdue": False,
        "version": 1,
    }


def _entry(case_id: int, place: int, words: bytes, now: datetime) -> dict[str, object]:
    kind = "staff" if place % 2 else "member"
    return {"case_id": case_id, "kind": kind, "blocks_": words, "by": "", "channel": "", "created_at": now}


async def _insert(
    connection: AsyncConnection, table: sa.FromClause, rows: Iterator[dict[str, object]]
) -> None:
    values = {
        column.name: sa.bindparam(f"{column.name}_", type_=sa.LargeBinary())  # sealed already
        for column in table.c
        if column.name in ("body", "reply", "blocks")
    }
    statement = sa.insert(table).values(values) if values else sa.insert(table)  # type: ignore[arg-type]
    while batch := list(islice(rows, BATCH)):
        async with connection.begin():
            await connection.execute(statement, batch)


def migrated(url: str) -> str:
    """Bring the database at `url` to the newest revision; returns `url`."""

    async def upgrade() -> None:
        database = Database(url)
        await migrations.upgrade(database)
        await database.close()

    run_apart(upgrade)
    return url


def run_in(url: str) -> None:
    """Leave a new PostgreSQL server as one that has run for a while: with files for its write-ahead log.

    Else it makes one of 16 MB every few seconds under load, and all commits wait for 50 to 100 ms.
    """

    async def write() -> None:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        await connection.execute("ALTER SYSTEM SET min_wal_size = '1GB'")  # what is kept for the next ones
        await connection.execute("SELECT pg_reload_conf()")
        for _ in range(WAL_FILES):
            await connection.execute("SELECT pg_logical_emit_message(true, 'bench', repeat('x', 16777216))")
        await connection.execute("CHECKPOINT")
        await connection.close()

    run_apart(write)
