"""One moment of a database as a copy, with the names of the files it needs; and a copy put in its place.

SQLite is copied beside itself, PostgreSQL by its own programs. What lies about while we work is either beside
the database, and guarded like it, or sealed.
"""

import asyncio
import io
import os
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import sqlalchemy as sa
import structlog

from app.cli.workplaces import workplace
from app.database import Database
from app.errors import OperatorError
from app.sealed_stream import SealedReader, SealedWriter

log = structlog.get_logger(__name__)

CHUNK = 64 * 1024
PAGES = 64  # of SQLite, put in place at a time
PATIENCE_SECONDS = 10
NEEDED = "SELECT public_id FROM stored_file WHERE state = 'ready' ORDER BY id"  # of any revision
# PostgreSQL's part of a restore, before the copy's own: nothing of what was there stays, or a later migration
# would stumble over it. What belongs to an extension is the extension's.
EMPTY = """
BEGIN;
SET lock_timeout = 0;
DO $$ DECLARE found record; BEGIN
  FOR found IN
    SELECT format('%I.%I', current_schema(), c.relname) AS name FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT EXISTS (SELECT FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  LOOP EXECUTE 'DROP TABLE IF EXISTS ' || found.name || ' CASCADE'; END LOOP;
END $$;
"""


@dataclass(frozen=True, slots=True)
class Copy:
    """One moment of the database."""

    size: int  # bytes
    source: IO[bytes]
    files: Sequence[str]  # public ids of stored files that are ready in it


def kind_of(database: Database) -> str:
    return database.url.get_backend_name()


def folder_of(database: Database) -> Path:
    """Where SQLite's file lies."""
    return Path(database.url.database or "").resolve().parent


# --- making a copy ------------------------------------------------------------------------------------------


@asynccontextmanager
async def one_moment(database: Database, folder: Path) -> AsyncIterator[Copy]:
    """A copy of the database as it is now, while others go on writing; `folder` is for what lies about.

    Raises:
        OperatorError: it cannot be copied, or is damaged.
    """
    if database.is_sqlite:
        with workplace(folder_of(database), "backup") as beside:
            path = Path(database.url.database or "")
            files = await asyncio.to_thread(copy_sqlite, path, beside / "copy")
            with (beside / "copy").open("rb") as source:
                yield Copy(os.fstat(source.fileno()).st_size, source, files)
        return
    # The names are read in the very moment that is dumped.
    async with database.reader.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        moment = await connection.scalar(sa.text("SELECT pg_export_snapshot()"))
        files = list(await connection.scalars(sa.text(NEEDED)))
        key = ("", secrets.token_bytes(32))
        size = await asyncio.to_thread(_dump, database.url, str(moment), folder / "copy", key)
    with (folder / "copy").open("rb") as sealed:
        yield Copy(size, io.BufferedReader(SealedReader(sealed, [key]), CHUNK), files)


def copy_sqlite(source: Path, target: Path) -> list[str]:
    """Copy one moment; returns the names of the files that are ready in it.

    Raises:
        OperatorError: it is damaged, or there is no room.
    """
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
        try:
            original.backup(
                copy
            )  # in one step: a reader that no writer waits for, and none makes begin again
            copy.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.DatabaseError as error:
            raise OperatorError(f"数据库复制不出来：{error}。请看看磁盘空间。") from error
        check_sqlite(copy)
        return [name for (name,) in copy.execute(NEEDED)]


def _dump(url: sa.URL, moment: str, target: Path, key: tuple[str, bytes]) -> int:
    options = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={moment}")
    size = 0
    with (
        target.open("wb") as out,
        SealedWriter(out, key) as sealed,
        running("pg_dump", url, *options) as dump,
    ):
        assert dump.stdout is not None
        while chunk := dump.stdout.read(CHUNK):
            size += sealed.write(chunk)
    return size


# --- putting one in place -----------------------------------------------------------------------------------


def extract_sqlite(source: IO[bytes], target: Path) -> None:
    """Raises: OperatorError: it is no sound database."""
    with target.open("wb") as out:
        shutil.copyfileobj(source, out, CHUNK)
    with closing(sqlite3.connect(target)) as copy:
        check_sqlite(copy)


def replace_sqlite(database: Database, copy: Path) -> None:
    """Put `copy` in the database's place, all of it or nothing: it is one transaction there.

    Raises:
        OperatorError: others use it.
    """
    patience = Patience()
    target = sqlite3.connect(database.url.database or "", timeout=PATIENCE_SECONDS)
    try:
        with closing(sqlite3.connect(copy)) as source:
            source.backup(target, pages=PAGES, progress=patience.look)
    except sqlite3.OperationalError as error:
        raise OperatorError(f"数据库正被使用或写不进去，请先停止所有进程：{error}") from error
    finally:
        target.close()


class Patience:
    """Ends a replacement that does not get on: SQLite itself would try for ever."""

    def __init__(self) -> None:
        self._remaining, self._since = -1, time.monotonic()

    def look(self, status: int, remaining: int, total: int) -> None:
        log.debug("database_being_replaced", remaining=remaining, total=total)
        if remaining != self._remaining:
            self._remaining, self._since = remaining, time.monotonic()
        elif time.monotonic() - self._since > PATIENCE_SECONDS:
            raise sqlite3.OperationalError("database is locked")


def replace_postgres(url: sa.URL, source: IO[bytes]) -> None:
    """Put a dump in the database's place in one transaction, which we end only when all of it is there.

    Raises:
        OperatorError: PostgreSQL refused; nothing is changed.
    """
    words = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null")
    with running("psql", url, *words) as psql:
        send(psql, EMPTY.encode())
        with running("pg_restore", url, "--no-owner", "--no-privileges", "--file=-") as script:
            feeding = threading.Thread(target=_feed, args=(script, source))
            feeding.start()
            assert script.stdout is not None
            while chunk := script.stdout.read(CHUNK):
                send(psql, chunk)
            feeding.join()
        send(psql, b"\nCOMMIT;\n")
        assert psql.stdin is not None
        psql.stdin.close()


def send(psql: "Process", words: bytes) -> None:
    """Raises: Ended."""
    assert psql.stdin is not None
    try:
        psql.stdin.write(words)
        psql.stdin.flush()
    except BrokenPipeError:
        raise Ended(psql) from None


def _feed(script: "Process", source: IO[bytes]) -> None:
    assert script.stdin is not None
    try:
        shutil.copyfileobj(source, script.stdin, CHUNK)
        script.stdin.close()
    except BrokenPipeError:  # it ended, and says itself why
        return
    except Exception:
        log.exception("backup_not_read")
        script.kill()  # half a dump must not look like a whole one


def check_sqlite(connection: sqlite3.Connection) -> None:
    try:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        verdict = str(error)
    if verdict != "ok":
        raise OperatorError(f"数据库文件已损坏：{verdict}")


# --- PostgreSQL's own programs ------------------------------------------------------------------------------

Process = subprocess.Popen[bytes]


class Ended(Exception):
    """A program that we were still telling something has ended; its own words say why."""

    def __init__(self, process: Process) -> None:
        super().__init__()
        self.process = process


@contextmanager
def running(program: str, url: sa.URL, *options: str) -> Iterator[Process]:
    """One of PostgreSQL's programs between two pipes, which has to end well; else it is killed.

    Raises:
        OperatorError: it is not on this machine, or failed; what it said is in the message.
    """
    with tempfile.TemporaryFile() as said:
        running = subprocess.Popen(  # noqa: S603
            [program_path(program), *options],
            env=environment(url),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
        )
        try:
            try:
                yield running
            except Ended as ended:
                if ended.process is not running:
                    raise
            with suppress(BrokenPipeError):
                if running.stdin and not running.stdin.closed:
                    running.stdin.close()
            failed = running.wait()
        finally:
            running.kill()
            running.wait()
            for pipe in (running.stdin, running.stdout):
                with suppress(OSError):
                    if pipe:
                        pipe.close()
        if failed:
            said.seek(0)
            words = said.read().decode(errors="replace").strip()[-500:]
            raise OperatorError(f"{program} 没有成功：{words}")


def environment(url: sa.URL) -> dict[str, str]:
    """Where the programs connect to; a password in the environment shows in no list of processes."""
    query = {name: str(value) for name, value in url.query.items()}
    told = {
        "PGHOST": query.get("host") or url.host,
        "PGPORT": query.get("port") or url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": query.get("sslmode") or query.get("ssl"),
    }
    return os.environ | {name: str(value) for name, value in told.items() if value}


def program_path(name: str) -> str:
    """Raises: OperatorError: PostgreSQL's client programs are not on this machine."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: float(p.parts[-3]))
    found = shutil.which(name) or (str(places[-1]) if places else None)
    if found is None:
        raise OperatorError(f"没有找到 {name}。请安装 PostgreSQL 客户端（Debian：postgresql-client）。")
    return found
