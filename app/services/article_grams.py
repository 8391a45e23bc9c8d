"""What an article is found by: its characters, and each two that stand together, as numbers.

Chinese is written without spaces, hence two characters are what comes closest to a word. A number is a digest
of them, so that nothing typed ever reaches a database's own language for searching. Two things may share one:
whoever found something by them looks at the words themselves before showing it.

Not here: where the numbers are kept (`article_index`), and what is the best of what was found
(`article_search`).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from zlib import crc32

_RUN = re.compile(r"[0-9a-z\u3400-\u4dbf\u4e00-\u9fff]+")
_TITLE, _CATEGORY = "title ", "category "  # before what stands in a title, or names a category


def fold(text: str) -> str:
    """One writing for what is typed in many: widths and capitals."""
    return unicodedata.normalize("NFKC", text).lower()


def runs(folded: str) -> list[str]:
    """Characters and figures that stand together without a sign or a space."""
    return _RUN.findall(folded)


def of_article(title: str, words: str, category: str) -> set[int]:
    """All it is found by; what stands in its title counts as said, and as title."""
    named = {piece for run in runs(fold(title)) for piece in (*run, *pairs(run))}
    said = named | {piece for run in runs(fold(words)) for piece in (*run, *pairs(run))}
    return {of_category(category), *map(of_piece, said), *(of_piece(each, title=True) for each in named)}


def of_category(category: str) -> int:
    return _number(_CATEGORY + category)


def of_piece(piece: str, *, title: bool = False) -> int:
    """One character, or two."""
    return _number((_TITLE if title else "") + piece)


def pieces(found: Iterable[str]) -> list[str]:
    """What stands in whatever holds all of these runs; one character by itself is one."""
    return list(dict.fromkeys(piece for run in found for piece in (pairs(run) or [run])))


def pairs(run: str) -> Sequence[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]


def _number(piece: str) -> int:
    """31 bits: a whole number on every database."""
    return crc32(piece.encode()) & 0x7FFFFFFF
