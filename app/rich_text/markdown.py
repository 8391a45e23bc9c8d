"""Blocks read from the Markdown of the files that we ship."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

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
    is_safe,
)

if TYPE_CHECKING:
    from markdown_it.token import Token


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
    if is_safe(href):
        return href
    raise _refusal(token, UNSAFE.format(href))


def _refusal(token: "Token", message: str) -> NotRichText:
    return NotRichText(message, (token.map[0] if token.map else 0) + 1)
