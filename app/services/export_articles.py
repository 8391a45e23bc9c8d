"""What an export reads of what one person did with articles: liked, kept, read lately, got each week, said of
them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.services import digest_forgetting
from app.services.article_comments import author_digest, report_digest
from app.services.export_sources import Row, chapter
from app.services.export_values import day, time
from models import (
    Article,
    ArticleComment,
    ArticleFavourite,
    ArticleLike,
    ArticleVisit,
    CommentReport,
    DigestWish,
)


@chapter("article_likes", "文章的点赞", "article_like.person_id", article="文章", at="时间")
async def _likes(session: AsyncSession, person_id: int) -> Sequence[Row]:
    return await _of(session, ArticleLike, ArticleLike.at, person_id)


@chapter("article_favourites", "收藏的文章", "article_favourite.person_id", article="文章", at="时间")
async def _favourites(session: AsyncSession, person_id: int) -> Sequence[Row]:
    return await _of(session, ArticleFavourite, ArticleFavourite.at, person_id)


@chapter("article_visits", "看过的文章", "article_visit.person_id", article="文章", at="最近一次")
async def _visits(session: AsyncSession, person_id: int) -> Sequence[Row]:
    return await _of(session, ArticleVisit, ArticleVisit.last_at, person_id)


async def _of(session: AsyncSession, table: Any, at: Any, person_id: int) -> Sequence[Row]:
    mine = sa.select(Article.title, at).join(table, table.article_id == Article.id)
    found = await session.execute(mine.where(table.person_id == person_id).order_by(table.id))
    return [{"article": title, "at": time(moment)} for title, moment in found]


@chapter(
    "digests",
    "每周精选",
    "digest_wish.person_id",
    "digest_copy.person_id",
    at="时间",
    what="内容",
    state="结果",
)
async def _digests(session: AsyncSession, person_id: int) -> Sequence[Row]:
    wish = await session.scalar(sa.select(DigestWish).where(DigestWish.person_id == person_id))
    asked = [] if wish is None else [{"at": time(wish.at), "what": "您订阅了", "state": wish.channel}]
    copies = await digest_forgetting.list_of(session, person_id)
    keys = {key for each in copies for key in each.articles}
    named = sa.select(Article.public_id, Article.title).where(Article.public_id.in_(keys))
    titles = {row.public_id: row.title for row in await session.execute(named)}
    return asked + [
        {
            "at": time(each.created_at),
            "what": "；".join(titles.get(key, key) for key in each.articles),
            "state": each.state,
        }
        for each in copies
    ]


@chapter(
    "article_comments",
    "文章下面的评论",
    "article_comment.author_digest",
    article="文章",
    text="评论",
    name="显示的名字",
    state="状态",
    reason="原因",
    written_on="写的日期",
    reply="答复",
)
async def _comments(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = sa.select(Article.title, ArticleComment).join(Article, Article.id == ArticleComment.article_id)
    mine = mine.where(ArticleComment.author_digest == author_digest(person_id))
    return [
        {
            "article": title,
            "text": each.text,
            "name": each.name,
            "state": each.state.label,
            "reason": each.reason,
            "written_on": day(shanghai(each.written_at).date()),
            "reply": each.reply,
        }
        for title, each in await session.execute(mine.order_by(ArticleComment.id))
    ]


@chapter("comment_reports", "评论的举报", "comment_report.person_digest", reason="原因", on="日期")
async def _reports(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = sa.select(CommentReport).where(CommentReport.person_digest == report_digest(person_id))
    return [
        {"reason": each.reason.label, "on": day(shanghai(each.at).date())}
        for each in await session.scalars(mine.order_by(CommentReport.id))
    ]
