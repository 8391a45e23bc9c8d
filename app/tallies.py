"""Counting without writing each time: added up in memory, written every few seconds by name and day."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from app.database import insert_into

Transaction = Callable[[], AbstractAsyncContextManager[AsyncSession]]
Name = TypeVar("Name", str, int)


class Tally(Generic[Name]):
    """Counts for `table`, which has unique (day, `column`) and a `count`."""

    def __init__(self, table: Any, column: str) -> None:
        self._table, self._column = table, column
        self._counts: Counter[Name] = Counter()

    def hit(self, name: Name) -> None:
        self._counts[name] += 1

    async def flush(self, transaction: Transaction, day: date) -> int:
        """Add what was counted to `day` (in China); what cannot be written is kept for the next time."""
        counts, self._counts = self._counts, Counter()
        if not counts:
            return 0
        try:
            async with transaction() as session:
                await self._add(session, day, counts)
        except BaseException:
            self._counts.update(counts)
            raise
        return counts.total()

    async def _add(self, session: AsyncSession, day: date, counts: Counter[Name]) -> None:
        added = insert_into(session.get_bind().dialect.name, self._table)
        added = added.on_conflict_do_update(
            index_elements=["day", self._column],
            set_={"count": self._table.c.count + added.excluded.count},
        )
        # In one order, or two processes could wait for each other.
        rows = [{"day": day, self._column: name, "count": count} for name, count in sorted(counts.items())]
        await session.execute(added, rows)
