"""`gonghui keys …`: make an encryption key, and seal everything anew with the first one.

Safe while serving: a value is replaced only if it still is what was read. Stopped half-way, it begins again
and passes over what is done.
"""

import asyncio
import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from app.assembly import assemble
from app.cli.words import Commands
from app.clock import SystemClock, civil_date
from app.database import Database
from app.errors import OperatorError
from models import Base
from models.sealing import VERSION, Keyring, SealBroken, keyring
from models.types import SealedJSON, SealedText

app = Commands(help="加密钥匙：生成、更换。")

BATCH = 500
MOST_NAME = 32  # characters; the name lies in front of every sealed value


@dataclass(slots=True)
class Count:
    """What became of the values of one column that an older key had sealed."""

    place: str
    sealed_anew: int = 0
    changed_meanwhile: int = 0  # somebody wrote it while we looked: with which key is seen at the end
    broken: int = 0  # none of our keys opens it
    left: dict[str, int] = field(default_factory=dict)  # by the name of the key that seals it

    @property
    def clean(self) -> bool:
        return not self.left


@app.command()
def new(
    name: Annotated[str | None, typer.Option(help="钥匙的名字，每把不同；不写则按日期取名")] = None,
) -> None:
    """生成一把新钥匙。"""
    name = name or f"k{civil_date(SystemClock().now()):%Y%m%d}"
    if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum() or len(name) > MOST_NAME:
        raise OperatorError("钥匙的名字只能用字母、数字、- 和 _，最多 32 个字符。")
    typer.echo(f"{name}:{base64.b64encode(os.urandom(32)).decode()}")
    typer.echo(
        "把它写在 GONGHUI_ENCRYPTION_KEYS 的最前面，旧的留在后面，用逗号隔开；"
        "重启全部进程后运行 gonghui keys rotate。请另存一份：丢了钥匙，内容就再也打不开。",
        err=True,
    )


@app.command()
def rotate() -> None:
    """用第一把钥匙重新加密全部内容；服务不用停，可随时中断后再来。"""
    name, counts = asyncio.run(_rotate())
    for count in counts:
        if count.sealed_anew or count.changed_meanwhile or count.broken or count.left:
            typer.echo(_line(count))
    typer.echo(f"已用钥匙 {name} 重新加密 {sum(count.sealed_anew for count in counts)} 处。")
    if all(count.clean for count in counts):
        typer.echo("其他钥匙都不再使用，可以从 GONGHUI_ENCRYPTION_KEYS 中移除（旧备份仍要用到，请另存）。")
        return
    typer.echo("还有内容不是用这把钥匙加密的（见上）。若仍有进程用着旧设置，请重启后再运行一次。", err=True)
    raise typer.Exit(1)


async def _rotate() -> tuple[str, list[Count]]:
    async with assemble() as house:
        return keyring().writes_with, await reseal(house.database)


def _line(count: Count) -> str:
    parts = [f"{count.place}：重新加密 {count.sealed_anew}"]
    if count.broken:
        parts.append(f"打不开 {count.broken}")
    parts += [f"仍用钥匙 {name} 的 {number}" for name, number in sorted(count.left.items())]
    return "，".join(parts)


# --- the work -----------------------------------------------------------------------------------------------


def sealed_columns() -> list[sa.Column[Any]]:
    """Every column of every table that holds sealed values."""
    return [
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, SealedText | SealedJSON)
    ]


async def reseal(database: Database, batch: int = BATCH) -> list[Count]:
    """Seal anew, with the first key, whatever another key has sealed."""
    counts = [await _reseal_column(database, column, batch) for column in sealed_columns()]
    for count, column in zip(counts, sealed_columns(), strict=True):
        count.left = await _still_sealed_by(database, column)
    return counts


async def _reseal_column(database: Database, column: sa.Column[Any], batch: int) -> Count:
    count, ring, after = Count(_place(column)), keyring(), 0
    while found := await _others(database, column, after, batch):
        after = found[-1].id
        fresh = [(row.id, bytes(row.value), _anew(ring, bytes(row.value), count)) for row in found]
        await _replace(database, column, [each for each in fresh if each[2] is not None], count)
    return count


async def _others(
    database: Database, column: sa.Column[Any], after: int, batch: int, opening: int | None = None
) -> Sequence[Any]:
    """Values above the id `after` that another key sealed, or only their first `opening` bytes."""
    ids, value = column.table.c.id, _raw(column)
    if opening is not None:
        value = sa.func.substr(value, 1, opening, type_=sa.LargeBinary())
    others = sa.select(ids, value.label("value")).where(ids > after, _by_another_key(column))
    async with database.reading() as session:
        return (await session.execute(others.order_by(ids).limit(batch))).all()


def _by_another_key(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    name = keyring().writes_with.encode()
    header = bytes([VERSION, len(name)]) + name
    opening: sa.ColumnElement[Any] = sa.func.substr(_raw(column), 1, len(header), type_=sa.LargeBinary())
    return sa.and_(column.is_not(None), opening != header)


def _raw(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """The column as the bytes that are stored."""
    return sa.type_coerce(column, sa.LargeBinary())


def _anew(ring: Keyring, old: bytes, count: Count) -> bytes | None:
    try:
        return ring.seal(ring.unseal(old, count.place), count.place)
    except SealBroken:
        count.broken += 1
        return None


async def _replace(
    database: Database,
    column: sa.Column[Any],
    values: Sequence[tuple[int, bytes, bytes | None]],
    count: Count,
) -> None:
    """Put the new values in place of those that have not changed since we read them."""
    if not values:
        return
    table: Any = column.table
    change = (
        sa.update(table)
        .where(
            table.c.id == sa.bindparam("row_id"), _raw(column) == sa.bindparam("old", type_=sa.LargeBinary())
        )
        .values({column.name: sa.bindparam("new", type_=sa.LargeBinary())})
    )
    async with database.transaction() as session:
        connection = await session.connection()
        for row_id, old, new in values:
            changed = (await connection.execute(change, {"row_id": row_id, "old": old, "new": new})).rowcount
            count.sealed_anew += changed
            count.changed_meanwhile += 1 - changed


async def _still_sealed_by(database: Database, column: sa.Column[Any]) -> dict[str, int]:
    """How many values each other key still seals: while we worked, processes with older settings went on."""
    left: dict[str, int] = {}
    after = 0
    while found := await _others(database, column, after, BATCH, opening=2 + MOST_NAME):
        after = found[-1].id
        for row in found:
            name = _key_name(bytes(row.value))
            left[name] = left.get(name, 0) + 1
    return left


def _key_name(opening: bytes) -> str:
    try:
        return opening[2 : 2 + opening[1]].decode("ascii")
    except (IndexError, UnicodeDecodeError):
        return "?"


def _place(column: sa.Column[Any]) -> str:
    kind: Any = column.type
    return str(kind.place)
