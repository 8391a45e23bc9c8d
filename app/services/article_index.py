"""Keeping what articles are found by in step with the articles, whoever changed them and how.

An article whose version is not the one that was read last is read anew, a few at a time; what is killed in
the middle has done nothing, and comes again. A changed article gets another place, the old one leads nowhere
until all is made anew. What may be shown is asked of the article itself when somebody looks, so that taking
one down or letting it expire needs nothing here.

One table of our own serves both databases alike: SQLite's FTS5 would bring five tables of its own and nothing
to weigh slips by, and PostgreSQL's index over arrays took 100 times as long with 20,000 articles.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import sqlalchemy as sa
import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.services import article_grams, article_places, coordination
from app.services.article_places import SEGMENT
from models import Article, ArticleGram, ArticleState, ArticleText

log = structlog.get_logger(__name__)

AT_ONCE: Final = 100  # articles of one transaction: half a second at most
_TURN: Final = "article_index"  # one at a time, across processes
_ROWS: Final = 5000  # asked for at once


def _is_old() -> sa.Select[int]:
    """Those not read yet, or changed since."""
    read = sa.select(Article.id).outerjoin(ArticleText, ArticleText.article_id == Article.id)
    other = sa.or_(ArticleText.version.is_(None), ArticleText.version != Article.version)
    return read.where(Article.state == ArticleState.PUBLISHED, other).order_by(Article.id)


async def is_behind(session: AsyncSession) -> bool:
    return await session.scalar(_is_old().limit(1)) is not None


async def catch_up(session: AsyncSession, most: int = AT_ONCE) -> int:
    """Read a few of those that changed; how many. Who comes meanwhile waits."""
    await coordination.queue_for(session, _TURN)
    ids = list(await session.scalars(_is_old().limit(most)))
    chosen = sa.select(Article).where(Article.id.in_(ids)).order_by(Article.published_at, Article.id)
    found = (await session.scalars(chosen)).all()
    texts = sa.select(ArticleText).where(ArticleText.article_id.in_(ids))
    known = {each.article_id: each for each in await session.scalars(texts)}
    segments: dict[int, dict[int, int]] = {}
    for place, article in enumerate(found, 1 + await _last_place(session)):
        words = "\n".join(filter(None, (article.summary, article.author, _words(article))))
        if (row := known.get(article.id)) is None:
            session.add(row := ArticleText(article_id=article.id))
        row.version, row.place, row.text = article.version, place, words
        bits = segments.setdefault(place // SEGMENT, {})
        for gram in article_grams.of_article(article.title, words, article.category.value):
            bits[gram] = bits.get(gram, 0) | 1 << place % SEGMENT
    await session.flush()
    for segment, more in segments.items():
        await _add(session, segment, more)
    return len(found)


async def _last_place(session: AsyncSession) -> int:
    found = await session.scalar(sa.select(sa.func.max(ArticleText.place)))
    return -1 if found is None else found


async def _add(session: AsyncSession, segment: int, more: Mapping[int, int]) -> None:
    for grams in _some(sorted(more)):
        held = sa.select(ArticleGram.gram, ArticleGram.places).where(
            ArticleGram.segment == segment, ArticleGram.gram.in_(grams)
        )
        before = {row.gram: article_places.unpack(row.places) for row in await session.execute(held)}
        rows = [
            {
                "gram": gram,
                "segment": segment,
                "places": article_places.pack(before.get(gram, 0) | more[gram]),
            }
            for gram in grams
        ]
        kept = coordination.upsert(session, ArticleGram)
        await session.execute(
            kept.on_conflict_do_update(
                index_elements=["gram", "segment"], set_={"places": kept.excluded.places}
            ),
            rows,
        )


def _some(grams: Sequence[int]) -> Iterable[Sequence[int]]:
    return (grams[at : at + _ROWS] for at in range(0, len(grams), _ROWS))


async def forget_all(session: AsyncSession) -> None:
    """Nothing is found until it has been read anew."""
    await coordination.queue_for(session, _TURN)
    await session.execute(sa.delete(ArticleText))
    await session.execute(sa.delete(ArticleGram))


async def read(session: AsyncSession, grams: Sequence[int]) -> dict[int, int]:
    """At which places each of these stands; what stands nowhere is left out."""
    chosen = sa.select(ArticleGram.gram, ArticleGram.segment, ArticleGram.places)
    found: dict[int, int] = {}
    for row in await session.execute(chosen.where(ArticleGram.gram.in_(grams))):
        found[row.gram] = found.get(row.gram, 0) | article_places.unpack(row.places, row.segment)
    return found


def _words(article: Article) -> str:
    """What it says. One that cannot be read must not keep the others from being found."""
    try:
        return rich_text.to_text(rich_text.load(article.blocks))
    except ValidationError:
        log.exception("article_not_readable", article=article.id)
        return ""
