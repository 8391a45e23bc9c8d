"""Tapping a button of the menu bar: each button type does what it does in WeChat."""

import hashlib
from typing import Any

from sandbox import actions, conversations, media, people, publications, pushes
from sandbox.actions import Result, perform
from sandbox.conversations import IN
from sandbox.errors import NotPossible
from sandbox.menu_bar import menus
from sandbox.menu_bar.menus import Button
from sandbox.world import World

PICTURE_TYPES = ("pic_sysphoto", "pic_photo_or_album", "pic_weixin")
SCAN_TYPES = ("scancode_push", "scancode_waitmsg")
ARTICLE_TYPES = ("article_id", "article_view_limited")
_NOT_HERE = {  # why a button does nothing
    "view_limited": "「view_limited」已随素材图文下线，点了没有反应。",
}


async def tap(
    world: World, who: str, path: list[str], *, wait: bool, given: dict[str, Any] | None = None
) -> Result:
    """Tap the button under these names. `given` holds what the phone would ask for:
    `scan_result` and `scan_type`, `pictures` (bytes each), or `latitude`, `longitude`, `label`."""
    person = people.follower(world, who)
    openid = person["openid"]
    button, menu_id = menus.button_at(world, openid, path)
    kind, name, given = button["type"], button["name"], given or {}
    if kind == "click":
        push = pushes.click(openid, button["key"], name)
        return await perform(world, push, wait=wait, action="menu")
    if kind == "view":
        push = pushes.view(openid, button["url"], menu_id, name)
        return {**await perform(world, push, wait=wait), "open": button["url"]}
    if kind == "miniprogram":
        push = pushes.view_miniprogram(openid, button["pagepath"], menu_id, name)
        app = {"appid": button["appid"], "path": button["pagepath"], "url": button["url"]}
        return {**await perform(world, push, wait=wait), "miniprogram": app}
    if kind in SCAN_TYPES:
        return await _scan(world, openid, button, given, wait)
    if kind in PICTURE_TYPES:
        return await _pictures(world, openid, button, given.get("pictures") or [], wait)
    if kind == "location_select":
        return await _location(world, openid, button, given, wait)
    if kind == "media_id":
        return _own_media(world, openid, button)
    if kind in ARTICLE_TYPES:
        return _article(world, openid, button)
    raise NotPossible(_NOT_HERE.get(kind, f"手机不认识「{kind}」这种按钮。"))


async def _scan(world: World, openid: str, button: Button, given: dict[str, Any], wait: bool) -> Result:
    result = str(given.get("scan_result") or "")
    if not result:
        raise NotPossible("请填写扫到的内容。", 400)
    found = "barcode" if given.get("scan_type") == "barcode" else "qrcode"
    push = pushes.scan_code(openid, button["type"], button["key"], result, found)
    done = await perform(world, push, wait=wait, action="menu")
    opens = button["type"] == "scancode_push" and result.startswith(("http://", "https://"))
    return {**done, "open": result} if opens else done


async def _pictures(world: World, openid: str, button: Button, chosen: list[bytes], wait: bool) -> Result:
    """The event first, the pictures themselves as ordinary messages after it."""
    chosen = chosen or [media.sample_picture()]
    sums = [hashlib.md5(one, usedforsecurity=False).hexdigest() for one in chosen]
    push = pushes.pictures(openid, button["type"], button["key"], sums)

    async def both() -> Result:
        event = await perform(world, push, wait=True)
        done: Result = {}
        for picture in chosen:
            done = await actions.send_picture(world, openid, picture, wait=True)
        return {"event": event, **done}

    task = world.spawn(both())
    return await task if wait else {"accepted": True}


async def _location(world: World, openid: str, button: Button, given: dict[str, Any], wait: bool) -> Result:
    place: dict[str, Any] = {"latitude": 35.581, "longitude": 109.262, "label": "陕西省延安市黄陵县"}
    place.update({name: given[name] for name in place if given.get(name) is not None})
    push = pushes.location_select(openid, button["key"], **place)

    async def both() -> Result:
        event = await perform(world, push, wait=True)
        return {"event": event, **await actions.send_location(world, openid, wait=True, **place)}

    task = world.spawn(both())
    return await task if wait else {"accepted": True}


def _own_media(world: World, openid: str, button: Button) -> Result:
    """`media_id` buttons answer by themselves and report nothing."""
    row = media.find(world, button.get("media_id", ""))
    if row is None:
        raise NotPossible("这个素材已经不在了。")
    conversations.add(world, openid, IN, row["kind"], {"media_id": row["id"]})
    return {"accepted": True}


def _article(world: World, openid: str, button: Button) -> Result:
    """What was published comes as a card, or opens at once; that is not reported either."""
    published = publications.standing(world, button.get("article_id"))
    if published is None:
        raise NotPossible("没有发布过这篇文章，或者已经删除。")
    if button["type"] == "article_view_limited":
        return {"accepted": True, "open": published.urls[0]}
    conversations.add(world, openid, IN, "news", {"articles": published.cards()})
    return {"accepted": True}
