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
    Words,
    cards_in,
    dump,
    files_in,
    is_safe,
    load,
    pictures_in,
    shots_in,
)
from app.rich_text.markdown import from_markdown
from app.rich_text.media import Attachment, Card, Film, Gallery, Picture, Shot, Sound
from app.rich_text.media_showing import Around, Found
from app.rich_text.pasted import MISSING, NotPasted, PastedPicture, from_pasted, gathered
from app.rich_text.showing import to_html, to_text
from app.rich_text.typed import MEDIA, TYPED, from_typed, read_by_people, to_typed

__all__ = [
    "MEDIA",
    "MISSING",
    "TYPED",
    "Around",
    "Attachment",
    "Block",
    "Blocks",
    "Card",
    "Film",
    "Found",
    "Gallery",
    "Heading",
    "Items",
    "NotPasted",
    "NotRichText",
    "Paragraph",
    "PastedPicture",
    "Picture",
    "Quote",
    "Shot",
    "Sound",
    "Span",
    "Spans",
    "Words",
    "cards_in",
    "dump",
    "files_in",
    "from_markdown",
    "from_pasted",
    "from_typed",
    "gathered",
    "is_safe",
    "load",
    "pictures_in",
    "read_by_people",
    "shots_in",
    "to_html",
    "to_text",
    "to_typed",
]
