"""What a notice may say and where a tap on it may lead (section 8), for every kind of notice."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from sandbox.errors import ApiError
from sandbox.miniprogram import program
from sandbox.world import World

URL_BYTES = 1024
# Our own short lists; the platform's are long and not public.
MARKETING = ("优惠券", "红包", "抽奖", "中奖", "促销", "特价", "秒杀", "满减", "限时抢购", "免费领取", "打折")
SENSITIVE = ("赌博", "色情", "代开发票", "办假证")
_PAGE = re.compile(r"[\w-]+(/[\w-]+)*(\?\S*)?")


def checked_url(url: str) -> str:
    """
    Raises:
        ApiError: 40039 not a whole web address, or too long.
    """
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", url)
    except ValueError:
        good = False
    if not good or len(url.encode()) > URL_BYTES:
        raise ApiError(40039, "invalid url size", f"「{url[:80]}」不是完整的网址，或超过 {URL_BYTES} 字节")
    return url


def checked_miniprogram(world: World, given: Any) -> dict[str, str] | None:
    """The mini-program a tap opens; an empty path is its first page.

    Raises:
        ApiError: 40013 appid, or not bound to the account; 40165 pagepath; 41030 not in what was released.
    """
    if not given:
        return None
    app_id = given.get("appid") if isinstance(given, dict) else None
    if not isinstance(app_id, str) or not re.fullmatch(r"wx[0-9a-z]{16}", app_id):
        raise ApiError(40013, "invalid appid", "小程序 appid 应为 wx 加 16 位")
    bound = world.config.miniprogram_app_id
    if bound and app_id != bound:
        raise ApiError(40013, "invalid appid", "小程序没有与公众号关联")
    path = given.get("pagepath") or ""
    if not isinstance(path, str) or (path and not _PAGE.fullmatch(path.removeprefix("/"))):
        raise ApiError(40165, "invalid weapp pagepath", "pagepath 应是页面路径，可带参数")
    _require_released(world, path)
    return {"appid": app_id, "pagepath": path}


def checked_page(world: World, page: str) -> str:
    """A page of the mini-program that sends.

    Raises:
        ApiError: 41030 not in what was released.
    """
    if page and not _PAGE.fullmatch(page):
        raise ApiError(41030, "invalid page", f"「{page}」不是页面路径；开头不带 /")
    _require_released(world, page)
    return page


def _require_released(world: World, path: str) -> None:
    page = path.partition("?")[0].strip("/")
    if page and not program.has_page(world, page):
        raise ApiError(41030, "invalid page", f"发布的小程序里没有页面 {page}")


def refuse_marketing(lines: Sequence[dict[str, str]]) -> None:
    """
    Raises:
        ApiError: 40249 words of advertising.
    """
    word = _found(lines, MARKETING)
    if word:
        raise ApiError(40249, "content contains marketing", f"模板消息不能用于营销，含「{word}」")


def refuse_sensitive(lines: Sequence[dict[str, str]]) -> None:
    """
    Raises:
        ApiError: 45168 a word the platform never lets through.
    """
    word = _found(lines, SENSITIVE)
    if word:
        raise ApiError(45168, "content contains sensitive word", f"内容含敏感词「{word}」")


def _found(lines: Sequence[dict[str, str]], words: Sequence[str]) -> str:
    return next((word for line in lines for word in words if word in line["value"]), "")
