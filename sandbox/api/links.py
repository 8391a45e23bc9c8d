"""Links that open the mini-program from outside WeChat (section 12): URL links and schemes."""

import re
from typing import Any

from sandbox import quotas
from sandbox.api.registry import MINIPROGRAM_ONLY, OK, Answer, Call, endpoint, string
from sandbox.errors import ApiError
from sandbox.miniprogram import program
from sandbox.miniprogram.program import SCHEME, URL

QUERY = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~%]*")
QUERY_CHARACTERS = 1024
MINUTE, DAY = 60, 24 * 3600
MOST_DAYS = 30
AT_TIME, AFTER_DAYS = 0, 1  # expire_type
VERSIONS = ("release", "trial", "develop")


@endpoint("/wxa/generate_urllink", apps=MINIPROGRAM_ONLY)
async def url_link(call: Call) -> Answer:
    body = call.json()
    name = _kept(call, URL, body, body)
    return {**OK, "url_link": program.address(URL, name)}


@endpoint("/wxa/generatescheme", apps=MINIPROGRAM_ONLY)
async def scheme(call: Call) -> Answer:
    """Without `jump_wxa` it opens the first page."""
    body = call.json()
    name = _kept(call, SCHEME, body.get("jump_wxa", {}), body)
    return {**OK, "openlink": program.address(SCHEME, name)}


def _kept(call: Call, kind: str, target: dict[str, Any], life: dict[str, Any]) -> str:
    world = call.world
    world.rates.count(quotas.counted_as(call.path), world.now())
    version = target.get("env_version", "release")
    if version not in VERSIONS:
        raise ApiError(85402, "invalid env_version", f"env_version 应为 {'、'.join(VERSIONS)}")
    if version == "release" and not program.read(world)["released"]:
        raise ApiError(85079, "miniprogram has no online release", "小程序还没有发布")
    path = string(target, "path").removeprefix("/")
    if path and not program.has_page(world, path):
        raise ApiError(40165, "invalid weapp pagepath", f"没有「{path}」这个页面；参数应放在 query 里")
    query = string(target, "query")
    if len(query) > QUERY_CHARACTERS or not QUERY.fullmatch(query):
        raise ApiError(40212, "invalid query", f"query 最多 {QUERY_CHARACTERS} 个字符，汉字应先编码")
    expires_at = _expires_at(world.now(), life)
    return program.keep_link(world, kind, path, query=query, env=version, expires_at=expires_at)


def _expires_at(now: float, life: dict[str, Any]) -> float:
    """When the link ends: a minute to 30 days from now; when nothing is said, the latest."""
    last = now + MOST_DAYS * DAY
    way = life.get("expire_type", AT_TIME)
    if way == AT_TIME:
        at = life.get("expire_time", last)
        if isinstance(at, int | float) and now + MINUTE <= at <= last:
            return at
        raise ApiError(85401, "invalid expire_time", "expire_time 应在 1 分钟后到 30 天内")
    days = life.get("expire_interval")
    if way == AFTER_DAYS and isinstance(days, int) and 1 <= days <= MOST_DAYS:
        return now + days * DAY
    raise ApiError(
        85401, "invalid expire_interval", f"expire_type 应为 0 或 1，expire_interval 应为 1 至 {MOST_DAYS} 天"
    )
