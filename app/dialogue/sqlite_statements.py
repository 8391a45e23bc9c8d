"""The journal's statements on SQLite, run on the driver's own connection.

A whole group is one statement: the read returns one row of JSON, the insert has many rows. Compiled once per
size of group.
"""

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from app.dialogue.journal import (
    DIALOGUE_COLUMNS,
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
from models import DialogueState, Membership, MessageState
from models.case import TALK_STANDS_OPEN
from models.coordination import CASE_NEWS_BY_REPLY
from models.types import public_id, unseal_json

LEAVE = tuple(statement.format(who=":who", at=":at") for statement in LEAVING)
PAY_OUTBOX, PAY_MESSAGE = (statement.format(row=":row", at=":at") for statement in PAY)
IN_TALK = (
    "WITH q(n, named, unnamed, at) AS (VALUES {rows}) SELECT n FROM q WHERE EXISTS"
    f" ({TALK_STANDS_OPEN.format(named='q.named', unnamed='q.unnamed', at='q.at')})"
)
TELL_NEWS = CASE_NEWS_BY_REPLY.format(row=":row")
PUT_DIALOGUE = put_dialogues(f"VALUES ({', '.join('?' * len(DIALOGUE_COLUMNS))})")


# --- times -------------------------------------------------------------------------------------------------


def _stamp(moment: datetime | None) -> str | None:
    """A time as SQLAlchemy writes it on SQLite: UTC without zone, microseconds always."""
    if moment is None:
        return None
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(" ", "microseconds")[:26]  # without +00:00


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- reading -----------------------------------------------------------------------------------------------

READ = f"""
WITH q(n, account_id, key, openid, just) AS (VALUES {{rows}})
SELECT json_group_array(json_array(
  q.n, m.id, m.state, hex(m.reply), m.lease_token, m.answered_at IS NULL,
  f.id, f.person_id, f.version, f.subscribed, f.spoke_used = 0 AND f.spoke_at > q.just,
  (SELECT json_group_array(name) FROM follower_tag t WHERE t.follower_id = f.id),
  {OWED},
  (SELECT json_group_array(json_array(d.ref, d.flow, d.version, d.state, d.confidential, d.started_at,
     d.expires_at, d.serial, hex(d.args), hex(d.answers), hex(d.pending)))
   FROM dialogue d WHERE d.follower_id = f.id AND d.state <> 'ended'),
  (SELECT json_array(e.kind, b.lineage, e.sex, e.left_on)
   FROM member e JOIN branch b ON b.id = e.branch_id WHERE e.person_id = f.person_id),
  (SELECT json_group_array(a.area) FROM account_binding a
   WHERE a.person_id = f.person_id AND a.area IS NOT NULL)))
FROM q
LEFT JOIN message m ON m.account_id = q.account_id AND m.key = q.key
LEFT JOIN follower f ON f.account_id = q.account_id AND f.openid = q.openid
"""


@cache
def _read_statement(count: int) -> str:
    return READ.format(rows=", ".join(f"({n}, ?, ?, ?, ?)" for n in range(count)))


def read(db: sqlite3.Connection, questions: Sequence[Question]) -> list[Snapshot]:
    parameters: list[Any] = []
    for question in questions:
        openid = question.openid if question.is_person else None
        parameters += (question.account_id, question.key, openid, _stamp(question.at - JUST_NOW))
    (found,) = db.execute(_read_statement(len(questions)), parameters).fetchone()
    snapshots = [Snapshot() for _ in questions]
    for row in json.loads(found):
        snapshots[row[0]] = _snapshot(questions[row[0]], row)
    return snapshots


@cache
def _talk_statement(count: int) -> str:
    return IN_TALK.format(rows=", ".join(f"({n}, ?, ?, ?)" for n in range(count)))


def are_in_talk(db: sqlite3.Connection, asked: Sequence[TalkQuestion]) -> list[bool]:
    if not asked:
        return []
    parameters: list[Any] = []
    for each in asked:
        parameters += (each.named, each.unnamed, _stamp(each.at))
    open_ = {n for (n,) in db.execute(_talk_statement(len(asked)), parameters)}
    return [n in open_ for n in range(len(asked))]


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
        spoke,
        tags,
        owed,
        dialogues,
        member,
        areas,
    ) = row
    snapshot = Snapshot()
    if message_id is not None:
        stored = unseal_json(bytes.fromhex(reply), "message.reply") if reply else None
        snapshot.seen = Seen(message_id, MessageState(state), stored, token, bool(late))
    if follower_id is not None:
        snapshot.speaker = Speaker(
            follower_id,
            person_id,
            question.openid,
            version,
            bool(subscribed),
            bool(spoke),
            frozenset(tags),
            owed,
            _membership(member, question.at) if member else None,
            frozenset(areas),
        )
    for columns in dialogues:
        snapshot.add(_dialogue(columns))
    return snapshot


def _membership(row: list[Any], at: datetime) -> Membership | None:
    *facts, left_on = row
    return membership([*facts, date.fromisoformat(left_on) if left_on else None], at)


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


def meet(db: sqlite3.Connection, questions: Sequence[Question], snapshots: Sequence[Snapshot]) -> None:
    """Make person and follower rows for openids that nobody has met, inside the caller's transaction."""
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


@cache
def _look_statement(count: int) -> str:
    return (
        f"WITH v(id, version) AS (VALUES {', '.join(['(?, ?)'] * count)}) "
        "SELECT count(*) FROM v JOIN follower f ON f.id = v.id AND f.version = v.version"
    )


def look(db: sqlite3.Connection, entry: Claim | Entry) -> Written:
    """Whether `entry` could be stored now; exact while the caller holds the write lock."""
    known = db.execute(
        "SELECT 1 FROM message WHERE account_id = ? AND key = ?", (entry.account_id, entry.key)
    ).fetchone()
    if known:
        return Written.DUPLICATE
    if entry.speaker is None:
        return Written.OK
    found = db.execute("SELECT version FROM follower WHERE id = ?", (entry.speaker.follower_id,)).fetchone()
    return Written.OK if found == (entry.speaker.version,) else Written.STALE


def store(db: sqlite3.Connection, entries: Sequence[Entry]) -> Written:
    facts: list[Any] = []
    looks: list[Any] = []
    rows: list[Any] = []
    for entry in entries:
        speaker = entry.speaker
        if entry.looks_only and speaker is not None:
            looks += (speaker.follower_id, speaker.version)
        elif speaker is not None:
            facts += (speaker.follower_id, speaker.version, entry.contact.value, _stamp(entry.received_at))
        rows += _driver_values(message_row(entry))
    moved, unmoved = len(facts) // 4, len(looks) // 2
    if moved and _changed(db, _follower_statement(moved), facts) != moved:
        return Written.STALE
    if unmoved and db.execute(_look_statement(unmoved), looks).fetchone()[0] != unmoved:
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
            " VALUES (?, ?, ?, 0, ?, 0)",
            (entry.account_id, expected.media_id, file_id, _stamp(entry.received_at)),
        )
    for paid in entry.paid:
        named = {"row": paid, "at": _stamp(entry.received_at)}
        for statement in (PAY_OUTBOX, PAY_MESSAGE, TELL_NEWS):
            db.execute(statement, named)
    if entry.contact is Contact.LEFT:
        named = {"who": entry.speaker.follower_id, "at": _stamp(entry.received_at)}
        for statement in LEAVE:
            db.execute(statement, named)
