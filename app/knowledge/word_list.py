"""Writing `words.txt` anew, which is due whenever what we ship changes: `gonghui content words --write`."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from app.knowledge.entries import Entry
from app.knowledge.vocabulary import normalise

_WORD: Final = re.compile(r"[\u4e00-\u9fff]{2,}")
_TWICE: Final = 2  # a word that the segmenter only guesses stands there at least so often
_LONGEST: Final = 4  # characters of a word that is there for a shorter one's sake
# The first level of GB 2312: the 3,755 characters that are in use.
_IN_USE: Final = bytes(
    code for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF) for code in (row, cell)
)


def written(entries: Iterable[Entry]) -> str:
    """The file: all words of two Chinese characters and more, and such as go on from them, sorted.

    Without 办公楼 the 办公 in it would be taken for a word that an answer has. Loads a whole dictionary, and
    takes some ten seconds.
    """
    import rjieba  # noqa: PLC0415 - 34 MB

    known: set[str] = set()
    guessed: Counter[str] = Counter()
    for each in entries:
        for text in map(normalise, (*each.ask, each.title, *each.prose)):
            known.update(rjieba.cut(text, hmm=False))
            guessed.update(rjieba.cut(text))
    known |= {word for word, times in guessed.items() if times >= _TWICE}
    own = set(filter(_WORD.fullmatch, known))
    ends = _IN_USE.decode("gb2312", errors="ignore")
    longer = {
        word + end for word in own if len(word) < _LONGEST for end in ends if rjieba.has_word(word + end)
    }
    return "".join(f"{word}\n" for word in sorted(own | longer))
