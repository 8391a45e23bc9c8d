"""Reading the board: what is public in three orders, by topic and words, page by page; one for a reader."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.services import board_rows
from app.services.board_rows import NOWHERE, author_digest
from app.services.keysets import beyond
from models import BoardAnswer, BoardPost, BoardState, BoardTopic, FileState, StoredFile

PAGE: Final = 20
PINNED: Final = 5  # shown above the first page
LONGEST: Final = 40  # characters of a search
# Written as in the indexes, or neither database would use them.
_PUBLIC: Final = sa.text("board_post.state = 'published'")


class Order(StrEnum):
    NEWEST = "newest"
    LIKED = "liked"
    ANSWERED = "answered"

    @property
    def label(self) -> str:
        return {"newest": "最新", "liked": "点赞多", "answered": "有答复"}[self.value]

    @property
    def keys(self) -> list[Any]:
        first: Any = {
            "newest": BoardPost.published_at,
            "liked": BoardPost.likes,
            "answered": BoardPost.answered_at,
        }[self.value]
        return [first, BoardPost.id]


@dataclass(frozen=True, slots=True)
class Page:
    posts: Sequence[BoardPost]
    pinned: Sequence[BoardPost]
    more: str  # the post after which the next page begins; empty where there is none


async def list_public(
    session: AsyncSession,
    order: Order = Order.NEWEST,
    *,
    topic: BoardTopic | None = None,
    words: str = "",
    after: str = "",
    limit: int = PAGE,
) -> Page:
    """What all may read. `after` is the public id of the last one on the page before."""
    chosen = sa.select(BoardPost).where(_PUBLIC, *_narrowed(order, topic, words))
    is_plain = order is Order.NEWEST and topic is None and not words
    pinned: Sequence[BoardPost] = []
    if is_plain:
        if not after:
            pinned = await _pinned(session)
        chosen = chosen.where(BoardPost.pinned_at.is_(None))
    last = await _find(session, after) if after else None
    if last is not None and (keys := [getattr(last, each.key) for each in order.keys])[0] is not None:
        chosen = chosen.where(beyond(order.keys, keys, descending=True))
    chosen = chosen.order_by(*(each.desc() for each in order.keys)).limit(limit + 1)
    found = (await session.scalars(chosen)).all()
    more = found[limit - 1].public_id if len(found) > limit else ""
    return Page(found[:limit], pinned, more)


def _narrowed(order: Order, topic: BoardTopic | None, words: str) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if order is Order.ANSWERED:
        found.append(BoardPost.answered_at.is_not(None))
    if topic is not None:
        found.append(BoardPost.topic == topic)
    found += [BoardPost.found_by.contains(term, autoescape=True) for term in terms_of(words)]
    return found


def terms_of(words: str) -> list[str]:
    return words[:LONGEST].lower().split()


async def _pinned(session: AsyncSession) -> Sequence[BoardPost]:
    chosen = sa.select(BoardPost).where(_PUBLIC, BoardPost.pinned_at.is_not(None))
    return (await session.scalars(chosen.order_by(BoardPost.pinned_at.desc()).limit(PINNED))).all()


async def _find(session: AsyncSession, public_id: str) -> BoardPost | None:
    found: BoardPost | None = await session.scalar(
        sa.select(BoardPost).where(BoardPost.public_id == public_id)
    )
    return found


async def get_for(session: AsyncSession, public_id: str, person_id: int | None) -> tuple[BoardPost, bool]:
    """A public post for who reads it, and whether it is his own.

    What is not public is not here for its writer either: he has an address of his own
    (`board_rows.get_mine_at`), lest this one, which gets public, be known as his.

    Raises: NotFound.
    """
    post = await board_rows.get(session, public_id)
    if post.state is not BoardState.PUBLISHED:
        raise NotFound(NOWHERE)
    return post, person_id is not None and post.author_digest == author_digest(person_id)


async def answers_of(session: AsyncSession, post: BoardPost) -> Sequence[BoardAnswer]:
    """Oldest first."""
    chosen = sa.select(BoardAnswer).where(BoardAnswer.post_id == post.id).order_by(BoardAnswer.id)
    return (await session.scalars(chosen)).all()


async def picture_of(session: AsyncSession, post: BoardPost, position: int) -> StoredFile:
    """The picture at `position`, from 1. Raises: NotFound."""
    name = post.pictures[position - 1] if 1 <= position <= len(post.pictures) else ""
    found = await session.scalar(
        sa.select(StoredFile).where(StoredFile.public_id == name, StoredFile.state == FileState.READY)
    )
    if found is None:
        raise NotFound("没有找到这张图片。")
    return found


async def list_waiting(session: AsyncSession, limit: int) -> Sequence[BoardPost]:
    """What staff look at first: reported ones, then those to be decided on, each the oldest first."""
    reported = sa.select(BoardPost).where(sa.text("board_post.reports > 0")).order_by(BoardPost.id)
    found = list(await session.scalars(reported.limit(limit)))
    pending = sa.select(BoardPost).where(sa.text("board_post.state = 'pending'")).order_by(BoardPost.id)
    return [*found, *await session.scalars(pending.limit(limit))]
