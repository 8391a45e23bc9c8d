"""What each thing of the content said before: kept at every save, listed, forgotten.

Identical words make no second revision, and one sitting of writing makes one. What was never shown is
forgotten after a year. Not here: what two revisions differ in (`content_differences`), bringing one back
(`contents`).
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.services.content_forms import Filled
from app.services.content_pieces import Piece, writers
from app.services.forgetting import Ids, Rule, Where, change
from app.services.permissions import Standing
from models import OPEN_DRAFTS, ContentDraft, ContentKind, ContentRevision

SITTING: Final = timedelta(minutes=30)  # without a word
KEPT_FOR: Final = timedelta(days=366)
R = ContentRevision


# --- kept --------------------------------------------------------------------------------------------------


async def keep(
    session: AsyncSession,
    draft: ContentDraft,
    now: datetime,
    *,
    by: Standing | None = None,
    by_itself: bool = False,
) -> R:
    """What the draft says, which was just saved; the newest one where that says the same.

    What saved itself while `by` was writing is replaced by what the same one says next, until a button is
    pressed or the sitting is over.
    """
    filled = filled_of(draft)
    newest = await _newest(session, draft.kind, draft.key)
    if newest is not None and newest.digest == digest(filled):
        newest.by_itself = newest.by_itself and by_itself
        await session.flush()
        return newest
    sitting = await find_sitting(session, draft.kind, draft.key, by, now) if by is not None else None
    if sitting is not None:
        sitting.filled, sitting.digest, sitting.title = filled, digest(filled), draft.title
        sitting.writer_ids, sitting.at, sitting.by_itself = sorted(writers(draft)), now, by_itself
        await session.flush()
        return sitting
    made = await _add(session, draft.kind, draft.key, filled, draft.by, writers(draft), now)
    made.by_itself = by_itself
    await session.flush()
    return made


async def find_sitting(
    session: AsyncSession, kind: ContentKind, key: str, by: Standing, now: datetime
) -> R | None:
    """The newest, if it saved itself while `by` was writing, not longer ago than a sitting goes on."""
    newest = await _newest(session, kind, key)
    if newest is None or not newest.by_itself or newest.shown_at is not None:
        return None
    found: list[int] = newest.writer_ids  # type: ignore[assignment]
    is_own = newest.by == by.name and by.staff_id in found
    return newest if is_own and now - newest.at < SITTING else None


async def keep_shown(session: AsyncSession, piece: Piece, now: datetime) -> None:
    """What is shown, before somebody begins to change it: of what came with the system there is no save."""
    if piece.shown is None or piece.is_elsewhere:
        return
    shown = await _newest(session, piece.kind, piece.key, sa.and_(R.shown_at.is_not(None)))
    filled = piece.filled_shown()
    if shown is not None and (piece.shown.edited or shown.digest == digest(filled)):
        return
    made = await _add(session, piece.kind, piece.key, filled, "", set(), now)
    made.shown_at = now
    await session.flush()


async def was_approved(session: AsyncSession, draft: ContentDraft, now: datetime) -> None:
    """The words of this draft are those that are shown from now on."""
    (await keep(session, draft, now)).shown_at = now
    await session.flush()


# --- looked at ---------------------------------------------------------------------------------------------


async def list_all(session: AsyncSession, kind: ContentKind, key: str, limit: int) -> Sequence[R]:
    """Newest first."""
    chosen = sa.select(R).where(R.kind == kind, R.key == key).order_by(R.number.desc())
    return (await session.scalars(chosen.limit(limit))).all()


async def get_one(session: AsyncSession, kind: ContentKind, key: str, number: int) -> R:
    """Raises: NotFound."""
    found = await session.scalar(sa.select(R).where(R.kind == kind, R.key == key, R.number == number))
    if found is None:
        raise NotFound("没有这个历史版本，可能已经到期删除。")
    return found


async def find_shown(session: AsyncSession, kind: ContentKind, key: str) -> R | None:
    """What was approved last."""
    return await _newest(session, kind, key, sa.and_(R.shown_at.is_not(None)))


def filled_of(row: R | ContentDraft) -> Filled:
    return dict(row.filled)  # type: ignore[call-overload, no-any-return]


# --- forgotten ---------------------------------------------------------------------------------------------


def _is_old(now: datetime) -> Where:
    is_written = sa.exists().where(
        ContentDraft.kind == R.kind, ContentDraft.key == R.key, ContentDraft.state.in_(OPEN_DRAFTS)
    )
    return R.at <= now - KEPT_FOR, R.shown_at.is_(None), ~is_written


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await change(session, sa.delete(R).where(R.id.in_(ids), *_is_old(now)))


forget_old = Rule("content_revisions", R.id, _is_old, _forget)


# --- parts -------------------------------------------------------------------------------------------------


def digest(filled: Filled) -> str:
    """The same for the same words; a field that is empty is as one that is not there."""
    said = {name: value for name, value in filled.items() if value}
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


async def _newest(
    session: AsyncSession, kind: ContentKind, key: str, which: sa.ColumnElement[bool] | None = None
) -> R | None:
    chosen = sa.select(R).where(R.kind == kind, R.key == key)
    if which is not None:
        chosen = chosen.where(which)
    found: R | None = await session.scalar(chosen.order_by(R.number.desc()).limit(1))
    return found


async def _add(
    session: AsyncSession,
    kind: ContentKind,
    key: str,
    filled: Filled,
    by: str,
    written_by: set[int],
    now: datetime,
) -> R:
    # All who change content stand in one queue: no two get the same number.
    newest = await _newest(session, kind, key)
    values: dict[str, Any] = {"title": str(filled.get("title", ""))[:80], "filled": filled}
    row = R(
        kind=kind,
        key=key,
        number=1 if newest is None else newest.number + 1,
        digest=digest(filled),
        writer_ids=sorted(written_by),
        by=by,
        at=now,
        **values,
    )
    session.add(row)
    await session.flush()
    return row
