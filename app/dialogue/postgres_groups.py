"""The journal's statements on PostgreSQL: one to read a group, one to write it, on pinned connections.

Follower rows are locked in the order of their ids, so that two groups that overlap queue instead of
deadlocking.
"""

from collections.abc import Sequence
from typing import Any

import asyncpg
import structlog
from sqlalchemy.engine import URL

from app.dialogue.journal import (
    DIALOGUE_COLUMNS,
    FOLLOWER_CHANGES,
    JUST_NOW,
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

LOCK_TIMEOUT_MS = 1500  # as long as SQLite waits; then the group is taken apart

READ = """
SELECT q.n, m.id, m.state, m.reply, m.lease_token, f.id, f.person_id, f.version, f.subscribed,
  (SELECT array_agg(name) FROM follower_tag t WHERE t.follower_id = f.id),
  (SELECT min(o.id) FROM message o WHERE o.follower_id = f.id AND o.state = 'undeliverable'
     AND o.reply IS NOT NULL),
  d.ref, d.flow, d.version, d.state, d.confidential, d.started_at, d.expires_at, d.serial,
  d.args, d.answers, d.pending, m.answered_at IS NULL, f.spoke_used = 0 AND f.spoke_at > q.just
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[])
  WITH ORDINALITY AS q(account_id, key, openid, just, n)
LEFT JOIN message m ON m.account_id = q.account_id AND m.key = q.key
LEFT JOIN follower f ON f.account_id = q.account_id AND f.openid = q.openid
LEFT JOIN dialogue d ON d.follower_id = f.id AND d.state <> 'ended'
ORDER BY d.id
"""

MEET = """
WITH new AS (INSERT INTO person (public_id, created_at) VALUES ($3, $4) RETURNING id)
INSERT INTO follower (account_id, openid, person_id, version, subscribed, spoke_used, acted_used)
SELECT $1, $2, new.id, 0, true, 0, 0 FROM new
"""

MESSAGE_TYPES = (
    "bigint", "text", "bigint", "text", "text", "text", "text", "timestamptz", "timestamptz", "bytea",
    "bytea", "text", "int", "text", "timestamptz", "int",
)  # fmt: skip

PARAMETER_TYPES = (*MESSAGE_TYPES, "int", "text", "boolean")

# The rows of `v` are the group; `locked` holds their followers still; only rows whose follower has not
# moved on are stored. A message without a follower (job results) has nobody to wait for.
WRITE = f"""
WITH v AS (
  SELECT {", ".join(MESSAGE_COLUMNS)}, expected, contact, looks, received_at AS at
  FROM unnest({", ".join(f"${n}::{kind}[]" for n, kind in enumerate(PARAMETER_TYPES, 1))})
  AS u({", ".join(MESSAGE_COLUMNS)}, expected, contact, looks)
), locked AS (
  SELECT f.id, f.version FROM follower f WHERE f.id IN (SELECT follower_id FROM v WHERE NOT looks)
  ORDER BY f.id FOR UPDATE
), fresh AS (
  SELECT v.* FROM v LEFT JOIN locked l ON l.id = v.follower_id
  LEFT JOIN follower f ON v.looks AND f.id = v.follower_id
  WHERE v.follower_id IS NULL OR l.version = v.expected OR f.version = v.expected
), stored AS (
  INSERT INTO message ({", ".join(MESSAGE_COLUMNS)})
  SELECT {", ".join(MESSAGE_COLUMNS)} FROM fresh ORDER BY key
  ON CONFLICT (account_id, key) DO NOTHING RETURNING key, id
), moved AS (
  UPDATE follower f SET {FOLLOWER_CHANGES.format(true="true", false="false")}
  FROM stored s JOIN v ON v.key = s.key WHERE f.id = v.follower_id AND NOT v.looks
)
SELECT v.key, s.id IS NOT NULL AS kept, fresh.key IS NOT NULL AS current
FROM v LEFT JOIN stored s ON s.key = v.key LEFT JOIN fresh ON fresh.key = v.key
"""

PUT_DIALOGUE = (
    f"INSERT INTO dialogue ({', '.join(DIALOGUE_COLUMNS)}) "
    f"VALUES ({', '.join(f'${n}' for n in range(1, len(DIALOGUE_COLUMNS) + 1))}) "
    "ON CONFLICT (ref) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in DIALOGUE_COLUMNS if name not in KEPT)
)


FINISH = """
UPDATE message SET state = $3, rule = $4, reply = $5, answered_at = $6, dialogue_ref = $7,
  dialogue_serial = $8
WHERE account_id = $1 AND key = $2
"""


class PostgresGroups:
    """See `app.dialogue.journal.GroupStore`."""

    def __init__(self, url: URL) -> None:
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._reader: Any = None
        self._writer: Any = None

    async def read(self, questions: Sequence[Question]) -> list[Snapshot]:
        snapshots = await self._read(questions)
        strangers = [
            question
            for question, snapshot in zip(questions, snapshots, strict=True)
            if question.is_person and snapshot.speaker is None
        ]
        if strangers:
            await self._meet(strangers)
            snapshots = await self._read(questions)
        return snapshots

    async def _read(self, questions: Sequence[Question]) -> list[Snapshot]:
        connection = self._reader = await self._connect(self._reader)
        rows = await connection.fetch(
            READ,
            [q.account_id for q in questions],
            [q.key for q in questions],
            [q.openid if q.is_person else None for q in questions],
            [q.at - JUST_NOW for q in questions],
        )
        snapshots = [Snapshot() for _ in questions]
        for row in rows:
            place = row[0] - 1
            _fill(snapshots[place], questions[place], row)
        return snapshots

    async def _meet(self, strangers: Sequence[Question]) -> None:
        """Make rows for openids that nobody has met; another process may be doing it too."""
        connection = self._reader
        for question in strangers:
            try:
                async with connection.transaction():
                    await connection.execute(
                        MEET, question.account_id, question.openid, public_id(), question.at
                    )
            except asyncpg.UniqueViolationError:
                continue

    async def write(self, entries: Sequence[Entry]) -> list[Written | Exception]:
        if len({entry.key for entry in entries}) < len(entries):
            return await self._write_one_by_one(entries)  # a deadline and the answer itself, met in one group
        entries_sorted = sorted(entries, key=lambda entry: entry.key)
        try:
            by_key = await self._write(entries_sorted)
        except Exception as error:
            if len(entries) == 1 or _connection_lost(self._writer):
                raise
            log.warning("group_failed", size=len(entries), error=type(error).__name__)
            return await self._write_one_by_one(entries)
        return [by_key[entry.key] for entry in entries]

    async def _write_one_by_one(self, entries: Sequence[Entry]) -> list[Written | Exception]:
        results: list[Written | Exception] = []
        for entry in entries:
            try:
                results.append((await self._write([entry]))[entry.key])
            except Exception as error:
                results.append(error)
        return results

    async def _write(self, entries: Sequence[Entry]) -> dict[str, Written]:
        connection = self._writer = await self._connect(self._writer)
        columns = columns_of(entries)
        if all(entry.plain for entry in entries):
            return outcome_of(await connection.fetch(WRITE, *columns))
        async with connection.transaction():
            written = outcome_of(await connection.fetch(WRITE, *columns))
            for entry in entries:
                if written[entry.key] is Written.OK and not entry.plain:
                    await store_more(connection, entry)
        return written

    async def _connect(self, present: Any) -> Any:
        if not _connection_lost(present):
            return present
        return await asyncpg.connect(
            self._dsn,
            timeout=2,
            command_timeout=4,
            server_settings={
                "jit": "off",
                "lock_timeout": str(LOCK_TIMEOUT_MS),
                "application_name": "journal",
            },
        )

    async def close(self) -> None:
        for connection in (self._reader, self._writer):
            if not _connection_lost(connection):
                await connection.close()


def columns_of(entries: Sequence[Entry]) -> list[Sequence[Any]]:
    """The parameters of `WRITE`."""
    columns: list[Sequence[Any]] = [list(column) for column in zip(*map(message_row, entries), strict=True)]
    columns.append([entry.speaker.version if entry.speaker else None for entry in entries])
    columns.append([entry.contact.value for entry in entries])
    columns.append([entry.looks_only for entry in entries])
    return columns


def _connection_lost(connection: Any) -> bool:
    return connection is None or connection.is_closed()


def outcome_of(rows: Sequence[Any]) -> dict[str, Written]:
    return {
        key: Written.OK if kept else (Written.DUPLICATE if current else Written.STALE)
        for key, kept, current in rows
    }


def _fill(snapshot: Snapshot, question: Question, row: Any) -> None:
    if row[1] is not None:
        stored = unseal_json(row[3], "message.reply") if row[3] else None
        snapshot.seen = Seen(row[1], MessageState(row[2]), stored, row[4], row[22])
    if row[5] is not None:
        tags = frozenset(row[9] or ())
        snapshot.speaker = Speaker(
            row[5], row[6], question.openid, row[7], row[8], bool(row[23]), tags, row[10]
        )
    if row[11] is None:
        return
    dialogue = DialogueRow(
        ref=row[11],
        flow=row[12],
        version=row[13],
        state=DialogueState(row[14]),
        confidential=row[15],
        started_at=row[16],
        expires_at=row[17],
        serial=row[18],
    )
    dialogue.open_columns(row[19], row[20], row[21])
    snapshot.add(dialogue)


async def finish(connection: Any, entry: Entry) -> None:
    """Give the row that `WRITE` inserted its outcome, and store what came with it."""
    await connection.execute(
        FINISH,
        entry.account_id,
        entry.key,
        entry.state.value,
        entry.rule,
        entry.reply,
        entry.answered_at,
        entry.dialogue_ref,
        entry.dialogue_serial,
    )
    await store_more(connection, entry)


async def store_more(connection: Any, entry: Entry) -> None:
    if entry.speaker is None:
        return
    for row in entry.dialogues:
        await connection.execute(
            PUT_DIALOGUE, *dialogue_row(row, entry.speaker.follower_id, entry.received_at)
        )
    for expected in entry.expected:
        await connection.execute(
            "WITH file AS (INSERT INTO stored_file (public_id, owner_id, kind, content_type, size, sha256,"
            " state, reason, created_at) VALUES ($1, $2, $3, '', 0, '', 'expected', '', $4) RETURNING id)"
            " INSERT INTO media_fetch (account_id, media_id, file_id, done, due_at, tries)"
            " SELECT $5, $6, file.id, false, $4, 0 FROM file",
            expected.public_id,
            entry.speaker.person_id,
            expected.kind,
            entry.received_at,
            entry.account_id,
            expected.media_id,
        )
    if entry.paid:
        await connection.execute(
            "UPDATE message SET state = 'delivered' WHERE id = $1 AND state = 'undeliverable'", entry.paid
        )
