"""The menus as WeChat wants them, and whether what WeChat has is still what we sent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.menus.mistakes import MenuMistakes, Mistake
from app.menus.model import URL_BYTES, Button, Item, MenuFile
from app.menus.targets import key_of, reply_key

TAG = "gh-menu-"
KINDS = {
    "do": "click",
    "reply": "click",
    "scan": "scancode_waitmsg",
    "photo": "pic_photo_or_album",
    "location": "location_select",
}
KEPT = ("type", "name", "key", "url", "appid", "pagepath", "media_id", "article_id")

Json = dict[str, Any]


@dataclass(frozen=True)
class Conditional:
    """A menu for followers who carry our tag of its number."""

    number: int  # from 1, in the file's order; the first match wins
    buttons: list[Json]

    @property
    def tag(self) -> str:
        return tag_name(self.number)


def tag_name(number: int) -> str:
    return f"{TAG}{number}"


def default_menu(file: MenuFile, public_url: str) -> list[Json]:
    """The buttons everybody sees.

    Raises:
        MenuMistakes: an address is too long once it is absolute.
    """
    return _bar("", file.menu, public_url)


def conditional_menus(file: MenuFile, public_url: str) -> list[Conditional]:
    """In the file's order; WeChat asks the newest first, so create them from the last to the first."""
    return [
        Conditional(n, _bar(str(each.when), each.menu, public_url))
        for n, each in enumerate(file.menus_for, 1)
    ]


def _bar(menu: str, buttons: Iterable[Button], public_url: str) -> list[Json]:
    shaped = []
    for button in buttons:
        if button.items is None:
            shaped.append(_leaf(menu, button.name, button, public_url))
        else:
            leaves = [_leaf(menu, button.name, item, public_url) for item in button.items]
            shaped.append({"name": button.name, "sub_button": leaves})
    return shaped


def _leaf(menu: str, top: str, item: Item, public_url: str) -> Json:
    if item.open:
        return {"type": "view", "name": item.name, "url": absolute(item.open, public_url)}
    if item.miniprogram:
        return {
            "type": "miniprogram",
            "name": item.name,
            "url": absolute(item.miniprogram.fallback, public_url),
            "appid": item.miniprogram.appid,
            "pagepath": item.miniprogram.path,
        }
    key = key_of(item.handler, item.with_) if item.handler else reply_key(menu, top, item)
    return {"type": KINDS[item.action], "name": item.name, "key": key}


def absolute(address: str, public_url: str) -> str:
    """A page of ours with our address before it; others as they are."""
    url = f"{public_url.rstrip('/')}{address}" if address.startswith("/") else address
    size = len(url.encode())
    if size > URL_BYTES:
        raise MenuMistakes([Mistake(1, 1, f"网址太长：{size} 字节，最多 {URL_BYTES} 字节。", url[:60])])
    return url


def same_menu(ours: Sequence[Json], theirs: Sequence[Json] | Mapping[str, Any]) -> bool:
    """Is it the same bar? `menu/get` adds empty `sub_button`s and orders fields its own way."""
    buttons = theirs.get("button", []) if isinstance(theirs, Mapping) else theirs
    return [_shape(each) for each in ours] == [_shape(each) for each in buttons]


def _shape(button: Mapping[str, Any]) -> Json:
    below = button.get("sub_button") or []
    if isinstance(below, Mapping):  # get_current_selfmenu_info
        below = below.get("list") or []
    shape: Json = {name: button[name] for name in KEPT if button.get(name)}
    if below:
        shape.pop("type", None)
        shape["sub_button"] = [_shape(each) for each in below]
    return shape


def drift(file: MenuFile, public_url: str, theirs: Mapping[str, Any], tags: Mapping[str, int]) -> list[str]:
    """What differs from the answer of `menu/get`, in Chinese; `tags` are WeChat's tag ids by name."""
    found = []
    if not same_menu(default_menu(file, public_url), theirs.get("menu") or {}):
        found.append("默认菜单与微信上的不同。")
    wanted = conditional_menus(file, public_url)
    present = list(theirs.get("conditionalmenu") or [])
    for menu in wanted:
        tag = str(tags.get(menu.tag, ""))
        if not any(_for_tag(each, tag) and same_menu(menu.buttons, each) for each in present):
            found.append(f"第 {menu.number} 套分组菜单与微信上的不同。")
    if len(present) > len(wanted):
        found.append(f"微信上多出 {len(present) - len(wanted)} 套分组菜单。")
    return found


def _for_tag(menu: Mapping[str, Any], tag: str) -> bool:
    rule = menu.get("matchrule") or {}
    return tag != "" and str(rule.get("tag_id") or rule.get("group_id") or "") == tag
