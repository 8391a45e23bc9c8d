"""The words that answers are written with, and finding them in a text.

A segmenter's dictionary has 350,000 words and takes 34 MB, and a word that no answer has can find none.
`words.txt` holds those the segmenter sees in what we ship, and longer ones that begin with these
(`word_list.py`).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Self

LIST: Final = Path(__file__).with_name("words.txt")


class Words:
    """A fixed set of words of two characters and more."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._longest: dict[str, int] = {}  # by the first two characters
        for word in self._words:
            self._longest[word[:2]] = max(len(word), self._longest.get(word[:2], 0))

    @classmethod
    def shipped(cls) -> Self:
        return cls(LIST.read_text("utf-8").split())

    def cut(self, text: str) -> Iterator[str]:
        """All of `text`: these words, each the longest from where it stands, and characters between them."""
        at = 0
        while at < len(text):
            size = self._longest.get(text[at : at + 2], 1)
            while size > 1 and text[at : at + size] not in self._words:
                size -= 1
            yield text[at : at + size]
            at += size
