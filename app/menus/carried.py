"""The menu an account has at WeChat, written as a menu file; what cannot be carried over is told.

Buttons of another program send keys that mean nothing here, and files that were set in WeChat's console have
no lasting numbers: such a button keeps its name and place, and shows the help until somebody decides.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.menus.buttons import TAG
from app.menus.file import read
from app.menus.known import Handlers
from app.menus.mistakes import MenuMistakes
from app.menus.model import MOST_AUDIENCES, MOST_ITEMS, MOST_TOPS
from app.menus.targets import parse_key

Json = Mapping[str, Any]
HELP, ASKS = "help.show", "desk.tell"  # what a button does until somebody decides
FOLLOWED_UP = {
    "pic_sysphoto": "photo",
    "pic_photo_or_album": "photo",
    "pic_weixin": "photo",
    "location_select": "location",
}
UNCARRIED = {
    "img": "图片",
    "photo": "图片",
    "voice": "语音",
    "video": "视频",
    "media_id": "素材",
    "view_limited": "素材图文",
    "article_id": "文章卡片",
    "article_view_limited": "文章",
    "news": "图文",
}
HEAD = """# yaml-language-server: $schema=menus.schema.json
# 从微信上现有的菜单写成。请看带「待定」的按钮，改好后运行 gonghui menus check，再运行 gonghui menus apply。
# 写法见 docs/menus.md。
version: 1
"""
TAIL = """
keywords: []

greetings:
  subscribe: welcome.subscribe
  scan: welcome.scan
fallback: power_safety.answer
"""


@dataclass(frozen=True, slots=True)
class Carried:
    """The text of a valid menu file, and in Chinese what is missing in it."""

    text: str
    missing: tuple[str, ...]


@dataclass(slots=True)
class _Writer:
    known: Handlers
    public_url: str
    missing: list[str] = field(default_factory=list)


def carry(
    default: Sequence[Json],
    conditional: Sequence[Json],
    tags: Mapping[int, str],
    known: Handlers,
    *,
    account: str,
    public_url: str,
) -> Carried:
    """`default`: buttons of `get_current_selfmenu_info`; `conditional` as `menu/get` tells it; tags by id.

    Raises:
        MenuMistakes: what WeChat has cannot be a menu file whatever is left out; a bug.
    """
    writer = _Writer(known, public_url.rstrip("/"))
    head = f"{HEAD}account: {_quoted(account)}\n\nmenu:\n" + "".join(_bar(writer, default, "", "  "))
    audiences = list(_audiences(writer, conditional, tags))
    while True:
        whole = head + ("\n# 谁另外看到什么；先写的优先\nmenus_for:\n" if audiences else "")
        whole += "".join(text for _, text in audiences) + TAIL
        try:
            read(whole, known)
        except MenuMistakes:
            if not audiences:
                raise
            tag, _ = audiences.pop()
            writer.missing.append(
                f"给「{tag}」的个性化菜单：和前面的合起来不合要求（如网站超过 3 个），没有写进来"
            )
        else:
            return Carried(whole, tuple(writer.missing))


def _audiences(
    writer: _Writer, conditional: Sequence[Json], tags: Mapping[int, str]
) -> Iterator[tuple[str, str]]:
    """Newest first: that is the order in which WeChat looks."""
    seen: set[str] = set()
    for menu in sorted(conditional, key=lambda each: -int(each.get("menuid") or 0)):
        rule = menu.get("matchrule") or {}
        told = str(rule.get("tag_id") or rule.get("group_id") or "")
        tag = tags.get(int(told)) if told.isdecimal() else None
        if tag is not None and tag.startswith(TAG):
            continue  # ours: the live menus made it
        if tag is None or rule.get("client_platform_type"):
            writer.missing.append(f"个性化菜单 {menu.get('menuid')}：不是只按标签区分的，没有写进来")
        elif tag in seen or len(seen) == MOST_AUDIENCES:
            writer.missing.append(
                f"给「{tag}」的个性化菜单 {menu.get('menuid')}：被更新的一套盖住，没有写进来"
            )
        else:
            seen.add(tag)
            bar = "".join(_bar(writer, menu.get("button") or [], f"「{tag}」的", "      "))
            yield tag, f"  - when: {{tag: {_quoted(tag)}}}\n    menu:\n{bar}"


def _bar(writer: _Writer, buttons: Sequence[Json], whose: str, indent: str) -> Iterator[str]:
    shown = list(buttons[:MOST_TOPS])
    if not shown:
        yield f"{indent}- name: 使用帮助\n{indent}  do: {HELP}\n"
    for name, button in _named(shown):
        below = _below(button)
        if not below:
            yield _item(writer, name, button, f"{whose}「{name}」", indent)
            continue
        yield f"{indent}- name: {_quoted(name)}\n{indent}  items:\n"
        for inner, item in _named(below[:MOST_ITEMS]):
            yield _item(writer, inner, item, f"{whose}「{name}」下面的「{inner}」", f"{indent}    ")


def _below(button: Json) -> list[Json]:
    below = button.get("sub_button") or []
    if isinstance(below, Mapping):  # get_current_selfmenu_info nests them once more
        below = below.get("list") or []
    return list(below)


def _named(buttons: Sequence[Json]) -> Iterator[tuple[str, Json]]:
    """A name stands only once in a menu; a second one gets a number."""
    seen: set[str] = set()
    for button in buttons:
        name = told = str(button.get("name") or "").strip() or "菜单"
        number = 1
        while name in seen:
            number += 1
            name = f"{told[:4]}{number}"
        seen.add(name)
        yield name, button


def _item(writer: _Writer, name: str, button: Json, where: str, indent: str) -> str:
    action, pending = _action(writer, button)
    remark = ""
    if pending:
        writer.missing.append(f"{where}：{pending}")
        remark = f"{indent}# 待定：{_one_line(pending)}\n"
    lines = [f"{indent}- name: {_quoted(name)}", *(f"{indent}  {line}" for line in action)]
    return remark + "\n".join(lines) + "\n"


def _action(writer: _Writer, button: Json) -> tuple[list[str], str]:
    """The lines after the name, and what somebody must decide."""
    kind = str(button.get("type") or "")
    value, url = str(button.get("value") or ""), str(button.get("url") or "")
    if kind == "view" and _is_address(url):
        return [f"open: {_quoted(_here(writer, url))}"], ""
    if kind == "miniprogram" and re.fullmatch(r"wx[0-9A-Za-z]{16}", str(button.get("appid") or "")):
        return _miniprogram(writer, button), "" if _is_address(url) else "小程序打不开时的网页没有，暂用首页"
    if kind == "text" and value.strip() and len(value.encode()) <= 2048:
        return [f"reply: {_quoted(value.strip())}"], ""
    if kind == "news" and (article := _article(button)) is not None:
        return article
    if kind in FOLLOWED_UP and FOLLOWED_UP[kind] in _takes(writer):
        return [f"{FOLLOWED_UP[kind]}: {ASKS}"], f"原来的 {_key(button)} 由以前的程序处理，暂交给「说明情况」"
    if kind == "click" and (ours := _ours(writer, button)):
        return ours, ""
    what = UNCARRIED.get(kind)
    if what:
        return [f"do: {HELP}"], f"原来是{what}，文件编号不能长期使用，暂用使用帮助"
    return [f"do: {HELP}"], f"原来的 {_key(button)} 由以前的程序处理，暂用使用帮助"


def _miniprogram(writer: _Writer, button: Json) -> list[str]:
    url = str(button.get("url") or "")
    fallback = _here(writer, url) if _is_address(url) else "/"
    path = str(button.get("pagepath") or "") or "pages/index/index"
    appid = str(button["appid"])
    return [
        "miniprogram:",
        f"  appid: {appid}",
        f"  path: {_quoted(path)}",
        f"  fallback: {_quoted(fallback)}",
    ]


def _article(button: Json) -> tuple[list[str], str] | None:
    """The first of the articles set in WeChat's console; one button answers with one."""
    found = (button.get("news_info") or {}).get("list") or []
    first = found[0] if found else {}
    title, url = str(first.get("title") or "").strip(), str(first.get("content_url") or "")
    if not title or not _is_address(url):
        return None
    lines = ["reply:", "  article:", f"    title: {_quoted(title)}", f"    url: {_quoted(url)}"]
    if digest := str(first.get("digest") or "").strip():
        lines.append(f"    description: {_quoted(digest)}")
    if _is_address(cover := str(first.get("cover_url") or "")):
        lines.append(f"    picture: {_quoted(cover)}")
    return lines, f"原来有 {len(found)} 篇图文，只留第一篇" if len(found) > 1 else ""


def _ours(writer: _Writer, button: Json) -> list[str] | None:
    """A key this program made itself."""
    target = parse_key(str(button.get("key") or ""))
    handler = writer.known.get(target.handler) if target else None
    if target is None or handler is None or not set(target.args) <= handler.args:
        return None
    args = ", ".join(f"{name}: {_quoted(value)}" for name, value in target.args.items())
    return [f"do: {target.handler}", *([f"with: {{{args}}}"] if args else [])]


def _takes(writer: _Writer) -> frozenset[str]:
    return writer.known[ASKS].takes if ASKS in writer.known else frozenset()


def _key(button: Json) -> str:
    key = str(button.get("key") or "")
    return f"{button.get('type') or '按钮'}{f' {key}' if key else ''}"


def _here(writer: _Writer, url: str) -> str:
    """A page of our own without our address before it."""
    inside = url.removeprefix(writer.public_url) if writer.public_url else url
    return inside if inside != url and re.match(r"/(?!/)", inside) else url


def _is_address(url: str) -> bool:
    return bool(re.fullmatch(r"https?://[^\s/]+\S*", url)) and len(url.encode()) <= 1024


def _quoted(text: str) -> str:
    """As YAML reads a JSON string."""
    return json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
