"""Claiming a message in a writing transaction, and giving it its outcome there.

A new message is claimed by looking: the write lock on SQLite, the person's locked row on PostgreSQL hold a
racing duplicate back until the commit, and then it repeats the winner's reply. The row itself is written with
its outcome. A deferred message has its row already and is claimed by its lease.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.dialogue import postgres_statements, sqlite_statements
from app.dialogue.journal import FOLLOWER_CHANGES, Claim, Entry, Written
from models import Message, MessageState
from models.types import UTCDateTime

MESSAGE: Any = Message.__table__


class Lost(Exception):
    """The message is somebody else's: it is in the journal already, or our lease on it has run out."""


class Stale(Exception):
    """The follower moved on while we were thinking: run again."""


async def claim_new(session: AsyncSession, claims: Sequence[Claim]) -> list[Written]:
    """Make sure that these messages are ours to handle, in this transaction: OK for each that is.

    Nothing is written yet: a racing duplicate waits for the person's row on PostgreSQL, for the write lock on
    SQLite.
    """
    if _on_sqlite(session):
        driver = await _driver(session)
        return [sqlite_statements.look(driver, claim) for claim in claims]
    return await postgres_statements.claim(await session.connection(), claims)


async def finish_new(session: AsyncSession, entries: Sequence[Entry]) -> None:
    """Store the claimed messages with their outcomes, and what came with them.

    Raises:
        Lost: one was deferred by another process meanwhile.
        Stale: a handler itself moved what was expected to stand still.
    """
    if not entries:
        return
    driver = await _driver(session)
    if _on_sqlite(session):
        written = [sqlite_statements.store(driver, entries)]
    else:
        written = await postgres_statements.write(driver, entries)
        await postgres_statements.store_more(driver, entries)
    if set(written) != {Written.OK}:
        raise Lost if Written.DUPLICATE in written else Stale


async def claim_leased(session: AsyncSession, claim: Claim, token: str) -> int:
    """Take the deferred row whose lease is ours; returns its id.

    Raises:
        Lost: the lease went to somebody else, or the message is settled.
        Stale: as above.
    """
    message_id = await session.scalar(
        sa.update(MESSAGE)
        .where(
            MESSAGE.c.account_id == claim.account_id,
            MESSAGE.c.key == claim.key,
            MESSAGE.c.lease_token == token,
            MESSAGE.c.state.in_([MessageState.DEFERRED, MessageState.RECEIVED]),
        )
        .values(follower_id=claim.speaker.follower_id if claim.speaker else None)
        .returning(MESSAGE.c.id)
    )
    if message_id is None:
        raise Lost
    await _touch(session, claim)
    return int(message_id)


async def finish_leased(session: AsyncSession, entry: Entry) -> None:
    """Give the leased row its outcome and let go of it."""
    await session.execute(FINISH, _outcome(entry))
    driver = await _driver(session)
    if _on_sqlite(session):
        sqlite_statements.store_more(driver, entry)
    else:
        await postgres_statements.store_more(driver, [entry])


async def _touch(session: AsyncSession, claim: Claim) -> None:
    """Move the follower's version and windows on; whoever expected an older version is stale."""
    if claim.speaker is None:
        return
    facts = {
        "follower_id": claim.speaker.follower_id,
        "expected": claim.speaker.version,
        "contact": claim.contact.value,
        "at": claim.received_at,
    }
    if await session.scalar(TOUCH[_on_sqlite(session)], facts) is None:
        raise Stale


def _on_sqlite(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "sqlite"


async def _driver(session: AsyncSession) -> Any:
    """The driver's own connection, inside the session's transaction: its statements cost a tenth."""
    connection = await session.connection()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    if _on_sqlite(session):
        return driver.driver
    if not driver.is_in_transaction():  # SQLAlchemy begins with its first statement, not with ours
        await connection.exec_driver_sql("SELECT 1")
    return driver


def _outcome(entry: Entry) -> dict[str, Any]:
    return {
        "account": entry.account_id,
        "its_key": entry.key,
        "its_state": entry.state,
        "its_rule": entry.rule,
        "sealed_reply": entry.reply,
        "answered": entry.answered_at,
        "ref": entry.dialogue_ref,
        "serial": entry.dialogue_serial,
    }


FINISH = (
    sa.update(MESSAGE)
    .where(MESSAGE.c.account_id == sa.bindparam("account"), MESSAGE.c.key == sa.bindparam("its_key"))
    .values(
        state=sa.bindparam("its_state", type_=MESSAGE.c.state.type),
        rule=sa.bindparam("its_rule"),
        reply=sa.bindparam("sealed_reply", type_=sa.LargeBinary()),
        answered_at=sa.bindparam("answered", type_=MESSAGE.c.answered_at.type),
        dialogue_ref=sa.bindparam("ref"),
        dialogue_serial=sa.bindparam("serial"),
        lease_token=None,
        lease_until=None,
    )
)


def _touching(*, sqlite: bool) -> sa.TextClause:
    yes, no = ("1", "0") if sqlite else ("true", "false")
    at, contact = (":at", ":contact") if sqlite else ("CAST(:at AS timestamptz)", "CAST(:contact AS text)")
    changes = FOLLOWER_CHANGES.format(true=yes, false=no)
    for name, parameter in (("f.", "follower."), ("v.contact", contact), ("v.at", at)):
        changes = changes.replace(name, parameter)
    text = f"UPDATE follower SET {changes} WHERE id = :follower_id AND version = :expected RETURNING id"  # noqa: S608
    return sa.text(text).bindparams(sa.bindparam("at", type_=UTCDateTime()))


TOUCH = {on_sqlite: _touching(sqlite=on_sqlite) for on_sqlite in (True, False)}
