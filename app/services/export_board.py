"""What an export reads of one person's doings on the board: posts, likes and reports."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.services.board_rows import author_digest, like_digest, report_digest
from app.services.export_sources import Row, chapter
from app.services.export_values import day, time
from models import BoardLike, BoardPost, BoardReport


@chapter(
    "board",
    "留言板的帖子",
    "board_post.author_digest",
    post="标题",
    text="内容",
    name="显示的名字",
    topic="话题",
    state="状态",
    reason="原因",
    written_on="写的日期",
    published_at="公开时间",
    likes="点赞",
)
async def _posts(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = sa.select(BoardPost).where(BoardPost.author_digest == author_digest(person_id))
    return [
        {
            "post": each.title,
            "text": each.text,
            "name": each.name,
            "topic": each.topic.label,
            "state": each.state.label,
            "reason": each.reason,
            "written_on": day(shanghai(each.written_at).date()),
            "published_at": time(each.published_at),
            "likes": each.likes,
        }
        for each in await session.scalars(mine.order_by(BoardPost.id))
    ]


@chapter("board_likes", "留言板的点赞", "board_like.person_digest", post="点赞的帖子")
async def _likes(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = sa.select(BoardPost).join(BoardLike, BoardLike.post_id == BoardPost.id)
    mine = mine.where(BoardLike.person_digest == like_digest(person_id), BoardPost.found_by != "")
    return [{"post": each.title} for each in await session.scalars(mine.order_by(BoardPost.id))]


@chapter(
    "board_reports",
    "留言板的举报",
    "board_report.person_digest",
    reason="原因",
    words="说明",
    on="日期",
    settled="已处理",
)
async def _reports(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = sa.select(BoardReport).where(BoardReport.person_digest == report_digest(person_id))
    return [
        {
            "reason": each.reason.label,
            "words": each.words,
            "on": day(shanghai(each.at).date()),
            "settled": each.settled_at is not None,
        }
        for each in await session.scalars(mine.order_by(BoardReport.id))
    ]
