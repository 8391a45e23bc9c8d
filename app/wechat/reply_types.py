"""What a passive reply can be, as plain values; `replies` and `rendering` work on them."""

import re
from dataclasses import dataclass

from app.wechat.incoming import Incoming

_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BEFORE_JSON = b"\xef\xbb\xbf \t\r\n"  # what may stand before the first bracket


class BadReply(ValueError):
    """A reply WeChat would not deliver: it would show its fault notice instead."""


class ReplyTooLong(BadReply):
    """Too many bytes of text, or articles."""


@dataclass(frozen=True, slots=True)
class Text:
    content: str


@dataclass(frozen=True, slots=True)
class Image:
    media_id: str


@dataclass(frozen=True, slots=True)
class Voice:
    media_id: str


@dataclass(frozen=True, slots=True)
class Video:
    media_id: str
    title: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Music:
    thumb_media_id: str
    title: str = ""
    description: str = ""
    url: str = ""
    hq_url: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    title: str
    description: str
    picture: str
    url: str


@dataclass(frozen=True, slots=True)
class News:
    articles: tuple[Article, ...]


@dataclass(frozen=True, slots=True)
class Transfer:
    """Hand the message to WeChat's own customer service; to any agent, or to one."""

    kf_account: str = ""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Received, and nothing to say."""


Reply = Text | Image | Voice | Video | Music | News | Transfer | Nothing


def clean(text: str) -> str:
    """Without the characters no XML can hold."""
    return text if text.isprintable() else _UNWRITABLE.sub("", text)


def wants_json(incoming: Incoming) -> bool:
    """An answer is written in the format of what came; JSON comes from mini-programs only."""
    return incoming.raw.lstrip(_BEFORE_JSON).startswith(b"{")
