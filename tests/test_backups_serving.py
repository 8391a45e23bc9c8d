"""Backups made while others write, restored elsewhere, into a newer version, or by one that is killed."""

import asyncio
import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from app import migrations
from app.cli import archives, backups, database_copies
from app.clock import SystemClock
from app.database import Database
from app.files import Files
from app.jobs.stored_files import tidy
from app.services.stored_files import mark_deleted
from models import FileState, Lease, Person, StoredFile
from tests import backing_up, forking, servers
from tests.backing_up import Place, contents_of, stored
from tests.conftest import NOON
from tests.test_migrations import fill, read_once, revisions  # noqa: F401 - read_once is for all tests

place = backing_up.place

Table = list[dict[str, Any]]
OURS = {"backup", "lease"}  # what a backup and a restore write themselves


@pytest.fixture(params=["sqlite", "postgres"])
def two(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Place, Place]]:
    """Two installations with databases that have no table yet, of the same kind: both of them in turn."""
    if request.param == "sqlite":
        urls = [f"sqlite+aiosqlite:///{tmp_path / name / 'gonghui.db'}" for name in ("here", "there")]
        yield _two(urls, tmp_path, monkeypatch)
        return
    databases = request.getfixturevalue("postgres_databases")
    urls = [databases.make() for _ in range(2)]
    yield _two(urls, tmp_path, monkeypatch)
    for url in urls:
        databases.drop(url)


def _two(urls: list[str], folder: Path, environment: pytest.MonkeyPatch) -> tuple[Place, Place]:
    here, there = (
        Place(url, folder / name, environment) for url, name in zip(urls, ("here", "there"), strict=True)
    )
    return here, there


def everything(place: Place) -> dict[str, Table]:
    """Every row of every table, as the database has it.

    Each in a transaction of its own: of a process that was killed the server may not know yet, and who holds
    what it has read would be in its way.
    """

    def read(connection: Connection) -> dict[str, Table]:
        ids = sa.inspect(connection).get_multi_pk_constraint()
        found = {}
        for (_, name), own in ids.items():
            order = ", ".join(own["constrained_columns"])
            rows = connection.execute(sa.text(f'SELECT * FROM "{name}" ORDER BY {order}'))
            found[name] = [dict(row._mapping) for row in rows]
            connection.rollback()
        return found

    async def work(database: Database) -> dict[str, Table]:
        async with database.reader.connect() as connection:
            return await connection.run_sync(read)

    found: dict[str, Table] = place.work(work)
    return found


Fill = Callable[..., None]


@pytest.fixture(scope="module")
def fill_everything(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Fill:
    """Gives a place three rows in every table of a revision; its database has had no table yet.

    For each kind of database and each revision one is walked there and filled, and copied for every place.
    """
    folder = tmp_path_factory.mktemp("filled")

    def fill_everything(place: Place, revision: str = "head") -> None:
        url = sa.make_url(place.url)
        if url.get_backend_name() == "sqlite":
            kept = folder / f"{revision}.db"
            if not kept.exists():
                asyncio.run(_filled(f"sqlite+aiosqlite:///{kept}", revision))
            target = Path(str(url.database))
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(kept, target)
            return
        databases: servers.Databases = request.getfixturevalue("postgres_databases")
        if revision not in made:
            made[revision] = databases.make()
            asyncio.run(_filled(made[revision], revision))
        databases.copy(made[revision], place.url)

    made: dict[str, str] = {}
    return fill_everything


async def _filled(url: str, revision: str) -> None:
    database = Database(url)
    await migrations.upgrade(database, revision)
    async with database.writer.begin() as connection:
        for _ in range(3):
            await connection.run_sync(fill)
    await database.close()


def lie_about(place: Place, count: int) -> dict[str, bytes]:
    """Files that the database names, of every size from nothing to more than a piece."""
    sizes = (0, 1, 511, 512, 513, 100_000, 1_100_000)
    return {
        place.keep_file(data): data for data in (os.urandom(sizes[number % 7]) for number in range(count))
    }


# --- everything is there


def test_every_table_and_file_is_the_same_in_another_place(
    two: tuple[Place, Place], fill_everything: Fill, tmp_path: Path
) -> None:
    here, there = two
    fill_everything(here)
    files = lie_about(here, 8)

    here.does("backup", tmp_path / "b.ghb")
    before = everything(here)
    there.does("restore", tmp_path / "b.ghb")

    after = everything(there)
    assert after.keys() == before.keys()
    assert {name for name in before if name not in OURS and before[name] != after[name]} == set()
    assert all(before[name] for name in before)
    assert {name: there.file(name) for name in files} == files


# --- while others write


class Writer:
    """Adds a person and a picture together, and takes an older picture away, until it is stopped."""

    def __init__(self, place: Place) -> None:
        self._place, self._stopped, self._round = place, False, asyncio.Event()
        self.rounds = 0
        self.failed: Exception | None = None

    async def run(self) -> None:
        database = Database(self._place.url)
        try:
            while not self._stopped:
                await self._once(database)
                self.rounds += 1
                self._round.set()
                await asyncio.sleep(0)
        except Exception as error:
            self.failed = error
        finally:
            self._stopped = True
            self._round.set()
            await database.close()

    async def a_round(self) -> None:
        """Until it has done one more, or has ended."""
        self._round.clear()
        if not self._stopped:
            await self._round.wait()

    async def _once(self, database: Database) -> None:
        file = stored(os.urandom(2000))
        await self._place.files.put(file.public_id, file.sha256.encode() * 10)
        file.sha256 = hashlib.sha256(file.sha256.encode() * 10).hexdigest()
        async with database.transaction() as session:
            session.add_all([file, Person(public_id=file.public_id, created_at=NOON)])
            ready = sa.select(StoredFile.public_id).where(StoredFile.state == FileState.READY)
            oldest = (await session.scalars(ready.order_by(StoredFile.id).limit(1))).all()
            await mark_deleted(session, oldest)
            await session.execute(sa.delete(Person).where(Person.public_id.in_(oldest)))
        await tidy(database, self._place.files, SystemClock())

    def stop(self) -> None:
        self._stopped = True


def test_database_and_files_are_of_one_moment_while_others_write(
    two: tuple[Place, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = two
    here.work(migrations.upgrade)
    lie_about(here, 10)
    for name in [row["public_id"] for row in everything(here)["stored_file"]]:
        here.add_person(name)
    writer = Writer(here)
    _let_it_work_between(writer, monkeypatch)

    here.does("backup", tmp_path / "b.ghb")
    there.does("restore", tmp_path / "b.ghb")

    if writer.failed:
        raise writer.failed
    assert writer.rounds > 3
    tables = everything(there)
    ready = {row["public_id"]: row for row in tables["stored_file"] if row["state"] == "ready"}
    assert len(ready) == 10
    assert {row["public_id"] for row in tables["person"]} == set(ready), "half of a transaction"
    for name, row in ready.items():
        assert hashlib.sha256(there.file(name)).hexdigest() == row["sha256"]
    named = {name.removeprefix("files/") for name in contents_of(tmp_path / "b.ghb") if "files/" in name}
    assert named == set(ready), "a file that came or went after the moment of the database"


def _let_it_work_between(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer works while the backup does, and surely between the copy and each file."""
    one_moment, get = database_copies.one_moment, Files.get
    going: list[asyncio.Task[None]] = []

    def begun(*given: Any) -> Any:
        going.append(asyncio.get_running_loop().create_task(writer.run()))
        return one_moment(*given)

    async def after_a_round(self: Any, name: str) -> bytes:
        await writer.a_round()
        return await get(self, name)

    finish = archives.Archive.finish

    def finished(*given: Any) -> None:
        writer.stop()
        finish(*given)

    monkeypatch.setattr(backups, "one_moment", begun)
    monkeypatch.setattr(Files, "get", after_a_round)
    monkeypatch.setattr(archives.Archive, "finish", finished)


def test_a_file_that_is_not_where_it_should_be_is_told(place: Place, tmp_path: Path) -> None:
    gone, there = place.keep_file(b"gone"), place.keep_file(b"there")
    asyncio.run(place.files.delete(gone))

    said = place.does("backup", tmp_path / "b.ghb")

    assert "含数据库和 1 个文件" in said
    assert "另有 1 个文件数据库里记着，存放的地方却没有" in said
    assert f"files/{there}" in contents_of(tmp_path / "b.ghb")


def test_a_file_that_nothing_names_is_not_taken_along(place: Place, tmp_path: Path) -> None:
    asyncio.run(place.files.put("abcdefgh23456789", b"nobody's"))

    assert "含数据库和 0 个文件" in place.does("backup", tmp_path / "b.ghb")


# --- into a newer version


@pytest.mark.parametrize("before", [1, 2])
def test_a_backup_of_an_older_version_is_brought_up_to_date(
    two: tuple[Place, Place], fill_everything: Fill, tmp_path: Path, before: int
) -> None:
    here, there = two
    revision = revisions()[-1 - before]
    fill_everything(here, revision)
    here.does("backup", tmp_path / "old.ghb")
    old = everything(here)

    said = there.does("restore", tmp_path / "old.ghb")

    assert f"备份时数据库是版本 {revision}，已升级到 {migrations.newest()}" in said
    new = everything(there)
    assert new["alembic_version"] == [{"version_num": migrations.newest()}]
    for name, rows in old.items():
        if name not in OURS | {"alembic_version"}:
            kept = [{column: row[column] for column in rows[0] if column in row} for row in new[name]]
            assert kept == [{column: row[column] for column in rows[0] if column in kept[0]} for row in rows]


def test_an_older_backup_takes_the_place_of_newer_tables(
    two: tuple[Place, Place], fill_everything: Fill, tmp_path: Path
) -> None:
    """A table that came later leads to older ones: it must go, or neither restore nor migrating works."""
    here, there = two
    fill_everything(here, "0014")  # before portal sessions were rows
    here.does("backup", tmp_path / "old.ghb")
    fill_everything(there)

    assert "数据库里已有数据" in there.refused("restore", tmp_path / "old.ghb")
    there.does("restore", tmp_path / "old.ghb", "--force")

    after = everything(there)
    assert after["alembic_version"] == [{"version_num": migrations.newest()}]
    assert after["person"] == everything(here)["person"]
    assert after["portal_session"] == []


def test_a_table_that_is_not_ours_is_not_lost_without_a_word(place: Place, tmp_path: Path) -> None:
    place.add_person()
    place.does("backup", tmp_path / "b.ghb")

    async def forget_and_add(database: Database) -> None:
        async with database.writer.begin() as connection:
            await connection.execute(sa.text("DELETE FROM person"))
            await connection.execute(sa.text("CREATE TABLE wages (id INTEGER)"))

    async def take_away(database: Database) -> None:
        async with database.writer.begin() as connection:
            await connection.execute(sa.text("DROP TABLE wages"))

    place.work(forget_and_add)
    try:
        assert "数据库里已有数据（wages）" in place.refused("restore", tmp_path / "b.ghb")
    finally:
        place.work(take_away)


# --- killed


def killed(place: Place, point: str, call: int, *words: str | Path) -> None:
    """Run our command in a process of its own, which dies at call number `call` of `point`."""
    done = gonghui(place, "tests.dying", point, str(call), *words)
    assert done.returncode == -signal.SIGKILL, (done.returncode, done.stderr)


def gonghui(place: Place, module: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GONGHUI_")}
    given = {f"GONGHUI_{name}": value for name, value in place.settings.items()}
    return forking.run(module, *words, environment=clean | given)


POINTS = {
    "files": ("app.cli.restoring:put_file", 3),
    "the database": ("app.cli.database_copies:send", 2),
    "sqlite": ("app.cli.database_copies:Patience.look", 2),
    "the end": ("app.cli.restoring:_make_new", 1),
}


@pytest.mark.parametrize("where", ["files", "in the middle", "before it is up to date"])
def test_a_restore_that_is_killed_leaves_what_was_or_what_shall_be(
    two: tuple[Place, Place], fill_everything: Fill, tmp_path: Path, where: str
) -> None:
    here, there = two
    fill_everything(here, revisions()[-2])
    files = lie_about(here, 5)
    here.does("backup", tmp_path / "b.ghb")
    fill_everything(there)
    there.does("backup", tmp_path / "there.ghb")
    before, wanted = everything(there), everything(here)

    point, call = POINTS[_point(where, sqlite="sqlite" in here.url)]
    killed(there, point, call, "restore", tmp_path / "b.ghb", "--force")

    after = everything(there)
    if _was_replaced(where, there):
        assert after["person"] == wanted["person"]
        assert "运行 gonghui migrate 升级即可" in there.refused("restore", tmp_path / "b.ghb")
    else:
        assert after == before
    there.does("restore", tmp_path / "b.ghb", "--force")
    assert everything(there)["person"] == wanted["person"]
    assert everything(there)["alembic_version"] == [{"version_num": migrations.newest()}]
    assert {name: there.file(name) for name in files} == files
    assert list(tmp_path.rglob(".restore-*")) == []


def _point(where: str, *, sqlite: bool) -> str:
    if where == "in the middle":
        return "sqlite" if sqlite else "the database"
    return "files" if where == "files" else "the end"


def _was_replaced(where: str, place: Place) -> bool:
    """SQLite's copy is brought up to date before it takes its place."""
    return where == "before it is up to date" and "sqlite" not in place.url


def test_a_backup_that_is_killed_leaves_nothing_that_looks_like_one(place: Place, tmp_path: Path) -> None:
    person = place.add_person()
    place.keep_file(b"a picture")

    killed(place, "app.cli.archives:Archive.finish", 1, "backup", tmp_path / "b.ghb")

    assert list(tmp_path.glob("*.ghb")) == []
    assert list(tmp_path.rglob(".backup-*")) != []
    assert "请 5 分钟后再试" in place.refused("backup", tmp_path / "b.ghb")
    _minutes_later(place)
    place.does("backup", tmp_path / "b.ghb")
    assert list(tmp_path.rglob(".backup-*")) == []
    place.does("restore", tmp_path / "b.ghb", "--force")
    assert place.people() == {person}


def _minutes_later(place: Place) -> None:
    async def run_out(database: Database) -> None:
        async with database.transaction() as session:
            await session.execute(sa.update(Lease).values(until=NOON - timedelta(days=365)))

    place.work(run_out)
