"""What becomes of comments and reports of them when persons become one, close the account, or time passes."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import article_comments
from app.services.article_comments import author_digest, report_digest
from app.services.board_forgetting import AUTHORS_FOR, KEPT_FOR
from app.services.board_rows import MOVES, WRITER
from app.services.forgetting import Ids, Rule, Where, change
from models import ArticleComment, BoardState, CommentReport


async def hand_over(session: AsyncSession, gone: int, stays: int) -> None:
    """One person turned out to be another: his comments are the other's from now on."""
    for comment in await _of(session, gone):
        comment.author_digest, comment.author = author_digest(stays), {"person_id": stays}
    await session.flush()


async def hand_over_reports(session: AsyncSession, gone: int, stays: int) -> None:
    """What both reported is a report of one."""
    old, new = report_digest(gone), report_digest(stays)
    both = sa.select(CommentReport.comment_id).where(CommentReport.person_digest == new)
    twice = sa.and_(CommentReport.person_digest == old, CommentReport.comment_id.in_(both))
    ids = (await session.scalars(sa.select(CommentReport.comment_id).where(twice))).all()
    less = sa.update(ArticleComment).where(ArticleComment.id.in_(ids), ArticleComment.reports > 0)
    await change(session, less.values(reports=ArticleComment.reports - 1))
    theirs = CommentReport.person_digest == old
    await change(session, sa.delete(CommentReport).where(theirs, CommentReport.comment_id.in_(ids)))
    await change(session, sa.update(CommentReport).where(theirs).values(person_digest=new))


async def close(session: AsyncSession, person_id: int, channel: str, now: datetime) -> list[tuple[str, str]]:
    """The account is closed: comments go, reports stay without a name."""
    count = 0
    for comment in await _of(session, person_id):
        count += bool(comment.text)
        if BoardState.WITHDRAWN in MOVES[comment.state]:
            article_comments.move(comment, BoardState.WITHDRAWN, by=WRITER, now=now)
        article_comments.empty(comment)
        comment.author_digest = comment.author = comment.once_digest = None
    await session.flush()
    mine = sa.update(CommentReport).where(CommentReport.person_digest == report_digest(person_id))
    await change(session, mine.values(person_digest=None))
    return [("文章下面的评论", f"{count} 条已撤下，文字已删除")] if count else []


async def _of(session: AsyncSession, person_id: int) -> list[ArticleComment]:
    mine = sa.select(ArticleComment).where(ArticleComment.author_digest == author_digest(person_id))
    locked = mine.order_by(ArticleComment.id).with_for_update().execution_options(populate_existing=True)
    return list(await session.scalars(locked))


def _is_over(now: datetime) -> Where:
    over = sa.text("article_comment.state IN ('hidden', 'refused', 'withdrawn')")
    return over, ArticleComment.decided_at <= now - KEPT_FOR, ArticleComment.author_digest.is_not(None)


async def _forget_over(session: AsyncSession, ids: Ids, now: datetime) -> int:
    """Words and writer; that there was a comment, and what was decided, stays."""
    due = sa.select(ArticleComment).where(ArticleComment.id.in_(ids), *_is_over(now))
    found = (await session.scalars(due.order_by(ArticleComment.id).with_for_update())).all()
    for comment in found:
        article_comments.empty(comment)
        comment.author_digest = comment.author = comment.once_digest = comment.reason = None
        comment.reports = 0
    await session.flush()
    theirs = sa.update(CommentReport).where(CommentReport.comment_id.in_([each.id for each in found]))
    await change(session, theirs.values(person_digest=None))
    return len(found)


def _is_old(now: datetime) -> Where:
    return (
        ArticleComment.state == BoardState.PUBLISHED,
        ArticleComment.published_at <= now - AUTHORS_FOR,
        ArticleComment.author_digest.is_not(None),
    )


async def _forget_writers(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = sa.update(ArticleComment).where(ArticleComment.id.in_(ids), *_is_old(now))
    return await change(session, old.values(author_digest=None, author=None, once_digest=None))


forget_over = Rule("article_comments_over", ArticleComment.id, _is_over, _forget_over)
forget_writers = Rule("comment_writers", ArticleComment.id, _is_old, _forget_writers)
