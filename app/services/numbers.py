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
    """As `take_number`, for those who have a session in hand."""
    return await session.run_sync(lambda sync: take_number(sync.connection(), series, now))


def take_number(connection: sa.Connection, series: Series, now: datetime) -> str:
    """The next number of `series`, such as LY-2026-0042; more digits after 9999."""
    year = shanghai(now).year
    given = connection.execute(
        _one_more(connection.dialect.name), {"series": series, "year": year, "value": 1}
    )
    return f"{series}-{year}-{given.scalar_one():04d}"


@lru_cache
def _one_more(dialect: str) -> Any:
    """One statement: begin at 1 or count on, and tell the result."""
    table: Any = Counter.__table__
    maker = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return (
        maker(table)
        .on_conflict_do_update(index_elements=["series", "year"], set_={"value": table.c.value + 1})
        .returning(table.c.value)
    )
