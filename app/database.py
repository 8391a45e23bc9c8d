"""Engines and sessions: one engine that can only read, one whose transactions write.

On SQLite every writing transaction starts with BEGIN IMMEDIATE, so that two writers queue instead of
deadlocking; writers of one process share one connection and queue there. Reading engines refuse writes in
the database itself; `WriteNeeded` is how the dialogue engine learns that a handler wants to write.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import ORMExecuteState, Session

from app.sqlite_inline import InlineConnection

KEPT_READERS = 3
CONNECT_SECONDS = 3  # PostgreSQL that is not there is known within the five seconds WeChat gives an answer
BUSY_MS = 1500  # a writer waits this long for another process, then the group is tried again
MIGRATING_MS = 600_000  # who finds the tables being changed waits until they are
COMMAND_SECONDS = 30  # of one statement on PostgreSQL; a change of tables takes as long as it takes
READ_ONLY_SQLSTATE = "25006"
PRAGMAS = (
    f"busy_timeout={BUSY_MS}",
    "journal_mode=WAL",
    "synchronous=FULL",  # NORMAL may lose the last commits at power loss; groups pay for it
    "foreign_keys=ON",
    "cache_size=-2048",  # KB; every connection has its own, and the system keeps the file in memory besides
    "temp_store=MEMORY",
    "wal_autocheckpoint=4000",  # pages; a page written often goes to the file once
)

POOLED_READER = ("query_only=ON", "cache_size=-512")  # there are many, and what they read is read once

WRITING_ON_POSTGRES = {
    # A plan made while the tables were small would go on reading them whole, slower with each row, until
    # somebody analyses them. What writes is short and finds its rows by index.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    # A table that must be read whole all the same counts as beyond all cost, which alone would have each such
    # statement made into machine code: 100 ms and more, for a few rows.
    "jit": "off",
    "lock_timeout": str(BUSY_MS),
}

Purpose = Literal["read", "write", "migrate"]


class WriteNeeded(BaseException):
    """A read-only session was asked to write. Not an Exception: no handler swallows it by accident."""


_writing: ContextVar[bool] = ContextVar("writing", default=False)


@contextmanager
def writing_here() -> Iterator[None]:
    """Mark that a writing transaction is open: nobody may await the network in it."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


def refuse_in_transaction(what: str) -> None:
    """Called before every network call: inside a writing transaction it makes everybody late.

    Raises:
        RuntimeError: a writing transaction is open in this task; a bug of the caller.
    """
    if _writing.get():
        raise RuntimeError(f"{what} awaited inside a writing transaction: leave an outbox row instead")


class ReadingSession(Session):
    """Refuses to write before the database has to; see `app.dialogue` for what happens then."""


class WritingSession(Session):
    """After a commit that left later work behind, somebody is woken."""


EFFECTS = "gonghui.effects"  # in session.info: whom to tell
LEFT_BEHIND = "gonghui.left-behind"  # in session.info: there is something to tell


def leave_work(session: AsyncSession) -> None:
    """Say that this transaction adds due rows; workers are woken after its commit."""
    session.info[LEFT_BEHIND] = True


@event.listens_for(WritingSession, "after_commit")
def _tell(session: Session) -> None:
    if session.info.pop(LEFT_BEHIND, False):
        session.info[EFFECTS]()


@event.listens_for(ReadingSession, "before_flush")
def _no_flush(session: Session, context: object, instances: object) -> None:
    if session.new or session.dirty or session.deleted:
        raise WriteNeeded


@event.listens_for(ReadingSession, "do_orm_execute")
def _no_statement(state: ORMExecuteState) -> None:
    locks = getattr(state.statement, "_for_update_arg", None) is not None
    if state.is_insert or state.is_update or state.is_delete or locks:
        raise WriteNeeded


@dataclass(slots=True)
class Traces:
    """Whether a transaction has become more than reading since `begin`; kept for a writing connection."""

    left: bool = False
    broken: bool = False  # a statement failed, and on PostgreSQL the transaction with it

    @classmethod
    def of(cls, connection: AsyncConnection) -> "Traces":
        traces: Traces = connection.info.setdefault(TRACES, cls())
        return traces

    def begin(self) -> None:
        self.left = self.broken = False


TRACES = "gonghui.traces"  # in connection.info


def _written(connection: sa.Connection, cursor: object, statement: str, *others: object) -> None:
    traces = connection.info.get(TRACES)
    if traces is not None and not statement.startswith("SELECT"):
        traces.left = True


def _broken(context: ExceptionContext) -> None:
    traces = context.connection.info.get(TRACES) if context.connection is not None else None
    if traces is not None:
        traces.left = traces.broken = True


class Database:
    """Both engines of one process. Opened by `app.assembly`, closed with `close`."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.reader = self._engine("read", pool_size)
        self.writer = self._engine("write", 1 if self.is_sqlite else pool_size)
        self._probe = self._engine("read", 1)
        self._reading = async_sessionmaker(
            self.reader,
            sync_session_class=ReadingSession,
            expire_on_commit=False,
            close_resets_only=False,  # who read on would hold a connection that nobody gives back
        )
        self._writing = async_sessionmaker(
            self.writer,
            sync_session_class=WritingSession,
            expire_on_commit=False,
            close_resets_only=False,
            info={EFFECTS: self._told},
        )
        self.write_turn: AbstractAsyncContextManager[object] = (
            asyncio.Lock() if self.is_sqlite else nullcontext()
        )
        """Writers of one process queue here in order, instead of polling the database's lock."""
        self.on_effects: Callable[[], None] = lambda: None
        """Called after a commit that left later work behind."""

    def _told(self) -> None:
        self.on_effects()

    def _engine(self, purpose: Purpose, pool_size: int) -> AsyncEngine:
        if self.is_sqlite:
            # Few are kept open, each with the whole schema in memory; more are opened while more are at work.
            kept = min(pool_size, KEPT_READERS)
            options: dict[str, Any] = {
                "pool_size": kept,
                "max_overflow": pool_size - kept,
                "pool_timeout": 10,
            }
            options["pool_use_lifo"] = True  # the one used last has in its cache what the next one reads
            path = self.url.database or ""
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            options["async_creator"] = lambda: InlineConnection(
                path, patient=purpose != "read", busy_ms=MIGRATING_MS if purpose == "migrate" else BUSY_MS
            )
        else:
            options = {"pool_size": pool_size, "max_overflow": 10, "pool_timeout": 10, "pool_pre_ping": False}
            options["connect_args"] = {"timeout": CONNECT_SECONDS}
            if purpose != "migrate":
                options["connect_args"]["command_timeout"] = COMMAND_SECONDS
            options["execution_options"] = {"postgresql_readonly": purpose == "read"}
            if purpose == "write":
                options["connect_args"]["server_settings"] = WRITING_ON_POSTGRES
        engine = create_async_engine(self.url, hide_parameters=True, **options)
        if self.is_sqlite:
            _listen_sqlite(engine, purpose)
        if purpose == "read":
            event.listen(engine.sync_engine, "handle_error", _write_refused)
        else:
            event.listen(engine.sync_engine, "before_cursor_execute", _written)
            event.listen(engine.sync_engine, "handle_error", _broken)
        return engine

    def reading(self) -> AsyncSession:
        """A session that refuses to write; close it when done."""
        return self._reading()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A writing transaction, committed at the end, rolled back on any exception.

        Raises:
            RuntimeError: this task is in one already; on SQLite it would wait for itself for ever.
        """
        refuse_in_transaction("another writing transaction")
        async with self.write_turn:
            with writing_here():
                async with self._writing.begin() as session:
                    yield session

    async def answer(self) -> None:
        """Return when the database has answered, by a connection that nobody else queues for: whoever asks
        whether it is there must not wait for everybody who works with it.

        Raises:
            Exception: whatever kept it from answering.
        """
        async with self._probe.connect() as connection:
            await connection.execute(sa.text("SELECT 1"))

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncEngine]:
        """An engine that waits as long as another process changes the tables, and takes as long to do it."""
        engine = self._engine("migrate", 1)
        try:
            yield engine
        finally:
            await engine.dispose()

    async def close(self) -> None:
        for engine in (self.reader, self.writer, self._probe):
            await engine.dispose()


def insert_into(dialect: str, table: Any) -> Any:
    """INSERT that goes on with `on_conflict_…`: each database has its own, and only that one is loaded.

    PostgreSQL's brings its driver along, 6 MB together.
    """
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite  # noqa: PLC0415

    return sqlite.insert(table)


def open_sqlite(path: str, purpose: Purpose) -> InlineConnection:
    """A connection that no pool made."""
    connection = InlineConnection(path, patient=purpose == "write", busy_ms=BUSY_MS)
    for pragma in (*PRAGMAS, *(["query_only=ON"] if purpose == "read" else [])):
        connection.driver.execute(f"PRAGMA {pragma}")
    return connection


def _listen_sqlite(engine: AsyncEngine, purpose: Purpose) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def connect(dbapi: Any, record: object) -> None:
        cursor = dbapi.cursor()
        for pragma in (*PRAGMAS, *(POOLED_READER if purpose == "read" else ())):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN" if purpose == "read" else "BEGIN IMMEDIATE")


def _write_refused(context: ExceptionContext) -> None:
    original: Any = context.original_exception
    code = getattr(original, "sqlite_errorcode", 0) or 0
    if code & 0xFF == sqlite3.SQLITE_READONLY or getattr(original, "sqlstate", "") == READ_ONLY_SQLSTATE:
        raise WriteNeeded
