"""What waits for one person about one case travels as one message: WeChat counts messages, not words.

The rows are leased together and settled together, each for itself: what a killed sender leaves behind is
`unknown` row by row. What does not fit into one text goes with the next. The last message that a window
allows waits a moment for what staff may add. Of two cases nothing travels together: who reads the tables
without our keys must not learn that an anonymous one and a named one are of the same person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from app.services import outbox, windows
from app.services.notice_consents import Yes
from app.services.windows import Place
from models import DeliveryState, Follower, Outbox, Way
from models.sealing import SealBroken

TEXT_BYTES: Final = 2048  # of one message
MORE_WITHIN: Final = timedelta(seconds=30)  # of the newest, while the last message of a window is held
AT_MOST: Final = timedelta(minutes=2)  # since the oldest
IN_TURN: Final = timedelta(seconds=2)  # until the next look, while an earlier one is being sent
_WAITING: Final = (DeliveryState.QUEUED, DeliveryState.FAILED_RETRY)


Taken = Place | Yes
"""What a message uses up: a place in a window, or a yes to a notice."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Leased rows, ready to go as one: all the sender needs, read before the network is touched."""

    outbox_ids: Sequence[int]
    kind: str
    payload: Any
    way: Way
    openid: str
    lease_token: str
    taken: Taken | None  # None: it goes by a template that needs neither

    @property
    def outbox_id(self) -> int:
        """The first."""
        return self.outbox_ids[0]


async def put_off(session: AsyncSession, row: Outbox, follower: Follower, now: datetime) -> datetime | None:
    """Until when a row about a case must wait, though it could be sent; None: not at all.

    `row` and `follower` are locked.
    """
    if not outbox.matter(row.key):
        return None
    under_way = sa.select(Outbox.id).where(
        *_alike(row), Outbox.state == DeliveryState.SENDING, Outbox.id < row.id
    )
    if await session.scalar(under_way.limit(1)) is not None:
        return now + IN_TURN
    return await held_until(session, row, follower, now)


async def held_until(
    session: AsyncSession, row: Outbox, follower: Follower, now: datetime
) -> datetime | None:
    """Until when the last message of the window is kept for what staff may add; None: it is not the last."""
    if row.urgent or not outbox.matter(row.key) or not windows.is_last(follower, now):
        return None
    written = sa.select(sa.func.min(Outbox.created_at), sa.func.max(Outbox.created_at))
    oldest, newest = (await session.execute(written.where(*_alike(row), Outbox.state.in_(_WAITING)))).one()
    if oldest is None:
        return None
    until: datetime = min(newest + MORE_WITHIN, oldest + AT_MOST)
    return until if until > now else None


async def load(session: AsyncSession, row: Outbox) -> tuple[list[Outbox], Any]:
    """The rows that go now, in their order, and what the message says. `row` and its reader are locked.

    Where older ones fill the message, `row` itself is not among them and stays due.

    Raises:
        SealBroken: no key opens the words of `row`.
    """
    words = await _words(session, row)
    if not outbox.matter(row.key) or not _is_text(words):
        return [row], words
    found: list[tuple[Outbox, Any]] = []
    for each in await _waiting(session, row):
        if each.id == row.id:
            found.append((row, words))
            continue
        try:
            found.append((each, await _words(session, each)))
        except SealBroken:
            continue  # it is told apart when its own turn comes
    return _fitting(found)


def _fitting(found: Sequence[tuple[Outbox, Any]]) -> tuple[list[Outbox], Any]:
    """The first of them, and as many of the next as one text holds."""
    rows, words = [found[0][0]], found[0][1]
    if not _is_text(words):
        return rows, words
    texts = [str(words["content"])]
    for row, more in found[1:]:
        if not _is_text(more):
            break
        together = outbox.joined([*texts, str(more["content"])])
        if len(together.encode()) > TEXT_BYTES:
            break
        rows.append(row)
        texts.append(str(more["content"]))
    return rows, (words if len(rows) == 1 else {"type": "text", "content": outbox.joined(texts)})


async def _waiting(session: AsyncSession, row: Outbox) -> Sequence[Outbox]:
    """`row` and those about the same case, the oldest first; locked.

    Also what was to be tried later, and what is owed: it must not be told after what came later.
    """
    chosen = sa.select(Outbox).options(defer(Outbox.payload, raiseload=True))
    unsent = Outbox.state.in_((*_WAITING, DeliveryState.OWED))
    chosen = chosen.where(*_alike(row), unsent).order_by(Outbox.id)
    return (await session.scalars(chosen.with_for_update(skip_locked=True))).all()


def _alike(row: Outbox) -> tuple[sa.ColumnElement[bool], ...]:
    """About the same case, for the same person."""
    about = Outbox.key.startswith(outbox.matter(row.key), autoescape=True)
    return Outbox.person_id == row.person_id, Outbox.follower_id.is_not_distinct_from(row.follower_id), about


async def _words(session: AsyncSession, row: Outbox) -> Any:
    return await session.scalar(sa.select(Outbox.payload).where(Outbox.id == row.id))


def _is_text(words: Any) -> bool:
    return isinstance(words, dict) and words.get("type") == "text"
