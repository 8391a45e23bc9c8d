"""Writers queue, readers cannot write: both engines, on both databases."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import PRAGMAS, Database, WriteNeeded, open_sqlite, refuse_in_transaction, writing_here
from models import Base, Counter, Lease
from tests.conftest import NOON

NOW = NOON
PLACES, BUYERS = 20, 45


async def _open_sale(database: Database) -> None:
    async with database.transaction() as session:
        session.add(Counter(series="places", year=2026, value=PLACES))


async def _buy(database: Database, buyer: int) -> bool:
    """Read, think, write: what a handler does, and what oversells without the lock."""
    async with database.transaction() as session:
        left = (
            await session.scalars(sa.select(Counter).where(Counter.series == "places").with_for_update())
        ).one()
        await asyncio.sleep(0)  # others get their turn between reading and writing
        if left.value == 0:
            return False
        left.value -= 1
        session.add(Lease(name=f"buyer-{buyer}", holder="", until=NOW))
        return True


async def _sell_to_all(*databases: Database) -> int:
    await _open_sale(databases[0])
    buying = (_buy(databases[buyer % len(databases)], buyer) for buyer in range(BUYERS))
    return sum(await asyncio.gather(*buying))


async def test_twenty_places_go_to_twenty_buyers(database: Database) -> None:
    assert await _sell_to_all(database) == PLACES


async def test_two_processes_do_not_oversell_either(database: Database) -> None:
    other = Database(database.url.render_as_string(hide_password=False))
    try:
        sold = await _sell_to_all(database, other)
    finally:
        await other.close()

    assert sold == PLACES
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Lease)) == PLACES
        assert await session.scalar(sa.select(Counter.value)) == 0


async def test_a_writing_transaction_locks_sqlite_before_its_first_read(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    rival = sqlite3.connect(str(database.url.database), timeout=0, isolation_level=None)
    try:
        async with database.transaction() as session:
            await session.execute(sa.text("SELECT 1"))
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                rival.execute("BEGIN IMMEDIATE")
        rival.execute("BEGIN IMMEDIATE")
        rival.rollback()
    finally:
        rival.close()
        await database.close()


async def test_a_reading_transaction_locks_nobody_out(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    rival = sqlite3.connect(str(database.url.database), timeout=0, isolation_level=None)
    try:
        async with database.reading() as session:
            await session.execute(sa.select(Counter))
            rival.execute("BEGIN IMMEDIATE")
            rival.rollback()
    finally:
        rival.close()
        await database.close()


@pytest.mark.parametrize("purpose", ["read", "write"])
async def test_sqlite_keeps_every_commit_and_its_references(
    sqlite_url: str, purpose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.database.PRAGMAS", PRAGMAS)  # as shipped; `conftest` has changed them
    database = Database(sqlite_url)
    engine = database.reader if purpose == "read" else database.writer
    try:
        async with engine.connect() as connection:
            found = {
                name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "query_only")
            }
    finally:
        await database.close()

    read_only = int(purpose == "read")
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "busy_timeout": 1500,
        "query_only": read_only,
    }


def test_a_connection_made_by_hand_is_set_up_alike(sqlite_url: str) -> None:
    connection = open_sqlite(sqlite_url.removeprefix("sqlite+aiosqlite:///"), "read")
    try:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.driver.execute("DELETE FROM counter")
    finally:
        connection.stop()


def _row() -> Counter:
    return Counter(series="a", year=2026, value=1)


async def _flush(session: AsyncSession) -> None:
    session.add(_row())
    await session.flush()


async def _autoflush(session: AsyncSession) -> None:
    session.add(_row())
    await session.execute(sa.select(Counter))


async def _commit(session: AsyncSession) -> None:
    session.add(_row())
    await session.commit()


async def _change(session: AsyncSession) -> None:
    (await session.scalars(sa.select(Counter).where(Counter.series == "seed"))).one().value = 5
    await session.flush()


async def _remove(session: AsyncSession) -> None:
    await session.delete((await session.scalars(sa.select(Counter))).one())
    await session.flush()


async def _bulk(session: AsyncSession) -> None:
    await session.run_sync(lambda sync: sync.bulk_save_objects([_row()]))


async def _bulk_mappings(session: AsyncSession) -> None:
    rows = [{"series": "a", "year": 2026, "value": 1}]
    await session.run_sync(lambda sync: sync.bulk_insert_mappings(sa.inspect(Counter), rows))


async def _insert(session: AsyncSession) -> None:
    await session.execute(sa.insert(Counter), [{"series": "a", "year": 2026, "value": 1}])


async def _update(session: AsyncSession) -> None:
    await session.execute(sa.update(Counter).values(value=2))


async def _delete(session: AsyncSession) -> None:
    await session.execute(sa.delete(Counter))


async def _core(session: AsyncSession) -> None:
    connection = await session.connection()
    await connection.execute(
        sa.insert(Base.metadata.tables["counter"]).values(series="a", year=2026, value=1)
    )


async def _text(session: AsyncSession) -> None:
    await session.execute(sa.text("UPDATE counter SET value = 2"))


async def _lock(session: AsyncSession) -> None:
    await session.execute(sa.select(Counter).with_for_update())


async def _get_locked(session: AsyncSession) -> None:
    await session.get(Counter, 1, with_for_update=True)


WRITES = (
    *(_flush, _autoflush, _commit, _change, _remove, _bulk, _bulk_mappings),
    *(_insert, _update, _delete, _core, _text, _lock, _get_locked),
)


@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.__name__.strip("_"))
async def test_a_reading_session_refuses_every_way_to_write(
    database: Database, write: Callable[[AsyncSession], Awaitable[Any]]
) -> None:
    async with database.transaction() as session:
        session.add(Counter(series="seed", year=2026, value=1))

    with pytest.raises(WriteNeeded):
        async with database.reading() as session:
            await write(session)

    async with database.reading() as session:
        rows = (await session.execute(sa.select(Counter.series, Counter.value))).all()
    assert [tuple(row) for row in rows] == [("seed", 1)]


async def test_after_a_refusal_the_connection_is_as_good_as_new(database: Database) -> None:
    for _ in range(25):  # more often than the pool has connections
        with pytest.raises(WriteNeeded):
            async with database.reading() as session:
                await _text(session)

    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Counter)) == 0


async def test_a_reader_sees_one_moment_while_others_write(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    try:
        async with database.reading() as session:
            assert await session.scalar(sa.select(sa.func.count()).select_from(Counter)) == 0
            async with database.transaction() as writing:
                writing.add(_row())
            assert await session.scalar(sa.select(sa.func.count()).select_from(Counter)) == 0
    finally:
        await database.close()


async def test_an_exception_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(LookupError):
        async with database.transaction() as session:
            session.add(_row())
            await session.flush()
            raise LookupError

    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Counter)) == 0


async def test_nobody_awaits_the_network_while_writing(database: Database) -> None:
    refuse_in_transaction("a call")  # outside all is well
    async with database.transaction():
        with pytest.raises(RuntimeError, match="outbox"):
            refuse_in_transaction("a call")
    refuse_in_transaction("a call")


async def test_another_task_may_use_the_network_meanwhile() -> None:
    async def call() -> None:
        refuse_in_transaction("a call")

    elsewhere = asyncio.create_task(call())
    with writing_here():
        await elsewhere


async def test_the_folder_of_a_new_database_is_made(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'new' / 'gonghui.db'}")
    try:
        async with database.transaction() as session:
            await session.execute(sa.text("CREATE TABLE here (id INTEGER)"))
    finally:
        await database.close()

    assert (tmp_path / "new" / "gonghui.db").exists()


async def test_postgres_makes_no_machine_code_of_what_writers_ask(postgres_url: str) -> None:
    database = Database(postgres_url)
    try:
        async with database.transaction() as session:
            explained = await session.scalars(
                sa.text("EXPLAIN (ANALYZE) SELECT holder FROM lease WHERE holder <> 'nobody'")
            )
            plan = "\n".join(explained)
    finally:
        await database.close()

    assert "Seq Scan on lease" in plan  # read whole, which writers are told to avoid
    assert "JIT" not in plan


async def test_a_session_that_is_over_reads_nothing_more(database: Database) -> None:
    """It would take a connection that nobody gives back."""
    async with database.reading() as session:
        assert await session.scalar(sa.select(1)) == 1
    async with database.transaction() as writing:
        assert await writing.scalar(sa.select(1)) == 1

    for over in (session, writing):
        with pytest.raises(InvalidRequestError):
            await over.scalar(sa.select(1))
