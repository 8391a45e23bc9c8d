"""The typed blocks of a text, as they are stored; and which addresses a link may have."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.rich_text.media import Attachment, Card, Film, Gallery, Picture, Shot, Sound


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


Words = Paragraph | Heading | Items | Quote
Block = Annotated[Words | Picture | Gallery | Attachment | Film | Sound | Card, Field(discriminator="type")]
Blocks = tuple[Block, ...]

_BLOCKS: TypeAdapter[Blocks] = TypeAdapter(Blocks)


UNSAFE = "链接应以 https:// 开头，或是本站的路径：{}"


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


def is_safe(href: str) -> bool:
    try:
        parts = urlsplit(href)
    except ValueError:
        return False
    if not parts.scheme and not parts.netloc:
        return href.startswith("/")
    return parts.scheme == "tel" or (parts.scheme == "https" and bool(parts.netloc))


def pictures_in(blocks: Iterable[Block]) -> Iterator[Shot]:
    """The pictures that stand in the text, in their order."""
    for block in blocks:
        match block:
            case Picture():
                yield block.shot
            case Gallery():
                yield from block.shots


def shots_in(blocks: Iterable[Block]) -> Iterator[Shot]:
    """The same, and posters of films."""
    for block in blocks:
        if isinstance(block, Film) and block.poster is not None:
            yield block.poster
        yield from pictures_in([block])


def files_in(blocks: Iterable[Block]) -> set[str]:
    """The ids of all files that are named."""
    blocks = list(blocks)
    whole = {each.file for each in blocks if isinstance(each, Attachment | Film | Sound)}
    return whole | {shot.file for shot in shots_in(blocks)}


def cards_in(blocks: Iterable[Block]) -> list[Card]:
    return [each for each in blocks if isinstance(each, Card)]
