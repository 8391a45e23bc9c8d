"""What the mini-program is like just now: its pages, paid calls, codes and links made, checks to come."""

import re
import secrets
from typing import Any

from sandbox.errors import ApiError, NotPossible
from sandbox.store import Row
from sandbox.world import World

DEFAULTS: dict[str, Any] = {
    "released": True,
    "pages": [],  # of the released version; empty: any well-formed path is one
    "phone_numbers_left": None,  # of the bought package; None: plenty
    "media_verdicts": [],  # of the next media checks; then they pass
}
PAGE = re.compile(r"[\w\-.]+(/[\w\-.]+)*", re.ASCII)
PASS = {"suggest": "pass", "label": 100}
SUGGESTIONS = ("pass", "review", "risky")
# Kinds of codes and links; `QRCODE` is a limited code too, drawn square.
URL, SCHEME, LIMITED, QRCODE, UNLIMITED = "url", "scheme", "limited", "qrcode", "unlimited"
FIRST_PAGE = "pages/index/index"
ADDRESS = re.compile(
    r"(?:https://wxaurl\.cn/|weixin://dl/business/\?t=|https://mp\.weixin\.qq\.com/a/~~)([\w-]{1,40})",
    re.ASCII,
)


def read(world: World) -> dict[str, Any]:
    return {**DEFAULTS, **world.db.setting("miniprogram", {})}


def change(world: World, changes: dict[str, Any]) -> dict[str, Any]:
    """Set some of it.

    Raises:
        NotPossible: an unknown name, or a value of another kind.
    """
    checks = {
        "released": lambda value: isinstance(value, bool),
        "pages": lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
        "phone_numbers_left": lambda value: value is None or (isinstance(value, int) and value >= 0),
        "media_verdicts": lambda value: isinstance(value, list) and all(map(_is_verdict, value)),
    }
    for name, value in changes.items():
        if name not in checks or not checks[name](value):
            raise NotPossible(f"小程序没有这样的设置：{name}。", 400)
    world.db.set("miniprogram", {**read(world), **changes})
    return read(world)


def _is_verdict(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get("suggest") in SUGGESTIONS
        and isinstance(value.get("label"), int)
    )


def is_page_path(path: str) -> bool:
    """No slash in front, no query."""
    return PAGE.fullmatch(path) is not None


def has_page(world: World, path: str) -> bool:
    pages = read(world)["pages"]
    return path in pages if pages else is_page_path(path)


def first_page(world: World) -> str:
    pages = read(world)["pages"]
    return str(pages[0]) if pages else FIRST_PAGE


def pay_for_phone_number(world: World) -> None:
    """Take one from the bought package.

    Raises:
        ApiError: 1400001 none is left.
    """
    left = read(world)["phone_numbers_left"]
    if left is None:
        return
    if left == 0:
        raise ApiError(1400001, "quota insufficient", "手机号验证的付费次数已用完")
    change(world, {"phone_numbers_left": left - 1})


def next_media_verdict(world: World) -> dict[str, Any]:
    verdicts = read(world)["media_verdicts"]
    if not verdicts:
        return PASS
    change(world, {"media_verdicts": verdicts[1:]})
    return {name: verdicts[0][name] for name in PASS}


def keep_link(
    world: World,
    kind: str,
    path: str,
    *,
    query: str = "",
    env: str = "release",
    checked: bool = True,
    expires_at: float = 0,
) -> str:
    """Keep a code or link; its name is returned. `query` of an unlimited code is its scene."""
    name = secrets.token_urlsafe(8)
    world.db.run(
        "insert into miniprogram_link (id, kind, path, query, env, checked, expires_at, at) "
        "values (?, ?, ?, ?, ?, ?, ?, ?)",
        name,
        kind,
        path,
        query,
        env,
        int(checked),
        expires_at,
        world.now(),
    )
    return name


def address(kind: str, name: str) -> str:
    """What the link is, or what is inside the code."""
    before = {URL: "https://wxaurl.cn/", SCHEME: "weixin://dl/business/?t="}
    return before.get(kind, "https://mp.weixin.qq.com/a/~~") + name


def find_link(world: World, text: str) -> Row | None:
    """The code or link whose address this is."""
    found = ADDRESS.fullmatch(text.strip())
    row = world.db.find("select * from miniprogram_link where id = ?", found[1]) if found else None
    return row if row and address(row["kind"], row["id"]) == text.strip() else None


def list_links(world: World) -> list[Row]:
    """Newest first."""
    return world.db.all("select * from miniprogram_link order by rowid desc limit 100")
