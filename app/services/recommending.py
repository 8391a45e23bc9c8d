"""Which articles somebody may want to read next, and why: the rule alone, without a database.

What counts is how much a title has in common with those that were read or signed up for lately, how often its
column was read, how many read it, and how new it is. The reason given is what counted most of it.

Not here: what is known of a person (`recommendations`), and how well this does (`bench/recommend.py`).
"""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.services.article_grams import fold, pairs, runs

HALF_LIFE: Final = timedelta(days=21)  # what was read longer ago tells less
FRESH: Final = timedelta(days=7)  # of this age an article is half as new
# Chosen on the first seed of `bench/recommend.py`; the others judge them.
LIKENESS, COLUMN, READ, NEW = 1.0, 0.35, 0.25, 0.45
_TOLD: Final = 0.12  # likeness from which a single title is the reason


@dataclass(frozen=True, slots=True)
class Liked:
    """Something that was read, or signed up for."""

    title: str
    at: datetime
    signed_up: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """An article that was not read yet; `reads` are all people's of the last weeks."""

    key: str
    title: str
    column: str
    published_at: datetime
    reads: int = 0


@dataclass(frozen=True, slots=True)
class Why:
    """Why it is shown: because of one thing, or because of its column, or because many read it."""

    liked: Liked | None = None
    column: str = ""


@dataclass(frozen=True, slots=True)
class Pick:
    candidate: Candidate
    why: Why


def pick(
    liked: Sequence[Liked],
    columns: Mapping[str, float],
    candidates: Sequence[Candidate],
    now: datetime,
    most: int,
) -> list[Pick]:
    """The best first; not two of the same title. `columns`: how often each was read.

    Nobody knows anything of somebody without `liked` and `columns`: then it is what most people read.
    """
    words = {each.key: _words(each.title) for each in candidates}
    rare = _rarity([*words.values(), *(_words(each.title) for each in liked)])
    known = [(each, _words(each.title), 0.5 ** ((now - each.at) / HALF_LIFE)) for each in liked]
    total = sum(columns.values()) or 1.0
    most_read = max((each.reads for each in candidates), default=0)
    scored = []
    for each in candidates:
        alike = [(_likeness(words[each.key], of, rare) * weight, which) for which, of, weight in known]
        nearest = max(alike, key=lambda one: one[0], default=None)
        likeness = math.sqrt(sum(worth * worth for worth, _ in alike))
        column = columns.get(each.column, 0.0) / total
        read = math.log1p(each.reads) / math.log1p(most_read) if most_read else 0.0
        new = 0.5 ** ((now - each.published_at) / FRESH)
        score = LIKENESS * likeness + COLUMN * column + READ * read + NEW * new
        why = Why(column=each.column if columns.get(each.column) else "")
        if nearest is not None and nearest[0] >= _TOLD:
            why = Why(liked=nearest[1])
        scored.append((score, each.published_at, each.key, Pick(each, why)))
    scored.sort(key=lambda one: one[:3], reverse=True)
    return _without_doubles([one[3] for one in scored], most)


def _without_doubles(picks: Sequence[Pick], most: int) -> list[Pick]:
    found: dict[str, Pick] = {}
    for each in picks:
        found.setdefault(each.candidate.title, each)
        if len(found) == most:
            break
    return list(found.values())


def _words(title: str) -> frozenset[str]:
    return frozenset(piece for run in runs(fold(title)) for piece in pairs(run))


def _rarity(titles: Collection[Collection[str]]) -> dict[str, float]:
    """Two characters that stand in every second title say nothing of what somebody likes."""
    seen = Counter(word for words in titles for word in words)
    return {word: math.log(1 + len(titles) / times) for word, times in seen.items()}


def _likeness(one: frozenset[str], other: frozenset[str], rare: Mapping[str, float]) -> float:
    """0 to 1: the cosine of both, what is rare weighing more."""
    shared = sum(rare[word] ** 2 for word in one & other)
    if not shared:
        return 0.0
    sizes = (sum(rare[word] ** 2 for word in words) for words in (one, other))
    return shared / math.sqrt(math.prod(sizes))
