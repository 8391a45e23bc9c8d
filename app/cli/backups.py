"""`gonghui backup` and `gonghui restore`: database and stored files in one archive that is checked first.

The encryption keys are not in a backup; it holds a sealed word that tells whether the keys at hand open it.
"""

import asyncio
import base64
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Annotated, Any

import sqlalchemy as sa
import typer
from alembic.script import ScriptDirectory

from app import migrations
from app.assembly import House, assemble
from app.clock import shanghai
from app.database import Database
from app.errors import OperatorError
from models import Base
from models.sealing import SealBroken, keyring

FORMAT = 1
MANIFEST = "manifest.json"
SUFFIXES = (".tar.gz", ".tgz")
MEMBER = re.compile(r"database\.(sqlite|dump)|files/([0-9a-z]{8,32})")
PLACE, WORD = "backup.word", b"gonghui"
CHUNK = 1024 * 1024
UNREADABLE = (OSError, EOFError, zlib.error, tarfile.TarError, LookupError, ValueError, TypeError)
# What a service fills by itself when it first starts; anything else is somebody's work.
OF_ITSELF = {"account", "tip", "menu_revision", "menu_push_step", "shared_version", "lease", "access_token"}

Members = dict[str, dict[str, Any]]  # name → size, sha256
Target = Annotated[Path, typer.Argument(metavar="FILE", help="备份文件，以 .tar.gz 结尾")]


def add_to(app: typer.Typer) -> None:
    app.command()(backup)
    app.command()(restore)


def backup(file: Target) -> None:
    """备份数据库和文件（服务可以继续运行）。"""
    if not file.name.endswith(SUFFIXES):
        raise OperatorError("备份文件名应以 .tar.gz 结尾。")
    if file.exists():
        raise OperatorError(f"{file} 已经存在，不覆盖旧备份，请换一个文件名。")
    if not file.resolve().parent.is_dir():
        raise OperatorError(f"文件夹 {file.parent} 不存在，请先建好。")
    found = asyncio.run(_backup(file.resolve()))
    typer.echo(
        f"已备份并核对：{file}，{max(1, file.stat().st_size // 1024)} KB，数据库版本 {found.revision}。"
    )
    typer.echo(
        f"含数据库和 {len(found.files)} 个文件；钥匙（GONGHUI_ENCRYPTION_KEYS、GONGHUI_LOOKUP_KEY）请另存。"
    )


def restore(
    file: Target, force: Annotated[bool, typer.Option("--force", help="覆盖已有数据")] = False
) -> None:
    """从备份恢复数据库和文件。请先停止所有进程。"""
    found, strangers = asyncio.run(_restore(file, force))
    typer.echo(f"已恢复 {found.made_at} 的备份：数据库和 {len(found.files)} 个文件。")
    if strangers:
        typer.echo(f"另有 {strangers} 个文件不在备份里，没有动。")
    typer.echo("备份时还在排队的通知会照常发出，其中备份之后已发过的会再发一次。")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    made_at: str
    database: str  # sqlite, postgresql
    revision: str
    word: str  # sealed with the keys of its time
    members: Members

    @property
    def files(self) -> list[str]:
        return [name.removeprefix("files/") for name in self.members if name.startswith("files/")]

    def dump(self) -> bytes:
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1).encode()

    @classmethod
    def load(cls, data: bytes) -> "Manifest":
        told = json.loads(data)
        if not isinstance(told, dict) or told.pop("format") != FORMAT:
            raise OperatorError("这份备份由更新的版本制作，请先升级程序。")
        return cls(**told)


def copy_name(kind: str) -> str:
    return "database.sqlite" if kind == "sqlite" else "database.dump"


# --- making one ---------------------------------------------------------------------------------------------


async def _backup(target: Path) -> Manifest:
    async with assemble() as house:
        revision = await migrations.current(house.database.reader)
        if revision is None:
            raise OperatorError("数据库还没有内容，没有可备份的。")
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as folder:
            # Files never change, so those of a moment after the database are at least what it names; but for
            # some that nobody needed, deleted since.
            copy = Path(folder) / "copy"
            await asyncio.to_thread(_copy_database, house.database, copy)
            archive = Archive(Path(folder) / "archive")
            await asyncio.to_thread(archive.add, copy_name(_kind(house.database)), copy)
            async for name in house.files.names():
                await _add_file(house, archive, name)
            made_at = f"{shanghai(house.clock.now()):%Y-%m-%d %H:%M:%S}"
            word = base64.b64encode(keyring().seal(WORD, PLACE)).decode()
            manifest = Manifest(made_at, _kind(house.database), revision, word, archive.members)
            await asyncio.to_thread(archive.finish, manifest)
            await asyncio.to_thread(verified, archive.path)
            archive.path.replace(target)
        return manifest


async def _add_file(house: House, archive: "Archive", name: str) -> None:
    try:
        data = await house.files.get(name)
    except FileNotFoundError:  # deleted just now
        return
    await asyncio.to_thread(archive.add_bytes, f"files/{name}", data)


class Archive:
    """A backup being written; only its owner may read it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.members: Members = {}
        self._out = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        # Nearly all of it is encrypted or a picture: trying harder would only take longer.
        self._tar = tarfile.open(fileobj=self._out, mode="w:gz", compresslevel=1)  # noqa: SIM115

    def add(self, name: str, path: Path) -> None:
        with path.open("rb") as source:
            self._add(name, path.stat().st_size, source)
        with path.open("rb") as source:
            self.members[name]["sha256"] = hashlib.file_digest(source, "sha256").hexdigest()

    def add_bytes(self, name: str, data: bytes) -> None:
        self._add(name, len(data), io.BytesIO(data))
        self.members[name]["sha256"] = hashlib.sha256(data).hexdigest()

    def finish(self, manifest: Manifest) -> None:
        data = manifest.dump()
        self._add(MANIFEST, len(data), io.BytesIO(data))
        self._tar.close()
        self._out.flush()
        os.fsync(self._out.fileno())
        self._out.close()

    def _add(self, name: str, size: int, source: IO[bytes]) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        self._tar.addfile(info, source)
        if name != MANIFEST:
            self.members[name] = {"size": size}


# --- taking one back ----------------------------------------------------------------------------------------


async def _restore(path: Path, force: bool) -> tuple[Manifest, int]:
    manifest = await asyncio.to_thread(verified, path)
    async with assemble() as house:
        await _refuse_unfit(house.database, manifest, force)
        with tempfile.TemporaryDirectory(prefix="gonghui-restore-") as folder:
            copy = Path(folder) / "copy"
            # Files first: should that fail, the database still is what it was.
            for name, source in _members(path):
                if name == copy_name(manifest.database):
                    with copy.open("wb") as out:
                        shutil.copyfileobj(source, out, CHUNK)
                elif name != MANIFEST:
                    await house.files.put(name.removeprefix("files/"), source.read())
            await house.database.close()  # no connection of ours holds on to what goes away
            await asyncio.to_thread(_bring_back, house.database, copy)
        await migrations.upgrade(house.database.writer)
        ours = set(manifest.files)
        return manifest, len([name async for name in house.files.names() if name not in ours])


def verified(path: Path) -> Manifest:
    """The manifest of the backup at `path`, after every byte of it was compared with its sum.

    Raises:
        OperatorError: it is not a backup, not whole, or was changed.
    """
    found: Members = {}
    manifest: Manifest | None = None
    try:
        for name, source in _members(path):
            if name == MANIFEST:
                manifest = Manifest.load(source.read())
                continue
            digest, size = hashlib.sha256(), 0
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
            found[name] = {"size": size, "sha256": digest.hexdigest()}
    except UNREADABLE as error:
        raise OperatorError(f"{path} 读不出来，不是完整的备份：{error}") from error
    if manifest is None or found != manifest.members or copy_name(manifest.database) not in found:
        raise OperatorError(f"{path} 不完整或被改动过，与清单不符，没有恢复任何内容。")
    return manifest


def _members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The archive's members in order. Names that we would not have written are refused, and so are links."""
    seen: set[str] = set()
    with gzip.open(path) as plain, tarfile.open(fileobj=plain, mode="r|") as archive:
        for info in archive:
            known = info.name == MANIFEST or MEMBER.fullmatch(info.name)
            source = archive.extractfile(info) if known and info.isreg() and info.name not in seen else None
            if source is None:
                raise ValueError(f"unexpected member {info.name!r}")
            seen.add(info.name)
            yield info.name, source
        plain.read()  # to the very end, where gzip keeps its own sum


async def _refuse_unfit(database: Database, manifest: Manifest, force: bool) -> None:
    """Raises: OperatorError: this backup cannot, or should not, go into this database."""
    if manifest.database != _kind(database):
        raise OperatorError(
            f"这是 {manifest.database} 的备份，而现在的数据库是 {_kind(database)}，不能恢复。"
        )
    if manifest.revision not in {each.revision for each in ScriptDirectory("migrations").walk_revisions()}:
        raise OperatorError(f"备份的数据库版本 {manifest.revision} 比程序新，请先升级程序。")
    try:
        keyring().unseal(base64.b64decode(manifest.word), PLACE)
    except (SealBroken, ValueError):
        raise OperatorError(
            "现在的 GONGHUI_ENCRYPTION_KEYS 打不开这份备份，请把制作备份时的钥匙加在后面再试。"
        ) from None
    used = await _used_tables(database)
    if used and not force:
        raise OperatorError(
            f"数据库里已有数据（{'、'.join(used)}）。确实要覆盖请加 --force，覆盖后不能撤销。"
        )


async def _used_tables(database: Database) -> list[str]:
    async with database.reader.connect() as connection:
        there = await connection.run_sync(lambda c: set(sa.inspect(c).get_table_names()))
        tables = [each for each in Base.metadata.sorted_tables if each.name in there - OF_ITSELF]
        asked = [(each.name, sa.select(sa.exists(sa.select(each.c.id)))) for each in tables]
        return [name for name, query in asked if await connection.scalar(query)]


# --- the databases ------------------------------------------------------------------------------------------


def _kind(database: Database) -> str:
    return database.url.get_backend_name()


def _copy_database(database: Database, target: Path) -> None:
    """One consistent moment of the database, while others go on writing."""
    if not database.is_sqlite:
        _postgres(
            database.url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}"
        )
        return
    source, copy = sqlite3.connect(database.url.database or ""), sqlite3.connect(target)
    try:
        source.backup(copy)  # in one step: a reader that no writer waits for, and none makes begin again
        copy.execute("PRAGMA journal_mode=DELETE")
        _check_sqlite(copy)
    finally:
        source.close()
        copy.close()


def _bring_back(database: Database, copy: Path) -> None:
    """Put the copy in the database's place, all of it or nothing."""
    if not database.is_sqlite:
        options = ("--clean", "--if-exists", "--single-transaction", "--no-owner", "--no-privileges")
        _postgres(database.url, "pg_restore", *options, f"--dbname={database.url.database}", str(copy))
        return
    source, target = sqlite3.connect(copy), sqlite3.connect(database.url.database or "", timeout=10)
    try:
        _check_sqlite(source)
        source.backup(target)
    except sqlite3.OperationalError as error:
        raise OperatorError(f"数据库正被使用或写不进去，请先停止所有进程：{error}") from error
    finally:
        source.close()
        target.close()


def _check_sqlite(connection: sqlite3.Connection) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise OperatorError(f"数据库文件已损坏：{verdict}")


def _postgres(url: sa.URL, program: str, *options: str) -> None:
    """Run one of PostgreSQL's own programs; a password in its environment shows in no list of processes."""
    query = {name: str(value) for name, value in url.query.items()}
    told = {
        "PGHOST": query.get("host") or url.host,
        "PGPORT": query.get("port") or url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": query.get("sslmode") or query.get("ssl"),
    }
    environment = os.environ | {name: str(value) for name, value in told.items() if value}
    done = subprocess.run(  # noqa: S603
        [_program(program), *options], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise OperatorError(f"{program} 没有成功：{done.stderr.strip()[-500:]}")


def _program(name: str) -> str:
    """Raises: OperatorError: PostgreSQL's client programs are not on this machine."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: float(p.parts[-3]))
    found = shutil.which(name) or (str(places[-1]) if places else None)
    if found is None:
        raise OperatorError(f"没有找到 {name}。请安装 PostgreSQL 客户端（Debian：postgresql-client）。")
    return found
