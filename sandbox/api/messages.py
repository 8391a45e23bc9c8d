"""Messages to one person while their window is open: customer messages, and typing.

What the mini-program may send is in `miniprogram_messages`.
"""

from collections.abc import Callable
from typing import Any

from sandbox import conversations, publications, windows
from sandbox.api.registry import BOTH, OK, Answer, Call, endpoint, string
from sandbox.config import ACCOUNT, MINIPROGRAM
from sandbox.conversations import IN
from sandbox.errors import ApiError
from sandbox.menu_bar import rules as menu_rules

Part = dict[str, Any]
TEXT_BYTES = 2048
TYPING_SECONDS = 15.0
SHOWN_AS = {"mpnewsarticle": "news"}
MENU_ITEMS, MENU_ITEM_BYTES = 10, 200  # our own choice: WeChat names the codes, not the limits


@endpoint("/cgi-bin/message/custom/send", apps=BOTH)
async def custom_send(call: Call) -> Answer:
    body = call.json()
    openid = _reachable(call, body.get("touser"))
    kind = string(body, "msgtype")
    content = _content(call, kind, body)
    action = windows.check(call.world, openid)
    windows.spend(call.world, openid, action)
    if body.get("aimsgcontext", {}).get("is_ai_msg") == 1:
        content["ai"] = True
    call.world.typing_until.pop(openid, None)
    conversations.add(call.world, openid, IN, SHOWN_AS.get(kind, kind), {**content, "way": "customer"})
    return OK


def _reachable(call: Call, openid: object) -> str:
    if call.app.name == MINIPROGRAM:
        return str(call.visitor(openid)["openid"])
    person = call.follower(openid)
    if person["refuses"] or person["blacklisted"]:
        raise ApiError(48002, "user refuse to accept the msg", f"{person['name']}拒收消息")
    return str(person["openid"])


def _content(call: Call, kind: str, body: Part) -> Part:
    """The message as the phone shows it, once its own rules hold."""
    part, readers = body.get(kind), READERS[call.app.name]
    if kind not in readers:
        raise ApiError(40008, "invalid message type", f"客服消息没有「{kind}」这种类型")
    if not isinstance(part, dict):
        raise ApiError(44004, "empty content", f"缺少 {kind} 对象")
    return readers[kind](call, part)


def text(call: Call, part: Part) -> Part:
    content = string(part, "content")
    if not content:
        raise ApiError(44004, "empty content", "content 为空")
    size = len(content.encode())
    if size > TEXT_BYTES:
        raise ApiError(45002, "content size out of limit", f"{size} 字节，上限 {TEXT_BYTES}")
    return {"text": content}


def image(call: Call, part: Part) -> Part:
    return {"media_id": call.media(part.get("media_id"), "image")}


def _voice(call: Call, part: Part) -> Part:
    return {"media_id": call.media(part.get("media_id"), "voice")}


def _video(call: Call, part: Part) -> Part:
    shown = {name: string(part, name) for name in ("title", "description")}
    if part.get("thumb_media_id"):
        shown["thumb_media_id"] = call.media(part["thumb_media_id"], "thumb", "image")
    return {"media_id": call.media(part.get("media_id"), "video"), **shown}


def music(call: Call, part: Part) -> Part:
    thumb = call.media(part.get("thumb_media_id"), "thumb", "image")
    url = string(part, "hqmusicurl") or string(part, "musicurl")
    shown = {name: string(part, name) for name in ("title", "description")}
    return {**shown, "url": url, "thumb_media_id": thumb}


def _news(call: Call, part: Part) -> Part:
    articles = part.get("articles")
    if not isinstance(articles, list) or len(articles) != 1:
        raise ApiError(45008, "article size out of limit", "客服图文消息只能有 1 条")
    one = articles[0] if isinstance(articles[0], dict) else {}
    article = {name: string(one, name) for name in ("title", "description", "url")}
    return {"articles": [{**article, "picture": string(one, "picurl")}]}


def _published(call: Call, part: Part) -> Part:
    """What the account has published, as its articles' cards."""
    published = publications.standing(call.world, part.get("article_id"))
    if published is None:
        raise ApiError(53600, "invalid article_id", "没有发布过这篇文章，或者已经删除")
    return {"articles": published.cards()}


def _menu(call: Call, part: Part) -> Part:
    items = part.get("list")
    if not isinstance(items, list) or not items:
        raise ApiError(45048, "menu use invalid type", "list 应至少有一项")
    if len(items) > MENU_ITEMS:
        raise ApiError(45098, "menu list too long", f"最多 {MENU_ITEMS} 项")
    shown = [{"id": str(one.get("id", "")), "content": string(one, "content")} for one in items]
    if not all(one["content"] for one in shown):
        raise ApiError(45048, "menu use invalid type", "每一项都要有 content")
    if any(len(one["content"].encode()) > MENU_ITEM_BYTES for one in shown):
        raise ApiError(45099, "menu item too long", f"每项最多 {MENU_ITEM_BYTES} 字节")
    ends = {"head": string(part, "head_content"), "tail": string(part, "tail_content")}
    return {**ends, "items": shown}


def _card(call: Call, part: Part) -> Part:
    if not string(part, "card_id"):
        raise ApiError(40053, "invalid card id", "缺少 card_id")
    return {"title": "卡券", "card_id": string(part, "card_id")}


def _miniprogram(call: Call, part: Part) -> Part:
    menu_rules.check_miniprogram(call.world, part.get("appid"), part.get("pagepath"))
    thumb = call.media(part.get("thumb_media_id"), "thumb", "image")
    shown = {"title": string(part, "title"), "appid": part["appid"], "path": part["pagepath"]}
    return {**shown, "thumb_media_id": thumb}


READERS: dict[str, dict[str, Callable[[Call, Part], Part]]] = {}  # by the app's name
READERS[ACCOUNT] = {
    "text": text,
    "image": image,
    "voice": _voice,
    "video": _video,
    "music": music,
    "news": _news,
    "mpnewsarticle": _published,
    "msgmenu": _menu,
    "wxcard": _card,
    "miniprogrampage": _miniprogram,
}


@endpoint("/cgi-bin/message/custom/typing", apps=BOTH)
async def typing(call: Call) -> Answer:
    world, body = call.world, call.json()
    of = call.visitor if call.app.name == MINIPROGRAM else call.follower
    openid = of(body.get("touser"))["openid"]
    command = string(body, "command")
    if command not in ("Typing", "CancelTyping"):
        raise ApiError(45072, "invalid command", "command 应为 Typing 或 CancelTyping")
    now = world.now()
    if command == "CancelTyping":
        world.typing_until.pop(openid, None)
        world.bus.publish("typing", openid=openid, seconds=0)
        return OK
    if now - windows.last_action_at(world, openid) > windows.TYPING_NEEDS_SECONDS:
        raise ApiError(45080, "no exchange in last 30 s", "最近 30 秒内没有互动")
    windows.check(world, openid)  # it goes only to whom a message could be sent; it uses none up
    if world.typing_until.get(openid, 0) > now:
        raise ApiError(45081, "already typing", "已经是输入状态")
    world.typing_until[openid] = now + TYPING_SECONDS
    world.bus.publish("typing", openid=openid, seconds=TYPING_SECONDS)
    return OK
