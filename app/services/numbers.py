"""Numbers people read out: series, year in China, and a count that grows without gaps per series and year.

A number is taken late in its transaction: on PostgreSQL the counter row stays locked until the commit.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from models import Counter

Series = Literal["LY", "RG"]  # 留言, 人工


async def next_number(session: AsyncSession, series: Series, now: datetime) -> str:
    """The next number of `series`, such as LY-2026-0042; more digits after 9999."""
    year = shanghai(now).year
    dialect = session.get_bind().dialect.name
    given = await session.execute(next_value(dialect), {"of_series": series, "of_year": year})
    return number_of(series, year, given.scalar_one())


def number_of(series: Series, year: int, value: int) -> str:
    return f"{series}-{year}-{value:04d}"


def number_of_value(series: Series, year: int, value: Any) -> Any:
    """As `number_of`, of a value that the database holds (PostgreSQL)."""
    digits = sa.cast(value, sa.String)
    padded = sa.func.lpad(digits, sa.func.greatest(4, sa.func.length(digits)), "0")
    return sa.literal(f"{series}-{year}-") + padded


@lru_cache
def next_value(dialect: str) -> Any:
    """One statement: begin at 1 or count on, and tell the result. Takes `of_series` and `of_year`."""
    table: Any = Counter.__table__
    maker = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return (
        maker(table)
        .values(series=sa.bindparam("of_series"), year=sa.bindparam("of_year"), value=1)
        .on_conflict_do_update(index_elements=["series", "year"], set_={"value": table.c.value + 1})
        .returning(table.c.value)
    )
