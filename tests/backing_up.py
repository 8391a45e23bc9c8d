"""An installation to back up and restore: its settings, database and files; for tests of backups."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import typer
from typer.testing import CliRunner, Result

from app.cli import archives, backups
from app.database import Database
from app.errors import OperatorError
from app.files import Files
from app.sealed_stream import Key
from models import FileState, Person, StoredFile
from models.types import public_id
from tests.conftest import NOON

SEAL, BACKUP = bytes(range(32)), bytes(range(32, 64))
KEY = "b1:" + base64.b64encode(SEAL).decode()
OTHER = "b2:" + base64.b64encode(bytes(32)).decode()
BACKUP_KEY = "k1:" + base64.b64encode(BACKUP).decode()
KEYS: list[Key] = [("k1", BACKUP), ("b1", SEAL)]

app = typer.Typer()
backups.add_to(app)


class Place:
    """One installation."""

    def __init__(self, url: str, folder: Path, environment: pytest.MonkeyPatch) -> None:
        self.url, self.files = url, Files(folder / "files")
        self._environment = environment
        self.settings = {
            "SECRET_KEY": "x" * 32,
            "WECHAT_API_URL": "http://127.0.0.1:1",
            "DATABASE_URL": url,
            "FILES": str(folder / "files"),
            "ENCRYPTION_KEYS": KEY,
            "BACKUP_KEYS": BACKUP_KEY,
        }

    def change(self, **settings: str) -> None:
        self.settings |= settings

    def gonghui(self, *words: str | Path) -> Result:
        for name, value in self.settings.items():
            self._environment.setenv(f"GONGHUI_{name}", value)
        return CliRunner().invoke(app, [str(word) for word in words])

    def does(self, *words: str | Path) -> str:
        result = self.gonghui(*words)
        assert result.exit_code == 0, result.exception
        return result.output

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
        """One that the database knows of."""
        file = stored(data)

        async def add(database: Database) -> None:
            await self.files.put(file.public_id, data)
            async with database.transaction() as session:
                session.add(file)

        self.work(add)
        return file.public_id

    def file(self, name: str) -> bytes:
        return asyncio.run(self.files.get(name))


def stored(data: bytes) -> StoredFile:
    return StoredFile(
        public_id=public_id(),
        kind="image",
        content_type="image/png",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        state=FileState.READY,
        kept=True,
        created_at=NOON,
    )


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
    path = tmp_path / "good.ghb"
    small.does("backup", path)
    return path


def contents_of(path: Path) -> dict[str, bytes]:
    return {name: source.read() for name, source in archives.members(path, KEYS)}
