"""Which token speaks for which document, and how strongly: BM25, worked out when the index is built.

Our own inverted index: `bm25s` makes arrays for every question, which pays off only on far larger corpora.
Gains are whole numbers, `SCALE` to one. A rare token has its few documents in flat arrays. A token that many
documents have is one large integer with a field of 32 bits for each document, so that one addition of
Python's adds it to all of them: half the time of reading the same through in a loop.

Not here: what a token is (`vocabulary.py`), and what a score means (`search.py`).
"""

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from sys import byteorder

SCALE = 1 << 16  # the greatest gain is about 14, and a text has a few hundred tokens: 32 bits are enough
_FIELD_BYTES = 4
_SATURATION, _LENGTH = 1.2, 0.4  # BM25's k1 and b
WORTH = 0.3  # a document that scores less of the best is not looked at
_COMMON_SHARE = 0.05  # of all documents: from here on a token is one large integer

Scores = list[tuple[int, float]]


class Postings:
    """A fixed set of documents, each a token → how often it stands there (less than once, too).

    They are read one by one: what is kept of them while building is arrays, a third of what lists would take.
    """

    def __init__(self, documents: Iterable[Mapping[str, float]]) -> None:
        # Of a token's hash, in `_starts`. A token of two characters takes 80 bytes, its hash 36; that two of
        # some ten thousand have the same one of 61 bits is not to be expected.
        self._places: dict[int, int] = {}
        tokens, counts, ends = array("I"), array("f"), array("I", [0])
        for document in documents:
            for token, count in document.items():
                tokens.append(self._places.setdefault(hash(token), len(self._places)))
                counts.append(count)
            ends.append(len(tokens))
        self._size = len(ends) - 1
        self._weights = [_weight(self._size, seen) for seen in range(self._size + 1)]
        self._starts = _starts(tokens, len(self._places))
        self._numbers, self._gains = array("I", tokens), array("I", tokens)  # as long as these
        self._fill(tokens, counts, ends)
        self._common = {  # of a token's hash: its fields and its weight
            token: (self._fields(start, end), self._weights[end - start])
            for token, (start, end) in zip(self._places, pairwise(self._starts), strict=True)
            if end - start > self._size * _COMMON_SHARE
        }

    def _fill(self, tokens: Sequence[int], counts: Sequence[float], ends: Sequence[int]) -> None:
        free = array("I", self._starts)
        average = sum(counts) / max(self._size, 1)
        for number, (start, end) in enumerate(pairwise(ends)):
            damping = _SATURATION * (1 - _LENGTH + _LENGTH * sum(counts[start:end]) / average)
            for place, count in zip(tokens[start:end], counts[start:end], strict=True):
                weight = self._weights[self._starts[place + 1] - self._starts[place]]
                self._numbers[free[place]] = number
                self._gains[free[place]] = round(
                    SCALE * weight * count * (_SATURATION + 1) / (count + damping)
                )
                free[place] += 1

    @property
    def unseen(self) -> float:
        """The weight of a token no document has, the highest there is."""
        return self._weights[0]

    def rank(self, tokens: Iterable[str], most: int) -> tuple[Scores, float]:
        """The best documents with their scores, and what a text with these tokens might score."""
        fields, reachable = 0, 0.0
        rare: list[tuple[int, int]] = []
        common, places, starts = self._common.get, self._places.get, self._starts
        for token in dict.fromkeys(map(hash, tokens)):
            if (known := common(token)) is not None:
                fields += known[0]
                reachable += known[1]
            elif (place := places(token)) is None:
                reachable += self._weights[0]
            else:
                start, end = starts[place], starts[place + 1]
                reachable += self._weights[end - start]
                rare.append((start, end))
        scores = memoryview(fields.to_bytes(self._size * _FIELD_BYTES, byteorder)).cast("I").tolist()
        numbers, gains = self._numbers, self._gains
        for start, end in rare:
            for at in range(start, end):  # a few: slices would take longer to make
                scores[numbers[at]] += gains[at]
        return _best(scores, most), reachable

    def _fields(self, start: int, end: int) -> int:
        fields = array("I", bytes(self._size * _FIELD_BYTES))
        for number, gain in zip(self._numbers[start:end], self._gains[start:end], strict=True):
            fields[number] = gain
        return int.from_bytes(memoryview(fields).cast("B"), byteorder)


def _starts(tokens: Iterable[int], number: int) -> "array[int]":
    """Where the documents of each token begin, and at the end where they all end."""
    starts = array("I", bytes(_FIELD_BYTES * (number + 1)))
    for place in tokens:
        starts[place + 1] += 1
    for place in range(number):
        starts[place + 1] += starts[place]
    return starts


def _best(scores: list[int], most: int) -> Scores:
    """Of equal ones the first come first. What is far behind the best is not sorted at all."""
    least = max(int(max(scores, default=0) * WORTH), 1)  # whole: compared with each
    found = [number for number, score in enumerate(scores) if score >= least]
    found.sort(key=scores.__getitem__, reverse=True)
    return [(number, scores[number] / SCALE) for number in found[:most]]


def _weight(documents: int, seen: int) -> float:
    """BM25's inverse document frequency: a rare token tells more."""
    return math.log(1 + (documents - seen + 0.5) / (seen + 0.5))
