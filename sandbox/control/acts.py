"""What the control API lets a person do: one function per act, from JSON to the phone's act."""

import base64
import binascii
import math
from collections.abc import Awaitable, Callable
from typing import Any

from sandbox import actions, people, pushes
from sandbox.errors import NotPossible
from sandbox.menu_bar import taps
from sandbox.pushes import Pair, Value
from sandbox.world import World

Body = dict[str, Any]
MOST_SECONDS = 60  # a voice message ends there
MOST_PICTURES = 9  # the album lets one choose so many
Act = Callable[[World, str, Body, bool], Awaitable[Any]]


def file_in(body: Body, name: str = "base64") -> bytes | None:
    """The file in `base64`; None means the built-in sample."""
    return _decoded(body[name]) if body.get(name) else None


def _decoded(encoded: Any) -> bytes:
    try:
        return base64.b64decode(str(encoded).rpartition(",")[2], validate=True)
    except binascii.Error as error:
        raise NotPossible("base64 不正确。", 400) from error


def picture_type(body: Body) -> str:
    return "image/png" if "image/png" in str(body.get("base64", ""))[:40] else "image/jpeg"


def _pictures(body: Body) -> list[bytes]:
    """What a menu button asked for: some in `pictures`, or one in `base64`."""
    several = body.get("pictures")
    if isinstance(several, list):
        return [_decoded(one) for one in several[:MOST_PICTURES]]
    one = file_in(body)
    return [one] if one else []


def number(body: Body, name: str) -> float:
    try:
        value = float(body[name])
    except (TypeError, ValueError) as error:
        raise NotPossible(f"{name} 应是数字。", 400) from error
    if not math.isfinite(value):
        raise NotPossible(f"{name} 应是数字。", 400)
    return value


def _place(body: Body) -> Body:
    place: Body = {name: number(body, name) for name in ("latitude", "longitude") if name in body}
    return place | ({"label": str(body["label"])} if "label" in body else {})


async def _follow(world: World, who: str, body: Body, wait: bool) -> Any:
    return await actions.follow(world, who, wait=wait, scene=str(body.get("scene", "")))


async def _unfollow(world: World, who: str, body: Body, wait: bool) -> Any:
    return await actions.unfollow(world, who, wait=wait)


async def _say(world: World, who: str, body: Body, wait: bool) -> Any:
    menu_id = body.get("menu_id")
    text = str(body.get("text", ""))
    return await actions.say(world, who, text, wait=wait, menu_id=str(menu_id) if menu_id else None)


async def _choose(world: World, who: str, body: Body, wait: bool) -> Any:
    given = {name: str(body.get(name, "")) for name in ("content", "id", "label")}
    return await actions.choose(
        world, who, wait=wait, label=given["label"], content=given["content"], menu_id=given["id"]
    )


async def _menu(world: World, who: str, body: Body, wait: bool) -> Any:
    path = body.get("path")
    path = [path] if isinstance(path, str) else path
    if not isinstance(path, list) or not path:
        raise NotPossible('path 应是菜单名的列表，例如 ["服务", "法律援助"]。', 400)
    scanned = {name: body.get(name) for name in ("scan_result", "scan_type")}
    given = {**scanned, "pictures": _pictures(body), **_place(body)}
    return await taps.tap(world, who, [str(one) for one in path], wait=wait, given=given)


async def _send_picture(world: World, who: str, body: Body, wait: bool) -> Any:
    kind, data = picture_type(body), file_in(body)
    return await actions.send_picture(world, who, data, wait=wait, content_type=kind)


async def _voice(world: World, who: str, body: Body, wait: bool) -> Any:
    said = body.get("recognition")
    seconds = round(number(body, "seconds")) if "seconds" in body else 3
    return await actions.send_voice(
        world,
        who,
        None if said is None else str(said),
        wait=wait,
        seconds=min(max(seconds, 1), MOST_SECONDS),
        recorded=file_in(body),
    )


async def _video(world: World, who: str, body: Body, wait: bool) -> Any:
    still = file_in(body, "thumb")
    return await actions.send_video(
        world, who, wait=wait, short=bool(body.get("short")), data=file_in(body), still=still
    )


async def _location(world: World, who: str, body: Body, wait: bool) -> Any:
    return await actions.send_location(world, who, wait=wait, **_place(body))


async def _report_location(world: World, who: str, body: Body, wait: bool) -> Any:
    place = {name: value for name, value in _place(body).items() if name != "label"}
    return await actions.report_location(world, who, wait=wait, **place)


async def _link(world: World, who: str, body: Body, wait: bool) -> Any:
    given = {name: str(body.get(name, "")) for name in ("title", "url", "description")}
    return await actions.send_link(world, who, wait=wait, **given)


async def _scan(world: World, who: str, body: Body, wait: bool) -> Any:
    given = {name: str(body.get(name, "")) for name in ("scene", "ticket")}
    return await actions.scan(world, who, wait=wait, **given)


async def _event(world: World, who: str, body: Body, wait: bool) -> Any:
    """Any event at all, its fields as given; numbers go without CDATA."""
    name = str(body.get("event", ""))
    if not name:
        raise NotPossible("缺少 event。", 400)
    push = pushes.event(people.get(world, who)["openid"], name, *_pairs(body.get("fields") or {}))
    return await actions.perform(world, push, wait=wait)


def _pairs(fields: Body) -> list[Pair]:
    def value(one: Any) -> Value:
        return _pairs(one) if isinstance(one, dict) else one if isinstance(one, int) else str(one)

    return [(name, value(one)) for name, one in fields.items()]


async def _refuses(world: World, who: str, body: Body, wait: bool) -> Any:
    """Whether the person refuses messages (48002). A template message fails later (`failed:user block`),
    or with `at_once` is not accepted either."""
    openid = people.get(world, who)["openid"]
    how = people.REFUSES_AT_ONCE if body.get("at_once") else people.REFUSES_LATER
    world.db.run("update person set refuses = ? where openid = ?", how if body.get("value") else 0, openid)
    world.bus.publish("person", openid=openid)
    return {"ok": True}


ACTS: dict[str, Act] = {
    "follow": _follow,
    "unfollow": _unfollow,
    "say": _say,
    "choose": _choose,
    "menu": _menu,
    "picture": _send_picture,
    "voice": _voice,
    "video": _video,
    "location": _location,
    "report-location": _report_location,
    "link": _link,
    "scan": _scan,
    "event": _event,
    "refuses": _refuses,
}
