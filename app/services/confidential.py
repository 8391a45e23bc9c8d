"""What is told in confidence: ten minutes after the end its words go, and the names of those who spoke.

Of such a talk the journal keeps that there was a message, its state and its day. Who wrote it, when exactly,
the key (it spells the openid) and the dialogue go, so that nobody finds the author of an anonymous case by
comparing times and names: who that is lies in `CaseReporter` alone. WeChat repeats a push within 15 seconds,
and a signature is refused after `CALLBACK_MAX_SKEW` (ten minutes): nobody can ask for such a key any more, so
its place is held by a digest that nobody looks up.

What remains, and what it tells who reads the tables without our keys:
- ids and numbers count upwards, so the rows before and after tell about when an anonymous case was opened, as
  closely as they have times; but no row of the author has a time to compare that with;
- `follower.spoke_at` stays while the window for customer messages is open (48 hours), since the answer needs
  it, `follower.version` counts messages, `person.created_at` tells of the first one: where the journal has no
  message to go with them, somebody used something confidential, named or not;
- an answer names its reader until it is told, and ten minutes longer: where it cannot be sent, until the
  person comes back, 180 days at most;
- an alert about self-harm names the person, which is what it is for;
- a consent to being advised has its day, and a digest that none of the person's other rows has.
Backups and the free pages of a database hold what was deleted for some time: they are guarded like the keys.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import start_of_day
from app.services.forgetting import AT_WORK, UNSETTLED, Ids, Rule, Where, change
from models import Dialogue, DialogueState, Message, Outbox
from models.sealing import keyring

KEPT_FOR = timedelta(minutes=10)  # after the end
CONFIDENTIAL = "保密对话"  # all that lists and logs show of a confidential talk

MESSAGE: Any = Message.__table__


# --- talks --------------------------------------------------------------------------------------------------


def _is_over(now: datetime) -> Where:
    ended_at = sa.func.coalesce(Dialogue.ended_at, Dialogue.updated_at)
    return (
        Dialogue.state == DialogueState.ENDED,
        Dialogue.confidential.is_(True),
        ended_at <= now - KEPT_FOR,
    )


def _is_just_over(now: datetime) -> Where:
    lately = Dialogue.ended_at.between(now - timedelta(days=1), now - KEPT_FOR)
    return lately, *_is_over(now)


async def _forget_over(session: AsyncSession, ids: Ids, now: datetime) -> int:
    over = (Dialogue.id.in_(ids), *_is_over(now))
    refs = await session.scalars(sa.select(Dialogue.ref).where(*over).with_for_update())
    return await forget_talks(session, refs.all())


async def forget_talks(session: AsyncSession, refs: Sequence[str]) -> int:
    """Empty these dialogues at once; let go of who spoke as soon as nothing is under way.

    Under way is an answer not yet sent, or a message not yet handled. Returns how many dialogues are gone.
    """
    if not refs:
        return 0
    busy = await _under_way(session, refs)
    await _empty(session, refs)
    done = [ref for ref in refs if ref not in busy]
    await unname(session, MESSAGE.c.dialogue_ref.in_(done))
    return await change(session, sa.delete(Dialogue).where(Dialogue.ref.in_(done)))


async def _under_way(session: AsyncSession, refs: Sequence[str]) -> set[str]:
    unsent = sa.select(Outbox.id).where(Outbox.message_id == Message.id, Outbox.state.in_(UNSETTLED))
    busy = sa.or_(Message.state.in_(AT_WORK), sa.exists(unsent))
    found = sa.select(Message.dialogue_ref).where(Message.dialogue_ref.in_(refs), busy)
    return {str(ref) for ref in await session.scalars(found.distinct())}


async def _empty(session: AsyncSession, refs: Sequence[str]) -> None:
    nothing = {"args": None, "answers": None, "pending": None}
    await change(session, sa.update(Dialogue).where(Dialogue.ref.in_(refs)).values(nothing))
    await change(
        session,
        sa.update(Message)
        .where(Message.dialogue_ref.in_(refs), Message.state.not_in(AT_WORK))
        .values(body=None, reply=None, rule=CONFIDENTIAL),
    )
    sent = sa.select(Message.id).where(Message.dialogue_ref.in_(refs))
    # A late answer has told its message how it ended: nobody reads the row again.
    await change(
        session, sa.delete(Outbox).where(Outbox.message_id.in_(sent), Outbox.state.not_in(UNSETTLED))
    )


async def unname(session: AsyncSession, which: sa.ColumnElement[bool]) -> int:
    """Part messages from who wrote them, and from the minute; returns how many there were."""
    said = await session.execute(
        sa.select(MESSAGE.c.id, MESSAGE.c.key, MESSAGE.c.received_at, MESSAGE.c.answered_at)
        .where(which)
        .order_by(MESSAGE.c.id)
    )
    nameless = [
        {
            "row_id": row.id,
            "digest": "x|" + keyring().digest(row.key, "message.key").hex(),
            "day": start_of_day(row.received_at),
            "answer_day": row.answered_at and start_of_day(row.answered_at),
        }
        for row in said
    ]
    if nameless:
        await session.execute(UNNAME, nameless)
    return len(nameless)


UNNAME = (
    sa.update(MESSAGE)
    .where(MESSAGE.c.id == sa.bindparam("row_id"))
    .values(
        key=sa.bindparam("digest"),
        received_at=sa.bindparam("day", type_=MESSAGE.c.received_at.type),
        answered_at=sa.bindparam("answer_day", type_=MESSAGE.c.answered_at.type),
        follower_id=None,
        request_id="",  # log lines carry it, with the time
        dialogue_ref=None,
        dialogue_serial=None,
    )
)

forget_just_over = Rule("confidential_just_over", Dialogue.id, _is_just_over, _forget_over)
forget_over = Rule("confidential", Dialogue.id, _is_over, _forget_over)


# --- answers ------------------------------------------------------------------------------------------------


def _is_told(now: datetime) -> Where:
    # Written as in its index, or neither database would use it.
    names_somebody = sa.text("outbox.confidential AND outbox.person_id IS NOT NULL")
    return names_somebody, Outbox.settled_at <= now - KEPT_FOR


async def _forget_reader(session: AsyncSession, ids: Ids, now: datetime) -> int:
    told = sa.update(Outbox).where(Outbox.id.in_(ids), *_is_told(now))
    return await change(session, told.values(payload=None, person_id=None, follower_id=None))


forget_told = Rule("confidential_told", Outbox.id, _is_told, _forget_reader, by=Outbox.settled_at)
