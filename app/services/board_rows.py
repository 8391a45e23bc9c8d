"""Rows of the board: how one is found and locked, by which digests people are found again, how one moves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import spoken, start_of_day
from app.errors import DomainError, NotFound
from models import BoardMove, BoardPost, BoardState
from models.sealing import keyring

S = BoardState
MOVES: Final[Mapping[BoardState, frozenset[BoardState]]] = {
    S.PENDING: frozenset({S.PUBLISHED, S.REFUSED, S.WITHDRAWN}),
    S.PUBLISHED: frozenset({S.HIDDEN, S.WITHDRAWN}),
    S.HIDDEN: frozenset({S.PUBLISHED, S.WITHDRAWN}),
    S.REFUSED: frozenset(),
    S.WITHDRAWN: frozenset(),
}
REASON: Final = 200  # characters
NOWHERE: Final = "没有找到这条帖子，可能已经不公开了。"
WRITER: Final = "作者"
SYSTEM: Final = "系统"  # moves it when as many persons reported it
_BY_DAY: Final = (WRITER, SYSTEM)  # of whose moves the day is kept: the minute leads to a person


class NotNow(DomainError):
    """The post stands otherwise than this needs."""


class MovedOn(DomainError):
    """Somebody was faster; who saw the post before must look at it again."""


def author_digest(person_id: int) -> bytes:
    """Finds a person's posts again. A digest of its own for each thing joins nothing."""
    return keyring().digest(str(person_id), "board-author")


def like_digest(person_id: int) -> bytes:
    return keyring().digest(str(person_id), "board-like")


def report_digest(person_id: int) -> bytes:
    return keyring().digest(str(person_id), "board-report")


async def get(session: AsyncSession, public_id: str, *, lock: bool = False) -> BoardPost:
    """Whatever its state. Raises: NotFound."""
    chosen = sa.select(BoardPost).where(BoardPost.public_id == public_id)
    if lock:
        chosen = chosen.with_for_update().execution_options(populate_existing=True)
    found = await session.scalar(chosen)
    if found is None:
        raise NotFound(NOWHERE)
    return found


async def get_own(session: AsyncSession, public_id: str, person_id: int, *, lock: bool = False) -> BoardPost:
    """Raises: NotFound: none, or somebody else's."""
    post = await get(session, public_id, lock=lock)
    if post.author_digest != author_digest(person_id):
        raise NotFound(NOWHERE)
    return post


def address_of(post: BoardPost, person_id: int) -> str:
    """What the address of one's own post ends with: a digest that tells nobody which post it is.

    A proxy's log knows whose browser came, and when; it must not hold the id that gets public later.
    """
    return keyring().digest(f"{person_id}:{post.public_id}", "board-address").hex()


async def get_mine_at(session: AsyncSession, person_id: int, address: str) -> BoardPost:
    """One's own post by its address. Raises: NotFound: none, or somebody else's."""
    mine = sa.select(BoardPost).where(BoardPost.author_digest == author_digest(person_id))
    for post in await session.scalars(mine.order_by(BoardPost.id.desc())):
        if address_of(post, person_id) == address:
            return post
    raise NotFound(NOWHERE)


async def lock_seen(session: AsyncSession, public_id: str, version: int, now: datetime) -> BoardPost:
    """For staff who act on what they saw. Raises: NotFound; MovedOn: it is not as it was then."""
    post = await get(session, public_id, lock=True)
    if post.version != version:
        who = post.decided_by or WRITER
        if post.decided_at is not None and who not in _BY_DAY:
            who = f"{who}（{spoken(post.decided_at, now)}）"
        raise MovedOn(
            f"没有办：这条帖子刚刚有变动，最近动它的是{who}。现在是「{post.state.label}」，请看过再办。"
        )
    return post


def move(
    session: AsyncSession,
    post: BoardPost,
    to: BoardState,
    *,
    by: str,
    channel: str,
    now: datetime,
    reason: str = "",
) -> BoardMove:
    """Put the post into another state, and down what happened.

    Raises: NotNow: there is no such move.
    """
    if to not in MOVES[post.state]:
        raise NotNow(f"这条帖子现在是「{post.state.label}」，不能改成「{to.label}」。")
    at = _kept(now, by)
    row = note(session, post, to, by=by, channel=channel, now=now, reason=reason)
    post.state, post.reason = to, reason or None
    post.decided_at, post.decided_by = at, by
    post.found_by = words_of(post) if to is S.PUBLISHED else ""
    if to is not S.PUBLISHED:
        post.pinned_at = None
    return row


def note(
    session: AsyncSession,
    post: BoardPost,
    to: BoardState,
    *,
    by: str,
    channel: str,
    now: datetime,
    reason: str = "",
    is_new: bool = False,
) -> BoardMove:
    """Put down what happened; `to` is the present state where nothing moved."""
    row = BoardMove(
        post_id=post.id,
        from_state=None if is_new else post.state,
        to_state=to,
        by=by,
        reason=reason or None,
        channel=channel,
        at=_kept(now, by),
    )
    session.add(row)
    return row


def _kept(now: datetime, by: str) -> datetime:
    return start_of_day(now) if by in _BY_DAY else now


def words_of(post: BoardPost) -> str:
    """What a search looks through: small letters, in one line."""
    return " ".join(f"{post.title} {post.text} {post.name}".lower().split())


async def moves_of(session: AsyncSession, post: BoardPost) -> list[BoardMove]:
    """Oldest first."""
    found: Any = await session.scalars(
        sa.select(BoardMove).where(BoardMove.post_id == post.id).order_by(BoardMove.id)
    )
    return list(found)
