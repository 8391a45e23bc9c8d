"""The row of a walk: whether one is due, how far it is, and who walks. What a walk does is `walking`."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from app.clock import Clock, start_of_day
from app.database import Database
from app.services import walks
from app.services.coordination import give_back, take_lease, upsert
from models import Walk, WalkKind, WalkStep

LEASE: Final = "walk"
LEASE_SECONDS: Final = 90.0  # renewed at every page
AT_NIGHT: Final = timedelta(hours=4)  # of the day in China, when the daily walk begins
GIVEN_UP: Final = timedelta(days=2)  # an adoption nobody goes on with holds up the daily walk no longer
ORDER: Final = list(WalkStep)

Tell = Callable[[Walk], None]


class Busy(Exception):
    """Another process walks already."""


def nobody_listens(walk: Walk) -> None:
    """For walks nobody looks at."""


class Trail:
    """The walks of one account, as one process sees them; `tell` hears of every page."""

    def __init__(
        self, database: Database, clock: Clock, account_id: int, tell: Tell = nobody_listens
    ) -> None:
        self._database, self._clock, self._account_id = database, clock, account_id
        self._tell = tell
        self._holder = secrets.token_hex(8)

    async def is_due(self) -> bool:
        """Whether the daily walk is to begin or to go on, and no adoption is under way."""
        now = self._clock.now()
        async with self._database.reading() as session:
            found = await session.scalars(sa.select(Walk).where(Walk.account_id == self._account_id))
            rows = {row.kind: row for row in found}
        adoption, daily = rows.get(WalkKind.ADOPTION), rows.get(WalkKind.DAILY)
        if adoption and adoption.step is not WalkStep.DONE and adoption.touched_at > now - GIVEN_UP:
            return False
        if daily is None:
            await self._plan_first()
            return False
        return daily.due_at <= now

    async def _plan_first(self) -> None:
        row = self._fresh(WalkKind.DAILY) | {"step": WalkStep.DONE, "due_at": self._next_night()}
        async with self._database.transaction() as session:
            planned = upsert(session, Walk).values(row)
            await session.execute(planned.on_conflict_do_nothing(index_elements=["account_id", "kind"]))

    async def find(self, kind: WalkKind) -> Walk | None:
        mine = sa.select(Walk).where(Walk.account_id == self._account_id, Walk.kind == kind)
        async with self._database.reading() as session:
            return await session.scalar(mine)

    async def open(self, kind: WalkKind) -> Walk:
        """The walk that is under way, or a new one."""
        async with self._database.transaction() as session:
            made = upsert(session, Walk).values(self._fresh(kind))
            await session.execute(made.on_conflict_do_nothing(index_elements=["account_id", "kind"]))
            mine = sa.select(Walk).where(Walk.account_id == self._account_id, Walk.kind == kind)
            walk = (await session.scalars(mine.with_for_update())).one()
            if walk.step is WalkStep.DONE:
                for name, value in self._fresh(kind).items():
                    setattr(walk, name, value)
        if walk.step is WalkStep.LIST and not walk.cursor:
            await self.clear()  # what a walk of the other kind left
        return walk

    def _fresh(self, kind: WalkKind) -> dict[str, Any]:
        now = self._clock.now()
        return {
            "account_id": self._account_id,
            "kind": kind,
            "step": WalkStep.LIST,
            "cursor": "",
            "counts": {},
            "started_at": now,
            "touched_at": now,
            "due_at": now,
        }

    async def keep(self, walk: Walk, *, cursor: str | None = None, **found: int) -> None:
        """Note how far the walk is and what it found; without a cursor its step is over."""
        step = walk.step if cursor is not None else ORDER[ORDER.index(walk.step) + 1]
        counts = walk.counts | {name: walk.counts.get(name, 0) + number for name, number in found.items()}
        await self._write(walk, step=step, cursor=cursor or "", counts=counts)
        self._tell(walk)

    async def wait(self, walk: Walk, until: datetime) -> None:
        """Not before `until`."""
        await self._write(walk, due_at=until)

    async def end(self, walk: Walk) -> None:
        """It came to its end; the next daily one begins in the night."""
        async with self._database.transaction() as session:
            await walks.forget_settled(session, walk.started_at - walks.SURE)
            mine = sa.update(Walk).where(Walk.account_id == self._account_id)
            await session.execute(mine.values(due_at=self._next_night()))
        await self.keep(walk)

    async def _write(self, walk: Walk, **values: Any) -> None:
        values["touched_at"] = self._clock.now()
        async with self._database.transaction() as session:
            await session.execute(sa.update(Walk).where(Walk.id == walk.id).values(values))
        for name, value in values.items():
            setattr(walk, name, value)

    async def clear(self, list_name: str | None = None) -> None:
        """Forget a list, or all of them."""
        more = True
        while more:
            async with self._database.transaction() as session:
                more = await walks.clear(session, self._account_id, list_name)

    def _next_night(self) -> datetime:
        return start_of_day(self._clock.now() + timedelta(days=1)) + AT_NIGHT

    async def hold(self) -> None:
        """Raises: Busy."""
        async with self._database.transaction() as session:
            now = self._clock.real_now()
            if not await take_lease(session, LEASE, self._holder, seconds=LEASE_SECONDS, now=now):
                raise Busy

    async def let_go(self) -> None:
        async with self._database.transaction() as session:
            await give_back(session, LEASE, self._holder)
