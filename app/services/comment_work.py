"""What staff do with comments: let them through or not, hide, answer, and close those of an article.

Every act names the version that was seen; nobody decides on his own. Not here: writing (`article_comments`).
"""

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import article_comments, articles, comment_notices
from app.services.audit import does
from app.services.board_rows import REASON, MovedOn, NotNow
from app.services.board_wording import plain
from app.services.board_work import Seen, checked_answer, refuse_own
from models import Article, ArticleComment, BoardState


async def publish(session: AsyncSession, seen: Seen, now: datetime) -> ArticleComment:
    """From 待审. Raises: NotFound, MovedOn, NotNow; DomainError: one's own."""
    comment = await _lock(session, seen)
    if comment.state is not BoardState.PENDING:
        raise NotNow(f"这条评论现在是「{comment.state.label}」，不用再通过。")
    await _refuse_own(session, comment, seen)
    return await _do(session, comment, seen, BoardState.PUBLISHED, now, comment_notices.PUBLISHED)


async def refuse(session: AsyncSession, seen: Seen, reason: str, now: datetime) -> ArticleComment:
    """From 待审; the writer is told why. Raises: NotFound, MovedOn, NotNow; DomainError: no reason."""
    reason = _reason(reason)
    comment = await _lock(session, seen)
    return await _do(session, comment, seen, BoardState.REFUSED, now, comment_notices.REFUSED, reason)


async def hide(session: AsyncSession, seen: Seen, reason: str, now: datetime) -> ArticleComment:
    """What is shown, or was hidden by reports and is to stay so. Raises: as `refuse`."""
    reason = _reason(reason)
    comment = await _lock(session, seen)
    if comment.state is BoardState.HIDDEN and comment.reports:
        comment.state = BoardState.PUBLISHED  # hidden anew, by somebody now
    comment.reports = 0
    return await _do(session, comment, seen, BoardState.HIDDEN, now, comment_notices.HIDDEN, reason)


async def show(session: AsyncSession, seen: Seen, now: datetime) -> ArticleComment:
    """Again shown, its reports settled. Raises: NotFound, MovedOn, NotNow; DomainError: one's own."""
    comment = await _lock(session, seen)
    if comment.state is not BoardState.HIDDEN:
        raise NotNow(f"这条评论现在是「{comment.state.label}」，不用恢复。")
    await _refuse_own(session, comment, seen)
    comment.reports = 0
    return await _do(session, comment, seen, BoardState.PUBLISHED, now, comment_notices.SHOWN)


async def dismiss(session: AsyncSession, seen: Seen, now: datetime) -> ArticleComment:
    """The reports were looked at, and it stays. Raises: NotFound, MovedOn, NotNow; DomainError: one's own."""
    comment = await _lock(session, seen)
    if comment.state is not BoardState.PUBLISHED or not comment.reports:
        raise NotNow("这条评论没有要处理的举报。")
    await _refuse_own(session, comment, seen)
    comment.reports = 0
    does(session, "comment.dismiss", comment.public_id)
    await session.flush()
    return comment


async def reply(session: AsyncSession, seen: Seen, unit: str, text: str, now: datetime) -> ArticleComment:
    """Stands under the comment, in the name of `unit`; a second one replaces the first.

    Raises: NotFound, MovedOn; NotNow: it is not shown; DomainError: fields.
    """
    unit, text = checked_answer(unit, text)
    comment = await _lock(session, seen)
    if comment.state is not BoardState.PUBLISHED:
        raise NotNow("公开的评论才能答复。")
    does(session, "comment.reply", comment.public_id)
    comment.reply, comment.reply_unit = text, unit
    comment.reply_by, comment.replied_at = seen.by.name, now
    await comment_notices.moved(session, comment, comment_notices.REPLIED, now)
    return comment


async def close(session: AsyncSession, article_id: str, *, closed: bool) -> Article:
    """No more comments of this article, or again; what is shown stays. Raises: NotFound."""
    article = await articles.get(session, article_id)
    does(session, "comment.close" if closed else "comment.open", article.public_id)
    article.comments_closed = closed
    await session.flush()
    return article


async def count_pending(session: AsyncSession) -> int:
    chosen = sa.select(sa.func.count()).select_from(ArticleComment).where(sa.text("state = 'pending'"))
    return await session.scalar(chosen) or 0


async def count_reported(session: AsyncSession) -> int:
    chosen = sa.select(sa.func.count()).select_from(ArticleComment).where(sa.text("reports > 0"))
    return await session.scalar(chosen) or 0


# --- parts -------------------------------------------------------------------------------------------------

_ACTS: Final = {
    comment_notices.PUBLISHED: "comment.publish",
    comment_notices.REFUSED: "comment.refuse",
    comment_notices.HIDDEN: "comment.hide",
    comment_notices.SHOWN: "comment.show",
}


async def _lock(session: AsyncSession, seen: Seen) -> ArticleComment:
    comment = await article_comments.get(session, seen.public_id, lock=True)
    if comment.version != seen.version:
        raise MovedOn(f"没有办：这条评论刚刚有变动，现在是「{comment.state.label}」，请看过再办。")
    return comment


async def _do(
    session: AsyncSession,
    comment: ArticleComment,
    seen: Seen,
    to: BoardState,
    now: datetime,
    kind: str,
    reason: str = "",
) -> ArticleComment:
    article_comments.move(comment, to, by=seen.by.name, now=now, reason=reason)
    does(session, _ACTS[kind], comment.public_id, reason=reason or None)
    await comment_notices.moved(session, comment, kind, now)
    await session.flush()
    return comment


async def _refuse_own(session: AsyncSession, comment: ArticleComment, seen: Seen) -> None:
    await refuse_own(session, seen, comment.author_digest, article_comments.author_digest)


def _reason(words: str) -> str:
    words = plain(words)
    if not words or len(words) > REASON:
        raise DomainError(f"请写为什么，1 到 {REASON} 个字，作者会看到。")
    return words
