"""A passive reply as WeChat reads it: XML, or for mini-programs JSON.

Every text is cleaned here, whoever wrote it, so that no `]]>` can add elements. What WeChat
would refuse although well-formed is found by `replies.check`.
"""

import json
from collections.abc import Callable
from typing import Any

from app.wechat.incoming import Incoming
from app.wechat.reply_types import (
    BadReply,
    Image,
    Music,
    News,
    Nothing,
    Reply,
    Text,
    Transfer,
    Video,
    Voice,
    clean,
    wants_json,
)


def render(reply: Reply, incoming: Incoming, at: int) -> bytes:
    """The reply as it goes into the envelope, in the format of what came; `at` in Unix seconds.

    Raises:
        BadReply: a type that JSON (mini-programs) has no form for. Other limits are `check`'s.
    """
    if isinstance(reply, Nothing):
        return b"success"
    if wants_json(incoming):
        return _json(reply, incoming, at)
    name, write = _WRITERS[type(reply)]
    return (
        f"<xml><ToUserName>{_cdata(incoming.openid)}</ToUserName>"
        f"<FromUserName>{_cdata(incoming.to)}</FromUserName>"
        f"<CreateTime>{at}</CreateTime><MsgType><![CDATA[{name}]]></MsgType>{write(reply)}</xml>"
    ).encode()


def _json(reply: Reply, incoming: Incoming, at: int) -> bytes:
    if not isinstance(reply, Transfer):
        raise BadReply("a mini-program takes customer messages only")
    answer: dict[str, Any] = {
        "ToUserName": incoming.openid,
        "FromUserName": incoming.to,
        "CreateTime": at,
        "MsgType": "transfer_customer_service",
    }
    if reply.kf_account:
        answer["TransInfo"] = {"KfAccount": clean(reply.kf_account)}
    return json.dumps(answer, ensure_ascii=False).encode()


def _cdata(text: str) -> str:
    return f"<![CDATA[{clean(text).replace(']]>', ']]]]><![CDATA[>')}]]>"


def _optional(name: str, text: str) -> str:
    return f"<{name}>{_cdata(text)}</{name}>" if text else ""


def _text(reply: Text) -> str:
    return f"<Content>{_cdata(reply.content)}</Content>"


def _image(reply: Image) -> str:
    return f"<Image><MediaId>{_cdata(reply.media_id)}</MediaId></Image>"


def _voice(reply: Voice) -> str:
    return f"<Voice><MediaId>{_cdata(reply.media_id)}</MediaId></Voice>"


def _video(reply: Video) -> str:
    return (
        f"<Video><MediaId>{_cdata(reply.media_id)}</MediaId>{_optional('Title', reply.title)}"
        f"{_optional('Description', reply.description)}</Video>"
    )


def _music(reply: Music) -> str:
    return (
        f"<Music>{_optional('Title', reply.title)}{_optional('Description', reply.description)}"
        f"{_optional('MusicUrl', reply.url)}{_optional('HQMusicUrl', reply.hq_url)}"
        f"<ThumbMediaId>{_cdata(reply.thumb_media_id)}</ThumbMediaId></Music>"
    )


def _news(reply: News) -> str:
    items = "".join(
        f"<item><Title>{_cdata(article.title)}</Title>"
        f"<Description>{_cdata(article.description)}</Description>"
        f"<PicUrl>{_cdata(article.picture)}</PicUrl><Url>{_cdata(article.url)}</Url></item>"
        for article in reply.articles
    )
    return f"<ArticleCount>{len(reply.articles)}</ArticleCount><Articles>{items}</Articles>"


def _transfer(reply: Transfer) -> str:
    if not reply.kf_account:
        return ""
    return f"<TransInfo><KfAccount>{_cdata(reply.kf_account)}</KfAccount></TransInfo>"


_WRITERS: dict[type, tuple[str, Callable[[Any], str]]] = {
    Text: ("text", _text),
    Image: ("image", _image),
    Voice: ("voice", _voice),
    Video: ("video", _video),
    Music: ("music", _music),
    News: ("news", _news),
    Transfer: ("transfer_customer_service", _transfer),
}
