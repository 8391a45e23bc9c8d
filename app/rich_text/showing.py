"""Blocks as HTML, made when shown and passed through nh3; and as plain words."""

import html
from collections.abc import Iterable

from app.rich_text import media_showing
from app.rich_text.blocks import Block, Heading, Items, Paragraph, Quote, Span, Spans
from app.rich_text.media_showing import Around

TAGS = {"p", "h2", "h3", "ul", "ol", "li", "blockquote", "strong", "a", "br"}


def to_html(blocks: Iterable[Block], around: Around | None = None) -> str:
    """Of a text with pictures, files or cards `around` says where those are."""
    import nh3  # noqa: PLC0415 - who only answers messages does without it

    return nh3.clean(
        "".join(_html(block, around or Around()) for block in blocks),
        tags=TAGS | media_showing.TAGS,
        attributes=media_showing.ATTRIBUTES,
        allowed_classes=media_showing.CLASSES,
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
        elif isinstance(block, Heading | Paragraph | Quote):
            lines.append(_words(block.spans))
        else:
            lines.append(media_showing.to_text(block))
    return "\n".join(lines)


def _html(block: Block, around: Around) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{_spans(block.spans)}</h{block.level}>"
        case Items():
            tag = "ol" if block.ordered else "ul"
            return f"<{tag}>{''.join(f'<li>{_spans(item)}</li>' for item in block.items)}</{tag}>"
        case Quote():
            return f"<blockquote><p>{_spans(block.spans)}</p></blockquote>"
        case Paragraph():
            return f"<p>{_spans(block.spans)}</p>"
    return media_showing.to_html(block, around)


def _spans(spans: Spans) -> str:
    return "".join(_span(span) for span in spans)


def _span(span: Span) -> str:
    words = html.escape(span.text).replace("\n", "<br>")
    words = f"<strong>{words}</strong>" if span.bold else words
    return f'<a href="{html.escape(span.href)}">{words}</a>' if span.href else words


def _words(spans: Spans) -> str:
    return "".join(span.text for span in spans)
