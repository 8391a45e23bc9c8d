"""看过的: the last articles somebody opened, for himself; only while he lets us count (`interests`).

Noticed in memory and written with the interests, whose switch it has; deleted with them. Functions flush and
never commit.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import articles
from app.services.coordination import upsert
from app.services.forgetting import Ids, Rule, Where, change
from app.tallies import Met
from models import Article, ArticleVisit

MOST: Final = 100  # of one person
KEPT_FOR: Final = timedelta(days=180)


async def write(session: AsyncSession, met: Mapping[tuple[int, int], Met]) -> int:
    """Keep who read what, by person and article; of each person only the last `MOST`."""
    if not met:
        return 0
    rows = [
        {"person_id": person, "article_id": article, "first_at": each.first_at, "last_at": each.last_at}
        for (person, article), each in met.items()
    ]
    kept = upsert(session, ArticleVisit)
    again = kept.on_conflict_do_update(
        index_elements=["person_id", "article_id"], set_={"last_at": kept.excluded.last_at}
    )
    await session.execute(again, rows)
    place = sa.func.row_number().over(
        partition_by=ArticleVisit.person_id, order_by=(ArticleVisit.last_at.desc(), ArticleVisit.id.desc())
    )
    theirs = sa.select(ArticleVisit.id, place.label("place"))
    ranked = theirs.where(ArticleVisit.person_id.in_({person for person, _ in met})).subquery()
    too_many = sa.select(ranked.c.id).where(ranked.c.place > MOST)
    await change(session, sa.delete(ArticleVisit).where(ArticleVisit.id.in_(too_many)))
    return len(rows)


async def list_own(
    session: AsyncSession, person_id: int, now: datetime
) -> Sequence[tuple[Article, datetime]]:
    """What is still public of it, with when it was opened last; the newest first."""
    mine = (
        sa.select(Article, ArticleVisit.last_at)
        .join(ArticleVisit, ArticleVisit.article_id == Article.id)
        .where(ArticleVisit.person_id == person_id, articles.is_public(now))
        .order_by(ArticleVisit.last_at.desc(), ArticleVisit.id.desc())
    )
    return [(row[0], row[1]) for row in (await session.execute(mine.limit(MOST))).all()]


async def forget_person(session: AsyncSession, person_id: int) -> int:
    """How many there were."""
    return await change(session, sa.delete(ArticleVisit).where(ArticleVisit.person_id == person_id))


async def hand_over(session: AsyncSession, gone: int, stays: int) -> None:
    """What both read was read last by whoever read it later."""
    theirs = (
        sa.select(ArticleVisit).where(ArticleVisit.person_id.in_([gone, stays])).order_by(ArticleVisit.id)
    )
    rows = (await session.scalars(theirs.with_for_update())).all()
    own = {row.article_id: row for row in rows if row.person_id == stays}
    for row in [row for row in rows if row.person_id == gone]:
        mine = own.get(row.article_id)
        if mine is None:
            row.person_id = stays
            continue
        mine.first_at, mine.last_at = min(mine.first_at, row.first_at), max(mine.last_at, row.last_at)
        await session.delete(row)
    await session.flush()


def _is_old(now: datetime) -> Where:
    return (ArticleVisit.last_at <= now - KEPT_FOR,)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await change(session, sa.delete(ArticleVisit).where(ArticleVisit.id.in_(ids), *_is_old(now)))


forget_old = Rule("old_article_visits", ArticleVisit.id, _is_old, _forget)
