"""What a signed-in reader does with an article: likes it, keeps it; and how many did.

Each says what is wanted, so that a form sent twice is once. Counts are of rows: nobody waits for anybody.
Functions flush and never commit. Not here: what somebody has read (`reading_history`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import articles
from app.services.coordination import upsert
from app.services.forgetting import change
from models import Article, ArticleFavourite, ArticleLike, ArticleReads

MOST: Final = 500  # favourites of one person
PAGE: Final = 20


@dataclass(frozen=True, slots=True)
class Marks:
    """How an article stands with its readers, and with the one who reads it now."""

    reads: int
    likes: int
    favourites: int
    liked: bool
    kept: bool


async def of(session: AsyncSession, article: Article, person_id: int | None) -> Marks:
    """All of it by one statement; `person_id` is None for who is not signed in."""
    reads = sa.select(sa.func.coalesce(sa.func.sum(ArticleReads.count), 0))
    found = sa.select(
        reads.where(ArticleReads.article_id == article.id).scalar_subquery(),
        _count(ArticleLike, article),
        _count(ArticleFavourite, article),
        _is_mine(ArticleLike, article, person_id),
        _is_mine(ArticleFavourite, article, person_id),
    )
    row = (await session.execute(found)).one()
    return Marks(int(row[0]), row[1], row[2], bool(row[3]), bool(row[4]))


async def like(session: AsyncSession, public_id: str, person_id: int, now: datetime, *, on: bool) -> None:
    """Raises: NotFound: it is not public."""
    article = await articles.get_published(session, public_id, now)
    await _put(session, ArticleLike, article, person_id, now, on=on)


async def keep(session: AsyncSession, public_id: str, person_id: int, now: datetime, *, on: bool) -> None:
    """Put the article among one's favourites, or take it out again.

    Raises: NotFound: it is not public; DomainError: there are `MOST` already.
    """
    if on:
        article = await articles.get_published(session, public_id, now)
        mine = sa.select(sa.func.count()).where(
            ArticleFavourite.person_id == person_id, ArticleFavourite.article_id != article.id
        )
        if (await session.scalar(mine) or 0) >= MOST:
            raise DomainError(f"最多收藏 {MOST} 篇，请先在「我的收藏」里去掉几篇。")
    else:  # what was withdrawn meanwhile can be taken out, too
        article = await articles.get(session, public_id)
    await _put(session, ArticleFavourite, article, person_id, now, on=on)


async def list_kept(
    session: AsyncSession, person_id: int, now: datetime, limit: int, *, skip: int = 0
) -> Sequence[Article]:
    """What is still public of one's favourites; what was kept last comes first."""
    mine = sa.select(Article).join(ArticleFavourite, ArticleFavourite.article_id == Article.id)
    mine = mine.where(ArticleFavourite.person_id == person_id, articles.is_public(now))
    return (await session.scalars(mine.order_by(ArticleFavourite.id.desc()).limit(limit).offset(skip))).all()


# --- persons -----------------------------------------------------------------------------------------------


async def hand_over_likes(session: AsyncSession, gone: int, stays: int) -> None:
    """What both liked counts once."""
    await _hand_over(session, ArticleLike, gone, stays)


async def hand_over_favourites(session: AsyncSession, gone: int, stays: int) -> None:
    await _hand_over(session, ArticleFavourite, gone, stays)


async def close(session: AsyncSession, person_id: int, channel: str, now: datetime) -> list[tuple[str, str]]:
    """The account is closed: what was there, and that it is gone."""
    done = []
    for table, what in ((ArticleLike, "文章的点赞"), (ArticleFavourite, "收藏的文章")):
        if count := await change(session, sa.delete(table).where(table.person_id == person_id)):
            done.append((what, f"{count} 个已删除"))
    return done


# --- parts -------------------------------------------------------------------------------------------------


def _count(table: Any, article: Article) -> Any:
    return sa.select(sa.func.count()).where(table.article_id == article.id).scalar_subquery()


def _is_mine(table: Any, article: Article, person_id: int | None) -> Any:
    if person_id is None:
        return sa.false()
    return sa.exists().where(table.article_id == article.id, table.person_id == person_id)


async def _put(
    session: AsyncSession, table: Any, article: Article, person_id: int, now: datetime, *, on: bool
) -> None:
    if on:
        row = upsert(session, table).values(article_id=article.id, person_id=person_id, at=now)
        await session.execute(row.on_conflict_do_nothing(index_elements=["article_id", "person_id"]))
    else:
        mine = sa.delete(table).where(table.article_id == article.id, table.person_id == person_id)
        await change(session, mine)


async def _hand_over(session: AsyncSession, table: Any, gone: int, stays: int) -> None:
    both = sa.select(table.article_id).where(table.person_id == stays)
    await change(session, sa.delete(table).where(table.person_id == gone, table.article_id.in_(both)))
    await change(session, sa.update(table).where(table.person_id == gone).values(person_id=stays))
