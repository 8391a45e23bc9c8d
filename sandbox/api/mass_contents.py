"""What a mass message may carry, by msgtype, and how a phone shows it (section 7.1)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox import drafts, media, publications
from sandbox.api import messages
from sandbox.api.registry import Call, string
from sandbox.articles import jobs as publishing
from sandbox.errors import ApiError
from sandbox.store import Row

Part = dict[str, Any]
MOST_PICTURES = 20  # our own choice: WeChat names the code, not the limit
RECOMMEND_CHARACTERS = 1000  # likewise


@dataclass(frozen=True)
class Carried:
    """A message of this type as a phone shows it."""

    type: str
    content: Part
    media_id: str = ""  # of an article or a video: two at once with the same are too fast
    msg_data_id: int | None = None  # of articles that were sent before


Reader = Callable[[Call, Part], Carried]


def read(call: Call, body: Part, *, preview: bool = False) -> Carried:
    """
    Raises:
        ApiError: 40008 no such type, 45113 a card, 44004 its object is missing, and what each type refuses.
    """
    kind = string(body, "msgtype")
    if kind == "wxcard":
        raise ApiError(45113, "card and product are not supported in mass messages", "卡券和商品不能再群发")
    reader = (PREVIEWED if preview else READERS).get(kind)
    if reader is None:
        raise ApiError(40008, "invalid message type", f"群发没有「{kind}」这种类型")
    name = "images" if kind == "image" and not preview else kind
    part = body.get(name)
    if not isinstance(part, dict):
        raise ApiError(44004, "empty content", f"缺少 {name} 对象")
    return reader(call, part)


def _text(call: Call, part: Part) -> Carried:
    return Carried("text", messages.text(call, part))


def _voice(call: Call, part: Part) -> Carried:
    return Carried("voice", {"media_id": call.media(part.get("media_id"), "voice")})


def _picture(call: Call, part: Part) -> Carried:
    return Carried("image", messages.image(call, part))


def _pictures(call: Call, part: Part) -> Carried:
    """One picture alone is a picture; several, or one with words, make a card."""
    given = part.get("media_ids")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_PICTURES:
        raise ApiError(40215, "invalid image count", f"media_ids 应有 1 至 {MOST_PICTURES} 个")
    pictures = [call.media(one, "image") for one in given]
    words = {name: string(part, name) for name in ("title", "recommend")}
    if len(words["recommend"]) > RECOMMEND_CHARACTERS:
        raise ApiError(45002, "content size out of limit", f"recommend 最多 {RECOMMEND_CHARACTERS} 字")
    if len(pictures) == 1 and not any(words.values()):
        return Carried("image", {"media_id": pictures[0]})
    return Carried("pictures", {"media_ids": pictures, **words})


def _video(call: Call, part: Part) -> Carried:
    media_id = call.media(part.get("media_id"), "video")
    title, introduction = media.text_of(call.world, media_id)
    shown = {"title": string(part, "title") or title}
    shown["description"] = string(part, "description") or introduction
    return Carried("video", {"media_id": media_id, **shown}, media_id)


def _articles(call: Call, part: Part) -> Carried:
    """A draft, whose pages open once it is sent; what was sent before goes by its `msg_data_id`."""
    data_id = part.get("msg_data_id")
    if data_id is not None:
        again = publications.by_data_id(call.world, data_id) if isinstance(data_id, int) else None
        if again is None:
            raise ApiError(40007, "invalid media_id", "没有用这个 msg_data_id 发过文章")
        return Carried("news", {"articles": again.cards()}, msg_data_id=again.msg_data_id)
    draft = publishing.whole(call.world, part.get("media_id"))
    return Carried("news", {"articles": _cards(call, draft)}, draft["id"])


def _previewed_articles(call: Call, part: Part) -> Carried:
    draft = drafts.require(call.world, part.get("media_id"))
    return Carried("news", {"articles": _cards(call, draft)})


def _cards(call: Call, draft: Row) -> list[Part]:
    """They open the draft's own page, for a while."""
    return [
        {"title": one["title"], "description": one["digest"], "picture": one["thumb_url"]}
        | {"url": drafts.temporary_url(call.world, draft["id"], number)}
        for number, one in enumerate(draft["articles"], 1)
    ]


def _music(call: Call, part: Part) -> Carried:
    return Carried("music", messages.music(call, part))


READERS: dict[str, Reader] = {
    "text": _text,
    "image": _pictures,
    "voice": _voice,
    "mpvideo": _video,
    "mpnews": _articles,
}
PREVIEWED: dict[str, Reader] = READERS | {
    "image": _picture,
    "music": _music,
    "mpnews": _previewed_articles,
}
