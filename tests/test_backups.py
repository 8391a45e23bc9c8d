"""Backup and restore: a whole copy that is checked, or a refusal that says why; both databases."""

import asyncio
import base64
import gzip
import io
import json
import shutil
import sqlite3
import subprocess
import tarfile
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import typer
from typer.testing import CliRunner, Result

from app import migrations
from app.cli import backups
from app.database import Database
from app.errors import OperatorError
from app.files import Files
from models import Person, Tip
from models.types import public_id
from tests.conftest import NOON

KEY = "b1:" + base64.b64encode(bytes(range(32))).decode()
OTHER = "b2:" + base64.b64encode(bytes(32)).decode()

app = typer.Typer()
backups.add_to(app)


class Place:
    """One installation: its settings, database and files."""

    def __init__(self, url: str, folder: Path, environment: pytest.MonkeyPatch) -> None:
        self.url, self.files = url, Files(folder / "files")
        self._environment = environment
        self._settings = {
            "SECRET_KEY": "x" * 32,
            "WECHAT_API_URL": "http://127.0.0.1:1",
            "DATABASE_URL": url,
            "FILES": str(folder / "files"),
            "ENCRYPTION_KEYS": KEY,
        }

    def change(self, **settings: str) -> None:
        self._settings |= settings

    def gonghui(self, *words: str | Path) -> Result:
        for name, value in self._settings.items():
            self._environment.setenv(f"GONGHUI_{name}", value)
        return CliRunner().invoke(app, [str(word) for word in words])

    def refused(self, *words: str | Path) -> str:
        result = self.gonghui(*words)
        assert isinstance(result.exception, OperatorError), result
        return result.exception.message

    def work(self, work: Callable[[Database], Awaitable[Any]]) -> Any:
        async def opened() -> Any:
            database = Database(self.url)
            try:
                return await work(database)
            finally:
                await database.close()

        return asyncio.run(opened())

    def add_person(self, name: str = "") -> str:
        name = name or public_id()

        async def add(database: Database) -> None:
            async with database.transaction() as session:
                session.add(Person(public_id=name, created_at=NOON))

        self.work(add)
        return name

    def people(self) -> set[str]:
        async def read(database: Database) -> set[str]:
            async with database.reading() as session:
                return set(await session.scalars(sa.select(Person.public_id)))

        found: set[str] = self.work(read)
        return found

    def keep_file(self, data: bytes) -> str:
        name = public_id()
        asyncio.run(self.files.put(name, data))
        return name


@pytest.fixture
def place(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(database_url, tmp_path / "here", monkeypatch)


@pytest.fixture
def small(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """SQLite alone, where the database makes no difference."""
    return Place(sqlite_url, tmp_path / "here", monkeypatch)


@pytest.fixture
def archive(small: Place, tmp_path: Path) -> Path:
    """A good backup of one person and one picture."""
    small.add_person("li")
    small.keep_file(b"a picture")
    path = tmp_path / "good.tar.gz"
    assert small.gonghui("backup", path).exit_code == 0
    return path


def names_in(path: Path) -> list[str]:
    with tarfile.open(path) as opened:
        return opened.getnames()


def test_what_was_there_is_there_again_after_everything_was_lost(place: Place, tmp_path: Path) -> None:
    person, picture = place.add_person(), place.keep_file(b"a picture")
    result = place.gonghui("backup", tmp_path / "b.tar.gz")
    assert result.exit_code == 0, result.output
    assert "含数据库和 1 个文件" in result.output

    other = place.add_person()
    asyncio.run(place.files.delete(picture))
    result = place.gonghui("restore", tmp_path / "b.tar.gz", "--force")

    assert result.exit_code == 0, result.output
    assert place.people() == {person}
    assert other not in place.people()
    assert asyncio.run(place.files.get(picture)) == b"a picture"


def test_a_fresh_machine_takes_a_backup_without_force(place: Place, tmp_path: Path) -> None:
    person, picture = place.add_person(), place.keep_file(b"a picture")
    place.gonghui("backup", tmp_path / "b.tar.gz")

    async def lose_everything(database: Database) -> None:
        await migrations.downgrade(database.writer, "base")

    place.work(lose_everything)
    asyncio.run(place.files.delete(picture))
    result = place.gonghui("restore", tmp_path / "b.tar.gz")

    assert result.exit_code == 0, result.output
    assert place.people() == {person}
    assert asyncio.run(place.files.get(picture)) == b"a picture"


def test_what_a_service_fills_by_itself_is_nobodys_work(place: Place, tmp_path: Path) -> None:
    person = place.add_person()
    place.gonghui("backup", tmp_path / "b.tar.gz")

    async def start_anew(database: Database) -> None:
        async with database.transaction() as session:
            await session.execute(sa.delete(Person))
            tip = Tip(slug="a", topic="t", title="t", data={}, digest="d", next_review_on=NOON.date())
            session.add(tip)

    place.work(start_anew)

    assert place.gonghui("restore", tmp_path / "b.tar.gz").exit_code == 0
    assert place.people() == {person}


def test_a_database_in_use_is_not_overwritten_without_force(place: Place, tmp_path: Path) -> None:
    place.add_person()
    place.gonghui("backup", tmp_path / "b.tar.gz")
    later = place.add_person()

    assert "数据库里已有数据（person）" in place.refused("restore", tmp_path / "b.tar.gz")
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
            backups._copy_database(database, tmp_path / f"copy{number}")
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
    assert [path.name for path in tmp_path.glob(".backup-*")] == []
    assert names_in(archive)[0] == "database.sqlite"
    assert names_in(archive)[-1] == "manifest.json"


def test_an_older_backup_is_never_overwritten(small: Place, archive: Path) -> None:
    before = archive.read_bytes()

    assert "已经存在" in small.refused("backup", archive)
    assert archive.read_bytes() == before


def test_a_wrong_name_or_folder_is_told_before_work_begins(small: Place, tmp_path: Path) -> None:
    assert "应以 .tar.gz 结尾" in small.refused("backup", tmp_path / "b.zip")
    assert "不存在，请先建好" in small.refused("backup", tmp_path / "nowhere" / "b.tar.gz")


# --- backups that must not be trusted


def contents_of(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as source:
        members = ((info.name, source.extractfile(info)) for info in source)
        return {name: member.read() for name, member in members if member is not None}


def rewritten(
    archive: Path, change: Callable[[str, bytes], bytes | None], more: dict[str, bytes] | None = None
) -> Path:
    """The same archive with other contents, as somebody might have made it."""
    out = archive.with_name("changed.tar.gz")
    with tarfile.open(out, "w:gz") as target:
        for name, data in (contents_of(archive) | (more or {})).items():
            changed = change(name, data)
            if changed is not None:
                info = tarfile.TarInfo(name)
                info.size = len(changed)
                target.addfile(info, io.BytesIO(changed))
    return out


def as_it_is(name: str, data: bytes) -> bytes:
    return data


def test_a_torn_backup_changes_nothing(small: Place, archive: Path, tmp_path: Path) -> None:
    later = small.add_person()
    for part in (0, 10, archive.stat().st_size // 2, archive.stat().st_size - 20):
        torn = tmp_path / f"torn{part}.tar.gz"
        torn.write_bytes(archive.read_bytes()[:part])
        assert "torn" in small.refused("restore", torn, "--force")

    assert later in small.people()


def test_a_backup_from_a_rotten_disk_is_refused(archive: Path, tmp_path: Path) -> None:
    whole, rotten = archive.read_bytes(), tmp_path / "rotten.tar.gz"
    contents = gzip.decompress(whole)
    for place in range(0, len(whole), len(whole) // 25):
        rotten.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            backups.verified(rotten)
        except OperatorError as error:
            assert "rotten" in error.message
        else:  # of two ways to write the same zeros, the other
            assert gzip.decompress(rotten.read_bytes()) == contents


def test_a_backup_with_one_changed_byte_changes_nothing(small: Place, archive: Path) -> None:
    later = small.add_person()

    def spoil(name: str, data: bytes) -> bytes:
        return data[:-1] + bytes([data[-1] ^ 1]) if name.startswith("files/") else data

    assert "不完整或被改动过" in small.refused("restore", rewritten(archive, spoil), "--force")
    assert later in small.people()


@pytest.mark.parametrize("part", ["files/", "database.sqlite", "manifest.json"])
def test_a_backup_that_lacks_a_part_changes_nothing(small: Place, archive: Path, part: str) -> None:
    def without(name: str, data: bytes) -> bytes | None:
        return None if name.startswith(part) else data

    assert "不完整或被改动过" in small.refused("restore", rewritten(archive, without), "--force")


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "files/../../evil", "files/ab/cdefgh", "evil"])
def test_a_backup_with_a_name_that_leads_elsewhere_is_refused(
    small: Place, archive: Path, tmp_path: Path, name: str
) -> None:
    changed = rewritten(archive, as_it_is, {name: b"x"})

    assert "不是完整的备份" in small.refused("restore", changed, "--force")
    assert list(tmp_path.rglob("evil")) == []


def test_a_link_in_a_backup_is_refused(small: Place, archive: Path, tmp_path: Path) -> None:
    changed = tmp_path / "linked.tar.gz"
    with tarfile.open(changed, "w:gz") as target:
        info = tarfile.TarInfo("files/abcdefgh23456789")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        target.addfile(info)

    assert "不是完整的备份" in small.refused("restore", changed, "--force")


def with_manifest(archive: Path, **changes: Any) -> Path:
    def change(name: str, data: bytes) -> bytes:
        return json.dumps(json.loads(data) | changes).encode() if name == "manifest.json" else data

    return rewritten(archive, change)


def test_a_backup_of_a_newer_program_is_refused(small: Place, archive: Path) -> None:
    assert "请先升级程序" in small.refused("restore", with_manifest(archive, revision="9999"), "--force")
    assert "请先升级程序" in small.refused("restore", with_manifest(archive, format=2), "--force")


def test_a_backup_of_the_other_database_is_refused(small: Place, archive: Path) -> None:
    contents = contents_of(archive)
    told = json.loads(contents["manifest.json"])
    told["database"] = "postgresql"
    told["members"]["database.dump"] = told["members"].pop("database.sqlite")
    dump, manifest = contents["database.sqlite"], json.dumps(told).encode()

    def without(name: str, data: bytes) -> bytes | None:
        return None if name == "database.sqlite" else data

    other = rewritten(archive, without, {"database.dump": dump, "manifest.json": manifest})

    assert "这是 postgresql 的备份，而现在的数据库是 sqlite" in small.refused("restore", other, "--force")


def test_a_backup_that_our_keys_do_not_open_is_refused_until_the_old_key_is_given(
    small: Place, archive: Path
) -> None:
    small.change(ENCRYPTION_KEYS=OTHER)
    assert "打不开这份备份" in small.refused("restore", archive, "--force")

    small.change(ENCRYPTION_KEYS=f"{OTHER},{KEY}")
    assert small.gonghui("restore", archive, "--force").exit_code == 0


def test_files_that_came_later_are_left_alone_and_told(small: Place, archive: Path) -> None:
    later = small.keep_file(b"later")

    assert "另有 1 个文件不在备份里" in small.gonghui("restore", archive, "--force").output
    assert asyncio.run(small.files.get(later)) == b"later"


def test_without_postgresqls_programs_the_operator_is_told_what_to_install(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(postgres_url, tmp_path / "here", monkeypatch)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter(()))

    assert "没有找到 pg_dump" in place.refused("backup", tmp_path / "b.tar.gz")
    assert not (tmp_path / "b.tar.gz").exists()


def test_a_password_is_not_shown_in_the_list_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        seen.update(command=command, environment=options["env"])
        return subprocess.CompletedProcess(command, 1, "", "connection refused")

    monkeypatch.setattr(subprocess, "run", run)
    url = sa.make_url("postgresql+asyncpg://app:hunter2@db.internal:5433/gonghui?ssl=require")

    with pytest.raises(OperatorError, match="connection refused"):
        backups._postgres(url, "pg_dump")

    assert "hunter2" not in " ".join(seen["command"])
    told = {
        name: seen["environment"][name] for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGSSLMODE")
    }
    assert told == {
        "PGHOST": "db.internal",
        "PGPORT": "5433",
        "PGUSER": "app",
        "PGPASSWORD": "hunter2",
        "PGSSLMODE": "require",
    }
