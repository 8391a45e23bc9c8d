"""Numbers people read out: series, year in China, and a count that grows without gaps per series and year.

A number is taken late in its transaction: on PostgreSQL the counter row stays locked until the commit. While
it is, nobody else counts, so only the first number of a transaction asks the database.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.database import insert_into
from app.gathered import gather, memory
from models import Counter

Series = Literal[
    "FL", "YZ", "XL", "JK", "TS", "LY", "RG", "RH", "BG", "QX", "PY"
]  # 法律, 援助, 心理, 健康, 投诉建议, 留言, 人工, 入会, 变更, 个人信息权利, 辟谣

COUNTER: Any = Counter.__table__


async def next_number(session: AsyncSession, series: Series, now: datetime) -> str:
    """The next number of `series`, such as LY-2026-0042; more digits after 9999."""
    year = shanghai(now).year
    key = f"number:{series}-{year}"
    taken = memory(session).get(key)
    if taken is None:
        counted = _counted(session.get_bind().dialect.name)
        value = int((await session.execute(counted, {"of_series": series, "of_year": year})).scalar_one())
    else:
        value = taken + 1
        gather(session, _put, {"of_series": series, "of_year": year, "reached": value})
    memory(session)[key] = value
    return f"{series}-{year}-{value:04d}"


@cache
def _counted(dialect: str) -> Any:
    """One statement: begin at 1 or count on, and tell the result."""
    return (
        insert_into(dialect, COUNTER)
        .values(series=sa.bindparam("of_series"), year=sa.bindparam("of_year"), value=1)
        .on_conflict_do_update(index_elements=["series", "year"], set_={"value": COUNTER.c.value + 1})
        .returning(COUNTER.c.value)
    )


_PUT = (
    sa.update(COUNTER)
    .where(COUNTER.c.series == sa.bindparam("of_series"), COUNTER.c.year == sa.bindparam("of_year"))
    .values(value=sa.bindparam("reached"))
)


def _put(connection: sa.Connection, reached: Sequence[dict[str, Any]]) -> None:
    """What was counted in memory; of each series the last counts."""
    last = {(each["of_series"], each["of_year"]): each for each in reached}
    connection.execute(_PUT, list(last.values()))
