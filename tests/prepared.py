"""What `app.preparing` writes into an empty database, kept from the first time: it is always the same.

To read and check the menu file, to load content and to assemble a house for that was half of what a test of
both ends cost before it began.
"""

import hashlib
import pickle
import shutil
import tempfile
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
    key = _key(settings)
    if "sqlite" in settings.database_url:
        await _file_prepared(settings, key)
        return
    database = Database(settings.database_url)
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


async def _file_prepared(settings: Settings, key: str) -> None:
    """SQLite's file as a whole is what it was before, and becomes what it became then."""
    path = Path(str(sa.make_url(settings.database_url).database))
    before = _alone(path)
    if before is None:
        await prepare(settings)
        return
    kept = Path(_folder().name) / hashlib.blake2b(before, key=bytes.fromhex(key)).hexdigest()
    if kept.exists():
        shutil.copyfile(kept, path)
        return
    await prepare(settings)
    if (after := _alone(path)) is not None:
        kept.write_bytes(after)


def _alone(path: Path) -> bytes | None:
    """All that the database is; None while somebody else has it open, who may have written beside it."""
    if path.with_name(f"{path.name}-wal").exists() or not path.parent.exists():
        return None
    return path.read_bytes() if path.exists() else b""


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Where the files are kept, for as long as this process is there."""
    return tempfile.TemporaryDirectory(prefix="gonghui-prepared-")


async def _is_fresh(connection: AsyncConnection) -> bool:
    """Migrated, and without any row: rows of a test's own could change what is prepared."""
    try:
        version = await connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        filled = sa.text(f"{_filled()} LIMIT 1")
        return version == migrations.newest() and await connection.scalar(filled) is None
    except sa.exc.DBAPIError:
        return False


async def _read(connection: AsyncConnection) -> Rows:
    found: Rows = {}
    for name in list(await connection.scalars(sa.text(_filled()))):
        rows = await connection.execute(sa.select(Base.metadata.tables[name]))
        found[name] = [dict(row) for row in rows.mappings()]
    return found


@cache
def _filled() -> str:
    """The names of all tables with rows; as plain words, since SQLAlchemy thinks about it for 10 ms."""
    return " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in Base.metadata.tables
    )


async def _write(connection: AsyncConnection, rows: Rows) -> None:
    for name, statement in _inserts(*rows):
        await connection.execute(statement, rows[name])
        if "id" in rows[name][0]:
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
