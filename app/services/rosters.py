"""A roster comes in: what would change, and the change itself. Members are known by their staff number.

Chunks of `CHUNK` rows are each committed by themselves. One transaction for 20,000 people would hold SQLite's
only write lock for seconds, while members wait for their answers. The price is that a crash leaves the first
part done; but every chunk is compared anew with what is stored, so the same file again finishes the rest, and
says of the first part that nothing changed. A chunk is first read and only what differs is written, by one
import at a time (`app.services.importing`).

Sealed values are compared opened: the same value sealed again is another text. Comparing is in
`app.services.roster_changes`; the file is read in `app.services.roster_sheets`.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock, civil_date
from app.database import Database
from app.errors import DomainError
from app.services import bulk
from app.services.branches import ensure_all, with_above
from app.services.importing import CHUNK, Importing, Progress, importing
from app.services.roster_changes import Change, absent, changes_of, list_absent, values_of
from app.services.roster_rows import Row
from models import Branch, Member, MemberEvent, MemberMove
from models.types import public_id

log = structlog.get_logger(__name__)

LEASE = "roster-import"
MAX_LEAVING = 0.2  # of the active members; more is more likely half a file than a bad year
MAX_NEW_BRANCHES = 500
SAMPLES = 50  # changes of each kind that a preview keeps


class TooManyLeave(DomainError):
    def __init__(self, leaving: int, active: int) -> None:
        super().__init__(
            f"文件里少了 {leaving} 位在册的人，超过在册 {active} 人的 20%，可能不是完整的花名册，没有导入。"
            "核对以后确实如此，加 --force。"
        )


@dataclass(slots=True)
class Outcome:
    """What happened, or what would. `samples` are the first changes of each kind."""

    events: Counter[MemberEvent] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)  # of those who changed
    moved: int = 0  # between branches
    unchanged: int = 0
    missing: int = 0  # active, not in the file; with `complete` they leave
    active: int = 0  # before
    new_branches: list[str] = field(default_factory=list)
    samples: dict[MemberEvent, list[Change]] = field(default_factory=dict)

    def count(self, change: Change) -> None:
        if change.event is None:
            self.unchanged += 1
            return
        self.events[change.event] += 1
        if change.event is not MemberEvent.JOINED:
            self.fields.update(list(change.fields))
            self.moved += "branch" in change.fields
        kept = self.samples.setdefault(change.event, [])
        if len(kept) < SAMPLES:
            kept.append(change)


async def preview(
    session: AsyncSession, rows: Sequence[Row], today: date, within: Collection[int] | None = None
) -> Outcome:
    """What the rows would change; nothing is written. `within`: who is missing is of these branches alone."""
    outcome = Outcome()
    for chunk in _chunks(rows):
        for change in await changes_of(session, chunk, today):
            outcome.count(change)
    await _look_around(session, rows, outcome, today, within)
    return outcome


async def _look_around(
    session: AsyncSession,
    rows: Sequence[Row],
    outcome: Outcome,
    today: date,
    within: Collection[int] | None,
) -> None:
    """Who is not in the file, and which branches are new."""
    missing, outcome.active = await list_absent(session, {row.staff_number for row in rows}, today, within)
    outcome.missing = len(missing)
    known = set(await session.scalars(sa.select(Branch.lineage)))
    wanted = {row.branch for row in rows}
    outcome.new_branches = sorted(set(with_above(wanted - known)) - known)


async def apply(
    database: Database,
    clock: Clock,
    rows: Sequence[Row],
    *,
    by: str,
    channel: str = "cli",
    complete: bool = False,
    force: bool = False,
    progress: Progress | None = None,
    within: Collection[int] | None = None,
) -> Outcome:
    """Bring the stored roster to what `rows` say. `complete`: who is not among them leaves today.

    `within`: only members of these branches are touched, and new ones (`app.services.roster_scope`).

    Raises:
        ImportBusy: another import is at work.
        TooManyLeave: more than a fifth of the active members would; `force` does it all the same.
        DomainError: so many new branches that a column must be wrong; `force` makes them.
        ImportStopped: the database refused; the same call again goes on.
    """
    async with importing(database, clock, LEASE, "花名册", len(rows), progress) as at_work:
        run = _Import(database, clock, at_work, by, channel, within)
        async with database.reading() as session:
            ahead = Outcome()
            await _look_around(session, rows, ahead, run.today, within)
        refuse_the_unlikely(ahead, complete=complete, force=force)
        for chunk in _chunks(rows):
            await run.bring_in(chunk)
        run.outcome.active, run.outcome.new_branches = ahead.active, ahead.new_branches
        run.outcome.missing = ahead.missing
        if complete:
            await run.let_go({row.staff_number for row in rows})
    log.info("roster.imported", rows=len(rows), **{k.value: n for k, n in run.outcome.events.items()})
    return run.outcome


def refuse_the_unlikely(ahead: Outcome, *, complete: bool, force: bool) -> None:
    """What an import begins with, once it is known what is `ahead`. Raises: TooManyLeave, DomainError."""
    if force:
        return
    if complete and ahead.missing > MAX_LEAVING * ahead.active:
        raise TooManyLeave(ahead.missing, ahead.active)
    if len(ahead.new_branches) > MAX_NEW_BRANCHES:
        raise DomainError(
            f"会新建 {len(ahead.new_branches)} 个组织，可能是「所在组织」一列写错了，没有导入。"
            "核对以后确实如此，加 --force。"
        )


class _Import:
    """One import at work."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        at_work: Importing,
        by: str,
        channel: str,
        within: Collection[int] | None,
    ) -> None:
        self._database, self._clock, self._at_work = database, clock, at_work
        self._within = within
        self._by, self._channel = by[:64], channel  # as long as its column
        self.today = civil_date(clock.now())
        self.outcome = Outcome()

    async def bring_in(self, rows: Sequence[Row]) -> None:
        async with self._database.reading() as session:
            changes = await changes_of(session, rows, self.today)
        differing = [each.row for each in changes if each.event is not None and each.row is not None]
        for change in changes:
            if change.event is None:
                self.outcome.count(change)
        if differing:
            await self._write(partial(self._bring_in, rows=differing))
        self._at_work.went_on(len(rows))

    async def let_go(self, listed: set[str]) -> None:
        """Members that are not `listed` leave today."""
        async with self._database.reading() as session:
            missing, _ = await list_absent(session, listed, self.today, self._within)
        for ids in _chunks(missing):
            await self._write(partial(self._let_go, ids=ids))

    async def _bring_in(self, session: AsyncSession, rows: Sequence[Row]) -> list[Change]:
        now = self._clock.now()
        branches = await ensure_all(session, dict.fromkeys(row.branch for row in rows), now)
        changes = await changes_of(session, rows, self.today, lock=True)
        if self._within is not None:  # who has moved out of them meanwhile
            changes = [each for each in changes if each.branch_id is None or each.branch_id in self._within]
        new = [each for each in changes if each.event is MemberEvent.JOINED]
        connection = await session.connection()
        ids: dict[str, int] = {}
        if new:
            values = [_member(each, branches, now) for each in new]
            made = await connection.run_sync(
                bulk.insert_rows, Member.__table__, values, ("staff_number", "id")
            )
            ids = {row.staff_number: row.id for row in made}
        known = [each for each in changes if each.member_id is not None]
        await self._update(session, [each for each in known if each.event], branches, now)
        await self._keep(session, changes, ids, now)
        return changes

    async def _let_go(self, session: AsyncSession, ids: Sequence[int]) -> list[Change]:
        changes = await absent(session, ids, self.today)
        await self._update(session, changes, {}, self._clock.now())
        await self._keep(session, changes, {}, self._clock.now())
        return changes

    async def _update(
        self, session: AsyncSession, changes: Sequence[Change], branches: dict[str, int], now: datetime
    ) -> None:
        if changes:
            rows = [_update(each, branches, now) for each in changes]
            await (await session.connection()).execute(_UPDATE, rows)

    async def _keep(
        self, session: AsyncSession, changes: Sequence[Change], ids: dict[str, int], now: datetime
    ) -> None:
        """Write down what happened to whom."""
        moves = [
            {
                "member_id": each.member_id or ids[each.staff_number],
                "what": each.event.value,
                "changes": each.kept(),
                "by": self._by,
                "channel": self._channel,
                "at": now,
            }
            for each in changes
            if each.event is not None
        ]
        if moves:
            await (await session.connection()).run_sync(bulk.insert_rows, MemberMove.__table__, moves)

    async def _write(self, work: Callable[[AsyncSession], Awaitable[Sequence[Change]]]) -> None:
        for change in await self._at_work.write(work):
            self.outcome.count(change)


def _member(change: Change, branches: dict[str, int], now: datetime) -> dict[str, Any]:
    values = values_of(change)
    return values | {
        "branch_id": branches[values.pop("branch")],
        "public_id": public_id(),
        "staff_number": change.staff_number,
        "updated_at": now,
        "version": 1,
    }


def _update(change: Change, branches: dict[str, int], now: datetime) -> dict[str, Any]:
    values = values_of(change)
    lineage = values.pop("branch")
    branch_id = branches[lineage] if "branch" in change.fields else change.branch_id
    known = {"of_member": change.member_id, "of_branch": branch_id, "updated": now}
    return known | {f"new_{name}": value for name, value in values.items()}


_TABLE: Any = Member.__table__
_PLAIN = ("name", "sex", "born_on", "phone", "post", "kind", "joined_on", "left_on")
_UPDATE = (
    sa.update(_TABLE)
    .where(_TABLE.c.id == sa.bindparam("of_member"))
    .values(
        {_TABLE.c[name]: sa.bindparam(f"new_{name}", type_=_TABLE.c[name].type) for name in _PLAIN}
        | {
            _TABLE.c.branch_id: sa.bindparam("of_branch"),
            _TABLE.c.updated_at: sa.bindparam("updated", type_=_TABLE.c.updated_at.type),
            _TABLE.c.version: _TABLE.c.version + 1,
        }
    )
)


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
