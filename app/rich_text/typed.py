"""Blocks as a form has them: to each a kind and one text, in which signs stand for bold and links."""

import re
from collections.abc import Iterable

from app.rich_text import media_typed
from app.rich_text.blocks import (
    UNSAFE,
    Block,
    Blocks,
    Heading,
    Items,
    NotRichText,
    Paragraph,
    Quote,
    Span,
    Spans,
    Words,
    is_safe,
)

TYPED = {
    "paragraph": "段落",
    "heading": "标题",
    "subheading": "小标题",
    "bullets": "列表",
    "numbers": "编号列表",
    "quote": "引用",
}
"""What a block of a form may be, and what it is called there."""
MEDIA = {
    "picture": "图片",
    "gallery": "图集",
    "attachment": "附件",
    "video": "视频",
    "audio": "音频",
    "activity": "活动",
    "panorama": "全景",
    "tip": "用电安全",
}
"""Of an article, beside `TYPED`; how they are written says `media_typed`."""

_MARK = re.compile(r"\\([\\*\[\]])|(\*\*)|\[((?:\\.|[^\[\]\\])+)\]\(([^()\s]+)\)")
_ESCAPED = re.compile(r"\\([\\*\[\]])")
_SPECIAL = re.compile(r"([\\*\[\]])")


def read_by_people(kind: str, words: str) -> str:
    """What people read of a block that was typed: of a picture what it shows, not which file it is."""
    return media_typed.read_by_people(words) if kind in MEDIA else words


def from_typed(rows: Iterable[tuple[str, str]]) -> Blocks:
    """Blocks of what was typed: a list has an item to a line, an empty line parts two paragraphs.

    Within the words `**…**` is bold and `[words](address)` a link; a backslash takes their meaning away.

    Raises: NotRichText: `line` is the number of the block.
    """
    blocks: list[Block] = []
    for number, (kind, text) in enumerate(rows, 1):
        if kind in MEDIA:
            blocks.append(_media(kind, text, number))
            continue
        lines = [line.strip() for line in text.splitlines()]
        if not any(lines):
            continue
        if kind in {"bullets", "numbers"}:
            items = tuple(filter(None, (_typed_spans(line, number) for line in lines if line)))
            blocks.append(Items(ordered=kind == "numbers", items=items))
        elif kind in {"heading", "subheading"}:
            words = " ".join(filter(None, lines))
            blocks.append(Heading(level=2 if kind == "heading" else 3, spans=_typed_spans(words, number)))
        elif kind == "quote":
            blocks.append(Quote(spans=_typed_spans("\n".join(filter(None, lines)), number)))
        else:
            parts = re.split(r"\n{2,}", "\n".join(lines).strip("\n"))
            blocks += [Paragraph(spans=_typed_spans(part, number)) for part in parts]
    # What is nothing but signs, such as `****`, says nothing.
    return tuple(each for each in blocks if not isinstance(each, Words) or _is_said(each))


def _is_said(block: Words) -> bool:
    return bool(block.items if isinstance(block, Items) else block.spans)


def _media(kind: str, text: str, number: int) -> Block:
    try:
        return media_typed.read(kind, text)
    except media_typed.NotMedia as error:
        raise NotRichText(str(error), number) from None


def to_typed(blocks: Iterable[Block]) -> list[tuple[str, str]]:
    """What would have to be typed for these blocks."""
    return [(_typed_kind(block), _typed_words(block)) for block in blocks]


def _typed_kind(block: Block) -> str:
    match block:
        case Heading():
            return "heading" if block.level == 2 else "subheading"
        case Items():
            return "numbers" if block.ordered else "bullets"
    return block.type


def _typed_words(block: Block) -> str:
    if isinstance(block, Items):
        return "\n".join(_source(item).replace("\n", " ") for item in block.items)
    return _source(block.spans) if isinstance(block, Words) else media_typed.written(block)


def _source(spans: Spans) -> str:
    return "".join(_span_source(span) for span in spans)


def _span_source(span: Span) -> str:
    words = _SPECIAL.sub(r"\\\1", span.text)
    if span.href:
        words = f"[{words}]({span.href.replace('(', '%28').replace(')', '%29')})"
    return f"**{words}**" if span.bold else words


def _typed_spans(text: str, number: int) -> Spans:
    spans: list[Span] = []
    words, bold, place = "", False, 0

    def end() -> None:
        nonlocal words
        if words:
            spans.append(Span(text=words, bold=bold))
        words = ""

    for found in _MARK.finditer(text):
        words += text[place : found.start()]
        place = found.end()
        escaped, mark, linked, href = found.groups()
        if escaped:
            words += escaped
            continue
        end()
        if mark:
            bold = not bold
        elif not is_safe(href):
            raise NotRichText(UNSAFE.format(href), number)
        else:
            spans.append(Span(text=_ESCAPED.sub(r"\1", linked), bold=bold, href=href))
    words += text[place:]
    end()
    if bold:
        raise NotRichText("加粗的 ** 要成对，前后各写一次", number)
    return tuple(spans)
