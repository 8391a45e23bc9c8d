"""The control API's part about web pages in the phone: checking `wx.config`, pictures of pages, sharing."""

import base64
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox import conversations, media, people, publications
from sandbox.articles import readings
from sandbox.control.acts import Body, file_in
from sandbox.conversations import IN
from sandbox.errors import NotPossible
from sandbox.web import js_sdk
from sandbox.world import World

BAD_SIGNATURE = 63002  # in the developer log; the page itself is told words only


async def check(world: World, body: Body) -> Any:
    """`wx.config` of a page, checked as WeChat would and shown among the API calls."""
    found = js_sdk.check(world, body)
    code = 0 if found["errMsg"] == "config:ok" else BAD_SIGNATURE
    detail = {
        "query": {},
        "body": json.dumps(body, ensure_ascii=False),
        "answer": {"errMsg": found["errMsg"]},
        "rule": found["rule"],
        "ms": 0.0,
    }
    call_id = world.db.run(
        "insert into call (at, method, path, errcode, detail) values (?, 'JS', 'wx.config', ?, ?)",
        world.now(),
        code,
        json.dumps(detail, ensure_ascii=False),
    )
    world.bus.publish("call", id=call_id)
    return found


async def upload(world: World, body: Body) -> Any:
    """`wx.uploadImage`: a picture of the phone becomes a media id, which the service can fetch."""
    data = file_in(body)
    if data is None:
        raise NotPossible("缺少 base64。", 400)
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    media_id = media.put(world, "image", f"picture.{kind}", f"image/{kind}", data, permanent=False)
    return {"media_id": media_id}


async def sample(request: Request) -> Response:
    """The picture to choose when none is at hand."""
    data = base64.b64encode(media.sample_picture()).decode()
    return Response(json.dumps({"base64": f"data:image/jpeg;base64,{data}"}), media_type="application/json")


async def share(world: World, who: str, body: Body, wait: bool) -> Any:
    """Send a page to a friend; the service hears nothing of it."""
    giver, taker = people.get(world, who), people.get(world, str(body.get("to", "")))
    card = {name: str(body.get(name) or "") for name in ("title", "description", "url", "picture")}
    if giver["openid"] == taker["openid"]:
        raise NotPossible("不能发给自己。", 400)
    if not card["url"].startswith(("http://", "https://")):
        raise NotPossible("只能发送 http 或 https 开头的网址。", 400)
    told = {name: value for name, value in card.items() if value and (name, value) != ("title", card["url"])}
    card = {**_of_article(world, card["url"]), **told}
    content = {"description": "", "picture": "", **card, "from": giver["name"]}
    readings.shared(world, giver["openid"], card["url"], readings.FRIEND)
    message_id = conversations.add(world, taker["openid"], IN, "link", content)
    return {"message_id": message_id, "seen": bool(taker["following"])}


def _of_article(world: World, url: str) -> dict[str, str]:
    """What WeChat itself puts on the card of an article; of another page it has only the address."""
    key = publications.key_of(world, url)
    article = publications.page(world, key) if key else None
    if article is None:
        return {"title": url}
    item = article["item"]
    return {"title": item["title"], "description": item["digest"], "picture": item["thumb_url"]}


DEEDS = {"js-sdk/check": check, "js-sdk/upload": upload}
ACTS = {"share": share}
