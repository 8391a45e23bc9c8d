"""A rule of forgetting: how what is due is found, and what is done to it.

Each rule finds rows by id and acts on them in a transaction of its own; what it looked for is asked again
when it acts, so a rule may run twice, stop half-way or meet another process. Not here: the rules themselves
(`retention` lists them) and the rounds that apply them (a job).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from models import DeliveryState, MessageState

BATCH = 500

Ids = Sequence[int]
Where = tuple[sa.ColumnElement[bool] | sa.TextClause, ...]
UNSETTLED = (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.FAILED_RETRY)
AT_WORK = (MessageState.RECEIVED, MessageState.DEFERRED)


@dataclass(frozen=True, slots=True)
class Rule:
    """`where` tells which rows of `key`'s table are due; `act` changes those that still are."""

    name: str
    key: Any  # the id column
    where: Callable[[datetime], Where]
    act: Callable[[AsyncSession, Ids, datetime], Awaitable[int]]
    by: Any = None  # an order that a small index has, where reading in the order of ids would cost more
    last: Callable[[AsyncSession, datetime], Awaitable[int]] | None = None  # no id above this can be due

    def find(self, now: datetime, limit: int, *, after: int = 0, last: int | None = None) -> sa.Select[int]:
        """Ids that are due: the next above `after` and up to `last`, or any if the rule has its own order."""
        due = sa.select(self.key).where(*self.where(now)).limit(limit)
        if self.by is not None:
            return due.order_by(self.by)
        if last is not None:
            due = due.where(self.key <= last)
        return due.where(self.key > after).order_by(self.key)

    async def count(self, session: AsyncSession, now: datetime) -> int:
        """How many rows are due."""
        due = sa.select(self.key).where(*self.where(now)).subquery()
        return int(await session.scalar(sa.select(sa.func.count()).select_from(due)) or 0)


async def change(session: AsyncSession, statement: Any) -> int:
    """Run an UPDATE or DELETE; returns how many rows it met."""
    result: Any = await session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)
