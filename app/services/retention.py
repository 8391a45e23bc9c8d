"""What is forgotten, and when: dialogues that ran out, words of confidential talks, all words after 180 days.

Keys, states and times stay. Each rule finds rows by id and acts on them in a transaction of its own; what it
looked for is asked again when it acts, so a rule may run twice, stop half-way or meet another process.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from models import (
    DeliveryState,
    Dialogue,
    DialogueState,
    Follower,
    FollowerTag,
    MediaFetch,
    Message,
    MessageState,
    Outbox,
)

BATCH = 500
DRAFT_FOR = timedelta(days=7)
CONFIDENTIAL_FOR = timedelta(minutes=10)  # after the end
TEXTS_FOR = timedelta(days=180)
FETCHED_FOR = timedelta(days=4)  # media ids die after three: then nobody can ask for one twice
CONFIDENTIAL = "保密对话"  # all that lists and logs show of a confidential talk

Ids = Sequence[int]
Where = tuple[sa.ColumnElement[bool], ...]
UNSETTLED = (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.FAILED_RETRY)
AT_WORK = (MessageState.RECEIVED, MessageState.DEFERRED)


@dataclass(frozen=True, slots=True)
class Rule:
    """`where` tells which rows of `key`'s table are due; `act` changes those that still are."""

    name: str
    key: Any  # the id column
    where: Callable[[datetime], Where]
    act: Callable[[AsyncSession, Ids, datetime], Awaitable[int]]
    by: Any = None  # an order that a small index has, where reading in the order of ids would cost more
    last: Callable[[AsyncSession, datetime], Awaitable[int]] | None = None  # no id above this can be due

    def find(self, now: datetime, limit: int, *, after: int = 0, last: int | None = None) -> sa.Select[int]:
        """Ids that are due: the next above `after` and up to `last`, or any if the rule has its own order."""
        due = sa.select(self.key).where(*self.where(now)).limit(limit)
        if self.by is not None:
            return due.order_by(self.by)
        if last is not None:
            due = due.where(self.key <= last)
        return due.where(self.key > after).order_by(self.key)

    async def __call__(self, session: AsyncSession, now: datetime, limit: int = BATCH) -> int:
        """Find and act at once, in the caller's transaction; returns how many rows changed."""
        ids = list(await session.scalars(self.find(now, limit)))
        return await self.act(session, ids, now) if ids else 0


async def _change(session: AsyncSession, statement: Any) -> int:
    result: Any = await session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)


# --- dialogues that ran out of time -------------------------------------------------------------------------


def _stands(state: DialogueState) -> sa.ColumnElement[bool]:
    # A literal, as the partial index has it: for a parameter neither database would use that index.
    return Dialogue.state == sa.literal_column(f"'{state.value}'")


def _is_expired(state: DialogueState) -> Callable[[datetime], Where]:
    return lambda now: (_stands(state), Dialogue.expires_at <= now)


async def _make_drafts(session: AsyncSession, ids: Ids, now: datetime) -> int:
    alive = Dialogue.state.in_([DialogueState.OPEN, DialogueState.SUSPENDED])
    rows = await session.execute(
        sa.select(Dialogue.id, Dialogue.expires_at)
        .where(Dialogue.id.in_(ids), alive, Dialogue.expires_at <= now)
        .order_by(Dialogue.id)
        .with_for_update()
    )
    changed = 0
    for dialogue_id, expires_at in rows.all():
        changed += await _change(
            session,
            sa.update(Dialogue)
            .where(Dialogue.id == dialogue_id, alive, Dialogue.expires_at == expires_at)
            .values(state=DialogueState.DRAFT, expires_at=expires_at + DRAFT_FOR),
        )
    return changed


def _is_old_draft(now: datetime) -> Where:
    # One put aside by something newer carries the end it had as an open dialogue: it too lives seven days.
    put_aside_long_ago = Dialogue.updated_at <= now - DRAFT_FOR
    return Dialogue.state == DialogueState.DRAFT, Dialogue.expires_at <= now, put_aside_long_ago


async def _delete_drafts(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = (Dialogue.id.in_(ids), *_is_old_draft(now))
    private = sa.select(Dialogue.ref).where(*old, Dialogue.confidential.is_(True)).with_for_update()
    refs = list(await session.scalars(private))
    kept = await _forget_talks(session, refs)
    return await _change(session, sa.delete(Dialogue).where(*old, Dialogue.ref.not_in(kept)))


# --- confidential talks -------------------------------------------------------------------------------------


def _is_over(now: datetime) -> Where:
    ended_at = sa.func.coalesce(Dialogue.ended_at, Dialogue.updated_at)
    return (
        Dialogue.state == DialogueState.ENDED,
        Dialogue.confidential.is_(True),
        Dialogue.emptied.is_(False),
        ended_at <= now - CONFIDENTIAL_FOR,
    )


def _is_just_over(now: datetime) -> Where:
    lately = Dialogue.ended_at.between(now - timedelta(days=1), now - CONFIDENTIAL_FOR)
    return lately, *_is_over(now)


async def _empty_talks(session: AsyncSession, ids: Ids, now: datetime) -> int:
    over = (Dialogue.id.in_(ids), *_is_over(now))
    refs = list(await session.scalars(sa.select(Dialogue.ref).where(*over).with_for_update()))
    kept = await _forget_talks(session, refs)
    nothing = {"args": None, "answers": None, "pending": None}
    await _change(session, sa.update(Dialogue).where(Dialogue.ref.in_(refs)).values(nothing))
    done = sa.update(Dialogue).where(Dialogue.ref.in_(refs), Dialogue.ref.not_in(kept)).values(emptied=True)
    return await _change(session, done)


async def _forget_talks(session: AsyncSession, refs: Sequence[str]) -> set[str]:
    """Empty the messages of these dialogues and what was sent in them.

    Returns those where something is under way still: an answer not yet sent, a message not yet handled.
    """
    if not refs:
        return set()
    ours = Message.dialogue_ref.in_(refs)
    sent = sa.select(Message.id).where(ours)
    under_way = sa.select(Outbox.message_id).where(Outbox.state.in_(UNSETTLED), Outbox.message_id.in_(sent))
    busy = sa.select(Message.dialogue_ref).where(
        ours, sa.or_(Message.state.in_(AT_WORK), Message.id.in_(under_way))
    )
    kept = {str(ref) for ref in await session.scalars(busy.distinct())}
    await _change(
        session,
        sa.update(Outbox)
        .where(Outbox.message_id.in_(sent), Outbox.state.not_in(UNSETTLED), Outbox.payload.is_not(None))
        .values(payload=None),
    )
    full = sa.or_(Message.body.is_not(None), Message.reply.is_not(None), Message.rule != CONFIDENTIAL)
    await _change(
        session,
        sa.update(Message)
        .where(ours, Message.state.not_in(AT_WORK), full)
        .values(body=None, reply=None, rule=CONFIDENTIAL),
    )
    return kept


# --- everything after 180 days ------------------------------------------------------------------------------


def _is_old_message(now: datetime) -> Where:
    full = sa.or_(Message.body.is_not(None), Message.reply.is_not(None))
    return Message.received_at <= now - TEXTS_FOR, full


async def _last_old_message(session: AsyncSession, now: datetime) -> int:
    """About where the old messages end. Ids grow with time, so nobody need read on to the newest.

    One that came out of order is met some other hour: the search always begins at the first message.
    """
    low, high = 0, await session.scalar(sa.select(sa.func.max(Message.id))) or 0
    while low < high:
        middle = (low + high) // 2
        next_one = sa.select(Message.id, Message.received_at).where(Message.id > middle).order_by(Message.id)
        found = (await session.execute(next_one.limit(1))).one()
        if found.received_at <= now - TEXTS_FOR:
            low = found.id
        else:
            high = middle
    return low


async def _empty_messages(session: AsyncSession, ids: Ids, now: datetime) -> int:
    # Without its body nobody can handle a message any more: one still waiting after half a year has failed.
    state = sa.case(
        (Message.state.in_(AT_WORK), sa.literal(MessageState.FAILED, Message.state.type)), else_=Message.state
    )
    waiting = sa.and_(Message.id.in_(ids), *_is_old_message(now))
    return await _change(
        session,
        sa.update(Message)
        .where(waiting)
        .values(body=None, reply=None, state=state, lease_token=None, lease_until=None),
    )


def _is_old_effect(now: datetime) -> Where:
    settled_at = sa.func.coalesce(Outbox.settled_at, Outbox.created_at)
    return Outbox.payload.is_not(None), Outbox.state.not_in(UNSETTLED), settled_at <= now - TEXTS_FOR


async def _empty_effects(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = sa.update(Outbox).where(Outbox.id.in_(ids), *_is_old_effect(now))
    return await _change(session, old.values(payload=None))


def _is_old_dialogue(now: datetime) -> Where:
    ended_at = sa.func.coalesce(Dialogue.ended_at, Dialogue.updated_at)
    full = sa.or_(*(column.is_not(None) for column in (Dialogue.args, Dialogue.answers, Dialogue.pending)))
    return Dialogue.state == DialogueState.ENDED, ended_at <= now - TEXTS_FOR, full


async def _empty_dialogues(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = sa.update(Dialogue).where(Dialogue.id.in_(ids), *_is_old_dialogue(now))
    return await _change(session, old.values(args=None, answers=None, pending=None))


# --- what belongs to nobody any more ------------------------------------------------------------------------


def _has_left() -> sa.ColumnElement[bool]:
    return FollowerTag.follower_id.in_(sa.select(Follower.id).where(Follower.subscribed.is_(False)))


async def _drop_tags(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await _change(session, sa.delete(FollowerTag).where(FollowerTag.id.in_(ids), _has_left()))


async def _forget_fetches(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await _change(session, sa.delete(MediaFetch).where(MediaFetch.id.in_(ids), *_is_fetched(now)))


def _is_fetched(now: datetime) -> Where:
    return MediaFetch.done.is_(True), MediaFetch.due_at <= now - FETCHED_FOR


OPEN, SUSPENDED = DialogueState.OPEN, DialogueState.SUSPENDED
FOLLOWER = Dialogue.follower_id
expire_open = Rule("open_to_draft", Dialogue.id, _is_expired(OPEN), _make_drafts, by=FOLLOWER)
expire_suspended = Rule("suspended_to_draft", Dialogue.id, _is_expired(SUSPENDED), _make_drafts, by=FOLLOWER)
empty_just_over = Rule("confidential_just_over", Dialogue.id, _is_just_over, _empty_talks)
empty_confidential = Rule("confidential", Dialogue.id, _is_over, _empty_talks)
delete_drafts = Rule("drafts_deleted", Dialogue.id, _is_old_draft, _delete_drafts)
empty_messages = Rule("old_messages", Message.id, _is_old_message, _empty_messages, last=_last_old_message)
empty_effects = Rule("old_effects", Outbox.id, _is_old_effect, _empty_effects)
empty_dialogues = Rule("old_dialogues", Dialogue.id, _is_old_dialogue, _empty_dialogues)
drop_tags = Rule("tags_of_leavers", FollowerTag.id, lambda now: (_has_left(),), _drop_tags)
forget_fetches = Rule("media_fetches", MediaFetch.id, _is_fetched, _forget_fetches)

SOON = (expire_open, expire_suspended, empty_just_over)  # cheap: served by small indexes
DEEP = (  # read through whole tables, in the order of ids
    empty_confidential,
    delete_drafts,
    empty_messages,
    empty_effects,
    empty_dialogues,
    drop_tags,
    forget_fetches,
)
