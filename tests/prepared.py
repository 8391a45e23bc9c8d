"""What `app.preparing` writes into an empty database, kept from the first time: it is always the same.

To read and check the menu file, to load content and to assemble a house for that was half of what a test of
both ends cost before it began.
"""

import hashlib
import pickle
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app import migrations
from app.database import Database
from app.preparing import prepare
from app.settings import Settings
from models import Base

Rows = dict[str, Sequence[Any]]
ELSEWHERE = {
    "database_url",
    "files",
    "clock_file",
    "content",
}  # each test has its own; content is read instead
_kept: dict[str, Rows] = {}


async def prepared(settings: Settings) -> None:
    """As `app.preparing.prepare`."""
    database, key = Database(settings.database_url), _key(settings)
    try:
        async with database.writer.connect() as connection:
            fresh = await _is_fresh(connection)
            if fresh and key in _kept:
                await _write(connection, _kept[key])
                return
        await prepare(settings)
        if fresh:
            async with database.reader.connect() as connection:
                _kept[key] = await _read(connection)
    finally:
        await database.close()


async def _is_fresh(connection: AsyncConnection) -> bool:
    """Migrated, and without any row: rows of a test's own could change what is prepared."""
    try:
        version = await connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        return version == migrations.newest() and await connection.scalar(_filled().limit(1)) is None
    except sa.exc.DBAPIError:
        return False


async def _read(connection: AsyncConnection) -> Rows:
    found: Rows = {}
    for name in list(await connection.scalars(_filled())):
        rows = await connection.execute(sa.select(Base.metadata.tables[name]))
        found[name] = [dict(row) for row in rows.mappings()]
    return found


@cache
def _filled() -> sa.CompoundSelect[Any]:
    """The names of all tables with rows."""
    return sa.union_all(
        *(
            sa.select(sa.literal(name)).where(sa.exists(sa.select(1).select_from(table)))
            for name, table in Base.metadata.tables.items()
        )
    )


async def _write(connection: AsyncConnection, rows: Rows) -> None:
    for name, statement in _inserts(*rows):
        await connection.execute(statement, rows[name])
        if connection.dialect.name == "postgresql" and "id" in rows[name][0]:
            sequence, newest = (
                sa.func.pg_get_serial_sequence(name, "id"),
                max(row["id"] for row in rows[name]),
            )
            await connection.execute(sa.select(sa.func.setval(sequence, newest)))
    await connection.commit()


@cache
def _inserts(*names: str) -> list[tuple[str, sa.Insert]]:
    """Whatever is referred to comes first."""
    return [(table.name, sa.insert(table)) for table in Base.metadata.sorted_tables if table.name in names]


def _key(settings: Settings) -> str:
    """Equal for settings and files from which the same is prepared."""
    digest = hashlib.blake2b(pickle.dumps(settings.model_dump(exclude=ELSEWHERE)))
    for path in _files(settings):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _files(settings: Settings) -> Iterator[Path]:
    yield settings.menus
    yield from sorted(path for path in settings.content.rglob("*") if path.is_file())
