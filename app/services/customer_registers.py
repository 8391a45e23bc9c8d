"""The register of electricity accounts comes in: what would change, and the change itself.

Accounts are known by their number. A file is brought in chunk by chunk, each compared anew with what is
stored: after a crash the same file goes on where it stopped. Sealed values are compared opened. People who
have bound an account follow it (`app.services.customer_moves`). The file is read in
`app.services.customer_sheets`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database
from app.errors import DomainError
from app.services import bulk, customer_accounts, customer_moves
from app.services.customer_moves import Moved
from app.services.customer_rows import Row
from app.services.customer_sheets import Register
from app.services.importing import CHUNK, Importing, Progress, importing
from app.services.person_names import is_same
from models import AccountBinding, BindingState, CustomerAccount
from models.types import public_id

log = structlog.get_logger(__name__)

LEASE = "account-register"
SAMPLES = 20  # changes of each kind that a preview keeps
MAX_LOSING = 0.2  # of the verified bindings; more is more likely a column mixed up than a town moving house
LOSING_COUNTS_FROM = 20  # bindings


class AccountEvent(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    CLOSED = "closed"
    REOPENED = "reopened"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    AccountEvent.NEW: "新的户号",
    AccountEvent.CHANGED: "资料更改",
    AccountEvent.CLOSED: "销户",
    AccountEvent.REOPENED: "恢复用电",
}


class TooManyLose(DomainError):
    def __init__(self, losing: int, verified: int) -> None:
        super().__init__(
            f"会让 {losing} 个已核实的户号重新核实，超过全部 {verified} 个的 20%，"
            "可能是户名或手机号一列写错了，没有导入。核对以后确实如此，加 --force。"
        )


@dataclass(slots=True)
class Change:
    """What happens to one account; without `event` nothing does."""

    row: Row
    digest: bytes
    event: AccountEvent | None
    before: dict[str, Any]  # by field; empty for a new one
    fields: dict[str, Any]  # field → value afterwards, of those that differ

    @property
    def after(self) -> dict[str, Any]:
        return _BLANK | self.before | self.fields

    @property
    def owner_changed(self) -> bool:
        """Whether who proved himself by the old name or phone may be somebody else by now."""
        phone_went = "phone" in self.fields and self.before.get("phone") is not None
        renamed = "name" in self.fields and not is_same(self.fields["name"], self.before.get("name", ""))
        return bool(self.before) and (renamed or phone_went)

    def moved(self) -> Moved:
        after = self.after
        return Moved(self.digest, after["area"], after["closed_on"] is not None, self.owner_changed)


@dataclass(slots=True)
class Outcome:
    """What happened, or what would. `samples` are the first changes of each kind."""

    events: Counter[AccountEvent] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)  # of those that were there
    unchanged: int = 0
    losing: int = 0  # verified bindings that must be verified anew
    new_areas: list[str] = field(default_factory=list)
    samples: dict[AccountEvent, list[Change]] = field(default_factory=dict)

    def count(self, change: Change) -> None:
        if change.event is None:
            self.unchanged += 1
            return
        self.events[change.event] += 1
        if change.before:
            self.fields.update(list(change.fields))
        kept = self.samples.setdefault(change.event, [])
        if len(kept) < SAMPLES:
            kept.append(change)


async def preview(session: AsyncSession, register: Register) -> Outcome:
    """What the register would change; nothing is written."""
    outcome = Outcome()
    verified = await _verified(session)
    for chunk in register.chunks(CHUNK):
        for change in await changes_of(session, chunk):
            outcome.count(change)
            outcome.losing += _losing(change, verified)
    outcome.new_areas = sorted(register.areas - set(await customer_accounts.list_areas(session)))
    return outcome


async def apply(
    database: Database,
    clock: Clock,
    register: Register,
    *,
    by: str,
    force: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Bring what is stored to what the register says.

    Raises:
        ImportBusy: another import is at work.
        TooManyLose: more than a fifth of the verified bindings would be lost; `force` does it all the same.
        ImportStopped: the database refused; the same call again goes on.
    """
    outcome = Outcome()
    async with importing(database, clock, LEASE, "户号登记", register.usable, progress) as at_work:
        async with database.reading() as session:
            await _look_ahead(session, register, outcome, force=force)
        for chunk in register.chunks(CHUNK):
            await _bring_in(database, clock, at_work, chunk, outcome)
    told = {event.value: number for event, number in outcome.events.items()}
    log.info("customers.imported", rows=register.usable, losing=outcome.losing, by=by, **told)
    return outcome


async def _look_ahead(session: AsyncSession, register: Register, outcome: Outcome, *, force: bool) -> None:
    """New areas; and of the accounts that somebody has verified, how many would be another's."""
    known = set(await customer_accounts.list_areas(session))
    outcome.new_areas = sorted(register.areas - known)
    verified = await _verified(session)
    if force or not verified:
        return
    losing = 0
    for chunk in register.chunks(CHUNK):
        bound = [row for row in chunk if customer_accounts.digest(row.number) in verified]
        for change in await changes_of(session, bound) if bound else ():
            losing += _losing(change, verified)
    refuse_the_unlikely(losing, verified.total())


def refuse_the_unlikely(losing: int, verified: int) -> None:
    """Raises: TooManyLose."""
    if losing >= LOSING_COUNTS_FROM and losing > MAX_LOSING * verified:
        raise TooManyLose(losing, verified)


async def count_verified(session: AsyncSession) -> int:
    return (await _verified(session)).total()


async def _verified(session: AsyncSession) -> Counter[bytes]:
    """How many have verified each account."""
    chosen = sa.select(AccountBinding.number_digest).where(AccountBinding.state == BindingState.VERIFIED)
    return Counter(bytes(each) for each in await session.scalars(chosen))


def _losing(change: Change, verified: Counter[bytes]) -> int:
    loses = change.owner_changed or change.event is AccountEvent.CLOSED
    return verified[change.digest] if loses else 0


async def _bring_in(
    database: Database, clock: Clock, at_work: Importing, chunk: Sequence[Row], outcome: Outcome
) -> None:
    async with database.reading() as session:
        changes = await changes_of(session, chunk)
    differing = [each.row for each in changes if each.event is not None]
    outcome.unchanged += len(changes) - len(differing)
    if differing:
        done, losing = await at_work.write(partial(_write, rows=differing, now=clock.now()))
        outcome.losing += losing
        for change in done:
            outcome.count(change)
    at_work.went_on(len(chunk))


async def _write(session: AsyncSession, rows: Sequence[Row], now: datetime) -> tuple[list[Change], int]:
    changes = await changes_of(session, rows, lock=True)
    connection = await session.connection()
    new = [_values(each, now) for each in changes if each.event is AccountEvent.NEW]
    if new:
        await connection.run_sync(bulk.insert_rows, CustomerAccount.__table__, new)
    known = [each for each in changes if each.event and each.before]
    if known:
        await connection.execute(_UPDATE, [_update(each, now) for each in known])
    moved = [each.moved() for each in changes if each.event is not None]
    return changes, await customer_moves.follow_register(session, moved, now)


# --- comparing ----------------------------------------------------------------------------------------------

_BLANK: dict[str, Any] = dict.fromkeys(("phone", "address", "closed_on"))
_FIELDS = ("name", "phone", "area", "address", "closed_on")
_TABLE: Any = CustomerAccount.__table__


async def changes_of(session: AsyncSession, rows: Sequence[Row], *, lock: bool = False) -> list[Change]:
    """One change per row, at most `CHUNK` of them, in their order. `lock`: nobody else changes them now."""
    digests = [customer_accounts.digest(row.number) for row in rows]
    asked = sa.select(_TABLE.c.number_digest, *(_TABLE.c[name] for name in _FIELDS))
    asked = asked.where(_TABLE.c.number_digest.in_(digests)).order_by(_TABLE.c.id)
    if lock:
        asked = asked.with_for_update()
    stored = {}
    for each in await session.execute(asked):
        known = dict(each._mapping)
        stored[bytes(known.pop("number_digest"))] = known
    return [_change(row, digest, stored.get(digest)) for row, digest in zip(rows, digests, strict=True)]


def _change(row: Row, digest: bytes, stored: dict[str, Any] | None) -> Change:
    said = {"name": row.name, "area": row.area, **row.given}
    if stored is None:
        return Change(row, digest, AccountEvent.NEW, {}, said)
    fields = {name: value for name, value in said.items() if stored[name] != value}
    return Change(row, digest, _event(stored["closed_on"], fields), stored, fields)


def _event(closed_on: date | None, fields: dict[str, Any]) -> AccountEvent | None:
    if not fields:
        return None
    if "closed_on" in fields and closed_on is None:
        return AccountEvent.CLOSED
    if "closed_on" in fields and fields["closed_on"] is None:
        return AccountEvent.REOPENED
    return AccountEvent.CHANGED


def _values(change: Change, now: datetime) -> dict[str, Any]:
    known = {"public_id": public_id(), "number": change.row.number, "number_digest": change.digest}
    return known | {name: change.after[name] for name in _FIELDS} | {"updated_at": now, "version": 1}


def _update(change: Change, now: datetime) -> dict[str, Any]:
    after = {f"new_{name}": change.after[name] for name in _FIELDS}
    return {"of_digest": change.digest, "updated": now} | after


_UPDATE = (
    sa.update(_TABLE)
    .where(_TABLE.c.number_digest == sa.bindparam("of_digest", type_=_TABLE.c.number_digest.type))
    .values(
        {_TABLE.c[name]: sa.bindparam(f"new_{name}", type_=_TABLE.c[name].type) for name in _FIELDS}
        | {
            _TABLE.c.updated_at: sa.bindparam("updated", type_=_TABLE.c.updated_at.type),
            _TABLE.c.version: _TABLE.c.version + 1,
        }
    )
)


# --- for staff ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Area:
    name: str
    accounts: int  # open ones
    bindings: int


async def any_at_all(session: AsyncSession) -> bool:
    return await session.scalar(sa.select(CustomerAccount.id).limit(1)) is not None


async def list_areas(session: AsyncSession) -> list[Area]:
    """By name; also areas that only bindings have."""
    open_ones = sa.select(CustomerAccount.area, sa.func.count()).where(CustomerAccount.closed_on.is_(None))
    counted = await session.execute(open_ones.group_by(CustomerAccount.area))
    accounts = {str(each[0]): int(each[1]) for each in counted}
    bound = sa.select(AccountBinding.area, sa.func.count()).where(AccountBinding.area.is_not(None))
    bindings = {str(area): n for area, n in await session.execute(bound.group_by(AccountBinding.area))}
    return [
        Area(name, accounts.get(name, 0), bindings.get(name, 0)) for name in sorted({*accounts, *bindings})
    ]


async def list_accounts(session: AsyncSession, area: str, limit: int) -> Sequence[CustomerAccount]:
    chosen = sa.select(CustomerAccount).where(CustomerAccount.area == area)
    return (await session.scalars(chosen.order_by(CustomerAccount.id).limit(limit))).all()


async def find(session: AsyncSession, number: str) -> CustomerAccount | None:
    """Raises: DomainError: no account has such a number."""
    found = customer_accounts.digest(customer_accounts.written(number))
    return await session.scalar(sa.select(CustomerAccount).where(CustomerAccount.number_digest == found))


async def count_bindings(session: AsyncSession, number: str) -> dict[BindingState, int]:
    """How many persons have bound the account, by state. Raises: DomainError: no such number can be."""
    found = customer_accounts.digest(customer_accounts.written(number))
    counted = sa.select(AccountBinding.state, sa.func.count()).where(AccountBinding.number_digest == found)
    found_states = await session.execute(counted.group_by(AccountBinding.state))
    return {BindingState(each[0]): int(each[1]) for each in found_states}
