"""Backup and restore: a whole copy that is sealed and checked; both databases."""

import asyncio
import shutil
import sqlite3
import subprocess
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app import migrations
from app.cli import archives, database_copies, restoring
from app.cli.workplaces import workplace
from app.clock import SystemClock
from app.database import Database
from app.errors import OperatorError
from app.services import backups as kept_backups
from models import Backup, Person, Tip
from tests import backing_up
from tests.backing_up import BACKUP_KEY, KEY, OTHER, Place, contents_of
from tests.conftest import NOON

place, small, archive = backing_up.place, backing_up.small, backing_up.archive


def test_what_was_there_is_there_again_after_everything_was_lost(place: Place, tmp_path: Path) -> None:
    person, picture = place.add_person(), place.keep_file(b"a picture")
    said = place.does("backup", tmp_path / "b.ghb")
    assert "用钥匙 k1 加密" in said
    assert "含数据库和 1 个文件" in said

    other = place.add_person()
    asyncio.run(place.files.delete(picture))
    place.does("restore", tmp_path / "b.ghb", "--force")

    assert place.people() == {person}
    assert other not in place.people()
    assert place.file(picture) == b"a picture"


def test_a_fresh_machine_takes_a_backup_without_force(place: Place, tmp_path: Path) -> None:
    person, picture = place.add_person(), place.keep_file(b"a picture")
    place.does("backup", tmp_path / "b.ghb")

    async def lose_everything(database: Database) -> None:
        await migrations.downgrade(database, "base")

    place.work(lose_everything)
    asyncio.run(place.files.delete(picture))
    place.does("restore", tmp_path / "b.ghb")

    assert place.people() == {person}
    assert place.file(picture) == b"a picture"


def test_what_a_service_fills_by_itself_is_nobodys_work(place: Place, tmp_path: Path) -> None:
    person = place.add_person()
    place.does("backup", tmp_path / "b.ghb")

    async def start_anew(database: Database) -> None:
        async with database.transaction() as session:
            await session.execute(sa.delete(Person))
            tip = Tip(slug="a", topic="t", title="t", data={}, digest="d", next_review_on=NOON.date())
            session.add(tip)

    place.work(start_anew)

    place.does("restore", tmp_path / "b.ghb")
    assert place.people() == {person}


def test_a_database_in_use_is_not_overwritten_without_force(place: Place, tmp_path: Path) -> None:
    place.add_person()
    place.does("backup", tmp_path / "b.ghb")
    later = place.add_person()

    assert "数据库里已有数据（person）" in place.refused("restore", tmp_path / "b.ghb")
    assert later in place.people()


def test_a_copy_made_while_messages_come_in_is_one_moment_of_the_database(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Two people are always added together; no copy may have only one of them."""
    database, stop, begun = Database(sqlite_url), threading.Event(), threading.Event()

    def write() -> None:
        connection = sqlite3.connect(database.url.database or "", isolation_level=None, timeout=10)
        connection.execute("PRAGMA journal_mode=WAL")
        count = 0
        while not stop.is_set():
            count += 1
            connection.execute("BEGIN IMMEDIATE")
            for half in "ab":
                connection.execute(
                    "INSERT INTO person (public_id, created_at) VALUES (?, ?)",
                    (f"{count}{half}", "2026-11-23"),
                )
            connection.execute("COMMIT")
            begun.set()
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(10)
        for number in range(5):
            database_copies.copy_sqlite(Path(database.url.database or ""), tmp_path / f"copy{number}")
    finally:
        stop.set()
        writer.join()

    for number in range(5):
        copy = sqlite3.connect(tmp_path / f"copy{number}")
        names = [name for (name,) in copy.execute("SELECT public_id FROM person")]
        copy.close()
        assert names
        assert sorted(n[:-1] for n in names if n[-1] == "a") == sorted(n[:-1] for n in names if n[-1] == "b")


def test_only_its_owner_may_read_a_backup_and_nothing_else_is_left_behind(
    archive: Path, tmp_path: Path
) -> None:
    assert archive.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.rglob(".backup-*")] == []
    assert next(iter(contents_of(archive))) == "database.sqlite"
    assert list(contents_of(archive))[-1] == "manifest.json"


def test_a_disk_that_is_full_is_told(
    small: Place, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archives.Archive, "finish", full)
    assert "No space left on device。请看看磁盘空间" in small.refused("backup", tmp_path / "b.ghb")
    assert list(tmp_path.rglob(".backup-*")) == []
    monkeypatch.setattr(restoring, "put_file", full)
    assert "恢复没有做完" in small.refused("restore", archive, "--force")


def test_an_older_backup_is_never_overwritten(small: Place, archive: Path) -> None:
    before = archive.read_bytes()

    assert "已经存在" in small.refused("backup", archive)
    assert archive.read_bytes() == before


def test_a_wrong_name_or_folder_is_told_before_work_begins(small: Place, tmp_path: Path) -> None:
    assert "应以 .ghb 结尾" in small.refused("backup", tmp_path / "b.tar.gz")
    assert "不存在，请先建好" in small.refused("backup", tmp_path / "nowhere" / "b.ghb")


def test_files_that_came_later_are_left_alone_and_told(small: Place, archive: Path) -> None:
    later = small.keep_file(b"later")

    assert "另有 1 个文件不在备份里" in small.does("restore", archive, "--force")
    assert small.file(later) == b"later"


# --- what is remembered of it


def remembered(place: Place) -> list[tuple[str, int, str]]:
    async def read(database: Database) -> list[tuple[str, int, str]]:
        async with database.reading() as session:
            rows = await session.scalars(sa.select(Backup).order_by(Backup.id))
            return [(each.name, each.files, each.sealed_with) for each in rows]

    found: list[tuple[str, int, str]] = place.work(read)
    return found


def test_it_is_remembered_that_a_backup_was_made_and_restored(place: Place, tmp_path: Path) -> None:
    place.add_person()
    place.keep_file(b"a picture")
    place.does("backup", tmp_path / "b.ghb")
    assert remembered(place) == [("b.ghb", 1, "k1")]

    place.does("restore", tmp_path / "b.ghb", "--force")

    assert remembered(place) == [("b.ghb", 1, "k1")], "the copy was made before it was remembered"
    place.does("backup", tmp_path / "c.ghb")  # the copy was made while a backup was


async def test_only_the_newest_backups_are_remembered(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_backups, "REMEMBERED", 3)
    async with database.transaction() as session:
        assert await kept_backups.find_last(session) is None
        for day in (1, 5, 3, 2, 4):
            made_at = NOON + timedelta(days=day)
            made = Backup(made_at=made_at, name=f"{day}.ghb", size=1, files=0, sealed_with="k1")
            await kept_backups.remember(session, made)

        names = await session.scalars(sa.select(Backup.name).order_by(Backup.name))
        assert names.all() == ["3.ghb", "4.ghb", "5.ghb"]
        last = await kept_backups.find_last(session)

    assert last is not None
    assert last.name == "5.ghb"
    assert not kept_backups.is_late(last, last.made_at + timedelta(days=2))
    assert kept_backups.is_late(last, last.made_at + timedelta(days=2, seconds=1))
    assert kept_backups.is_late(None, NOON)


def test_two_backups_at_once_are_not_made(place: Place, tmp_path: Path) -> None:
    async def hold(database: Database) -> None:
        async with database.transaction() as session:
            assert await kept_backups.begin(session, "somebody", real_now=SystemClock().real_now())

    async def let_go(database: Database) -> None:
        async with database.transaction() as session:
            await kept_backups.end(session, "somebody")

    place.work(hold)
    assert "另一个备份正在进行" in place.refused("backup", tmp_path / "b.ghb")
    place.work(let_go)

    place.does("backup", tmp_path / "b.ghb")
    place.does("backup", tmp_path / "c.ghb")


# --- its keys


def test_nothing_of_a_backup_can_be_read_without_its_key(small: Place, tmp_path: Path) -> None:
    person = small.add_person("liliangliangliang")
    small.keep_file(b"a picture of somebody")
    small.does("backup", tmp_path / "b.ghb")

    whole = (tmp_path / "b.ghb").read_bytes()

    assert person.encode() not in whole
    assert not [word for word in (b"SQLite", b"manifest", b"picture", b"\x1f\x8b\x08\x00") if word in whole]


def test_without_keys_of_their_own_backups_take_those_of_the_database(small: Place, tmp_path: Path) -> None:
    small.change(BACKUP_KEYS="")
    person = small.add_person()

    assert "用钥匙 b1 加密" in small.does("backup", tmp_path / "b.ghb")

    small.change(BACKUP_KEYS=BACKUP_KEY, ENCRYPTION_KEYS=f"{OTHER},{KEY}")  # both changed since
    small.does("restore", tmp_path / "b.ghb", "--force")
    assert small.people() == {person}


def test_a_key_that_is_missing_or_another_is_named_and_nothing_is_touched(
    small: Place, archive: Path
) -> None:
    later = small.add_person()

    small.change(BACKUP_KEYS=OTHER)
    assert "这份备份用钥匙 k1 加密，设置里没有这一把" in small.refused("restore", archive, "--force")
    small.change(BACKUP_KEYS=OTHER.replace("b2", "k1"))
    assert "设置里同名的那一把打不开它" in small.refused("restore", archive, "--force")
    assert later in small.people()

    small.change(BACKUP_KEYS=f"{OTHER},{BACKUP_KEY}")
    small.does("restore", archive, "--force")
    assert small.people() == {"li"}


def test_a_key_that_may_still_be_needed_is_named(small: Place, tmp_path: Path) -> None:
    """A backup made before everything was sealed anew holds words that only the older key opens."""
    small.change(ENCRYPTION_KEYS=f"{OTHER},{KEY}")
    small.does("backup", tmp_path / "b.ghb")

    small.change(ENCRYPTION_KEYS=OTHER)

    said = small.does("restore", tmp_path / "b.ghb", "--force")
    assert "备份时还用着钥匙 b1" in said
    assert "gonghui keys status" in said
    small.change(ENCRYPTION_KEYS=f"{KEY},{OTHER}")
    assert "备份时还用着" not in small.does("restore", tmp_path / "b.ghb", "--force")


def test_malformed_backup_keys_are_told(small: Place, tmp_path: Path) -> None:
    for wrong in ("secret", "k1:c2hvcnQ=", BACKUP_KEY + "," + BACKUP_KEY):
        small.change(BACKUP_KEYS=wrong)
        assert "GONGHUI_BACKUP_KEYS 应写成 名字:BASE64" in small.refused("backup", tmp_path / "b.ghb")


# --- places to work in


def test_what_a_killed_process_left_is_cleared_and_others_are_left_alone(tmp_path: Path) -> None:
    left = tmp_path / ".backup-left"
    left.mkdir()
    (left / "copy").write_bytes(b"half")
    (tmp_path / ".backup-file").write_bytes(b"somebody's")

    with workplace(tmp_path, "backup") as first, workplace(tmp_path, "backup") as second:
        assert not left.exists()
        assert first.is_dir()
        assert first != second
        assert first.stat().st_mode & 0o777 == 0o700

    assert [path.name for path in tmp_path.iterdir()] == [".backup-file"]


# --- PostgreSQL's programs


def test_without_postgresqls_programs_the_operator_is_told_what_to_install(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(postgres_url, tmp_path / "here", monkeypatch)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter(()))

    assert "没有找到 pg_dump" in place.refused("backup", tmp_path / "b.ghb")
    assert not (tmp_path / "b.ghb").exists()


def test_a_password_is_not_shown_in_the_list_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    popen = subprocess.Popen

    def begin(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        seen.update(command=command, environment=options["env"])
        return popen(["/bin/sh", "-c", "echo connection refused >&2; exit 1"], **options)

    monkeypatch.setattr(subprocess, "Popen", begin)
    url = sa.make_url("postgresql+asyncpg://app:hunter2@db.internal:5433/gonghui?ssl=require")

    with (
        pytest.raises(OperatorError, match="connection refused"),
        database_copies.running("pg_dump", url),
    ):
        pass

    assert "hunter2" not in " ".join(seen["command"])
    names = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGSSLMODE")
    assert {name: seen["environment"][name] for name in names} == {
        "PGHOST": "db.internal",
        "PGPORT": "5433",
        "PGUSER": "app",
        "PGPASSWORD": "hunter2",
        "PGSSLMODE": "require",
    }
