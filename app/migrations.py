"""Bringing the database to the newest revision, and telling which one it has.

Alembic itself is loaded where a step is taken: most processes find that there is none to take.
"""

from functools import cache
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database import Database

FOLDER = Path(__file__).parent.parent / "migrations"
LOCK = 0x67_6F_6E_67  # advisory lock on PostgreSQL: two that migrate at once
VERSION_TABLE = "alembic_version"


@cache
def _revisions() -> list[str]:
    """Every revision this program has, the oldest first; a file's name begins with its revision."""
    found = sorted(path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py"))
    if not found:
        raise RuntimeError(f"no migrations found in {FOLDER}")
    return found


def newest() -> str:
    """The last revision this program has."""
    return _revisions()[-1]


def known() -> set[str]:
    """Every revision this program has."""
    return set(_revisions())


async def current(engine: AsyncEngine) -> str | None:
    """The revision the database is at; None for one that was never migrated."""
    async with engine.connect() as connection:
        return await connection.run_sync(_revision_of)


def _revision_of(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    revision: str | None = connection.execute(
        sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE))
    ).scalar_one_or_none()
    return revision


async def upgrade(database: Database, revision: str = "head") -> None:
    """Migrate up to `revision`; a second process waits and finds nothing left to do."""
    async with database.migrating() as engine, engine.begin() as connection:
        await connection.run_sync(_upgrade, revision)


def _upgrade(connection: Connection, revision: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
    if revision == "head" and _revision_of(connection) == newest():
        return
    _step(connection, "upgrade", revision)


async def downgrade(database: Database, revision: str) -> None:
    async with database.migrating() as engine, engine.begin() as connection:
        await connection.run_sync(_step, "downgrade", revision)


def _step(connection: Connection, way: Literal["upgrade", "downgrade"], revision: str) -> None:
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    (command.upgrade if way == "upgrade" else command.downgrade)(config, revision)
