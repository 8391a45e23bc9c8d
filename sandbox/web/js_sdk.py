"""The JS-SDK (section 10): tickets, and whether a page's `wx.config` is signed with one of them.

Not here: what the calls then do. The page has them from `static/jweixin.js`, the phone answers them in
`static/js_sdk.js`.
"""

import hashlib
import secrets
from typing import Any
from urllib.parse import urlsplit

from sandbox.crypto import same
from sandbox.world import World

KINDS = ("jsapi", "wx_card")
TICKET_SECONDS = 7200
OVERLAP_SECONDS = 300  # a ticket this near its end is given no more, but still good


def ticket(world: World, kind: str) -> tuple[str, int]:
    """The ticket of the account now, and the seconds it has left."""
    now = world.now()
    row = world.db.find(
        "select * from js_ticket where kind = ? and expires_at > ? order by expires_at desc",
        kind,
        now + OVERLAP_SECONDS,
    )
    if row:
        return str(row["value"]), int(row["expires_at"] - now)
    value = "sM4AOVdWfPE4DxkXGEs8V" + secrets.token_urlsafe(48)
    world.db.run("delete from js_ticket where expires_at <= ?", now)
    world.db.run("insert into js_ticket values (?, ?, ?)", value, kind, now + TICKET_SECONDS)
    return value, TICKET_SECONDS


def signature(value: str, nonce: str, timestamp: str, url: str) -> str:
    """Raw values in this order, the address without its `#…`."""
    text = f"jsapi_ticket={value}&noncestr={nonce}&timestamp={timestamp}&url={url}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def check(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """What `wx.config` of the page at `url` comes to; `rule` says what is wrong with it.

    Any ticket still valid will do, since services keep theirs for a while.
    """
    given = {name: _text(asked.get(name)) for name in ("url", "timestamp", "nonceStr", "signature", "appId")}
    url = given["url"].partition("#")[0]
    host, hosts = urlsplit(url).hostname, world.config.js_hosts
    if given["appId"] != world.config.app_id:
        return _refused("config:invalid appid", "appId 不是这个公众号的")
    if host not in hosts:
        rule = f"网页的域名是 {host}，JS接口安全域名是 {'、'.join(hosts)}"
        return _refused("config:fail,invalid url domain", rule)
    statement = "select value from js_ticket where kind = 'jsapi' and expires_at > ?"
    values = [str(row["value"]) for row in world.db.all(statement, world.now())]
    for value in values:
        if same(given["signature"], signature(value, given["nonceStr"], given["timestamp"], url)):
            allowed, tags = _names(asked, "jsApiList"), _names(asked, "openTagList")
            return {"errMsg": "config:ok", "rule": "", "allowed": allowed, "tags": tags, "hosts": list(hosts)}
    signed = f"noncestr={given['nonceStr']}&timestamp={given['timestamp']}&url={url}"
    rule = f"应为 jsapi_ticket=…&{signed} 的 SHA-1" if values else "没有有效的 jsapi_ticket，或它已过期"
    return _refused("config:invalid signature", rule)


def _text(value: object) -> str:
    """Pages give the timestamp as a number or as a string."""
    return str(value) if isinstance(value, str | int) else ""


def _names(asked: dict[str, Any], key: str) -> list[str]:
    names = asked.get(key)
    return [str(name) for name in names] if isinstance(names, list) else []


def _refused(said: str, rule: str) -> dict[str, Any]:
    return {"errMsg": said, "rule": rule, "allowed": [], "tags": [], "hosts": []}
