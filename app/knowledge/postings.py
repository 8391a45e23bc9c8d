"""Which token speaks for which document, and how strongly: BM25, worked out when the index is built.

Our own inverted index: `bm25s` makes arrays for every question, which pays off only on far larger corpora.
Gains are whole numbers, `SCALE` to one. A rare token has its few documents in flat arrays. A token that many
documents have is one large integer with a field of 32 bits for each document, so that one addition of
Python's adds it to all of them: half the time of reading the same through in a loop.

Not here: what a token is (`vocabulary.py`), and what a score means (`search.py`).
"""

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from heapq import nlargest
from sys import byteorder

SCALE = 1 << 16  # the greatest gain is about 14, and a text has a few hundred tokens: 32 bits are enough
_FIELD_BYTES = 4
_SATURATION, _LENGTH = 1.2, 0.4  # BM25's k1 and b
_COMMON_SHARE = 0.05  # of all documents: from here on a token is one large integer

Scores = list[tuple[int, float]]


class Postings:
    """A fixed set of documents, each a token → how often it stands there (less than once, too)."""

    def __init__(self, documents: Sequence[Mapping[str, float]]) -> None:
        seen_in = Counter(token for document in documents for token in document)
        gains: dict[str, list[tuple[int, int]]] = {token: [] for token in seen_in}
        self._weights = [_weight(len(documents), seen) for seen in range(len(documents) + 1)]
        average = sum(sum(document.values()) for document in documents) / max(len(documents), 1)
        for number, document in enumerate(documents):
            damping = _SATURATION * (1 - _LENGTH + _LENGTH * sum(document.values()) / average)
            for token, count in document.items():
                gain = self._weights[seen_in[token]] * count * (_SATURATION + 1) / (count + damping)
                gains[token].append((number, round(gain * SCALE)))
        self._size = len(documents)
        self._common: dict[str, tuple[int, float]] = {}  # the large integer, and the token's weight
        self._places: dict[str, int] = {}  # of rare tokens, in `_starts`
        self._numbers, self._gains, self._starts = array("I"), array("I"), array("I", [0])
        for token, found in gains.items():
            if len(found) > self._size * _COMMON_SHARE:
                self._common[token] = (self._fields(found), self._weights[len(found)])
                continue
            self._places[token] = len(self._starts) - 1
            self._numbers.extend(number for number, _ in found)
            self._gains.extend(gain for _, gain in found)
            self._starts.append(len(self._numbers))

    @property
    def unseen(self) -> float:
        """The weight of a token no document has, the highest there is."""
        return self._weights[0]

    def rank(self, tokens: Iterable[str], most: int) -> tuple[Scores, float]:
        """The best documents with their scores, and what a text with these tokens might score."""
        fields, reachable = 0, 0.0
        rare: list[tuple[int, int]] = []
        for token in dict.fromkeys(tokens):
            common = self._common.get(token)
            if common is not None:
                fields += common[0]
                reachable += common[1]
            elif token in self._places:
                place = self._places[token]
                start, end = self._starts[place], self._starts[place + 1]
                reachable += self._weights[end - start]
                rare.append((start, end))
            else:
                reachable += self.unseen
        scores = memoryview(fields.to_bytes(self._size * _FIELD_BYTES, byteorder)).cast("I").tolist()
        for start, end in rare:
            for number, gain in zip(self._numbers[start:end], self._gains[start:end], strict=True):
                scores[number] += gain
        return _best(scores, most), reachable

    def _fields(self, found: Iterable[tuple[int, int]]) -> int:
        fields = array("I", bytes(self._size * _FIELD_BYTES))
        for number, gain in found:
            fields[number] = gain
        return int.from_bytes(memoryview(fields).cast("B"), byteorder)


def _best(scores: list[int], most: int) -> Scores:
    """Looked for by value, which is far quicker than by a key; of equal ones the first come first."""
    found: Scores = []
    begin: dict[int, int] = {}
    for score in nlargest(most, scores):
        if not score:
            break
        number = scores.index(score, begin.get(score, 0))
        begin[score] = number + 1
        found.append((number, score / SCALE))
    return found


def _weight(documents: int, seen: int) -> float:
    """BM25's inverse document frequency: a rare token tells more."""
    return math.log(1 + (documents - seen + 0.5) / (seen + 0.5))
