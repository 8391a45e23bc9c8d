"""Finding the tip that answers a text, in memory.

BM25 over words, characters and bigrams (`vocabulary.py`), then three outcomes: one tip, a few to choose
from, or none. The scorer is our own inverted index of plain dictionaries: over 100 tips it ranks a
question in about 50 µs, `bm25s` in 65 with the same tokens, because the arrays it makes for each question
pay off only on far larger corpora. What each token adds to each tip is worked out when the index is built.

Not here: where tips come from, and what is said when nothing was found.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.knowledge.tips import Tip
from app.knowledge.vocabulary import is_about_other_matters, is_about_power, normalise, tokens

# Chosen on the `development` questions only; `held_out` judges them (tests/test_knowledge_search.py).
HIT_SHARE = 0.18
"""Score as a share of what the text could score at most: from here on one tip may answer."""
CHOICE_SHARE = 0.12
"""From here on it is worth asking back; below, the text is not ours."""
OTHER_MATTERS_SHARE = 0.4
"""What a text that names other business of the account must reach to be ours all the same."""
CLEAR_LEAD = 0.9
"""A second tip scoring above this share of the first makes it a choice."""
NEARBY = 0.5
"""Offered beside the first: tips scoring at least this share of it."""

_MOST_CHOICES = 3
_SHORTEST_CONTAINED = 4  # characters; a shorter question form inside a text proves nothing
_WORTH_RANKING = 0.3  # tips below this share of the best are not even sorted
_PROSE_WEIGHT = 0.3  # what we wrote, against what people ask
_SATURATION, _LENGTH = 1.2, 0.4  # BM25's k1 and b


@dataclass(frozen=True, slots=True)
class Hit:
    """One tip answers."""

    tip: Tip


@dataclass(frozen=True, slots=True)
class Choices:
    """Two or three may: ask which, best first."""

    tips: tuple[Tip, ...]


@dataclass(frozen=True, slots=True)
class Miss:
    """None of ours answers, or the text is not about power."""


Result = Hit | Choices | Miss


class Index:
    """A fixed set of tips, ready to be asked. Build a new one when tips change; sharing it is safe."""

    def __init__(self, tips: Sequence[Tip]) -> None:
        self._tips = tuple(tips)
        self._forms = [tuple(_forms(tip)) for tip in self._tips]
        self._exact = {
            form: number for number, forms in reversed(list(enumerate(self._forms))) for form in forms
        }
        self._gains, self._weights, self._unknown = _postings(self._tips)

    def __len__(self) -> int:
        return len(self._tips)

    def search(self, text: str) -> Result:
        """The tip for `text`. Any text will do: empty, emoji, thousands of characters."""
        asked = normalise(text)
        exact = self._exact.get(asked)
        if exact is not None:
            return Hit(self._tips[exact])
        if not is_about_power(asked):
            return Miss()
        ranked = self._rank(asked)
        contained = self._contained(asked, [number for number, _ in ranked])
        if contained is not None:
            return Hit(self._tips[contained])
        floor = OTHER_MATTERS_SHARE if is_about_other_matters(asked) else CHOICE_SHARE
        if not ranked or ranked[0][1] < floor:
            return Miss()
        return self._decide(ranked)

    def _rank(self, asked: str) -> list[tuple[int, float]]:
        """Tips with their share of the highest score the text could reach, best first."""
        scores: dict[int, float] = {}
        reachable = 0.0
        for token in dict.fromkeys(tokens(asked)):
            reachable += self._weights.get(token, self._unknown)
            for number, gain in self._gains.get(token, ()):
                scores[number] = scores.get(number, 0.0) + gain
        if not scores:
            return []
        worth = max(scores.values()) * _WORTH_RANKING
        ranked = [(-score, number) for number, score in scores.items() if score >= worth]
        return [(number, -score / reachable) for score, number in sorted(ranked)]

    def _contained(self, asked: str, numbers: Iterable[int]) -> int | None:
        """Of these tips the one whose longest question form stands word for word in the text."""
        longest, found = _SHORTEST_CONTAINED - 1, None
        for number in numbers:
            for form in self._forms[number]:
                if len(form) > longest and form in asked:
                    longest, found = len(form), number
        return found

    def _decide(self, ranked: list[tuple[int, float]]) -> Result:
        best, share = ranked[0]
        rivals = [number for number, other in ranked[1:] if other >= share * NEARBY]
        tied = len(ranked) > 1 and ranked[1][1] > share * CLEAR_LEAD
        if not rivals or (share >= HIT_SHARE and not tied):
            return Hit(self._tips[best]) if share >= HIT_SHARE else Choices((self._tips[best],))
        return Choices(tuple(self._tips[number] for number in [best, *rivals][:_MOST_CHOICES]))


def _forms(tip: Tip) -> Iterable[str]:
    """How the tip is asked for, word for word."""
    return dict.fromkeys(filter(None, map(normalise, (*tip.ask, tip.title))))


def _counts(tip: Tip) -> dict[str, float]:
    """How often each token stands in the tip; our own prose counts less than people's questions."""
    counts: Counter[str] = Counter()
    for text in (*tip.ask, tip.title):
        counts.update(tokens(normalise(text)))
    total: dict[str, float] = dict(counts)
    for text in (tip.first, *tip.never, *tip.body.splitlines()):
        for token in tokens(normalise(text)):
            total[token] = total.get(token, 0.0) + _PROSE_WEIGHT
    return total


def _postings(
    tips: Sequence[Tip],
) -> tuple[dict[str, list[tuple[int, float]]], dict[str, float], float]:
    """For each token what it adds to which tip, its weight, and the weight of an unseen token."""
    documents = [_counts(tip) for tip in tips]
    seen_in = Counter(token for counts in documents for token in counts)
    weights = {token: _weight(len(tips), seen) for token, seen in seen_in.items()}
    average = sum(sum(counts.values()) for counts in documents) / max(len(tips), 1)
    gains: dict[str, list[tuple[int, float]]] = {}
    for number, counts in enumerate(documents):
        length = sum(counts.values()) / average
        damping = _SATURATION * (1 - _LENGTH + _LENGTH * length)
        for token, count in counts.items():
            gain = weights[token] * count * (_SATURATION + 1) / (count + damping)
            gains.setdefault(token, []).append((number, gain))
    return gains, weights, _weight(len(tips), 0)


def _weight(tips: int, seen: int) -> float:
    """BM25's inverse document frequency: a rare token tells more."""
    return math.log(1 + (tips - seen + 0.5) / (seen + 0.5))
