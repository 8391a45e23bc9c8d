"""Ways into the mini-program: what a card, a button, a code or a link opens, and under which scene number.

The numbers are from WeChat's published list of scene values (场景值). Nothing is told to the service: a
mini-program that is opened speaks for itself.
"""

import re
from typing import Any
from urllib.parse import quote

from sandbox.config import MINIPROGRAM
from sandbox.errors import NotPossible
from sandbox.miniprogram import program, visitors
from sandbox.miniprogram.program import LIMITED, QRCODE, SCHEME, UNLIMITED, URL
from sandbox.store import Row
from sandbox.world import World

Opening = dict[str, Any]

APP_ID = re.compile(r"[A-Za-z0-9_]{1,40}")
LONGEST = 1024  # bytes of a path with its query, as in a code
PROFILE = "profile"
WAYS: dict[str, tuple[int, str]] = {
    "recent": (1001, "最近使用"),
    PROFILE: (1020, "公众号资料页"),
    "menu": (1035, "公众号菜单"),
    "template": (1043, "公众号模板消息"),
    "card": (1074, "公众号会话里的卡片"),
    "text": (1082, "公众号会话里的文字链"),
    "notice": (1014, "小程序订阅消息"),
    "service-card": (1073, "客服会话里的卡片"),
    "service-text": (1081, "客服会话里的文字链"),
}
KINDS: dict[str, tuple[int, str]] = {
    UNLIMITED: (1047, "扫描小程序码"),
    LIMITED: (1047, "扫描小程序码"),
    QRCODE: (1011, "扫描二维码"),
    URL: (1194, "URL Link"),
    SCHEME: (1065, "URL Scheme"),
}


def by_link(world: World, who: str, address: str) -> Opening:
    """What a code holds, or a link, is followed.

    Raises:
        NotPossible: it is none of ours, has ended, or leads to what is not released.
    """
    world.app(MINIPROGRAM)
    row = program.find_link(world, address)
    if row is None:
        raise NotPossible("这个码或链接打不开：不是这里的小程序生成的。", 404)
    if row["expires_at"] and row["expires_at"] <= world.now():
        raise NotPossible("链接已过期，请向发送的人要一个新的。", 410)
    if row["env"] == "release" and not program.read(world)["released"]:
        raise NotPossible("小程序还没有发布，正式版的码和链接打不开。", 410)
    path, _, query = row["path"].removeprefix("/").partition("?")
    if row["kind"] == UNLIMITED:
        query = f"scene={quote(row['query'], safe='')}"
    scene, way = KINDS[row["kind"]]
    return _opened(world, who, path, query or row["query"], scene, way) | {"version": row["env"]}


def by_path(world: World, who: str, path: str, way: str = PROFILE, app_id: str = "") -> Opening:
    """A page of ours, its query behind `?`; of another mini-program only what would have been opened.

    Raises:
        NotPossible: an unknown way, or no page could have this path.
    """
    own = world.app(MINIPROGRAM).app_id
    if way not in WAYS:
        raise NotPossible(f"没有「{way}」这种打开方式，有：{'、'.join(WAYS)}。", 400)
    if not path.isprintable() or len(path.encode()) > LONGEST:
        raise NotPossible(f"页面路径最多 {LONGEST} 字节，不能有看不见的字符。", 400)
    if app_id and not APP_ID.fullmatch(app_id):
        raise NotPossible("appid 应是字母和数字。", 400)
    page, _, query = path.partition("?")
    page = page.removeprefix("/").removesuffix(".html")
    scene, words = WAYS[way]
    if app_id and app_id != own:
        return _shown(app_id, page, query, scene, words) | {"own": False}
    if page and not program.is_page_path(page):
        raise NotPossible("页面路径应像 pages/index/index，参数写在问号后面。", 400)
    return _opened(world, who, page, query, scene, words)


def _opened(world: World, who: str, path: str, query: str, scene: int, way: str) -> Opening:
    visitors.arrive(world, who)
    path = path or program.first_page(world)
    shown = _shown(world.app(MINIPROGRAM).app_id, path, query, scene, way)
    return shown | {"known": program.has_page(world, path)}


def _shown(app_id: str, path: str, query: str, scene: int, way: str) -> Opening:
    return {
        "own": True,
        "app_id": app_id,
        "path": path,
        "query": query,
        # As a page finds them: WeChat decodes nothing.
        "options": dict(_pair(one) for one in query.split("&") if one),
        "scene": scene,
        "way": way,
        "version": "release",
        "known": True,
    }


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name, value


def listed(world: World) -> list[Row]:
    """Codes and links made, newest first, with what is inside them and whether they still open."""
    now = world.now()
    return [
        {
            **row,
            "address": program.address(row["kind"], row["id"]),
            "scene": KINDS[row["kind"]][0],
            "ended": bool(row["expires_at"]) and row["expires_at"] <= now,
        }
        for row in program.list_links(world)
    ]
