"""The journal's statements inside a writing transaction, for turns that change more than the journal.

The message row comes first, so that a racing duplicate waits there and then repeats the winner's reply.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.dialogue.journal import (
    DIALOGUE_COLUMNS,
    FOLLOWER_CHANGES,
    KEPT,
    MESSAGE_COLUMNS,
    Entry,
    Speaker,
    dialogue_row,
    message_row,
)
from models import Dialogue, FileState, MediaFetch, Message, MessageState, StoredFile
from models.base import Base
from models.types import UTCDateTime

MESSAGE: Any = Message.__table__
DIALOGUE: Any = Dialogue.__table__


class Lost(Exception):
    """The message is somebody else's: it is in the journal already, or our lease on it has run out."""


class Stale(Exception):
    """The follower moved on while we were thinking: run again."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The message row, ours until the transaction ends."""

    message_id: int


async def claim_new(session: AsyncSession, entry: Entry) -> Claim:
    """Insert the message row.

    Raises:
        Lost: the journal has it.
        Stale: the follower's version is not the expected one.
    """
    values = dict(zip(MESSAGE_COLUMNS, _typed(message_row(entry), Message, MESSAGE_COLUMNS), strict=True))
    message_id = await _scalar(session, _insert_message(_dialect(session)), values)
    if message_id is None:
        raise Lost
    await _touch(session, entry)
    return Claim(message_id)


async def claim_leased(session: AsyncSession, entry: Entry, token: str) -> Claim:
    """Take the deferred row whose lease is ours.

    Raises:
        Lost: the lease went to somebody else, or the message is settled.
        Stale: as above.
    """
    speaker = entry.speaker
    message_id = await session.scalar(
        sa.update(MESSAGE)
        .where(
            Message.account_id == entry.account_id,
            Message.key == entry.key,
            Message.lease_token == token,
            Message.state.in_([MessageState.DEFERRED, MessageState.RECEIVED]),
        )
        .values(follower_id=speaker.follower_id if speaker else None)
        .returning(MESSAGE.c.id)
    )
    if message_id is None:
        raise Lost
    await _touch(session, entry)
    return Claim(message_id)


async def finish(session: AsyncSession, claim: Claim, entry: Entry) -> None:
    """Give the claimed row its outcome, and store what came with it."""
    await _execute(
        session,
        _finish_message(),
        {
            "message_id": claim.message_id,
            "state_": entry.state,
            "rule_": entry.rule,
            "sealed_reply": entry.reply,
            "answered_at_": entry.answered_at,
            "ref": entry.dialogue_ref,
            "serial_": entry.dialogue_serial,
        },
    )
    if entry.speaker is None:
        return
    for row in entry.dialogues:
        values = dialogue_row(row, entry.speaker.follower_id, entry.received_at)
        typed = dict(zip(DIALOGUE_COLUMNS, _typed(values, Dialogue, DIALOGUE_COLUMNS), strict=True))
        await _execute(session, _put_dialogue(_dialect(session)), typed)
    for expected in entry.expected:
        await _expect(session, entry, entry.speaker, expected)
    if entry.paid:
        await session.execute(
            sa.update(MESSAGE)
            .where(Message.id == entry.paid, Message.state == MessageState.UNDELIVERABLE)
            .values(state=MessageState.DELIVERED)
        )


async def _touch(session: AsyncSession, entry: Entry) -> None:
    """Move the follower's version and windows on; whoever expected an older version is stale."""
    if entry.speaker is None:
        return
    facts = {
        "follower_id": entry.speaker.follower_id,
        "expected": entry.speaker.version,
        "contact": entry.contact.value,
        "at": entry.received_at,
    }
    if await _scalar(session, _touch_follower(_dialect(session)), facts) is None:
        raise Stale


async def _expect(session: AsyncSession, entry: Entry, speaker: Speaker, expected: Any) -> None:
    file = StoredFile(
        public_id=expected.public_id,
        owner_id=speaker.person_id,
        kind=expected.kind,
        state=FileState.EXPECTED,
        created_at=entry.received_at,
    )
    session.add(file)
    await session.flush()
    known = await session.scalar(
        sa.select(MediaFetch.id).where(
            MediaFetch.account_id == entry.account_id, MediaFetch.media_id == expected.media_id
        )
    )
    if known is None:
        session.add(
            MediaFetch(
                account_id=entry.account_id,
                media_id=expected.media_id,
                file_id=file.id,
                due_at=entry.received_at,
            )
        )


# --- statements, built once ---------------------------------------------------------------------------------


def _dialect(session: AsyncSession) -> str:
    return session.get_bind().dialect.name


async def _execute(session: AsyncSession, statement: Any, values: dict[str, Any]) -> Any:
    connection = await session.connection()
    return await connection.execute(statement, values)


async def _scalar(session: AsyncSession, statement: Any, values: dict[str, Any]) -> Any:
    return (await _execute(session, statement, values)).scalar()


def _typed(values: tuple[Any, ...], model: type[Base], columns: tuple[str, ...]) -> list[Any]:
    """Enum columns want members, sealed ones their bytes as they are (see `_raw`)."""
    table = model.__table__
    return [
        table.c[name].type.python_type(value)
        if isinstance(table.c[name].type, sa.Enum) and value is not None
        else value
        for name, value in zip(columns, values, strict=True)
    ]


def _insert(dialect: str, table: Any, columns: tuple[str, ...]) -> Any:
    maker = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return maker(table).values({name: _raw(table, name) for name in columns})


def _raw(table: Any, name: str) -> Any:
    """A parameter for a column; sealed values are sealed already."""
    kind = table.c[name].type
    sealed = isinstance(getattr(kind, "impl_instance", None), sa.LargeBinary)
    return sa.bindparam(name, type_=sa.LargeBinary() if sealed else kind)


@lru_cache
def _insert_message(dialect: str) -> Any:
    insert = _insert(dialect, MESSAGE, MESSAGE_COLUMNS)
    return insert.on_conflict_do_nothing(index_elements=["account_id", "key"]).returning(MESSAGE.c.id)


@lru_cache
def _put_dialogue(dialect: str) -> Any:
    insert = _insert(dialect, DIALOGUE, DIALOGUE_COLUMNS)
    changed = {name: insert.excluded[name] for name in DIALOGUE_COLUMNS if name not in KEPT}
    return insert.on_conflict_do_update(index_elements=["ref"], set_=changed)


@lru_cache
def _finish_message() -> Any:
    return (
        sa.update(MESSAGE)
        .where(MESSAGE.c.id == sa.bindparam("message_id"))
        .values(
            state=sa.bindparam("state_", type_=MESSAGE.c.state.type),
            rule=sa.bindparam("rule_"),
            reply=sa.bindparam("sealed_reply", type_=sa.LargeBinary()),
            answered_at=sa.bindparam("answered_at_", type_=MESSAGE.c.answered_at.type),
            dialogue_ref=sa.bindparam("ref"),
            dialogue_serial=sa.bindparam("serial_"),
            lease_token=None,
            lease_until=None,
        )
    )


@lru_cache
def _touch_follower(dialect: str) -> Any:
    yes, no = ("true", "false") if dialect == "postgresql" else ("1", "0")
    at = "CAST(:at AS timestamptz)" if dialect == "postgresql" else ":at"
    contact = "CAST(:contact AS text)" if dialect == "postgresql" else ":contact"
    changes = (
        FOLLOWER_CHANGES.format(true=yes, false=no)
        .replace("f.", "follower.")
        .replace("v.contact", contact)
        .replace("v.at", at)
    )
    text = f"UPDATE follower SET {changes} WHERE id = :follower_id AND version = :expected RETURNING id"  # noqa: S608
    return sa.text(text).bindparams(sa.bindparam("at", type_=UTCDateTime()))
