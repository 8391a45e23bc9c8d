"""Messages that failed: which may be run again, and which not and why.

Running them is the sweep's business (`app.dialogue.sweeping`); their answer goes out as a late one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlalchemy.orm.interfaces import ORMOption

from app.errors import NotFound
from app.services.outbox import LATE_REPLY
from models import DeliveryState, Dialogue, DialogueState, Message, MessageState, Outbox

STATES = {
    MessageState.RECEIVED: "等待重办",
    MessageState.ANSWERED: "已答复",
    MessageState.DEFERRED: "稍后答复",
    MessageState.DELIVERED: "已送达",
    MessageState.UNDELIVERABLE: "未能送达",
    MessageState.FAILED: "处理失败",
}
BATCH = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a message was queued to run again; `reason` says in Chinese why not."""

    message_id: int
    queued: bool
    reason: str = ""


async def queue_again(session: AsyncSession, message_id: int | None, now: datetime) -> list[Verdict]:
    """Queue one failed message, or all of them (None), to run again; in the order they came.

    `now` is real time (`Clock.real_now`), as leases are.
    """
    if message_id is not None:
        return [await _queue(session, message_id, now)]
    verdicts: list[Verdict] = []
    after = 0
    while ids := await _failed_ids(session, after):
        verdicts += [await _queue(session, each, now) for each in ids]
        after = ids[-1]
    return verdicts


async def _failed_ids(session: AsyncSession, after: int) -> Sequence[int]:
    failed = sa.select(Message.id).where(Message.state == MessageState.FAILED, Message.id > after)
    return (await session.scalars(failed.order_by(Message.id).limit(BATCH))).all()


async def _queue(session: AsyncSession, message_id: int, now: datetime) -> Verdict:
    # Columns, not the row: a body that no key opens any more must not stop the others.
    found = await session.execute(
        sa.select(
            Message.state,
            Message.body.is_not(None).label("has_body"),
            Message.dialogue_ref,
            Message.dialogue_serial,
        ).where(Message.id == message_id)
    )
    row = found.one_or_none()
    if row is None:
        return Verdict(message_id, False, "没有这条消息。")
    reason = _not_failed(row.state) or _without_body(row.has_body)
    if reason is None and row.dialogue_ref is not None:
        reason = await _moved_on(session, row.dialogue_ref, row.dialogue_serial)
    if reason is not None:
        return Verdict(message_id, False, reason)
    taken = await session.scalar(
        sa.update(Message)
        .where(Message.id == message_id, Message.state == MessageState.FAILED)
        # Its tries are counted anew: whoever asks for it believes that the cause is gone.
        .values(state=MessageState.RECEIVED, lease_until=now, lease_token=None, tries=0)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    if taken is None:
        return Verdict(message_id, False, "刚刚已经有人重办了。")
    await _make_room(session, message_id, now)
    return Verdict(message_id, True)


async def _make_room(session: AsyncSession, message_id: int, now: datetime) -> None:
    """Give an earlier late answer (that it did not work) another key, since the next one needs that key.

    If it has not gone out yet it never will: the person shall read the true answer alone.
    """
    unsent = Outbox.state.in_([DeliveryState.QUEUED, DeliveryState.FAILED_RETRY, DeliveryState.OWED])
    earlier = sa.and_(Outbox.message_id == message_id, Outbox.kind == LATE_REPLY)
    await session.execute(
        sa.update(Outbox)
        .where(earlier, unsent)
        .values(state=DeliveryState.SKIPPED, reason="the message is run again", settled_at=now)
        .execution_options(synchronize_session=False)
    )
    await session.execute(
        sa.update(Outbox)
        .where(earlier, Outbox.key == f"late:{message_id}")
        .values(key=Outbox.key + ":" + sa.cast(Outbox.id, sa.String))
        .execution_options(synchronize_session=False)
    )


def _not_failed(state: MessageState) -> str | None:
    return None if state is MessageState.FAILED else f"没有失败（{STATES[state]}），不用重办。"


def _without_body(has_body: bool) -> str | None:
    return None if has_body else "原文已按保存期限清除，无法重办。"


async def _moved_on(session: AsyncSession, ref: str, serial: int | None) -> str | None:
    """Why the dialogue the message belonged to can no longer take it."""
    if not serial:  # it failed before anything was asked: there is nothing that could have moved
        return None
    dialogue = await session.scalar(sa.select(Dialogue).where(Dialogue.ref == ref).with_for_update())
    if dialogue is None or dialogue.state is DialogueState.ENDED:
        return "所属的对话已经结束，重办会答非所问。"
    if dialogue.state is not DialogueState.OPEN:
        return "所属的对话已被搁置，对方回复「继续」后可以重新作答。"
    if dialogue.serial != serial:
        return "所属的对话已经往下进行，重办会打乱现在的问题。"
    return None


async def list_messages(
    session: AsyncSession, *, state: MessageState | None = None, limit: int = 50
) -> Sequence[Message]:
    """The newest messages without what was said in them."""
    query = sa.select(Message).options(*_without_words()).order_by(Message.id.desc()).limit(limit)
    if state is not None:
        query = query.where(Message.state == state)
    return (await session.scalars(query)).all()


async def get_message(session: AsyncSession, message_id: int, *, words: bool = False) -> Message:
    """One message; its words are opened only with `words`.

    Raises:
        NotFound: no such message.
    """
    query = sa.select(Message).where(Message.id == message_id)
    message = await session.scalar(query if words else query.options(*_without_words()))
    if message is None:
        raise NotFound(f"没有编号为 {message_id} 的消息。")
    return message


def _without_words() -> tuple[ORMOption, ...]:
    return tuple(defer(column, raiseload=True) for column in (Message.body, Message.reply))
