"""Migrations run alike on both databases: up, down, with rows, and to exactly what the models say."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from app import migrations
from app.database import BUSY_MS, MIGRATING_MS, WRITING_ON_POSTGRES, Database
from app.sqlite_inline import InlineConnection
from models import Base
from tests.servers import Databases


@cache
def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(migrations.FOLDER))
    return ScriptDirectory.from_config(config)


@pytest.fixture(autouse=True)
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some hundred steps are taken here; each would read the files of all migrations anew."""
    read = scripts()
    monkeypatch.setattr(ScriptDirectory, "from_config", lambda config: read)


@cache
def revisions() -> list[str]:
    """From the first to the newest."""
    return [script.revision for script in scripts().walk_revisions()][::-1]


def test_migrations_are_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert migrations.newest() == revisions()[-1]


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Database]:
    """Both databases in turn, without any table."""
    database = Database(empty_url)
    yield database
    await database.close()


async def _tables(database: Database) -> set[str]:
    async with database.writer.connect() as connection:
        names = await connection.run_sync(lambda c: sa.inspect(c).get_table_names())
    return set(names) - {"alembic_version"}


def _value(column: sa.ColumnClause[Any], number: int) -> Any:
    """Something a column takes."""
    match column.type:
        case sa.Boolean():
            return False
        case sa.Integer():
            return number
        case sa.Float():
            return float(number)
        case sa.DateTime():
            moment = datetime(2026, 11, 23, tzinfo=UTC)
            return moment if column.type.timezone else moment.replace(tzinfo=None)
        case sa.Date():
            return date(2026, 11, 23) + timedelta(days=number)
        case sa.JSON():
            return {}
        case sa.LargeBinary():
            return b"sealed %d" % number
        case _:
            return str(number)


@dataclass(frozen=True)
class Shape:
    """A table as far as rows need to know it."""

    name: str
    clause: sa.TableClause  # unlike a `sa.Table` its statements are compiled once
    wanted: tuple[sa.ColumnClause[Any], ...]  # columns that a row must fill
    pointing: frozenset[str]  # those of them that point to a row
    others: frozenset[str]  # tables that are pointed to


def fill(connection: Connection) -> dict[str, int]:
    """One more row in every table, pointing to its like in the others; returns how many rows each has."""
    shapes = _shapes(connection)
    counts = {name: count + 1 for name, count in _counts(connection, {*shapes}).items()}
    order = TopologicalSorter({name: shape.others - {name} for name, shape in shapes.items()})
    for name in order.static_order():
        shape, number = shapes[name], counts[name]
        row = {
            column.name: number if column.name in shape.pointing else _value(column, number)
            for column in shape.wanted
        }
        connection.execute(sa.insert(shape.clause).values(row))
    return counts


_seen: dict[str, Shape] = {}  # by what SQLite says the table was made with


def _shapes(connection: Connection) -> dict[str, Shape]:
    """The tables by their names.

    `MetaData.reflect` asks for indexes, conditions and comments too, of each table: three times the work. And
    most tables are at a revision what they were at the one before.
    """
    made = _made_with(connection)
    kept = {name: _seen[words] for name, words in made.items() if words in _seen}
    inspector = sa.inspect(connection)
    missing = (set(made) or set(inspector.get_table_names())) - kept.keys() - {"alembic_version"}
    if missing:
        found = _looked_at(inspector, sorted(missing))
        _seen.update({made[name]: shape for name, shape in found.items() if name in made})
        kept |= found
    return kept


def _made_with(connection: Connection) -> dict[str, str]:
    """On SQLite the statements that made the tables, as they were changed since; PostgreSQL has none."""
    if connection.dialect.name != "sqlite":
        return {}
    chosen = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return {name: sql for name, sql in connection.execute(sa.text(chosen)) if name != "alembic_version"}


def _looked_at(inspector: sa.Inspector, names: list[str]) -> dict[str, Shape]:
    ids = inspector.get_multi_pk_constraint(filter_names=names)
    keys = inspector.get_multi_foreign_keys(filter_names=names)
    found = {}
    for place, columns in inspector.get_multi_columns(filter_names=names).items():
        own = ids[place]["constrained_columns"]
        clauses = {each["name"]: sa.column(each["name"], each["type"]) for each in columns}
        wanted = [each["name"] for each in columns if not each["nullable"] and each["name"] not in own]
        found[place[1]] = Shape(
            place[1],
            sa.table(place[1], *clauses.values()),
            tuple(clauses[name] for name in wanted),
            frozenset(name for key in keys[place] for name in key["constrained_columns"]),
            frozenset(key["referred_table"] for key in keys[place]),
        )
    return found


def _counts(connection: Connection, names: set[str]) -> dict[str, int]:
    """How many rows each table has: asked at once, since there are a hundred."""
    if not names:
        return {}
    each = (f"SELECT '{name}', count(*) FROM \"{name}\"" for name in sorted(names))
    found = connection.execute(sa.text(" UNION ALL ".join(each)))
    return {name: count for name, count in found}  # noqa: C416 - rows are no pairs to a type checker


async def test_an_empty_database_gets_every_table(empty: Database) -> None:
    assert await migrations.current(empty.reader) is None

    await migrations.upgrade(empty)

    assert await migrations.current(empty.reader) == migrations.newest() == revisions()[-1]
    assert await _tables(empty) == set(Base.metadata.tables)


async def test_every_step_goes_down_and_up_again(empty: Database) -> None:
    for before, revision in zip(["base", *revisions()], revisions(), strict=False):
        await migrations.upgrade(empty, revision)
        await migrations.downgrade(empty, before)
        await migrations.upgrade(empty, revision)

    await migrations.downgrade(empty, "base")
    assert await _tables(empty) == set()
    await migrations.upgrade(empty)
    assert await _tables(empty) == set(Base.metadata.tables)


async def test_rows_of_every_revision_survive_the_next(empty: Database) -> None:
    counts: dict[str, int] = {}
    for revision in revisions():
        await migrations.upgrade(empty, revision)
        kept = counts.keys() & await _tables(empty)
        async with empty.writer.begin() as connection:
            assert await connection.run_sync(_counts, kept) == {name: counts[name] for name in kept}
            counts = await connection.run_sync(fill)

    assert counts.keys() == Base.metadata.tables.keys()


async def test_answers_from_before_forget_their_readers_too(empty: Database) -> None:
    await migrations.upgrade(empty, "0001")
    async with empty.writer.begin() as connection:
        await connection.run_sync(fill)
        await connection.execute(sa.text("UPDATE outbox SET kind = 'cases.answered'"))
        await connection.run_sync(fill)

    await migrations.upgrade(empty)

    async with empty.writer.connect() as connection:
        marked = await connection.execute(sa.text("SELECT kind FROM outbox WHERE confidential"))
        assert list(marked.scalars()) == ["cases.answered"]


async def test_what_was_given_up_before_is_owed_now(empty: Database) -> None:
    await migrations.upgrade(empty, "0001")
    async with empty.writer.begin() as connection:
        for _ in range(4):
            await connection.run_sync(fill)
        for row, kind, state, message in (
            (1, "cases.answered", "skipped", "answered"),
            (2, "cases.answered", "delivered", "answered"),
            (3, "dialogue.late_reply", "skipped", "undeliverable"),
            (4, "dialogue.late_reply", "skipped", "delivered"),
        ):
            given = {"row": row, "kind": kind, "state": state, "message": message}
            sealed = "payload = :sealed, message_id = :row, person_id = 1"
            await connection.execute(
                sa.text(f"UPDATE outbox SET kind = :kind, state = :state, {sealed} WHERE id = :row"),
                given | {"sealed": b"sealed"},
            )
            await connection.execute(
                sa.text("UPDATE message SET state = :message, reply = :sealed WHERE id = :row"),
                given | {"sealed": b"sealed"},
            )

    await migrations.upgrade(empty)

    async with empty.writer.connect() as connection:
        found = await connection.execute(sa.text("SELECT state FROM outbox ORDER BY id"))
        assert list(found.scalars()) == ["owed", "delivered", "owed", "skipped"]


CLOCKS = """
    UPDATE consultation SET seconds_left = 7, overdue = true,
    next_answer_due_at = consent_at, answered_at = consent_at
"""


async def test_clocks_move_from_consultations_to_their_cases_and_back(empty: Database) -> None:
    await migrations.upgrade(empty, "0023")
    async with empty.writer.begin() as connection:
        for _ in range(3):
            await connection.run_sync(fill)
        for row, kind, state in (
            (1, "consultation", "assigned"),
            (2, "feedback", "submitted"),
            (3, "feedback", "closed"),
        ):
            given = {"row": row, "kind": kind, "state": state}
            await connection.execute(
                sa.text(
                    'UPDATE "case" SET kind = :kind, state = :state, first_answer_due_at = opened_at'
                    " WHERE id = :row"
                ),
                given,
            )
        await connection.execute(sa.text("DELETE FROM consultation WHERE case_id > 1"))
        await connection.execute(sa.text(CLOCKS))
        before = (await connection.execute(sa.text("SELECT * FROM consultation"))).mappings().one()

    await migrations.upgrade(empty, "0024")

    async with empty.writer.connect() as connection:
        clocks = "answer_due_at IS NOT NULL, waiting_since = opened_at, seconds_left, overdue"
        found = await connection.execute(sa.text(f'SELECT {clocks} FROM "case" ORDER BY id'))
        assert [tuple(row) for row in found] == [
            (True, True, 7, True),
            (True, True, None, False),
            (False, None, None, False),
        ]
    await migrations.downgrade(empty, "0023")
    async with empty.reader.connect() as connection:
        after = (await connection.execute(sa.text("SELECT * FROM consultation"))).mappings().one()
        assert dict(after) == dict(before)


async def test_figures_of_mass_messages_find_their_articles(empty: Database) -> None:
    await migrations.upgrade(empty, "0066")
    async with empty.writer.begin() as connection:
        for _ in range(2):
            await connection.run_sync(fill)
        await connection.execute(sa.text("UPDATE campaign_article SET place = id + 1, article_id = 3 - id"))
        await connection.execute(sa.text("UPDATE mass_order SET msg_data_id = 2247483650 WHERE id = 2"))
        await connection.execute(
            sa.text("UPDATE wechat_article_figure SET msgid = '2247483650_' || CAST(4 - id AS VARCHAR(2))")
        )

    await migrations.upgrade(empty, "0068")

    async with empty.writer.connect() as connection:
        found = await connection.execute(
            sa.text("SELECT msgid, article_id FROM wechat_article_figure ORDER BY id")
        )
        assert [tuple(row) for row in found] == [("2247483650_3", 1), ("2247483650_2", None)]
        kept = await connection.execute(sa.text("SELECT favourites FROM wechat_article_day"))
        assert list(kept.scalars()) == [0, 0]


async def test_a_full_database_goes_down_one_step(empty: Database) -> None:
    await migrations.upgrade(empty)
    async with empty.writer.begin() as connection:
        await connection.run_sync(fill)

    await migrations.downgrade(empty, "-1")

    assert await migrations.current(empty.reader) == (["", *revisions()][-2] or None)


async def test_migrating_twice_changes_nothing(empty: Database) -> None:
    await migrations.upgrade(empty)
    await migrations.upgrade(empty)

    assert await migrations.current(empty.reader) == migrations.newest()


async def test_two_that_migrate_at_once_take_turns(empty: Database) -> None:
    other = Database(empty.url.render_as_string(hide_password=False))
    try:
        await asyncio.gather(migrations.upgrade(empty), migrations.upgrade(other))
    finally:
        await other.close()

    assert await _tables(empty) == set(Base.metadata.tables)


async def test_on_sqlite_the_second_waits_longer_than_a_message_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")
    rival = sqlite3.connect(str(database.url.database), timeout=0, isolation_level=None)
    rival.execute("PRAGMA journal_mode=WAL")
    rival.execute("BEGIN IMMEDIATE")  # as one that migrates
    patience, in_thread = [], InlineConnection.in_thread

    async def waits(self: InlineConnection, work: Callable[[], Any]) -> Any:
        patience.extend(self.driver.execute("PRAGMA busy_timeout").fetchone())
        rival.rollback()
        return await in_thread(self, work)

    monkeypatch.setattr(InlineConnection, "in_thread", waits)
    try:
        await migrations.upgrade(database)
    finally:
        rival.close()
        await database.close()

    assert patience[0] == MIGRATING_MS > 100 * BUSY_MS


async def test_on_postgres_tables_may_change_for_longer_than_a_statement_may_take(
    postgres_databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.database.COMMAND_SECONDS", 0.1)
    monkeypatch.setitem(WRITING_ON_POSTGRES, "lock_timeout", "100")
    url = postgres_databases.make()
    first, second = Database(url), Database(url)
    async with first.migrating() as engine, engine.begin() as connection:
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(migrations.LOCK)))
        other = asyncio.create_task(migrations.upgrade(second))
        await connection.execute(sa.select(sa.func.pg_sleep(0.3)))
        assert not other.done()
    await other

    assert await migrations.current(second.reader) == migrations.newest()
    await first.close()
    await second.close()
    postgres_databases.drop(url)


async def test_a_migration_that_fails_leaves_nothing_behind(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0
    create = Operations.create_table

    def fail_at_the_third(self: Operations, *given: Any, **options: Any) -> Any:
        nonlocal made
        made += 1
        if made == 3:
            raise LookupError
        return create(self, *given, **options)

    monkeypatch.setattr(Operations, "create_table", fail_at_the_third)
    with pytest.raises(LookupError):
        await migrations.upgrade(empty)

    monkeypatch.undo()
    assert await _tables(empty) == set()
    await migrations.upgrade(empty)
    assert await migrations.current(empty.reader) == migrations.newest()


def _differences(connection: Connection) -> list[tuple[Any, ...]]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


async def test_the_migrated_schema_is_what_the_models_say(database: Database) -> None:
    async with database.writer.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_a_difference_would_be_seen(empty: Database) -> None:
    await migrations.upgrade(empty)
    async with empty.writer.begin() as connection:
        await connection.execute(sa.text("ALTER TABLE counter ADD COLUMN stray INTEGER"))
        await connection.execute(sa.text("DROP INDEX ix_outbox_due"))
        found = await connection.run_sync(_differences)

    named = {(each[0], str(getattr(each[-1], "name", ""))) for each in found}
    assert {("remove_column", "stray"), ("add_index", "ix_outbox_due")} <= named


async def test_partial_indexes_have_their_conditions(database: Database) -> None:
    """`compare_metadata` does not look at these."""
    option = f"{database.writer.dialect.name}_where"
    async with database.writer.connect() as connection:
        found = await connection.run_sync(lambda c: sa.inspect(c).get_multi_indexes())

    conditions = {
        str(index["name"]): str(index.get("dialect_options", {}).get(option, ""))
        for indexes in found.values()
        for index in indexes
    }
    for table in Base.metadata.tables.values():
        for index in table.indexes:
            meant = index.dialect_options[database.writer.dialect.name]["where"]
            wanted = "" if meant is None else str(meant)
            assert _states(conditions[str(index.name)]) == _states(wanted), index.name
            assert bool(conditions[str(index.name)]) == bool(wanted), index.name


def _states(condition: str) -> list[str]:
    """The quoted words; the databases write the rest in their own way."""
    return sorted(condition.split("'")[1::2])


def test_there_is_one_newest_revision() -> None:
    assert migrations.newest() == revisions()[-1]
    assert len(set(revisions())) == len(revisions())
