"""The journal's statements on SQLite: a thread that reads and one that writes, each with its connection.

Every step of a statement hands the interpreter's lock back and forth with the event loop, so a whole group is
one step: the read returns one row of JSON, the insert one statement of many rows.
"""

import asyncio
import json
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

import structlog

from app.database import sqlite_pragmas
from app.dialogue.journal import (
    DIALOGUE_COLUMNS,
    FOLLOWER_CHANGES,
    KEPT,
    MESSAGE_COLUMNS,
    DialogueRow,
    Entry,
    Question,
    Seen,
    Snapshot,
    Speaker,
    Written,
    dialogue_row,
    message_row,
)
from models import DialogueState, MessageState
from models.types import public_id, unseal_json

log = structlog.get_logger(__name__)
Result = TypeVar("Result")

PUT_DIALOGUE = (
    f"INSERT INTO dialogue ({', '.join(DIALOGUE_COLUMNS)}) VALUES ({', '.join('?' * len(DIALOGUE_COLUMNS))}) "
    "ON CONFLICT (ref) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in DIALOGUE_COLUMNS if name not in KEPT)
)


class SQLiteGroups:
    """See `app.dialogue.journal.GroupStore`."""

    def __init__(self, path: str, write_turn: AbstractAsyncContextManager[object]) -> None:
        self._write_turn = write_turn
        self._reader = _Worker(path, "read")
        self._writer = _Worker(path, "write")

    async def read(self, questions: Sequence[Question]) -> list[Snapshot]:
        snapshots = await self._reader.run(lambda db: _read(db, questions))
        if any(
            q.is_person and s.seen is None and s.speaker is None
            for q, s in zip(questions, snapshots, strict=True)
        ):
            async with self._write_turn:
                await self._writer.run(lambda db: _meet(db, questions, snapshots))
            snapshots = await self._reader.run(lambda db: _read(db, questions))
        return snapshots

    async def write(self, entries: Sequence[Entry]) -> list[Written | Exception]:
        async with self._write_turn:
            return await self._writer.run(lambda db: _write(db, entries))

    async def close(self) -> None:
        await self._reader.stop()
        await self._writer.stop()


class _Worker:
    """A thread with one connection; opens it anew after a failure."""

    def __init__(self, path: str, purpose: Any) -> None:
        self._path, self._purpose = path, purpose
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._connection: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._work, name=f"journal-{purpose}", daemon=True)
        self._thread.start()

    async def run(self, job: Callable[[sqlite3.Connection], Result]) -> Result:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()

        def work() -> None:
            try:
                result = job(self._connect())
            except BaseException as error:
                self._disconnect()
                _call(loop, _fail, future, error)
            else:
                _call(loop, _fulfil, future, result)

        self._jobs.put(work)
        return await future

    async def stop(self) -> None:
        self._jobs.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
        self._disconnect()

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self._path, isolation_level=None, cached_statements=256)
            sqlite_pragmas(connection, self._purpose)
            self._connection = connection
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _call(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *args: Any) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(function, *args)


def _fulfil(future: "asyncio.Future[Result]", result: Result) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: "asyncio.Future[Any]", error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


# --- times -------------------------------------------------------------------------------------------------


def _stamp(moment: datetime | None) -> str | None:
    """A time as SQLAlchemy writes it on SQLite: UTC without zone, microseconds always."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- reading -----------------------------------------------------------------------------------------------

READ = """
WITH q(n, account_id, key, openid) AS (VALUES {rows})
SELECT json_group_array(json_array(
  q.n, m.id, m.state, hex(m.reply), m.lease_token, m.answered_at IS NULL,
  f.id, f.person_id, f.version, f.subscribed,
  (SELECT json_group_array(name) FROM follower_tag t WHERE t.follower_id = f.id),
  (SELECT min(o.id) FROM message o WHERE o.follower_id = f.id AND o.state = 'undeliverable'),
  (SELECT json_group_array(json_array(d.ref, d.flow, d.version, d.state, d.confidential, d.started_at,
     d.expires_at, d.serial, hex(d.args), hex(d.answers), hex(d.pending)))
   FROM dialogue d WHERE d.follower_id = f.id AND d.state <> 'ended')))
FROM q
LEFT JOIN message m ON m.account_id = q.account_id AND m.key = q.key
LEFT JOIN follower f ON f.account_id = q.account_id AND f.openid = q.openid
"""


@cache
def _read_statement(count: int) -> str:
    return READ.format(rows=", ".join(f"({n}, ?, ?, ?)" for n in range(count)))


def _read(db: sqlite3.Connection, questions: Sequence[Question]) -> list[Snapshot]:
    parameters: list[Any] = []
    for question in questions:
        parameters += (question.account_id, question.key, question.openid if question.is_person else None)
    (found,) = db.execute(_read_statement(len(questions)), parameters).fetchone()
    snapshots = [Snapshot() for _ in questions]
    for row in json.loads(found):
        snapshots[row[0]] = _snapshot(questions[row[0]], row)
    return snapshots


def _snapshot(question: Question, row: list[Any]) -> Snapshot:
    (
        _,
        message_id,
        state,
        reply,
        token,
        late,
        follower_id,
        person_id,
        version,
        subscribed,
        tags,
        owed,
        dialogues,
    ) = row
    snapshot = Snapshot()
    if message_id is not None:
        stored = unseal_json(bytes.fromhex(reply), "message.reply") if reply else None
        snapshot.seen = Seen(message_id, MessageState(state), stored, token, bool(late))
    if follower_id is not None:
        marks = frozenset(tags)
        snapshot.speaker = Speaker(
            follower_id, person_id, question.openid, version, bool(subscribed), marks, owed
        )
    for columns in dialogues:
        snapshot.add(_dialogue(columns))
    return snapshot


def _dialogue(columns: list[Any]) -> DialogueRow:
    ref, flow, version, state, confidential, started, expires, serial, args, answers, pending = columns
    row = DialogueRow(
        ref=ref,
        flow=flow,
        version=version,
        state=DialogueState(state),
        started_at=_moment(started),
        expires_at=_moment(expires),
        serial=serial,
        confidential=bool(confidential),
    )
    row.open_columns(*(bytes.fromhex(value) if value else None for value in (args, answers, pending)))
    return row


def _meet(db: sqlite3.Connection, questions: Sequence[Question], snapshots: Sequence[Snapshot]) -> None:
    """Make person and follower rows for openids that nobody has met."""
    db.execute("BEGIN IMMEDIATE")
    try:
        for question, snapshot in zip(questions, snapshots, strict=True):
            if not question.is_person or snapshot.speaker is not None:
                continue
            known = db.execute(
                "SELECT 1 FROM follower WHERE account_id = ? AND openid = ?",
                (question.account_id, question.openid),
            ).fetchone()
            if known:
                continue
            person = db.execute(
                "INSERT INTO person (public_id, created_at) VALUES (?, ?)", (public_id(), _stamp(question.at))
            ).lastrowid
            db.execute(
                "INSERT INTO follower (account_id, openid, person_id, version, subscribed, spoke_used,"
                " acted_used) VALUES (?, ?, ?, 0, 1, 0, 0)",
                (question.account_id, question.openid, person),
            )
        db.execute("COMMIT")
    except BaseException:
        _rollback(db)
        raise


# --- writing -----------------------------------------------------------------------------------------------


@cache
def _insert_statement(count: int) -> str:
    row = f"({', '.join('?' * len(MESSAGE_COLUMNS))})"
    return (
        f"INSERT INTO message ({', '.join(MESSAGE_COLUMNS)}) VALUES {', '.join([row] * count)} "
        "ON CONFLICT (account_id, key) DO NOTHING"
    )


@cache
def _follower_statement(count: int) -> str:
    # SQLite's UPDATE takes no alias for its target in front of FROM, so the name is spelled out.
    changes = FOLLOWER_CHANGES.format(true="1", false="0").replace("f.", "follower.")
    return (
        f"WITH v(id, version, contact, at) AS (VALUES {', '.join(['(?, ?, ?, ?)'] * count)}) "
        f"UPDATE follower SET {changes} FROM v WHERE follower.id = v.id AND follower.version = v.version"
    )


def _write(db: sqlite3.Connection, entries: Sequence[Entry]) -> list[Written | Exception]:
    """All at once; if anything is not as expected, one by one."""
    results: list[Written | Exception]
    db.execute("BEGIN IMMEDIATE")
    try:
        if store(db, entries) is Written.OK:
            db.execute("COMMIT")
            return [Written.OK] * len(entries)
        db.execute("ROLLBACK")
        if len(entries) > 1:
            return _write_one_by_one(db, entries)
        return [look(db, entries[0])]
    except Exception as error:
        _rollback(db)
        if len(entries) == 1:
            raise
        log.warning("group_failed", size=len(entries), error=type(error).__name__)
        results = _write_one_by_one(db, entries)
        return results


def look(db: sqlite3.Connection, entry: Entry) -> Written:
    """Whether `entry` could be stored now; exact while the caller holds the write lock."""
    known = db.execute(
        "SELECT 1 FROM message WHERE account_id = ? AND key = ?", (entry.account_id, entry.key)
    ).fetchone()
    if known:
        return Written.DUPLICATE
    if entry.speaker is None:
        return Written.OK
    (version,) = db.execute(
        "SELECT version FROM follower WHERE id = ?", (entry.speaker.follower_id,)
    ).fetchone()
    return Written.OK if version == entry.speaker.version else Written.STALE


def _write_one_by_one(db: sqlite3.Connection, entries: Sequence[Entry]) -> list[Written | Exception]:
    results: list[Written | Exception] = []
    for entry in entries:
        try:
            results += _write(db, [entry])
        except Exception as error:
            results.append(error)
    return results


def store(db: sqlite3.Connection, entries: Sequence[Entry]) -> Written:
    facts: list[Any] = []
    rows: list[Any] = []
    for entry in entries:
        if entry.speaker is not None:
            speaker = entry.speaker
            facts += (speaker.follower_id, speaker.version, entry.contact.value, _stamp(entry.received_at))
        rows += _driver_values(message_row(entry))
    count = len(facts) // 4
    if count and _changed(db, _follower_statement(count), facts) != count:
        return Written.STALE
    if _changed(db, _insert_statement(len(entries)), rows) != len(entries):
        return Written.DUPLICATE
    for entry in entries:
        if not entry.plain:
            store_more(db, entry)
    return Written.OK


def _changed(db: sqlite3.Connection, statement: str, parameters: Sequence[Any]) -> int:
    before = db.total_changes  # the cursor's own count is not kept for a statement that opens with WITH
    db.execute(statement, parameters)
    return db.total_changes - before


def _driver_values(row: Sequence[Any]) -> list[Any]:
    return [_stamp(value) if isinstance(value, datetime) else value for value in row]


def store_more(db: sqlite3.Connection, entry: Entry) -> None:
    if entry.speaker is None:
        return
    for row in entry.dialogues:
        values = dialogue_row(row, entry.speaker.follower_id, entry.received_at)
        db.execute(PUT_DIALOGUE, _driver_values(values))
    for expected in entry.expected:
        file_id = db.execute(
            "INSERT INTO stored_file (public_id, owner_id, kind, content_type, size, sha256, state, reason,"
            " created_at) VALUES (?, ?, ?, '', 0, '', 'expected', '', ?)",
            (expected.public_id, entry.speaker.person_id, expected.kind, _stamp(entry.received_at)),
        ).lastrowid
        db.execute(
            "INSERT INTO media_fetch (account_id, media_id, file_id, done, due_at, tries)"
            " VALUES (?, ?, ?, 0, ?, 0) ON CONFLICT (account_id, media_id) DO NOTHING",
            (entry.account_id, expected.media_id, file_id, _stamp(entry.received_at)),
        )
    if entry.paid:
        db.execute(
            "UPDATE message SET state = 'delivered' WHERE id = ? AND state = 'undeliverable'", (entry.paid,)
        )


def _rollback(db: sqlite3.Connection) -> None:
    if db.in_transaction:
        db.execute("ROLLBACK")
