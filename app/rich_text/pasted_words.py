"""Words of what is pasted: what can be seen of them, and lines and paragraphs of them, tidy."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from app.rich_text.blocks import Span, Spans

LONG: Final = 4000  # characters of one paragraph
_EAST: Final = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_BROKEN_LINE: Final = re.compile(rf"(?<=[{_EAST}])[ \t]*[\r\n]+[ \t\r\n]*(?=[{_EAST}])")
_SPACE: Final = re.compile(r"[ \t\r\n\f\u00a0\u3000]+")


def printable(text: str) -> str:
    """Without what is not seen (marks of direction, of width nothing, controls); spaces are one.

    A line that the source breaks between two Chinese characters is no space, as in browsers.
    """
    seen = (c for c in text if c in "\t\n\r\f" or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return _SPACE.sub(" ", _BROKEN_LINE.sub("", "".join(seen)))


def one_line(span: Span) -> Span:
    return span.model_copy(update={"text": span.text.replace("\n", " ")})


def lines(spans: Sequence[Span]) -> list[Spans]:
    """Tidy lines; those within that are empty stay, the first and the last says something."""
    found: list[list[Span]] = [[]]
    for span in spans:
        for number, words in enumerate(span.text.split("\n")):
            if number:
                found.append([])
            if words:
                found[-1].append(span.model_copy(update={"text": words}))
    tidy = [_tidy(line) for line in found]
    said = [number for number, line in enumerate(tidy) if line]
    return tidy[said[0] : said[-1] + 1] if said else []


def _tidy(line: list[Span]) -> Spans:
    """Without spaces around it, with one between words; a space has no look."""
    found: list[Span] = []
    for span in line:
        after_space = not found or found[-1].text.endswith(" ")
        text = span.text.lstrip(" ") if after_space else span.text
        if text.strip():
            found.append(span.model_copy(update={"text": text}))
        elif text:
            found.append(Span(text=" "))
    if found:
        found[-1] = found[-1].model_copy(update={"text": found[-1].text.rstrip(" ")})
    return tuple(_merged(each for each in found if each.text))


def joined(parts: Sequence[Spans], between: str) -> Spans:
    found: list[Span] = []
    for number, line in enumerate(parts):
        found += [Span(text=between)] if number else []
        found += line
    return tuple(_merged(found))


def _merged(spans: Iterator[Span] | Sequence[Span]) -> Iterator[Span]:
    held: Span | None = None
    for span in spans:
        if held is not None and (held.bold, held.href) == (span.bold, span.href):
            held = held.model_copy(update={"text": held.text + span.text})
            continue
        if held is not None:
            yield held
        held = span
    if held is not None:
        yield held


def paragraphs(said: Sequence[Spans]) -> Iterator[Spans]:
    """An empty line parts two; so does what would be too long for one."""
    held: list[Spans] = []
    size = 0
    for line in [*(short for each in said for short in _short(each)), ()]:
        length = sum(len(span.text) for span in line)
        if held and (not line or size + length > LONG):
            yield joined(held, "\n")
            held, size = [], 0
        if line:
            held.append(line)
            size += length


def _short(line: Spans) -> Iterator[Spans]:
    if sum(len(span.text) for span in line) <= LONG:
        yield line
        return
    for span in line:
        for start in range(0, len(span.text), LONG):
            yield (span.model_copy(update={"text": span.text[start : start + LONG]}),)
