"""What could not be sent when it was due and opens the person's next passive reply.

A late answer, words of staff to a case, that an activity was called off. It waits as an outbox row that the
group read finds (`journal.OWED`).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog

from app.database import Database
from app.dialogue.journal import DialogueRow
from app.dialogue.performing import Turn
from app.services.outbox import LATE_REPLY, SHORT
from app.wechat.replies import MAX_TEXT_BYTES, News, Nothing, Reply, Text, fit, from_store
from models import DialogueState, MessageState, Outbox
from models.sealing import SealBroken

log = structlog.get_logger(__name__)

LEAST = 120  # bytes of a shortened answer that are worth saying; with less room it waits for the next reply
LATE = "您刚才问的，答复如下：\n{text}\n——————"
OTHER = "{text}\n——————"  # says itself what it is


@dataclass(frozen=True, slots=True)
class Owed:
    """An outbox row that waits for a reply to open. `short` is said where there is no room for all of it."""

    outbox_id: int
    kind: str
    text: str
    short: str = ""

    def above(self, reply: Reply, turn: Turn, at: datetime) -> Reply | None:
        """What `turn` answers, below what is owed; None where that has to wait for another reply.

        It waits for one of text that leaves room, of a message that need not be run again.
        """
        if not isinstance(reply, Text | Nothing) or turn.state is not MessageState.ANSWERED:
            return None
        frame = LATE if self.kind == LATE_REPLY else OTHER
        below = f"\n{reply.content}" if isinstance(reply, Text) else ""
        text = self._within(MAX_TEXT_BYTES - len((frame.format(text="") + below).encode()))
        if not text:
            return None
        _confide(turn, self.kind, at)
        return Text(frame.format(text=text) + below)

    def _within(self, room: int) -> str:
        if self.short and len(self.text.encode()) > room:
            return self.short if len(self.short.encode()) <= room else ""
        return fit(self.text, room) if room >= LEAST else ""


def _confide(turn: Turn, flow: str, at: datetime) -> None:
    """That reply may tell whose case it is: the journal forgets it soon, like a talk of one message."""
    if turn.dialogue is not None and turn.dialogue.confidential:
        return
    turn.dialogue = DialogueRow(
        ref=secrets.token_hex(8),
        flow=flow,
        version=1,
        state=DialogueState.ENDED,
        started_at=at,
        expires_at=at,
        confidential=True,
        ended_at=at,
    )
    turn.dialogues = [*turn.dialogues, turn.dialogue]


async def read_owed(database: Database, outbox_id: int) -> Owed | None:
    """The row's words; None when there are none any more, or none that a key opens."""
    query = sa.select(Outbox.kind, Outbox.payload).where(Outbox.id == outbox_id)
    try:
        async with database.reading() as session:
            row = (await session.execute(query)).one_or_none()
        if row is None or row.payload is None:
            return None
        stored: Any = row.payload
        return Owed(outbox_id, row.kind, _in_words(from_store(stored)), str(stored.get(SHORT, "")))
    except (SealBroken, ValueError) as error:
        log.error("owed_unreadable", outbox=outbox_id, error=type(error).__name__)
        return None


def _in_words(reply: Reply) -> str:
    """What is owed as text, since it opens another reply."""
    if isinstance(reply, Text):
        return reply.content
    if isinstance(reply, News):
        return "\n".join(f"{article.title} {article.url}" for article in reply.articles)
    return "（是一条图片或音视频，请再问一次。）"
