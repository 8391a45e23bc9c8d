"""Passive replies: what can be said in the answer itself, within WeChat's limits.

This is the module to import; the types themselves stand in `reply_types`, their XML in
`rendering`. Here are the limits, tappable lines, and the form kept in journal and outbox.
"""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from app.wechat.incoming import Incoming
from app.wechat.rendering import render
from app.wechat.reply_types import (
    Article,
    BadReply,
    Image,
    Music,
    News,
    Nothing,
    Reply,
    ReplyTooLong,
    Text,
    Transfer,
    Video,
    Voice,
    clean,
    wants_json,
)

__all__ = [
    "MAX_ARTICLES",
    "MAX_TEXT_BYTES",
    "Article",
    "BadReply",
    "Image",
    "Music",
    "News",
    "Nothing",
    "Reply",
    "ReplyTooLong",
    "Text",
    "Transfer",
    "Video",
    "Voice",
    "check",
    "choice_line",
    "fit",
    "fitted",
    "from_store",
    "one_article",
    "render",
    "to_store",
]

MAX_TEXT_BYTES = 2048  # longer ones show the fault notice
MAX_ARTICLES = 8  # in answer to an event; to a message, one

_ENDS = re.compile("\n|[。！？；!?;…][”’」』）)]*|\\.(?=\\s)")
_TAP_ESCAPES = str.maketrans({char: f"%{ord(char):02X}" for char in "%&\"'<>#+ \\\t\r\n"})
_LABEL_ESCAPES = str.maketrans({"<": "＜", ">": "＞", "\r": " ", "\n": " "})
_TYPES: dict[str, type[Reply]] = {
    "text": Text,
    "image": Image,
    "voice": Voice,
    "video": Video,
    "music": Music,
    "news": News,
    "transfer": Transfer,
    "nothing": Nothing,
}
_NAMES = {kind: name for name, kind in _TYPES.items()}


def check(reply: Reply, incoming: Incoming) -> None:
    """Raise what WeChat would answer with its fault notice.

    Raises:
        ReplyTooLong: text over 2,048 bytes; more articles than this push may get.
        BadReply: an empty text, a missing media id, no article; a type JSON has no form for.
    """
    match reply:
        case Text(content):
            content = clean(content)
            if not content.strip():
                raise BadReply("a text reply must not be empty")
            if (size := len(content.encode())) > MAX_TEXT_BYTES:
                raise ReplyTooLong(f"text of {size} bytes, allowed are {MAX_TEXT_BYTES}")
        case News(articles):
            allowed = MAX_ARTICLES if incoming.is_event else 1
            if not articles:
                raise BadReply("a news reply needs an article")
            if len(articles) > allowed:
                raise ReplyTooLong(f"{len(articles)} articles, allowed are {allowed}")
        case Image(media_id) | Voice(media_id) | Video(media_id) | Music(media_id):
            if not media_id:
                raise BadReply("a media reply needs its media id")
        case Transfer() | Nothing():
            return
    if wants_json(incoming):
        raise BadReply("a mini-program takes customer messages only")


def fitted(reply: Reply, incoming: Incoming) -> Reply:
    """`reply` within the limits of this push: text shortened, articles beyond them named by the first.

    Raises:
        BadReply: nothing that could be sent.
    """
    if isinstance(reply, Text):
        reply = Text(fit(reply.content))
    elif isinstance(reply, News):
        reply = News(reply.articles[:MAX_ARTICLES]) if incoming.is_event else one_article(reply)
    if not wants_json(incoming):  # its answers go another way, with limits of their own
        check(reply, incoming)
    return reply


def one_article(news: News) -> News:
    """The first article alone: its description names the others."""
    first, *others = news.articles or (None,)
    if first is None:
        return news
    more = [f"另有：{'、'.join(f'《{article.title}》' for article in others)}"] if others else []
    return News((replace(first, description="\n".join(filter(None, [first.description, *more]))),))


def fit(text: str, limit: int = MAX_TEXT_BYTES) -> str:
    """Shorten a text to `limit` bytes, at the end of a line or sentence, with …."""
    text = clean(text)
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    room = encoded[: limit - len("…".encode())].decode(errors="ignore")
    end = 0
    for found in _ENDS.finditer(room):
        end = found.end()
    if end * 2 < len(room):  # no good place: better half a sentence than half an answer
        end = len(room)
    kept = room[:end]
    if kept.count("<a ") > kept.count("</a>"):  # half a link shows its source
        kept = kept[: kept.rindex("<a ")]
    return kept.rstrip() + "…"


def choice_line(content: str, menu_id: str, label: str | None = None) -> str:
    """A line that, when tapped, sends `content` with `menu_id` as the person's own text."""
    shown = (content if label is None else label).translate(_LABEL_ESCAPES)
    return (
        f'<a href="weixin://bizmsgmenu?msgmenucontent={clean(content).translate(_TAP_ESCAPES)}'
        f'&msgmenuid={clean(menu_id).translate(_TAP_ESCAPES)}">{shown}</a>'
    )


def to_store(reply: Reply) -> dict[str, Any]:
    """The reply as JSON takes it, for the journal and the outbox."""
    if isinstance(reply, Text):  # nearly every reply, and every message is journalled
        return {"type": "text", "content": reply.content}
    stored: dict[str, Any] = {"type": _NAMES[type(reply)]}
    if isinstance(reply, News):
        stored["articles"] = [_values(article) for article in reply.articles]
        return stored
    return stored | _values(reply)


def from_store(stored: Mapping[str, Any]) -> Reply:
    """What `to_store` was given. Fields of a newer release are passed over.

    Raises:
        ValueError: no such type, or a field is missing.
    """
    kind = _TYPES.get(stored.get("type", ""))
    try:
        if kind is None:
            raise ValueError(f"no reply of type {stored.get('type')!r}")
        if kind is News:
            return News(tuple(_build(Article, article) for article in stored["articles"]))
        built: Reply = _build(kind, stored)
    except (KeyError, TypeError):
        raise ValueError(f"a stored {stored.get('type')} reply lacks a field") from None
    return built


def _values(value: Any) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value)}


def _build(kind: Any, stored: Mapping[str, Any]) -> Any:
    return kind(**{each.name: stored[each.name] for each in fields(kind) if each.name in stored})
