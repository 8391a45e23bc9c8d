"""Numbers people read out: in order, by series and year in China, without gaps or doubles."""

import asyncio
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.services.numbers import next_number
from models import Counter
from tests.conftest import NOON


async def test_each_series_counts_by_itself(session: AsyncSession) -> None:
    given = [await next_number(session, series, NOON) for series in ("LY", "LY", "RG", "LY")]

    assert given == ["LY-2026-0001", "LY-2026-0002", "RG-2026-0001", "LY-2026-0003"]


async def test_the_year_is_the_one_in_china(session: AsyncSession) -> None:
    new_year_in_china = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)

    assert await next_number(session, "LY", NOON) == "LY-2026-0001"
    assert await next_number(session, "LY", new_year_in_china) == "LY-2027-0001"


async def test_it_grows_past_four_digits(session: AsyncSession) -> None:
    session.add(Counter(series="LY", year=2026, value=9999))
    await session.flush()

    assert await next_number(session, "LY", NOON) == "LY-2026-10000"


async def test_a_number_costs_one_statement(session: AsyncSession) -> None:
    statements: list[str] = []
    connection = await session.connection()
    sa.event.listen(
        connection.sync_connection, "before_cursor_execute", lambda *given: statements.append(given[2])
    )

    await next_number(session, "LY", NOON)

    assert len(statements) == 1


async def test_two_at_once_never_get_the_same(database: Database) -> None:
    async def take() -> str:
        async with database.transaction() as session:
            return await next_number(session, "LY", NOON)

    given = await asyncio.gather(*(take() for _ in range(8)))

    assert sorted(given) == [f"LY-2026-{n:04d}" for n in range(1, 9)]


async def test_a_refused_case_leaves_no_gap(database: Database) -> None:
    async with database.transaction() as session:
        await next_number(session, "LY", NOON)
        await session.rollback()

    async with database.transaction() as session:
        assert await next_number(session, "LY", NOON) == "LY-2026-0001"
