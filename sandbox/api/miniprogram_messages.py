"""The customer messages a mini-program may send (sections 6 and 12): text, picture, link, page card."""

import re

from sandbox.api.messages import READERS, Part, image, text
from sandbox.api.registry import Call, string
from sandbox.config import MINIPROGRAM
from sandbox.errors import ApiError


def _link(call: Call, part: Part) -> Part:
    shown = {name: string(part, name) for name in ("title", "description", "url")}
    if not shown["title"]:
        raise ApiError(44004, "empty content", "链接消息应有 title")
    for address in (shown["url"], string(part, "thumb_url")):
        if not re.fullmatch(r"https?://\S+", address):
            raise ApiError(40039, "invalid url size", f"「{address}」不是完整的网址")
    return {**shown, "picture": string(part, "thumb_url")}


def _page(call: Call, part: Part) -> Part:
    title, path = string(part, "title"), string(part, "pagepath")
    if not title:
        raise ApiError(44004, "empty content", "小程序卡片应有 title")
    if not path:
        raise ApiError(40165, "invalid weapp pagepath", "缺少 pagepath")
    if part.get("appid", call.app.app_id) != call.app.app_id:
        raise ApiError(45064, "no permission to use weapp", "小程序只能发自己的卡片")
    thumb = call.media(part.get("thumb_media_id"), "thumb", "image")
    return {"title": title, "appid": call.app.app_id, "path": path, "thumb_media_id": thumb}


READERS[MINIPROGRAM] = {"text": text, "image": image, "link": _link, "miniprogrampage": _page}
