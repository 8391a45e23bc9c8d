"""What could not be sent when it was due and opens the person's next passive reply.

A late answer, words of staff to a case, that an activity was called off. It waits as an outbox row that the
group read finds (`journal.OWED`).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.dialogue.journal import DialogueRow
from app.dialogue.performing import Turn
from app.services.outbox import LATE_REPLY, SHORT, joined, matter
from app.wechat.replies import MAX_TEXT_BYTES, News, Nothing, Reply, Text, fit, from_store
from models import DeliveryState, DialogueState, MessageState, Outbox
from models.sealing import SealBroken

log = structlog.get_logger(__name__)

LEAST = 120  # bytes of a shortened answer that are worth saying; with less room it waits for the next reply
LATE = "您刚才问的，答复如下：\n{text}\n——————"
MOST = 20  # rows about one case that one reply looks at
OTHER = "{text}\n——————"  # says itself what it is

_READ: Final = sa.select(Outbox.id, Outbox.kind, Outbox.key, Outbox.person_id)


@dataclass(frozen=True, slots=True)
class Piece:
    """The words of one outbox row. `short` is said where there is no room for all of them."""

    outbox_id: int
    text: str
    short: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """A reply below what is owed, and the rows that are told by it."""

    reply: Reply
    paid: Sequence[int]


@dataclass(frozen=True, slots=True)
class Owed:
    """What waits for a reply to open: the oldest row, and what else is owed about the same case."""

    kind: str
    pieces: Sequence[Piece]

    def above(self, reply: Reply, turn: Turn, at: datetime) -> Opening | None:
        """What `turn` answers, below what is owed; None where that has to wait for another reply.

        It waits for one of text that leaves room, of a message that need not be run again.
        """
        if not isinstance(reply, Text | Nothing) or turn.state is not MessageState.ANSWERED:
            return None
        frame = LATE if self.kind == LATE_REPLY else OTHER
        below = f"\n{reply.content}" if isinstance(reply, Text) else ""
        text, paid = self._within(MAX_TEXT_BYTES - len((frame.format(text="") + below).encode()))
        if not text:
            return None
        _confide(turn, self.kind, at)
        return Opening(Text(frame.format(text=text) + below), paid)

    def _within(self, room: int) -> tuple[str, Sequence[int]]:
        """As many as there is room for, each of them whole; of the oldest alone also less."""
        for count in range(len(self.pieces), 1, -1):
            text = joined([piece.text for piece in self.pieces[:count]])
            if len(text.encode()) <= room:
                return text, [piece.outbox_id for piece in self.pieces[:count]]
        return _alone(self.pieces[0], room), [self.pieces[0].outbox_id]


def _alone(piece: Piece, room: int) -> str:
    if piece.short and len(piece.text.encode()) > room:
        return piece.short if len(piece.short.encode()) <= room else ""
    return fit(piece.text, room) if room >= LEAST else ""


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
    """The words of the row and of those about the same case.

    None when there are none any more, or none that a key opens.
    """
    async with database.reading() as session:
        row = (await session.execute(_READ.where(Outbox.id == outbox_id))).one_or_none()
        if row is None:
            return None
        first = await _piece(session, row)
        if first is None:
            return None
        about, others = matter(row.key), []
        if about:
            alike = (Outbox.person_id == row.person_id, Outbox.key.startswith(about, autoescape=True))
            owed = (Outbox.state == DeliveryState.OWED, Outbox.id > row.id)
            found = await session.execute(_READ.where(*alike, *owed).order_by(Outbox.id).limit(MOST))
            others = [await _piece(session, each) for each in found.all()]
    return Owed(row.kind, [first, *(piece for piece in others if piece is not None)])


async def _piece(session: AsyncSession, row: Any) -> Piece | None:
    try:
        stored: Any = await session.scalar(sa.select(Outbox.payload).where(Outbox.id == row.id))
        if stored is None:
            return None
        return Piece(row.id, _in_words(from_store(stored)), str(stored.get(SHORT, "")))
    except (SealBroken, ValueError) as error:
        log.error("owed_unreadable", outbox=row.id, error=type(error).__name__)
        return None


def _in_words(reply: Reply) -> str:
    """What is owed as text, since it opens another reply."""
    if isinstance(reply, Text):
        return reply.content
    if isinstance(reply, News):
        return "\n".join(f"{article.title} {article.url}" for article in reply.articles)
    return "（是一条图片或音视频，请再问一次。）"
