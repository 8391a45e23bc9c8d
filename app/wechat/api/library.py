"""What the account's library of permanent material answers: shapes and their reading (section 11.2).

The calls are `client.media`'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class LibraryKind(StrEnum):
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    NEWS = "news"  # articles; new ones are drafts


@dataclass(frozen=True, slots=True)
class LibraryVideo:
    """A permanent video: its text, and where its file can be fetched for a while."""

    title: str
    description: str
    url: str


@dataclass(frozen=True, slots=True)
class LibraryArticles:
    """Articles as WeChat tells them (title, author, digest, content, url …)."""

    articles: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class LibraryCount:
    images: int
    voices: int
    videos: int
    news: int


@dataclass(frozen=True, slots=True)
class LibraryItem:
    media_id: str
    updated_at: int  # unix seconds
    name: str = ""  # file name; not of articles
    url: str = ""  # pictures only
    articles: tuple[Mapping[str, Any], ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class LibraryPage:
    items: tuple[LibraryItem, ...]
    total: int  # of this kind, on all pages


def read_told(answer: Mapping[str, Any]) -> LibraryVideo | LibraryArticles | None:
    """What is described rather than sent; None for anything else."""
    if "news_item" in answer:
        return LibraryArticles(tuple(answer["news_item"] or ()))
    if "down_url" in answer:
        texts = (str(answer.get(name) or "") for name in ("title", "description", "down_url"))
        return LibraryVideo(*texts)
    return None


def read_count(answer: Mapping[str, Any]) -> LibraryCount:
    names = ("image_count", "voice_count", "video_count", "news_count")
    return LibraryCount(*(int(answer.get(name) or 0) for name in names))


def read_library_page(answer: Mapping[str, Any]) -> LibraryPage:
    items = tuple(_read_item(wire) for wire in answer.get("item") or ())
    return LibraryPage(items, int(answer.get("total_count") or 0))


def _read_item(wire: Mapping[str, Any]) -> LibraryItem:
    return LibraryItem(
        media_id=str(wire.get("media_id") or ""),
        updated_at=int(wire.get("update_time") or 0),
        name=str(wire.get("name") or ""),
        url=str(wire.get("url") or ""),
        articles=tuple((wire.get("content") or {}).get("news_item") or ()),
        raw=wire,
    )
