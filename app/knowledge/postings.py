"""Which token speaks for which document, and how strongly: BM25, worked out when the index is built.

Our own inverted index in flat arrays: `bm25s` makes arrays for every question, which pays off only on far
larger corpora, and lists of tuples take three times the memory. Not here: what a token is (`vocabulary.py`).
"""

import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from heapq import nlargest

_SATURATION, _LENGTH = 1.2, 0.4  # BM25's k1 and b
_COMMON = 512  # documents that a token may stand in and still name candidates…
_COMMON_SHARE = 0.05  # …or this share of all, whichever is more
_CANDIDATES = 64  # that common tokens then add to; each of them is looked up, not read through

Scores = list[tuple[int, float]]


class Postings:
    """A fixed set of documents, each a token → how often it stands there (less than once, too)."""

    def __init__(self, documents: Sequence[Mapping[str, float]]) -> None:
        seen_in = Counter(token for document in documents for token in document)
        lists: dict[str, Scores] = {token: [] for token in seen_in}
        average = sum(sum(document.values()) for document in documents) / max(len(documents), 1)
        for number, document in enumerate(documents):
            damping = _SATURATION * (1 - _LENGTH + _LENGTH * sum(document.values()) / average)
            for token, count in document.items():
                lists[token].append((number, count * (_SATURATION + 1) / (count + damping)))
        self._documents = len(documents)
        self._weights = [_weight(len(documents), seen) for seen in range(len(documents) + 1)]
        self._common = max(_COMMON, len(documents) * _COMMON_SHARE)
        self._numbers, self._gains, self._starts = array("I"), array("f"), array("I", [0])
        self._places = {token: place for place, token in enumerate(lists)}
        for found in lists.values():
            weight = self._weights[len(found)]
            self._numbers.extend(number for number, _ in found)
            self._gains.extend(gain * weight for _, gain in found)
            self._starts.append(len(self._numbers))

    @property
    def unseen(self) -> float:
        """The weight of a token no document has, the highest there is."""
        return self._weights[0]

    def rank(self, tokens: Iterable[str], most: int) -> tuple[Scores, float]:
        """The best documents with their scores, and what a text with these tokens might score."""
        spans, reachable = [], 0.0
        for token in dict.fromkeys(tokens):
            place = self._places.get(token)
            if place is None:
                reachable += self.unseen
                continue
            start, end = self._starts[place], self._starts[place + 1]
            reachable += self._weights[end - start]
            spans.append((start, end))
        naming = [span for span in spans if span[1] - span[0] <= self._common] or spans
        scores = [0.0] * self._documents
        named: set[int] = set()
        for start, end in naming:
            numbers = self._numbers[start:end]
            named.update(numbers)
            for number, gain in zip(numbers, self._gains[start:end], strict=True):
                scores[number] += gain
        if len(naming) < len(spans):
            named = set(nlargest(_CANDIDATES, named, key=scores.__getitem__))
            for start, end in spans:
                if end - start > self._common:
                    self._add(scores, named, start, end)
        best = nlargest(most, named, key=scores.__getitem__)
        return [(number, scores[number]) for number in best], reachable

    def _add(self, scores: list[float], named: Iterable[int], start: int, end: int) -> None:
        for number in named:
            at = bisect_left(self._numbers, number, start, end)
            if at < end and self._numbers[at] == number:
                scores[number] += self._gains[at]


def _weight(documents: int, seen: int) -> float:
    """BM25's inverse document frequency: a rare token tells more."""
    return math.log(1 + (documents - seen + 0.5) / (seen + 0.5))
