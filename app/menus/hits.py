"""How often rules are hit: added up in memory, written every few seconds."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models import MenuHit

Transaction = Callable[[], AbstractAsyncContextManager[AsyncSession]]


class Hits:
    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def hit(self, rule: str) -> None:
        self._counts[rule] += 1

    async def flush(self, transaction: Transaction, day: date) -> int:
        """Add what was counted to `day` (in China); what cannot be written is kept for the next time."""
        counts, self._counts = self._counts, Counter()
        if not counts:
            return 0
        try:
            async with transaction() as session:
                await _add(session, day, counts)
        except BaseException:
            self._counts.update(counts)
            raise
        return counts.total()


async def _add(session: AsyncSession, day: date, counts: Counter[str]) -> None:
    dialect = session.get_bind().dialect.name
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    table = sa.inspect(MenuHit).local_table
    added = insert(table)
    added = added.on_conflict_do_update(
        index_elements=["day", "rule"], set_={"count": table.c.count + added.excluded.count}
    )
    # In one order, or two processes could wait for each other.
    rows = [{"day": day, "rule": rule, "count": count} for rule, count in sorted(counts.items())]
    await session.execute(added, rows)
