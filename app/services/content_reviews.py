"""Deciding on content: approved by somebody who did not write it, sent back, taken down.

What is decided on is exactly what was looked at. What is shown stays until its draft takes its place.
Functions flush and never commit.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import articles, content_revisions, contents, library
from app.services.audit import does
from app.services.content_forms import ReadyArticle
from app.services.content_pieces import TABLES, get, move, note, open_draft, writers
from app.services.permissions import Standing
from models import Article, ArticleState, ContentKind

S = ArticleState


async def approve(
    session: AsyncSession, kind: ContentKind, key: str, *, version: int, by: Standing, now: datetime
) -> ArticleState:
    """Show what was reviewed: now, or at the moment that an article names. `version` is what was looked at.

    Raises:
        NotFound: no such thing, or no draft of it.
        MovedOn: it is not what was looked at any more.
        DomainError: one's own writing; not in review; it does not do any more.
    """
    draft = await open_draft(session, kind, key, version)
    if by.staff_id in writers(draft):
        raise DomainError("这一条是您自己写的，请另一位审核人审核。")
    ready = await contents.ready(session, draft, now)
    if isinstance(ready, ReadyArticle):
        row = await articles.put(session, key, ready, by=by.name, now=now)
        to = S.SCHEDULED if row.published_at is not None and row.published_at > now else S.PUBLISHED
    else:
        await library.put(session, TABLES[kind], ready)
        to = S.PUBLISHED
    move(session, draft, to, by.name, now)
    await content_revisions.was_approved(session, draft, now)
    does(session, "content.approve", key, kind=kind.value, title=draft.title)
    return to


async def send_back(
    session: AsyncSession,
    kind: ContentKind,
    key: str,
    *,
    version: int,
    reason: str,
    by: Standing,
    now: datetime,
) -> None:
    """Raises: NotFound, MovedOn, DomainError: not in review, or no reason was given."""
    draft = await open_draft(session, kind, key, version)
    if not reason.strip():
        raise DomainError("请写明要改什么，作者会看到。")
    move(session, draft, S.CHANGES_REQUESTED, by.name, now, reason.strip()[:200])
    await session.flush()
    does(session, "content.send_back", key, reason=reason.strip()[:200], kind=kind.value, title=draft.title)


async def withdraw(
    session: AsyncSession, kind: ContentKind, key: str, *, reason: str, by: Standing, now: datetime
) -> None:
    """Take down what is shown; files do not bring it back. Twice is no error.

    Raises: NotFound, DomainError: no reason was given.
    """
    piece = await get(session, kind, key, lock=True)
    if not piece.is_shown:
        return
    if not reason.strip():
        raise DomainError("请写明为什么撤下，记在经过里。")
    reason = reason.strip()[:200]
    if isinstance(piece.shown, Article):
        articles.withdraw(session, piece.shown, by=by.name, reason=reason, now=now)
    elif piece.shown is not None:
        await library.withdraw(session, piece.shown)
    note(session, piece.kind, key, S.PUBLISHED, S.WITHDRAWN, by.name, now, reason)
    await session.flush()
    does(session, "content.withdraw", key, reason=reason, kind=kind.value, title=piece.title)
