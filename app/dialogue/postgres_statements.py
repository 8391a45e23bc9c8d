"""The journal's statements on PostgreSQL, run on the driver's own connection.

A whole group is read by one statement and written by one. Follower rows are locked in the order of their
ids, so that two groups that overlap queue instead of deadlocking.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.dialogue.journal import (
    FOLLOWER_CHANGES,
    JUST_NOW,
    LEAVING,
    MESSAGE_COLUMNS,
    OWED,
    PAY,
    Claim,
    Contact,
    DialogueRow,
    Entry,
    Question,
    Seen,
    Snapshot,
    Speaker,
    TalkQuestion,
    Written,
    dialogue_row,
    membership,
    message_row,
    put_dialogues,
)
from models import DialogueState, MessageState
from models.case import TALK_STANDS_OPEN
from models.coordination import CASE_NEWS_BY_REPLY
from models.types import public_id, unseal_json

READ = f"""
SELECT q.n, m.id, m.state, m.reply, m.lease_token, f.id, f.person_id, f.version, f.subscribed,
  (SELECT array_agg(name) FROM follower_tag t WHERE t.follower_id = f.id),
  {OWED},
  d.ref, d.flow, d.version, d.state, d.confidential, d.started_at, d.expires_at, d.serial,
  d.args, d.answers, d.pending, m.answered_at IS NULL, f.spoke_used = 0 AND f.spoke_at > q.just,
  e.kind, b.lineage, e.sex, e.left_on,
  (SELECT array_agg(area) FROM account_binding a WHERE a.person_id = f.person_id AND a.area IS NOT NULL)
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[])
  WITH ORDINALITY AS q(account_id, key, openid, just, n)
LEFT JOIN message m ON m.account_id = q.account_id AND m.key = q.key
LEFT JOIN follower f ON f.account_id = q.account_id AND f.openid = q.openid
LEFT JOIN dialogue d ON d.follower_id = f.id AND d.state <> 'ended'
LEFT JOIN member e ON e.person_id = f.person_id
LEFT JOIN branch b ON b.id = e.branch_id
ORDER BY d.id
"""

MEET = """
WITH new AS (INSERT INTO person (public_id, created_at) VALUES ($3, $4) RETURNING id)
INSERT INTO follower (account_id, openid, person_id, version, subscribed, spoke_used, acted_used)
SELECT $1, $2, new.id, 0, true, 0, 0 FROM new
"""

MET_ALREADY = "uq_follower_account_id_openid"

MESSAGE_TYPES = (
    "bigint", "text", "bigint", "text", "text", "text", "text", "timestamptz", "timestamptz", "bytea",
    "bytea", "text", "int", "text", "timestamptz", "int",
)  # fmt: skip

PARAMETER_TYPES = (*MESSAGE_TYPES, "int", "text", "boolean", "bytea", "bytea")
PARAMETERS = (*MESSAGE_COLUMNS, "expected", "contact", "looks", "named", "unnamed")

# The rows of `v` are the group; `locked` holds their followers still; only rows whose follower has not
# moved on are stored, and none that belongs to a talk. A message without a follower (job results) has nobody
# to wait for.
WRITE = f"""
WITH v AS (
  SELECT *, received_at AS at
  FROM unnest({", ".join(f"${n}::{kind}[]" for n, kind in enumerate(PARAMETER_TYPES, 1))})
  AS u({", ".join(PARAMETERS)})
), locked AS (
  SELECT f.id, f.version FROM follower f WHERE f.id IN (SELECT follower_id FROM v WHERE NOT looks)
  ORDER BY f.id FOR UPDATE
), fresh AS (
  SELECT v.* FROM v LEFT JOIN locked l ON l.id = v.follower_id
  LEFT JOIN follower f ON v.looks AND f.id = v.follower_id
  WHERE (v.follower_id IS NULL OR l.version = v.expected OR f.version = v.expected)
    AND (v.named IS NULL
      OR NOT EXISTS ({TALK_STANDS_OPEN.format(named="v.named", unnamed="v.unnamed", at="v.at")}))
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

# Whether a message may be handled in this transaction; who wrote it is held still until its end, so that a
# racing duplicate waits, and so does whatever else this person does.
CLAIM = """
WITH q AS (
  SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::int[])
    WITH ORDINALITY AS q(account_id, key, follower_id, expected, n)
), held AS (
  SELECT f.id, f.version FROM follower f WHERE f.id IN (SELECT follower_id FROM q) ORDER BY f.id FOR UPDATE
)
SELECT m.id IS NOT NULL AS known, q.follower_id IS NULL OR held.version = q.expected AS current
FROM q LEFT JOIN held ON held.id = q.follower_id
LEFT JOIN message m ON m.account_id = q.account_id AND m.key = q.key ORDER BY q.n
"""

DIALOGUE_TYPES = (
    "text", "bigint", "text", "int", "text", "boolean", "bytea", "bytea", "bytea", "int", "timestamptz",
    "timestamptz", "timestamptz", "timestamptz", "boolean",
)  # fmt: skip

PUT_DIALOGUES = put_dialogues(
    f"SELECT * FROM unnest({', '.join(f'${n}::{kind}[]' for n, kind in enumerate(DIALOGUE_TYPES, 1))})"
)

EXPECT = """
WITH file AS (
  INSERT INTO stored_file (public_id, owner_id, kind, content_type, size, sha256, state, reason, created_at)
  VALUES ($1, $2, $3, '', 0, '', 'expected', '', $4) RETURNING id
)
INSERT INTO media_fetch (account_id, media_id, file_id, done, due_at, tries)
SELECT $5, $6, file.id, false, $4, 0 FROM file
"""

LEAVE = tuple(statement.format(who="$1", at="$2") for statement in LEAVING)
PAY_OUTBOX, PAY_MESSAGE = (statement.format(row="$1", at="$2") for statement in PAY)
IN_TALK = f"""
SELECT EXISTS ({TALK_STANDS_OPEN.format(named="q.named", unnamed="q.unnamed", at="q.at")})
FROM unnest($1::bytea[], $2::bytea[], $3::timestamptz[]) WITH ORDINALITY AS q(named, unnamed, at, n)
ORDER BY q.n
"""
TELL_NEWS = CASE_NEWS_BY_REPLY.format(row="$1")


# --- reading -----------------------------------------------------------------------------------------------


async def are_in_talk(connection: Any, asked: Sequence[TalkQuestion]) -> list[bool]:
    columns = ([each.named for each in asked], [each.unnamed for each in asked], [each.at for each in asked])
    return [row[0] for row in await connection.fetch(IN_TALK, *columns)]


async def read(connection: Any, questions: Sequence[Question]) -> list[Snapshot]:
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


def _fill(snapshot: Snapshot, question: Question, row: Any) -> None:
    if row[1] is not None:
        stored = unseal_json(row[3], "message.reply") if row[3] else None
        snapshot.seen = Seen(row[1], MessageState(row[2]), stored, row[4], row[22])
    if row[5] is not None:
        snapshot.speaker = Speaker(
            row[5],
            row[6],
            question.openid,
            row[7],
            row[8],
            bool(row[23]),
            frozenset(row[9] or ()),
            row[10],
            membership(tuple(row[24:28]), question.at),
            frozenset(row[28] or ()),
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


async def meet(connection: Any, strangers: Sequence[Question]) -> None:
    """Make rows for openids that nobody has met; another process may be doing it too."""
    from asyncpg import UniqueViolationError  # noqa: PLC0415 - loaded by who opened `connection`

    for question in strangers:
        try:
            async with connection.transaction():
                await connection.execute(MEET, question.account_id, question.openid, public_id(), question.at)
        except UniqueViolationError as error:
            if error.constraint_name != MET_ALREADY:
                raise  # such as ids counted from the start again: nobody would ever be met


# --- writing -----------------------------------------------------------------------------------------------


async def write(connection: Any, entries: Sequence[Entry]) -> list[Written]:
    """Store the messages and move their followers on, each if nothing speaks against it."""
    in_order = sorted(entries, key=lambda entry: entry.key)
    found = {
        key: Written.OK if kept else (Written.DUPLICATE if current else Written.STALE)
        for key, kept, current in await connection.fetch(WRITE, *_columns(in_order))
    }
    return [found[entry.key] for entry in entries]


def _columns(entries: Sequence[Entry]) -> list[list[Any]]:
    """The parameters of `WRITE`. A column of nothing is left empty: `unnest` fills it up, and the driver
    looks long at each None.
    """
    columns = _transposed([(*message_row(entry), *_conditions(entry)) for entry in entries])
    return [[] if all(value is None for value in column) else column for column in columns]


def _conditions(entry: Entry) -> tuple[Any, ...]:
    """What the row is stored under; as `PARAMETERS` name it behind the columns of a message."""
    version = entry.speaker.version if entry.speaker else None
    talk = (entry.unless.named, entry.unless.unnamed) if entry.unless else (None, None)
    return (version, entry.contact.value, entry.looks_only, *talk)


async def claim(connection: AsyncConnection, claims: Sequence[Claim]) -> list[Written]:
    """Hold the people of these messages still, inside the caller's transaction: OK for each that is new.

    Through SQLAlchemy, which begins its transaction with its own first statement and not with the driver's.
    """
    rows = await connection.exec_driver_sql(
        CLAIM,
        (
            [each.account_id for each in claims],
            [each.key for each in claims],
            [each.speaker.follower_id if each.speaker else None for each in claims],
            [each.speaker.version if each.speaker else None for each in claims],
        ),
    )
    return [Written.DUPLICATE if row.known else Written.OK if row.current else Written.STALE for row in rows]


async def store_more(connection: Any, entries: Sequence[Entry]) -> None:
    """What came with the messages: dialogues, media to be fetched, late answers told now, people leaving."""
    spoken = [(entry, entry.speaker) for entry in entries if entry.speaker is not None]
    dialogues = {  # by ref, the last state of each
        row.ref: dialogue_row(row, speaker.follower_id, entry.received_at)
        for entry, speaker in spoken
        for row in entry.dialogues
    }
    if dialogues:
        await connection.execute(PUT_DIALOGUES, *_transposed(list(dialogues.values())))
    for entry, speaker in spoken:
        for expected in entry.expected:
            file = (expected.public_id, speaker.person_id, expected.kind, entry.received_at)
            await connection.execute(EXPECT, *file, entry.account_id, expected.media_id)
        for paid in entry.paid:
            await connection.execute(PAY_OUTBOX, paid, entry.received_at)
            await connection.execute(PAY_MESSAGE, paid)
        if entry.contact is Contact.LEFT:
            for statement in LEAVE:
                await connection.execute(statement, speaker.follower_id, entry.received_at)
    for paid in sorted(paid for entry, _ in spoken for paid in entry.paid):
        await connection.execute(TELL_NEWS, paid)


def _transposed(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
