"""Rich text as a list of typed blocks: read from Markdown or a form, shown as HTML or plain words.

Blocks are what is stored; HTML is made when shown and passes through nh3, never stored.
"""

import html
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

if TYPE_CHECKING:
    from markdown_it.token import Token


class Span(BaseModel):
    """Words of one look. `href` is https, or a path of our own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    bold: bool = False
    href: str = ""


Spans = tuple[Span, ...]


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Paragraph(_Block):
    type: Literal["paragraph"] = "paragraph"
    spans: Spans


class Heading(_Block):
    type: Literal["heading"] = "heading"
    level: Literal[2, 3]
    spans: Spans


class Items(_Block):
    type: Literal["items"] = "items"
    ordered: bool
    items: tuple[Spans, ...]


class Quote(_Block):
    type: Literal["quote"] = "quote"
    spans: Spans


Block = Annotated[Paragraph | Heading | Items | Quote, Field(discriminator="type")]
Blocks = tuple[Block, ...]

_BLOCKS: TypeAdapter[Blocks] = TypeAdapter(Blocks)
_TAGS = {"p", "h2", "h3", "ul", "ol", "li", "blockquote", "strong", "a", "br"}


class NotRichText(ValueError):
    """Markdown that our blocks cannot hold; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message, self.line = message, line


def load(stored: object) -> Blocks:
    """Blocks as a JSON column holds them. Raises: pydantic.ValidationError."""
    return _BLOCKS.validate_python(stored)


def dump(blocks: Blocks) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _BLOCKS.dump_python(blocks, mode="json")
    return found


# --- showing -----------------------------------------------------------------------------------------------


def to_html(blocks: Iterable[Block]) -> str:
    import nh3  # noqa: PLC0415 - who only answers messages does without it

    return nh3.clean(
        "".join(_html(block) for block in blocks),
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"https", "tel"},
        link_rel="noopener",
    )


def to_text(blocks: Iterable[Block]) -> str:
    """Plain words, a line to a block or item."""
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, Items):
            for number, item in enumerate(block.items, 1):
                lines.append(f"{number}. {_words(item)}" if block.ordered else f"· {_words(item)}")
        else:
            lines.append(_words(block.spans))
    return "\n".join(lines)


def _html(block: Block) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{_spans(block.spans)}</h{block.level}>"
        case Items():
            tag = "ol" if block.ordered else "ul"
            return f"<{tag}>{''.join(f'<li>{_spans(item)}</li>' for item in block.items)}</{tag}>"
        case Quote():
            return f"<blockquote><p>{_spans(block.spans)}</p></blockquote>"
    return f"<p>{_spans(block.spans)}</p>"


def _spans(spans: Spans) -> str:
    return "".join(_span(span) for span in spans)


def _span(span: Span) -> str:
    words = html.escape(span.text).replace("\n", "<br>")
    words = f"<strong>{words}</strong>" if span.bold else words
    return f'<a href="{html.escape(span.href)}">{words}</a>' if span.href else words


def _words(spans: Spans) -> str:
    return "".join(span.text for span in spans)


# --- reading Markdown --------------------------------------------------------------------------------------

_UNSAFE = "链接应以 https:// 开头，或是本站的路径：{}"


def from_markdown(text: str) -> Blocks:
    """Paragraphs, headings of two levels, lists, quotes, bold and links.

    Raises:
        NotRichText: anything else, such as pictures, tables or lists within lists.
    """
    from markdown_it import MarkdownIt  # noqa: PLC0415 - for files; what is stored are blocks

    tokens = MarkdownIt("commonmark", {"html": False}).parse(text)
    blocks: list[Block] = []
    place = 0
    while place < len(tokens):
        block, place = _block(tokens, place)
        blocks.append(block)
    return tuple(blocks)


def _block(tokens: "Sequence[Token]", place: int) -> tuple[Block, int]:
    token = tokens[place]
    match token.type:
        case "paragraph_open":
            return Paragraph(spans=_inline(tokens[place + 1])), place + 3
        case "heading_open":
            level: Literal[2, 3] = 3 if token.tag in {"h3", "h4", "h5", "h6"} else 2
            return Heading(level=level, spans=_inline(tokens[place + 1])), place + 3
        case "bullet_list_open" | "ordered_list_open":
            return _list(tokens, place)
        case "blockquote_open":
            end = _end(tokens, place)
            inside = [each for each in tokens[place:end] if each.type == "inline"]
            if len(inside) != 1:
                raise _refusal(token, "引用只能是一段话")
            return Quote(spans=_inline(inside[0])), end + 1
    raise _refusal(token, "这里的写法不支持，可以用段落、标题、列表、引用、加粗和链接")


def _list(tokens: "Sequence[Token]", place: int) -> tuple[Items, int]:
    end = _end(tokens, place)
    inside = tokens[place + 1 : end]
    items = [each for each in inside if each.type == "inline"]
    nested = any(each.type.endswith("list_open") for each in inside)
    if nested or len(items) != sum(each.type == "list_item_open" for each in inside):
        raise _refusal(tokens[place], "列表里每条只写一段话，不能再套列表")
    ordered = tokens[place].type == "ordered_list_open"
    return Items(ordered=ordered, items=tuple(_inline(item) for item in items)), end + 1


def _end(tokens: "Sequence[Token]", place: int) -> int:
    """Where what opens at `place` is closed."""
    closing, level = tokens[place].type.replace("_open", "_close"), tokens[place].level
    return next(
        number
        for number in range(place + 1, len(tokens))
        if tokens[number].type == closing and tokens[number].level == level
    )


def _inline(token: "Token") -> Spans:
    spans: list[Span] = []
    bold, href = False, ""
    for child in token.children or ():
        match child.type:
            case "text":
                spans.append(Span(text=child.content, bold=bold, href=href))
            case "softbreak" | "hardbreak":
                spans.append(Span(text="\n" if child.type == "hardbreak" else "", bold=bold, href=href))
            case "strong_open" | "strong_close":
                bold = child.type == "strong_open"
            case "em_open" | "em_close":
                continue  # Chinese type has no italics
            case "link_open":
                href = _checked(str(child.attrGet("href") or ""), token)
            case "link_close":
                href = ""
            case _:
                raise _refusal(token, "文字里只能有加粗和链接，图片和代码不支持")
    return tuple(span for span in spans if span.text)


def _checked(href: str, token: "Token") -> str:
    if _is_safe(href):
        return href
    raise _refusal(token, _UNSAFE.format(href))


def _is_safe(href: str) -> bool:
    try:
        parts = urlsplit(href)
    except ValueError:
        return False
    if not parts.scheme and not parts.netloc:
        return href.startswith("/")
    return parts.scheme == "tel" or (parts.scheme == "https" and bool(parts.netloc))


def _refusal(token: "Token", message: str) -> NotRichText:
    return NotRichText(message, (token.map[0] if token.map else 0) + 1)


# --- as a form has it: one text to a block ------------------------------------------------------------------

TYPED = {
    "paragraph": "段落",
    "heading": "标题",
    "subheading": "小标题",
    "bullets": "列表",
    "numbers": "编号列表",
    "quote": "引用",
}
"""What a block of a form may be, and what it is called there."""

_MARK = re.compile(r"\\([\\*\[\]])|(\*\*)|\[((?:\\.|[^\[\]\\])+)\]\(([^()\s]+)\)")
_ESCAPED = re.compile(r"\\([\\*\[\]])")
_SPECIAL = re.compile(r"([\\*\[\]])")


def from_typed(rows: Iterable[tuple[str, str]]) -> Blocks:
    """Blocks of what was typed: a list has an item to a line, an empty line parts two paragraphs.

    Within the words `**…**` is bold and `[words](address)` a link; a backslash takes their meaning away.

    Raises: NotRichText: `line` is the number of the block.
    """
    blocks: list[Block] = []
    for number, (kind, text) in enumerate(rows, 1):
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
    return tuple(each for each in blocks if (each.items if isinstance(each, Items) else each.spans))


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
    return _source(block.spans)


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
        elif not _is_safe(href):
            raise NotRichText(_UNSAFE.format(href), number)
        else:
            spans.append(Span(text=_ESCAPED.sub(r"\1", linked), bold=bold, href=href))
    words += text[place:]
    end()
    if bold:
        raise NotRichText("加粗的 ** 要成对，前后各写一次", number)
    return tuple(spans)
