"""Rows that wait for the others of their transaction: there when somebody looks, gone when it is undone."""

from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from app.database import Database, WriteNeeded
from app.gathered import gather, insert_gathered, waiting
from app.services.numbers import next_number
from models import Counter
from tests.conftest import NOON

COUNTERS = sa.select(Counter.value).order_by(Counter.value)


def insert(connection: sa.Connection, rows: Sequence[Any]) -> None:
    connection.execute(
        sa.insert(Counter), [{"series": "T", "year": 2026 + row, "value": row} for row in rows]
    )


async def test_they_go_in_together_at_the_commit(database: Database) -> None:
    calls: list[int] = []

    def count(connection: sa.Connection, rows: Sequence[Any]) -> None:
        calls.append(len(rows))
        insert(connection, rows)

    async with database.transaction() as session:
        for row in (1, 2, 3):
            gather(session, count, row)
        assert waiting(session) == 3
        assert calls == []

    assert calls == [3]
    async with database.reading() as session:
        assert (await session.scalars(COUNTERS)).all() == [1, 2, 3]


async def test_whoever_asks_the_session_sees_them(database: Database) -> None:
    async with database.transaction() as session:
        gather(session, insert, 1)

        assert (await session.scalars(COUNTERS)).all() == [1]
        assert waiting(session) == 0


async def test_a_rollback_forgets_them(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            gather(session, insert, 1)
            _ = 1 / 0

    async with database.transaction() as session:
        assert waiting(session) == 0
        assert (await session.scalars(COUNTERS)).all() == []


async def test_a_savepoint_undoes_its_own_and_no_others(database: Database) -> None:
    async with database.transaction() as session:
        gather(session, insert, 1)
        await insert_gathered(session)
        nested = await session.begin_nested()
        gather(session, insert, 2)
        await nested.rollback()
        async with session.begin_nested():
            gather(session, insert, 3)

    async with database.reading() as session:
        assert (await session.scalars(COUNTERS)).all() == [1, 3]


async def test_numbers_taken_in_a_savepoint_that_is_undone_are_given_again(database: Database) -> None:
    async with database.transaction() as session:
        assert await next_number(session, "LY", NOON) == "LY-2026-0001"
        assert await next_number(session, "LY", NOON) == "LY-2026-0002"
        await insert_gathered(session)
        nested = await session.begin_nested()
        assert await next_number(session, "LY", NOON) == "LY-2026-0003"
        await nested.rollback()
        assert await next_number(session, "LY", NOON) == "LY-2026-0003"
        assert await next_number(session, "LY", NOON) == "LY-2026-0004"

    async with database.transaction() as session:
        assert await next_number(session, "LY", NOON) == "LY-2026-0005"


async def test_a_session_that_reads_gathers_nothing(database: Database) -> None:
    async with database.reading() as session:
        with pytest.raises(WriteNeeded):
            gather(session, insert, 1)
