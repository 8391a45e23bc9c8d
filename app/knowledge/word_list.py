"""Writing `words.txt` anew, which is due whenever what we ship changes: `gonghui content words --write`."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from app.knowledge.entries import Entry
from app.knowledge.vocabulary import normalise

_WORD: Final = re.compile(r"[\u4e00-\u9fff]{2,}")
_TWICE: Final = 2  # a word that the segmenter only guesses stands there at least so often


def written(entries: Iterable[Entry]) -> str:
    """The file: all words of two Chinese characters and more, sorted. Loads a whole dictionary."""
    import rjieba  # noqa: PLC0415 - 34 MB

    known: set[str] = set()
    guessed: Counter[str] = Counter()
    for each in entries:
        for text in map(normalise, (*each.ask, each.title, *each.prose)):
            known.update(rjieba.cut(text, hmm=False))
            guessed.update(rjieba.cut(text))
    found = known | {word for word, times in guessed.items() if times >= _TWICE}
    return "".join(f"{word}\n" for word in sorted(filter(_WORD.fullmatch, found)))
