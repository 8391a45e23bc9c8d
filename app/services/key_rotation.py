"""Sealing everything anew with the first key, a few values at a time, while others go on writing.

How far it is lies in the values themselves, since each names the key that sealed it: who was stopped begins
again and passes over what is done, and two at once do no harm. A value is replaced only if it still is what
was read. Whoever shows it asks for `standings`; whoever does it calls `rotate`, or `reseal` for one batch.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.errors import DomainError
from models import Base
from models.sealing import VERSION, Keyring, SealBroken, keyring
from models.types import SealedJSON, SealedText

BATCH = 100  # values replaced in one transaction: nobody waits for longer than these take
STRETCH = 5000  # ids that one statement looks at
PAUSE_SECONDS = 0.05  # between batches, for those who answer people
PASSES = 3  # what somebody held or wrote is met again in the next one
TRIES = 20  # of one batch, while others keep the database
LOCKED = ("40", "55P03")  # SQLSTATE: run it again; a lock did not come in time
MOST_NAME = 32  # characters of a key's name, which lies in front of every sealed value

SealedColumn = sa.Column[Any]


class RotationHeldUp(DomainError):
    def __init__(self) -> None:
        super().__init__("数据库一直被占用，没有换完。已经换好的都在，请过一会儿再运行一次。")


@dataclass(slots=True)
class Standing:
    """How far the sealed values of one table are."""

    table: str
    total: int = 0
    left: dict[str, int] = field(default_factory=dict)  # by the name of the other key that seals them

    @property
    def done(self) -> int:
        return self.total - sum(self.left.values())


@dataclass(frozen=True, slots=True)
class Pace:
    """How much at a time, how long between, and who is told after each batch how far its table is."""

    batch: int = BATCH
    seconds: float = PAUSE_SECONDS
    told: Callable[[Standing], object] = lambda standing: None
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep


GENTLE = Pace()


@dataclass(slots=True)
class Count:
    """What became of the values of one column that another key had sealed."""

    place: str
    sealed_anew: int = 0
    changed_meanwhile: int = 0  # somebody wrote or held it while we looked: met again in the next pass
    broken: int = 0  # none of our keys opens it
    left: dict[str, int] = field(default_factory=dict)  # by the name of the key that seals it

    @property
    def clean(self) -> bool:
        return not self.left


@dataclass(frozen=True, slots=True)
class Step:
    """One batch: where the next one begins, and what became of this one."""

    after: int  # the id
    sealed_anew: int
    changed_meanwhile: int
    broken: int


@dataclass(frozen=True, slots=True)
class _Value:
    id: int
    old: bytes
    new: bytes


# --- what there is ------------------------------------------------------------------------------------------


def sealed_columns() -> list[SealedColumn]:
    """Every column of every table that holds sealed values."""
    return [
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, SealedText | SealedJSON)
    ]


async def standings(database: Database) -> list[Standing]:
    """Every table with sealed values. Each statement looks at `STRETCH` rows and no more."""
    found: dict[str, Standing] = {}
    for column in sealed_columns():
        name = column.table.name
        standing = found.setdefault(name, Standing(name))
        total, left = await _count(database, column)
        standing.total += total
        for key, number in left.items():
            standing.left[key] = standing.left.get(key, 0) + number
    return list(found.values())


async def _count(database: Database, column: SealedColumn) -> tuple[int, dict[str, int]]:
    """How many values there are, and how many of them each other key seals."""
    total, left = 0, dict.fromkeys(keyring().names, 0)
    ours = [sa.func.count().filter(_is_sealed_by(column, name)) for name in left]
    ids, last, after = column.table.c.id, await _last_id(database, column), 0
    while after < last:
        stretch = (ids > after, ids <= after + STRETCH)
        async with database.reading() as session:
            query = sa.select(sa.func.count(column), *ours).where(*stretch)
            number, *by_key = (await session.execute(query)).one()
            unknown = await _unknown(session, column, stretch) if sum(by_key) < number else []
        total, after = total + number, after + STRETCH
        for name, each in zip([*keyring().names, *unknown], [*by_key, *[1] * len(unknown)], strict=True):
            left[name] = left.get(name, 0) + each
    del left[keyring().writes_with]
    return total, {name: number for name, number in left.items() if number}


async def _unknown(
    session: AsyncSession, column: SealedColumn, stretch: Sequence[sa.ColumnElement[bool]]
) -> list[str]:
    """The names of keys we do not have, once for each value they seal."""
    known = sa.or_(*(_is_sealed_by(column, name) for name in keyring().names))
    opening = sa.func.substr(_raw(column), 1, 2 + MOST_NAME, type_=sa.LargeBinary())
    found = await session.scalars(sa.select(opening).where(*stretch, column.is_not(None), ~known))
    return [_key_name(bytes(each)) for each in found]


def _key_name(opening: bytes) -> str:
    try:
        return opening[2 : 2 + opening[1]].decode("ascii")
    except (IndexError, UnicodeDecodeError):
        return "?"


async def _last_id(database: Database, column: SealedColumn) -> int:
    async with database.reading() as session:
        return await session.scalar(sa.select(sa.func.max(column.table.c.id))) or 0


def _is_sealed_by(column: SealedColumn, name: str) -> sa.ColumnElement[bool]:
    key = name.encode()
    header = bytes([VERSION, len(key)]) + key
    opening: sa.ColumnElement[Any] = sa.func.substr(_raw(column), 1, len(header), type_=sa.LargeBinary())
    return opening == header


def _raw(column: SealedColumn) -> sa.ColumnElement[Any]:
    """The column as the bytes that are stored."""
    return sa.type_coerce(column, sa.LargeBinary())


def place_of(column: SealedColumn) -> str:
    """`table.column`, which is part of the seal."""
    kind: Any = column.type
    return str(kind.place)


# --- the work -----------------------------------------------------------------------------------------------


async def rotate(database: Database, pace: Pace = GENTLE) -> list[Count]:
    """Seal anew, with the first key, whatever another key has sealed.

    Raises:
        RotationHeldUp: others keep the database; what is done is done.
    """
    counts = {place_of(column): Count(place_of(column)) for column in sealed_columns()}
    for _ in range(PASSES):
        missed = sum(count.changed_meanwhile for count in counts.values())
        by_table = {each.table: each for each in await standings(database)}
        for column in sealed_columns():
            standing = by_table[column.table.name]
            if standing.left:
                await _rotate_column(database, column, counts[place_of(column)], standing, pace)
        if missed == sum(count.changed_meanwhile for count in counts.values()):
            break
    for column in sealed_columns():
        _, counts[place_of(column)].left = await _count(database, column)
    return list(counts.values())


async def _rotate_column(
    database: Database, column: SealedColumn, count: Count, standing: Standing, pace: Pace
) -> None:
    after, last = 0, await _last_id(database, column)
    count.broken = 0
    while after < last:
        step = await _insisting(database, column, after, pace)
        after = step.after
        count.sealed_anew += step.sealed_anew
        count.changed_meanwhile += step.changed_meanwhile
        count.broken += step.broken
        if step.sealed_anew:
            _move(standing, step.sealed_anew)
            pace.told(standing)
            await pace.pause(pace.seconds)


def _move(standing: Standing, number: int) -> None:
    """So many of the table are done now; whose they were is counted anew in the end."""
    for name, left in list(standing.left.items()):
        taken = min(left, number)
        standing.left[name], number = left - taken, number - taken


async def _insisting(database: Database, column: SealedColumn, after: int, pace: Pace) -> Step:
    for number in range(TRIES):
        try:
            return await reseal(database, column, after, pace.batch)
        except DBAPIError as error:
            if not _is_locked(error):
                raise
            await pace.pause(0.1 * (number + 1))
    raise RotationHeldUp


def _is_locked(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", 0) or 0
    if code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return True
    return str(getattr(error.orig, "sqlstate", None) or "").startswith(LOCKED)


async def reseal(database: Database, column: SealedColumn, after: int, batch: int = BATCH) -> Step:
    """Replace the next values above the id `after`: sealed first, then written in one transaction."""
    async with database.reading() as session:
        found = await _others(session, column, after, batch)
    ring, place = keyring(), place_of(column)
    values = [
        _Value(row.id, old, new)
        for row in found
        if (new := _anew(ring, old := bytes(row.value), place)) is not None
    ]
    sealed = 0
    if values:
        async with database.transaction() as session:
            sealed = await _replace(session, column, values)
    end = found[-1].id if len(found) == batch else after + STRETCH
    return Step(end, sealed, len(values) - sealed, len(found) - len(values))


async def _others(session: AsyncSession, column: SealedColumn, after: int, batch: int) -> Sequence[Any]:
    """Values of one stretch that another key sealed."""
    ids = column.table.c.id
    ours = _is_sealed_by(column, keyring().writes_with)
    others = sa.select(ids, _raw(column).label("value")).where(
        ids > after, ids <= after + STRETCH, column.is_not(None), ~ours
    )
    return (await session.execute(others.order_by(ids).limit(batch))).all()


def _anew(ring: Keyring, old: bytes, place: str) -> bytes | None:
    try:
        return ring.seal(ring.unseal(old, place), place)
    except SealBroken:
        return None


async def _replace(session: AsyncSession, column: SealedColumn, values: Sequence[_Value]) -> int:
    """Put the new values in place of those that have not changed since; returns how many.

    Rows that somebody holds are passed over: nobody waits for us while we wait for another.
    """
    table: Any = column.table
    named = sa.select(table.c.id, _raw(column).label("value")).where(
        table.c.id.in_([each.id for each in values])
    )
    free = await session.execute(named.with_for_update(skip_locked=True, key_share=True))
    there = {row.id: bytes(row.value or b"") for row in free}
    fresh = [{"row_id": each.id, "new": each.new} for each in values if there.get(each.id) == each.old]
    if fresh:
        change = (
            sa.update(table)
            .where(table.c.id == sa.bindparam("row_id"))
            .values({column.name: sa.bindparam("new", type_=sa.LargeBinary())})
        )
        await (await session.connection()).execute(change, fresh)
    return len(fresh)
