"""What is pasted from Word, WeChat or a page becomes our blocks: words and their sense, not their looks.

Pictures that carry their bytes come along as such; of others a line says that one stood there, for nothing is
fetched from anywhere. Not here: the parsing (`pasted_tree`), addresses (`pasted_links`), whether a picture is
one (the console).
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from app.rich_text.blocks import Heading, Items, Paragraph, Quote, Span, Spans, Words
from app.rich_text.pasted_links import cleaned
from app.rich_text.pasted_tree import BLOCKS, Node, NotPasted, is_gone, is_unseen, tree_of
from app.rich_text.pasted_words import LONG, joined, lines, one_line, paragraphs, printable

__all__ = ["MISSING", "NotPasted", "PastedPicture", "from_pasted", "gathered"]

MISSING: Final = "这里原来有一张图片，请上传。"
_LIST: Final = re.compile(r"mso-list\s*:\s*(l\d+)\s+level\d", re.IGNORECASE)
_MARKER: Final = re.compile(r"mso-list\s*:\s*ignore", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[(（]?(\d{1,3})\s*[.、)）．]")
_BULLET: Final = re.compile(r"[·•●○■□◆◇★▪▶►➢✓✔§¨Øüvwnluoq*–—-]|[\uf000-\uf0ff]")
_HEADINGS: Final[dict[str, Literal[2, 3]]] = {"h1": 2, "h2": 2, "h3": 3, "h4": 3, "h5": 3, "h6": 3}


@dataclass(frozen=True, slots=True)
class PastedPicture:
    """The bytes as they came; nobody has looked whether they are a picture."""

    data: bytes


Part = Words | PastedPicture


@dataclass(frozen=True, slots=True)
class _Look:
    """How the words of a place look, and what they stand in."""

    bold: bool = False
    href: str = ""
    unseen: bool = False
    within: str = ""  # heading, quote, item, or nothing
    level: Literal[2, 3] = 2
    ordered: bool = False
    list: int = 0  # of an item: which list
    item: int = 0


def from_pasted(html: str) -> tuple[Part, ...]:
    """Raises: NotPasted."""
    tree, carried = tree_of(html)
    writer = _Writer(carried)
    writer.children(tree, _Look())
    writer.flush(_Look())
    return tuple(writer.parts)


def gathered(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Typed rows, in which paragraphs that follow each other share a block; an empty line parts them."""
    found: list[tuple[str, str]] = []
    for kind, text in rows:
        if found and kind == found[-1][0] == "paragraph" and len(found[-1][1]) + len(text) < LONG:
            found[-1] = (kind, f"{found[-1][1]}\n\n{text}")
        else:
            found.append((kind, text))
    return found


class _Writer:
    def __init__(self, carried: list[str]) -> None:
        self._carried = carried
        self._spans: list[Span] = []
        self._after: list[Part] = []  # pictures within words stand below them
        self._last: tuple[int, int] = (0, 0)  # list and item that were written last
        self._count = 0
        self.parts: list[Part] = []

    # --- walking -------------------------------------------------------------------------------------------

    def children(self, node: Node, look: _Look) -> None:
        for child in node.children:
            if isinstance(child, str):
                self._say(child, look)
            else:
                self._node(child, look)

    def _node(self, node: Node, look: _Look) -> None:
        style = node.style()
        if is_gone(node, style):
            return
        look = replace(look, unseen=is_unseen(style, look.unseen), bold=_is_bold(node, style, look.bold))
        match node.tag:
            case "br":
                self._spans.append(Span(text="\n"))
            case "img":
                self._picture(node, look)
            case "a":
                self.children(node, replace(look, href=cleaned(node.attributes.get("href", ""))))
            case "table":
                self._block(node, look, self._table)
            case "ul" | "ol":
                self._block(node, look, self._list)
            case tag if tag in BLOCKS:
                self._block(node, look, self._inside)
            case _:
                self.children(node, look)

    def _block(self, node: Node, look: _Look, inside: Callable[[Node, _Look], None]) -> None:
        self.flush(look)
        inner = look
        if node.tag in _HEADINGS and look.within != "item":
            inner = replace(look, within="heading", level=_HEADINGS[node.tag])
        elif node.tag == "p" and "MsoTitle" in node.attributes.get("class", "") and not look.within:
            inner = replace(look, within="heading", level=2)
        elif node.tag == "blockquote" and look.within != "item":
            inner = replace(look, within="quote")
        inside(node, inner)
        self.flush(inner)

    def _inside(self, node: Node, look: _Look) -> None:
        found = _LIST.search(node.attributes.get("style", ""))
        if found and not look.within and (item := self._word_item(node, found[1], look)):
            look = item
        self.children(node, look)
        self.flush(look)

    def _word_item(self, node: Node, which: str, look: _Look) -> _Look | None:
        """Word writes items as paragraphs with the number as words; other numbers than ours stay words."""
        marker = next(_markers(node), None)
        said = printable(marker.words()).strip() if marker else ""
        number, name = _NUMBER.fullmatch(said), -1 - int(which[1:6])
        goes_on = isinstance(self._newest(), Items) and self._last[0] == name
        if marker is None or not (_BULLET.fullmatch(said) or (number and (goes_on or number[1] == "1"))):
            return None
        marker.children = []
        self._count += 1
        if number and number[1] == "1":
            self._last = (0, 0)
        return replace(look, within="item", ordered=bool(number), list=name, item=self._count)

    def _list(self, node: Node, look: _Look) -> None:
        ordered, start = node.tag == "ol", node.attributes.get("start", "1").strip()
        if look.within == "item":  # a list within one: its items follow
            ordered, name = look.ordered, look.list
        else:
            self._count += 1
            name = self._count
        number = int(start) if start.isascii() and start.isdecimal() and len(start) < 5 else 1
        for child in node.children:
            if isinstance(child, str):
                self._say(child, look)
                continue
            if ordered and number > 1 and look.within != "item" and child.tag == "li":
                self._spans.append(Span(text=f"{number}. "))  # a list of ours would begin at 1 again
                self.children(child, look)
                self.flush(look)
                number += 1
                continue
            self._count += 1
            item = replace(look, within="item", ordered=ordered, list=name, item=self._count)
            self._node(child, item)
            self.flush(item)

    def _table(self, node: Node, look: _Look) -> None:
        """A row is a line, unless the table only holds a page together."""
        rows = [row for row in _rows(node) if not is_gone(row, row.style())]
        cells = [[each for each in row.nodes() if each.tag in ("td", "th")] for row in rows]
        if all(len(row) < 2 for row in cells) or next(node.find("table"), None):
            self.children(node, look)
            return
        for caption in node.find("caption"):
            self.children(caption, look)
            self.flush(look)
        for row in cells:
            said = [self._cell(cell, look) for cell in row]
            if any(said):
                for number, spans in enumerate(said):
                    self._spans += [Span(text="｜")] if number else []
                    self._spans += spans
                self._spans.append(Span(text="\n"))

    def _cell(self, node: Node, look: _Look) -> list[Span]:
        inner = _Writer(self._carried)
        inner.children(node, replace(look, within=""))
        inner.flush(look)
        spans: list[Span] = []
        for part in inner.parts:
            if isinstance(part, PastedPicture) or part == _missing():
                self._after.append(part)
                continue
            for some in part.items if isinstance(part, Items) else (part.spans,):
                spans += [Span(text=" ")] if spans else []
                spans += map(one_line, some)
        return spans

    # --- writing -------------------------------------------------------------------------------------------

    def _say(self, text: str, look: _Look) -> None:
        if not look.unseen:
            words = printable(text)
            if words:
                self._spans.append(Span(text=words, bold=look.bold, href=look.href))

    def _picture(self, node: Node, look: _Look) -> None:
        size = [node.attributes.get(name, "") for name in ("width", "height")]
        if any(each in ("0", "1", "2", "3") for each in size):  # it counts readers
            return
        name = node.attributes.get("src", "").removeprefix("data:,")
        data = _bytes(self._carried[int(name)]) if _names_one(name, self._carried) else b""
        self._after.append(PastedPicture(data) if data else _missing())

    def flush(self, look: _Look) -> None:
        """What was said so far is whole."""
        said, self._spans = lines(self._spans), []
        if said:
            self._write(said, look)
        for part in self._after:
            if part != _missing() or self._newest() != part:
                self.parts.append(part)
        self._after = []

    def _newest(self) -> Part | None:
        return self.parts[-1] if self.parts else None

    def _write(self, said: list[Spans], look: _Look) -> None:
        last = self._newest()
        match look.within:
            case "item":
                spans = joined([line for line in said if line], " ")
                same = isinstance(last, Items) and self._last[0] == look.list
                if same and isinstance(last, Items):
                    items = last.items
                    if self._last[1] == look.item:
                        items, spans = items[:-1], joined([items[-1], spans], " ")
                    self.parts[-1] = Items(ordered=last.ordered, items=(*items, spans))
                else:
                    self.parts.append(Items(ordered=look.ordered, items=(spans,)))
                self._last = (look.list, look.item)
            case "heading":
                words = joined([line for line in said if line], " ")
                plain = tuple(each.model_copy(update={"bold": False}) for each in words)
                self.parts.append(Heading(level=look.level, spans=plain))
            case "quote":
                before = [last.spans] if isinstance(last, Quote) else []
                spans = joined([*before, *(line for line in said if line)], "\n")
                self.parts[len(self.parts) - len(before) :] = [Quote(spans=spans)]
            case _:
                self.parts += [Paragraph(spans=each) for each in paragraphs(said)]


# --- parts -------------------------------------------------------------------------------------------------


def _missing() -> Paragraph:
    return Paragraph(spans=(Span(text=MISSING),))


def _names_one(name: str, carried: list[str]) -> bool:
    return name.isascii() and name.isdecimal() and len(name) < 6 and int(name) < len(carried)


def _bytes(coded: str) -> bytes:
    try:
        return base64.b64decode(re.sub(r"\s+", "", coded), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _is_bold(node: Node, style: dict[str, str], before: bool) -> bool:
    weight = style.get("font-weight", "").strip()
    if weight:
        return weight in ("bold", "bolder") or (weight.isdecimal() and int(weight[:4]) >= 600)
    return before or node.tag in ("b", "strong")


def _markers(node: Node) -> Iterator[Node]:
    for child in node.nodes():
        if _MARKER.search(child.attributes.get("style", "")):
            yield child
        yield from _markers(child)


def _rows(table: Node) -> Iterator[Node]:
    for child in table.nodes():
        if child.tag == "tr":
            yield child
        elif child.tag in ("tbody", "thead", "tfoot"):
            yield from _rows(child)
