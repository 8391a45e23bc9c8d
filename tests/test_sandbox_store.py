"""The sandbox's own database: what is written together, when it is on disk, and what reads see."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sandbox.store import Database
from tests.running import until

INSERT = "insert into tag (id, name) values (?, ?)"


def on_disk(path: Path) -> int:
    """As another program would count."""
    with closing(sqlite3.connect(path)) as other:
        return int(other.execute("select count(*) from tag").fetchone()[0])


async def test_what_is_written_is_read_at_once_and_on_disk_a_moment_later(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    database = Database(str(path))
    database.run(INSERT, 1, "党员")
    database.run(INSERT, 2, "新职工")

    assert database.count("select count(*) from tag") == 2
    assert on_disk(path) == 0
    await until(lambda: on_disk(path) == 2)
    database.close()


async def test_closing_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    database = Database(str(path))
    database.run(INSERT, 1, "党员")
    database.close()

    assert on_disk(path) == 1


def test_without_a_loop_it_is_on_disk_at_once(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    database = Database(str(path))
    database.run(INSERT, 1, "党员")

    assert on_disk(path) == 1
    database.close()


async def test_a_setting_is_as_it_was_last_set_and_gone_when_all_is(tmp_path: Path) -> None:
    database = Database(":memory:")
    before = database.setting("limits", {})
    database.set("limits", {"a": 1})
    first = database.setting("limits")
    database.set("limits", {"a": 2})

    assert (before, first, database.setting("limits")) == ({}, {"a": 1}, {"a": 2})
    database.empty()
    assert database.setting("limits", "none") == "none"
    database.close()
