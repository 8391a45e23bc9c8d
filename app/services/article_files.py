"""Articles as Markdown files: what their head may say, and the blocks their body becomes."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

from app import rich_text
from app.content_files import BodyMistake, ContentFile, ContentMistakes, read_folder
from app.rich_text import Blocks, NotRichText
from models import ArticleCategory


def _category(value: Any) -> Any:
    known = [category.value for category in ArticleCategory]
    if value not in known:
        raise ValueError(f"没有「{value}」这个栏目，可写：{'、'.join(known)}")
    return ArticleCategory(value)


class Head(BaseModel):
    """Unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=64)]
    category: Annotated[ArticleCategory, BeforeValidator(_category)]
    summary: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=120)]
    author: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=64)]
    published_on: date


@dataclass(frozen=True, slots=True)
class Written:
    """One article as its file has it."""

    head: Head
    blocks: Blocks


def load(folder: Path) -> list[ContentFile[Written]]:
    """Raises: ContentMistakes."""
    files, mistakes = read_folder(folder, Head, _written)
    if mistakes:
        raise ContentMistakes(mistakes)
    return files


def _written(head: Head, body: str) -> Written:
    try:
        return Written(head, rich_text.from_markdown(body))
    except NotRichText as refused:
        raise BodyMistake(refused.message, refused.line) from None
