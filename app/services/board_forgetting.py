"""What becomes of posts, likes and reports when persons become one, close the account, or time passes."""

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import board
from app.services.board_rows import author_digest, like_digest, report_digest
from app.services.forgetting import Ids, Rule, Where, change
from models import BoardLike, BoardPost, BoardReport, BoardState

KEPT_FOR: Final = timedelta(days=180)  # what is not public any more, after the last decision
AUTHORS_FOR: Final = timedelta(days=3 * 365)  # of what is public: who wrote it


# --- persons -----------------------------------------------------------------------------------------------


async def hand_over_posts(session: AsyncSession, gone: int, stays: int) -> None:
    """One person turned out to be another: his posts are the other's from now on."""
    for post in await _posts_of(session, gone):
        post.author_digest, post.author = author_digest(stays), {"person_id": stays}
    await session.flush()


async def hand_over_likes(session: AsyncSession, gone: int, stays: int) -> None:
    """What both liked counts once."""
    old, new = like_digest(gone), like_digest(stays)
    both = sa.select(BoardLike.post_id).where(BoardLike.person_digest == new)
    twice = sa.and_(BoardLike.person_digest == old, BoardLike.post_id.in_(both))
    doubled = (await session.scalars(sa.select(BoardLike.post_id).where(twice))).all()
    await _drop_likes(session, old, doubled)
    await change(
        session, sa.update(BoardLike).where(BoardLike.person_digest == old).values(person_digest=new)
    )


async def hand_over_reports(session: AsyncSession, gone: int, stays: int) -> None:
    """What both reported is a report of one."""
    old, new = report_digest(gone), report_digest(stays)
    both = (
        await session.scalars(sa.select(BoardReport.post_id).where(BoardReport.person_digest == new))
    ).all()
    twice = sa.select(BoardReport).where(BoardReport.person_digest == old, BoardReport.post_id.in_(both))
    for row in (await session.scalars(twice.order_by(BoardReport.id))).all():
        if row.settled_at is None:
            less = sa.update(BoardPost).where(BoardPost.id == row.post_id, BoardPost.reports > 0)
            await change(session, less.values(reports=BoardPost.reports - 1))
        await session.delete(row)
    await session.flush()
    theirs = sa.update(BoardReport).where(BoardReport.person_digest == old)
    await change(session, theirs.values(person_digest=new))


async def take_away_posts(session: AsyncSession, person_id: int, *, channel: str, now: datetime) -> int:
    """The writer wants all of them gone; returns how many there were.

    Free words may tell who wrote them, so leaving them there without a name would not be enough (PIPL 47).
    """
    count = 0
    for post in await _posts_of(session, person_id):
        count += bool(post.title)
        await board.take_away(session, post, channel=channel, now=now)
    return count


async def close(session: AsyncSession, person_id: int, channel: str, now: datetime) -> list[tuple[str, str]]:
    """The account is closed: posts go, likes do not count any more, reports stay without a name.

    Returns what was there, and what was done with it.
    """
    posts = await take_away_posts(session, person_id, channel=channel, now=now)
    for post in await _posts_of(session, person_id):
        post.author_digest = post.author = post.once_digest = None
    await session.flush()
    mine = like_digest(person_id)
    liked = (await session.scalars(sa.select(BoardLike.post_id).where(BoardLike.person_digest == mine))).all()
    likes = await _drop_likes(session, mine, liked)
    reported = sa.update(BoardReport).where(BoardReport.person_digest == report_digest(person_id))
    reports = await change(session, reported.values(person_digest=None, words=None))
    done = [
        ("留言板的帖子", f"{posts} 条已撤下，文字和图片已删除", posts),
        ("留言板的点赞", f"{likes} 个已取消", likes),
        ("留言板的举报", f"{reports} 次里您写的说明已删除，已经查不到是您", reports),
    ]
    return [(what, said) for what, said, count in done if count]


async def _posts_of(session: AsyncSession, person_id: int) -> list[BoardPost]:
    mine = sa.select(BoardPost).where(BoardPost.author_digest == author_digest(person_id))
    locked = mine.order_by(BoardPost.id).with_for_update().execution_options(populate_existing=True)
    return list(await session.scalars(locked))


async def _drop_likes(session: AsyncSession, digest: bytes, post_ids: Ids) -> int:
    if not post_ids:
        return 0
    less = sa.update(BoardPost).where(BoardPost.id.in_(post_ids)).values(likes=BoardPost.likes - 1)
    await change(session, less)
    theirs = sa.delete(BoardLike).where(BoardLike.person_digest == digest, BoardLike.post_id.in_(post_ids))
    return await change(session, theirs)


# --- time --------------------------------------------------------------------------------------------------


def _is_over(now: datetime) -> Where:
    over = sa.text("board_post.state IN ('hidden', 'refused', 'withdrawn')")
    return over, BoardPost.decided_at <= now - KEPT_FOR, BoardPost.author_digest.is_not(None)


async def _forget_over(session: AsyncSession, ids: Ids, now: datetime) -> int:
    """Words, pictures and writer; that there was a post, and what was decided, stays."""
    due = sa.select(BoardPost).where(BoardPost.id.in_(ids), *_is_over(now)).order_by(BoardPost.id)
    posts = (await session.scalars(due.with_for_update())).all()
    for post in posts:
        await board.empty(session, post)
        post.author_digest = post.author = post.once_digest = post.reason = None
        post.reports = 0
    await session.flush()
    mine = BoardReport.post_id.in_([post.id for post in posts])
    await change(session, sa.update(BoardReport).where(mine).values(person_digest=None, words=None))
    return len(posts)


def _is_old(now: datetime) -> Where:
    return (
        BoardPost.state == BoardState.PUBLISHED,
        BoardPost.published_at <= now - AUTHORS_FOR,
        BoardPost.author_digest.is_not(None),
    )


async def _forget_writers(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = sa.update(BoardPost).where(BoardPost.id.in_(ids), *_is_old(now))
    return await change(session, old.values(author_digest=None, author=None, once_digest=None))


forget_over = Rule("board_posts_over", BoardPost.id, _is_over, _forget_over)
forget_writers = Rule("board_writers", BoardPost.id, _is_old, _forget_writers)
