"""Finding articles by what was typed: the best first, of equals the newest; slips of the pen forgiven.

First what holds all words as they were typed. Where that is little, what holds most of their characters and
pairs of characters, the rare ones counting most: a word typed wrong, or a whole sentence. Of each only so
many are looked at closely, the newest of those that hold everything: of what stands in thousands, age tells
most.

Not here: keeping articles findable (`article_index`).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.knowledge.vocabulary import normalise, tokens
from app.services import article_grams, article_index, article_places, articles
from models import Article, ArticleCategory, ArticleText

LOOKED_AT: Final = 100  # of what holds all of it: those that have it in their title, then the newest
_PERHAPS: Final = 40  # of what holds some of it
SNIPPET, BEFORE = 72, 24  # characters shown of the text; of them before the first hit
_MOST_PIECES: Final = 64
_FEW: Final = 3  # fewer exact ones: slips are looked for as well
_IN_TITLE, _IN_SUMMARY, _MOST_TIMES = 8.0, 2.0, 4
_LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)
_LEAST_WRITTEN: Final = 0.4  # of what was typed, counted in characters; or…
_LEAST: Final = 0.34  # …of its weight: what has less of both is about something else


@dataclass(frozen=True, slots=True)
class Hit:
    """One article; `terms` are what stands out in title and `snippet`."""

    public_id: str
    title: str
    category: ArticleCategory
    published_at: datetime | None  # UTC; it has one where it was found
    snippet: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of `total`. `exact`: all words stand there as typed. `capped`: there are more than that."""

    found: tuple[Hit, ...]
    total: int = 0
    exact: bool = True
    capped: bool = False


@dataclass(frozen=True, slots=True)
class _Near:
    """One that may fit, as far as ranking needs it."""

    article_id: int
    public_id: str
    title: str
    summary: str
    category: ArticleCategory
    published_at: datetime | None
    text: str


async def search(
    session: AsyncSession,
    terms: Sequence[str],
    now: datetime,
    *,
    limit: int,
    skip: int = 0,
    category: ArticleCategory | None = None,
) -> Hits:
    """`terms` are in small letters; all must fit. Any text will do, and finds nothing at worst."""
    runs = [run for term in terms for run in article_grams.runs(article_grams.fold(term))]
    if not runs:
        return Hits(())
    pieces = article_grams.pieces(runs)[:_MOST_PIECES]
    loose = [each for each in tokens(normalise(" ".join(terms))) if not each.startswith("=")]
    loose = list(dict.fromkeys(loose))[:_MOST_PIECES]
    held = await _held(session, pieces, loose, category)
    every, in_title = held.all_of(pieces), held.all_of(pieces, title=True)
    wanted = article_places.greatest(in_title, LOOKED_AT)
    wanted += article_places.greatest(every & ~in_title, LOOKED_AT - len(wanted))
    near = await _near(session, wanted, now)
    found = _ranked(near, lambda each: _exactly(each, terms))
    exact, marks = len(found), tuple(terms)
    if exact < _FEW and loose:
        weights = held.weights(loose)
        perhaps = await _near(session, held.most_of(loose, weights), now)
        known = {each.article_id for each in found}
        more = _ranked(perhaps, lambda each: _roughly(each, weights))
        found += [each for each in more if each.article_id not in known]
        marks += tuple(piece for piece in loose if len(piece) > 1)
    page = found[skip : skip + limit]
    hits = tuple(_hit(each, marks) for each in page)
    return Hits(hits, len(found), exact > 0, every.bit_count() > LOOKED_AT)


@dataclass(frozen=True, slots=True)
class _Held:
    """Which of the pieces stand where; `within`: where only is looked, if not everywhere."""

    places: Mapping[int, int]
    size: int
    within: int | None

    def of(self, piece: str, *, title: bool = False) -> int:
        found = self.places.get(article_grams.of_piece(piece, title=title), 0)
        return found if self.within is None else found & self.within

    def all_of(self, pieces: Sequence[str], *, title: bool = False) -> int:
        first, *rest = pieces
        found = self.of(first, title=title)
        for piece in rest:
            found &= self.of(piece, title=title)
        return found

    def weights(self, pieces: Sequence[str]) -> dict[str, float]:
        """The rarer, the more; a pair more than its characters."""
        seen = {piece: self.of(piece).bit_count() for piece in pieces}
        return {
            piece: len(piece) * math.log(1 + (self.size - seen[piece] + 0.5) / (seen[piece] + 0.5))
            for piece in pieces
        }

    def most_of(self, pieces: Sequence[str], weights: Mapping[str, float]) -> list[int]:
        sets = [(self.of(piece), max(round(weights[piece]), 1)) for piece in pieces]
        sets += [(self.of(piece, title=True), max(round(weights[piece]), 1)) for piece in pieces]
        return article_places.weighed(sets, _PERHAPS)


async def _held(
    session: AsyncSession, pieces: Sequence[str], loose: Sequence[str], category: ArticleCategory | None
) -> _Held:
    asked = dict.fromkeys((*pieces, *loose))
    grams = [article_grams.of_piece(piece, title=named) for piece in asked for named in (False, True)]
    column = None if category is None else article_grams.of_category(category.value)
    found = await article_index.read(session, grams if column is None else [*grams, column])
    within = None if column is None else found.get(column, 0)
    size = max((bits.bit_length() for bits in found.values()), default=0)
    return _Held(found, size, within)


async def _near(session: AsyncSession, places: Sequence[int], now: datetime) -> list[_Near]:
    """What stands there, as far as all may read it."""
    chosen = (
        sa.select(
            *(Article.id, Article.public_id, Article.title, Article.summary, Article.category),
            *(Article.published_at, ArticleText.text),
        )
        .join(ArticleText, ArticleText.article_id == Article.id)
        .where(ArticleText.place.in_(set(places)), articles.is_public(now))
    )
    return [_Near(*row) for row in await session.execute(chosen)] if places else []


def _ranked(near: Sequence[_Near], score: Callable[[_Near], float]) -> list[_Near]:
    scored = [(score(each), each.published_at or _LONG_AGO, each.article_id, each) for each in near]
    return [worth[-1] for worth in sorted(scored, key=lambda one: one[:3], reverse=True) if worth[0] > 0]


def _exactly(each: _Near, terms: Sequence[str]) -> float:
    """Nothing where a word is missing; more in the title, more where it is said often."""
    title, summary, text = each.title.lower(), each.summary.lower(), each.text.lower()
    total = 0.0
    for term in terms:
        times = text.count(term)
        if term in title:
            total += _IN_TITLE
        elif not times:
            return 0.0
        total += min(times, _MOST_TIMES) + (_IN_SUMMARY if term in summary else 0.0)
    return total


def _roughly(each: _Near, weights: Mapping[str, float]) -> float:
    """How much of what was typed stands there, in the title twice; nothing where that is little."""
    title, text = each.title.lower(), each.text.lower()
    named = sum(worth for piece, worth in weights.items() if piece in title)
    there = [piece for piece in weights if piece in title or piece in text]
    said = sum(weights[piece] for piece in there)
    # Where few articles are about many things, what stands in most of them weighs next to nothing.
    written = sum(map(len, there)) if any(len(piece) > 1 for piece in there) else 0
    fits = said >= _LEAST * sum(weights.values()) or written >= _LEAST_WRITTEN * sum(map(len, weights))
    return named + said if fits else 0.0


def _hit(each: _Near, marks: Sequence[str]) -> Hit:
    """Its snippet is what stands around the first hit; of one in the title only, how the text begins."""
    text = " ".join(each.text.split())
    small = text.lower()
    at = next((found for mark in marks if (found := small.find(mark)) >= 0), 0)
    start = max(at - BEFORE, 0)
    end = start + SNIPPET
    snippet = f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
    both = f"{each.title}\n{snippet}".lower()
    terms = tuple(mark for mark in marks if mark in both)
    return Hit(each.public_id, each.title, each.category, each.published_at, snippet, terms)
