"""Runs migrations on the database named by the settings, or on the connection handed in by the caller."""

import asyncio
from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from models import Base
from models.types import SealedJSON, SealedText, UTCDateTime

target = Base.metadata


def plain_type(kind: str, item: Any, autogen_context: object) -> str | Literal[False]:
    """Write column types into migrations without importing our models: they must run for ever."""
    if kind != "type":
        return False
    if isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, SealedText | SealedJSON):
        return "sa.LargeBinary()"
    return f"sa.String({item.length})" if isinstance(item, sa.Enum) else False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=target,
        render_as_batch=True,
        compare_type=True,
        render_item=plain_type,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run() -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    if not url:
        raise RuntimeError("run migrations with `gonghui migrate`")
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


handed_in = context.config.attributes.get("connection")
if handed_in is not None:
    run(handed_in)
else:
    asyncio.run(connect_and_run())
