"""What reviewers say about a draft or one block of it; writers answer, and mark it as dealt with.

A comment keeps how its block began: blocks are moved and changed. Functions flush and never commit.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.errors import DomainError, NotFound
from app.services.audit import does
from app.services.content_forms import Filled
from app.services.content_pieces import get, open_draft
from app.services.permissions import Right, Standing, may
from models import ContentComment, ContentDraft, ContentKind

LONGEST: Final = 500
_QUOTED: Final = 60


async def add(
    session: AsyncSession,
    kind: ContentKind,
    key: str,
    text: str,
    *,
    version: int,
    block: int | None,
    once: str,
    by: Standing,
    now: datetime,
) -> None:
    """`version` is that of the draft that was read, `block` a number from 1. The same form twice is one.

    Raises:
        NotFound: no such thing.
        MovedOn: the draft is not what was read any more.
        DomainError: no words, too many, or no such block.
    """
    await get(session, kind, key, lock=True)  # two who send the same form stand in one queue
    if await session.scalar(sa.select(ContentComment.id).where(ContentComment.once == once)) is not None:
        return
    draft = await open_draft(session, kind, key, version)
    text = _checked(text, "请写意见。")
    quotes = dict(blocks_of(draft))
    if block is not None and block not in quotes:
        raise DomainError("没有这一块，请重新选择。")
    session.add(
        ContentComment(
            once=once[:32],
            draft_id=draft.id,
            block=block,
            quote="" if block is None else quotes[block],
            text=text,
            staff_id=by.staff_id,
            by=by.name,
            at=now,
        )
    )
    await session.flush()
    does(session, "content.comment", key, kind=kind.value, title=draft.title)


async def answer(
    session: AsyncSession,
    kind: ContentKind,
    key: str,
    public_id: str,
    text: str,
    *,
    by: Standing,
    now: datetime,
) -> None:
    """Raises: NotFound, DomainError: no words, or it is dealt with."""
    comment, draft = await _get(session, kind, key, public_id)
    if comment.done_at is not None:
        raise DomainError("这条意见已经处理完了。")
    comment.answer, comment.answered_by, comment.answered_at = _checked(text, "请写答复。"), by.name, now
    await session.flush()
    does(session, "content.comment_answer", key, kind=kind.value, title=draft.title)


async def finish(
    session: AsyncSession, kind: ContentKind, key: str, public_id: str, *, by: Standing, now: datetime
) -> None:
    """Dealt with, as a writer says or who said it. Twice is no error. Raises: NotFound, DomainError."""
    comment, draft = await _get(session, kind, key, public_id)
    if comment.staff_id != by.staff_id and not may(by, Right.CONTENT_WRITE, None):
        raise DomainError("只有作者和提意见的人能标为已处理。")
    if comment.done_at is not None:
        return
    comment.done_at, comment.done_by = now, by.name
    await session.flush()
    does(session, "content.comment_done", key, kind=kind.value, title=draft.title)


async def list_all(session: AsyncSession, draft: ContentDraft) -> Sequence[ContentComment]:
    """Those that are open first, then the oldest first."""
    chosen = sa.select(ContentComment).where(ContentComment.draft_id == draft.id)
    found = await session.scalars(chosen.order_by(ContentComment.id))
    return sorted(found, key=lambda each: each.done_at is not None)


async def list_open(session: AsyncSession, draft: ContentDraft) -> Sequence[ContentComment]:
    return [each for each in await list_all(session, draft) if each.done_at is None]


# --- blocks ------------------------------------------------------------------------------------------------


def blocks_of(draft: ContentDraft) -> list[tuple[int, str]]:
    """Number from 1 and beginning of each block that says anything."""
    return _beginnings(dict(draft.filled))  # type: ignore[call-overload]


def place_of(comment: ContentComment, filled: Filled) -> int | None:
    """Where its block stands by now: the one that begins so, else the one of its number."""
    if comment.block is None:
        return None
    now = _beginnings(filled)
    same = [number for number, quote in now if quote == comment.quote]
    if same:
        return min(same, key=lambda number: abs(number - (comment.block or 0)))
    return comment.block if comment.block in dict(now) else None


def _beginnings(filled: Filled) -> list[tuple[int, str]]:
    texts = [
        " ".join(rich_text.read_by_people(str(type_), str(text)).split())
        for type_, text, *_rest in filled.get("blocks", [])
    ]
    return [(number, text[:_QUOTED]) for number, text in enumerate(texts, 1) if text]


# --- parts -------------------------------------------------------------------------------------------------


async def _get(
    session: AsyncSession, kind: ContentKind, key: str, public_id: str
) -> tuple[ContentComment, ContentDraft]:
    """One of the open draft. Raises: NotFound."""
    draft = (await get(session, kind, key, lock=True)).draft
    chosen = sa.select(ContentComment).where(ContentComment.public_id == public_id)
    found = None if draft is None else await session.scalar(chosen.where(ContentComment.draft_id == draft.id))
    if found is None or draft is None:
        raise NotFound("没有找到这条意见，这份草稿可能已经发布或作废。")
    return found, draft


def _checked(text: str, missing: str) -> str:
    if not text.strip():
        raise DomainError(missing)
    if len(text) > LONGEST:
        raise DomainError(f"最多 {LONGEST} 个字，现在是 {len(text)} 个字，请缩短。")
    return text.strip()
