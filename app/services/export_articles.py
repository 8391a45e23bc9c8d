"""What an export reads of what one person did with articles: liked, kept, read lately."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.export_sources import Row, chapter
from app.services.export_values import time
from models import Article, ArticleFavourite, ArticleLike, ArticleVisit


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
