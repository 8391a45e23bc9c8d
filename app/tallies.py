"""Counting without writing each time: added up in memory, written every few seconds.

By name and day (`Tally`); or, with when it was first and last, by whoever knows what to write (`Noted`).
"""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from app.database import insert_into

Transaction = Callable[[], AbstractAsyncContextManager[AsyncSession]]
Key = TypeVar("Key", bound=Hashable)
Name = TypeVar("Name", str, int, tuple[int, str])


@dataclass(slots=True)
class Met:
    """How often, and when first and last."""

    count: int
    first_at: datetime
    last_at: datetime


class Noted(Generic[Key]):
    """What one process has met and not written yet: nobody's message or page waits for it."""

    def __init__(self) -> None:
        self._met: dict[Key, Met] = {}

    def note(self, key: Key, at: datetime) -> None:
        met = self._met.setdefault(key, Met(0, at, at))
        met.count, met.last_at = met.count + 1, at

    def take(self) -> dict[Key, Met]:
        """All of it, to be written now."""
        met, self._met = self._met, {}
        return met

    def give_back(self, met: Mapping[Key, Met]) -> None:
        """What could not be written, for the next time."""
        for key, older in met.items():
            newer = self._met.setdefault(key, older)
            if newer is not older:
                self._met[key] = Met(older.count + newer.count, older.first_at, newer.last_at)


class Tally(Generic[Name]):
    """Counts for `table`, which has unique (day, *columns) and a `count`; of several, names are tuples."""

    def __init__(self, table: Any, *columns: str) -> None:
        self._table, self._columns = table, columns
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
            index_elements=["day", *self._columns],
            set_={"count": self._table.c.count + added.excluded.count},
        )
        # In one order, or two processes could wait for each other.
        rows = [
            {"day": day, **dict(zip(self._columns, _parts(name), strict=True)), "count": count}
            for name, count in sorted(counts.items())
        ]
        await session.execute(added, rows)


def _parts(name: str | int | tuple[int, str]) -> tuple[Any, ...]:
    return name if isinstance(name, tuple) else (name,)
