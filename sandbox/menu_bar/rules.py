"""What a menu may look like (section 4): every limit with the code WeChat answers."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox import media, publications
from sandbox.errors import ApiError
from sandbox.world import World

TOP_NAME_BYTES, SUB_NAME_BYTES = 16, 60
KEY_BYTES, URL_BYTES = 128, 1024
KEY_TYPES = {
    "click",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
}
WITHDRAWN_TYPES = {"view_limited"}
OTHER_TYPES = {"view", "miniprogram", "media_id", "article_id", "article_view_limited"}
FORBIDDEN_RULES = ("sex", "country", "province", "city", "language")
RULES = ("tag_id", "client_platform_type", "group_id")
DOMAINS = 3


@dataclass(frozen=True)
class Level:
    """The codes of one menu level."""

    name_bytes: int
    type: int
    name: int
    key: int
    url: int
    domain: int
    withdrawn: int


TOP = Level(TOP_NAME_BYTES, 40017, 40018, 40019, 40020, 40055, 40119)
SUB = Level(SUB_NAME_BYTES, 40024, 40025, 40026, 40027, 40054, 40120)


def check_buttons(world: World, buttons: Any) -> list[dict[str, Any]]:
    """The buttons, once every rule holds.

    Raises:
        ApiError: with the code of the first rule broken.
    """
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise ApiError(40016, "invalid button size", "一级菜单应有 1 至 3 个")
    for button in buttons:
        _check_top(world, button)
    return buttons


def _check_top(world: World, button: Any) -> None:
    if not isinstance(button, dict):
        raise ApiError(40017, "invalid button type", "菜单项应是对象")
    children = button.get("sub_button")
    if not children:
        _check_name(button, TOP)
        _check_leaf(world, button, TOP)
        return
    _check_name(button, TOP)
    if button.get("type"):
        raise ApiError(40017, "invalid button type", "有子菜单的一级菜单不应有 type")
    if not isinstance(children, list) or len(children) > 5:
        raise ApiError(40023, "invalid sub button size", "子菜单应有 1 至 5 个")
    for child in children:
        if not isinstance(child, dict):
            raise ApiError(40024, "invalid sub button type", "菜单项应是对象")
        if child.get("sub_button"):
            raise ApiError(40022, "invalid sub button level", "菜单最多两级")
        _check_name(child, SUB)
        _check_leaf(world, child, SUB)


def _check_name(button: dict[str, Any], level: Level) -> None:
    name = button.get("name")
    size = len(name.encode()) if isinstance(name, str) else 0
    if not 1 <= size <= level.name_bytes:
        raise ApiError(
            level.name,
            "invalid button name size",
            f"名称「{name}」有 {size} 字节，应为 1 至 {level.name_bytes}",
        )


def _check_leaf(world: World, button: dict[str, Any], level: Level) -> None:
    kind = button.get("type")
    if kind in WITHDRAWN_TYPES:
        raise ApiError(level.withdrawn, "button type can not be used", f"类型 {kind} 已下线")
    if kind not in KEY_TYPES | OTHER_TYPES:
        raise ApiError(level.type, "invalid button type", f"没有「{kind}」这种菜单类型")
    if kind in KEY_TYPES:
        _check_size(button.get("key"), KEY_BYTES, level.key, "key")
    elif kind == "view":
        check_url(button.get("url"), level)
    elif kind == "miniprogram":
        check_url(button.get("url"), level)
        check_miniprogram(world, button.get("appid"), button.get("pagepath"))
    elif kind == "media_id":
        if not media.require(world, button.get("media_id"))["permanent"]:
            raise ApiError(40007, "invalid media_id", "菜单只能用永久素材")
    elif publications.standing(world, button.get("article_id")) is None:
        raise ApiError(53600, "invalid article_id", "没有发布过这篇文章，或者已经删除")


def _check_size(value: Any, most: int, code: int, name: str) -> None:
    size = len(value.encode()) if isinstance(value, str) else 0
    if not 1 <= size <= most:
        raise ApiError(code, f"invalid button {name} size", f"{name} 有 {size} 字节，应为 1 至 {most}")


def check_url(url: Any, level: Level) -> None:
    _check_size(url, URL_BYTES, level.url, "url")
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good or re.search(r"\s", url):
        raise ApiError(level.domain, "invalid button url domain", f"「{url}」不是完整的网址")


def check_miniprogram(world: World, app_id: Any, path: Any) -> None:
    """Bound is what the settings name; without a setting any well-formed id."""
    if not isinstance(app_id, str) or not re.fullmatch(r"wx[0-9a-z]{16}", app_id):
        raise ApiError(40166, "invalid weapp appid", "小程序 appid 应为 wx 加 16 位")
    if not isinstance(path, str) or not path:
        raise ApiError(40165, "invalid weapp pagepath", "缺少 pagepath")
    bound = world.config.miniprogram_app_id
    if bound and app_id != bound:
        raise ApiError(45064, "no permission to use weapp in menu", "小程序没有与公众号关联")


def check_matchrule(rule: Any) -> dict[str, Any]:
    """The rule of a conditional menu.

    Raises:
        ApiError: 65304 empty, 65320 asks for private data.
    """
    if not isinstance(rule, dict):
        raise ApiError(65304, "match rule empty", "缺少 matchrule")
    private = next((name for name in FORBIDDEN_RULES if rule.get(name)), None)
    if private:
        raise ApiError(65320, "match rule uses private data", f"matchrule 不能再用 {private}")
    if not any(rule.get(name) for name in RULES):
        raise ApiError(65304, "match rule empty", "matchrule 至少要有一项不为空")
    return rule


def check_domains(buttons: list[dict[str, Any]]) -> None:
    """A conditional menu may link to three domains."""
    leaves = [leaf for top in buttons for leaf in (top.get("sub_button") or [top])]
    domains = {urlsplit(leaf["url"]).hostname for leaf in leaves if leaf.get("url")}
    if len(domains) > DOMAINS:
        raise ApiError(65316, "too many domains in menu", f"个性化菜单最多链接 {DOMAINS} 个域名")
