"""Rich text as a list of typed blocks: read from Markdown or a form, shown as HTML or plain words.

Blocks are what is stored; HTML is made when shown and passes through nh3, never stored.
"""

from app.rich_text.blocks import (
    Block,
    Blocks,
    Heading,
    Items,
    NotRichText,
    Paragraph,
    Quote,
    Span,
    Spans,
    dump,
    load,
)
from app.rich_text.markdown import from_markdown
from app.rich_text.showing import to_html, to_text
from app.rich_text.typed import TYPED, from_typed, to_typed

__all__ = [
    "TYPED",
    "Block",
    "Blocks",
    "Heading",
    "Items",
    "NotRichText",
    "Paragraph",
    "Quote",
    "Span",
    "Spans",
    "dump",
    "from_markdown",
    "from_typed",
    "load",
    "to_html",
    "to_text",
    "to_typed",
]
