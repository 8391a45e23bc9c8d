"""Followers of the account: who they are, our remark on them, and whom we have blocked (section 9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.wechat.api.calls import Caller
from app.wechat.api.limits import bytes_between, not_blank, openids_between
from app.wechat.api.transport import Call

_BLOCKED_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class OpenidPage:
    """Up to 10,000 openids. The end is a page without `next_openid`, or without openids."""

    openids: tuple[str, ...]
    next_openid: str
    count: int
    total: int = 0  # of all pages, where WeChat says it


@dataclass(frozen=True, slots=True)
class User:
    """What WeChat still tells of a person; of one who does not follow, only the ids."""

    openid: str
    subscribed: bool
    subscribed_at: int = 0  # unix seconds of the last follow
    unionid: str = ""  # may appear later: only when bound to an Open Platform account
    remark: str = ""
    tag_ids: tuple[int, ...] = ()
    subscribe_scene: str = ""
    qr_scene: int = 0
    qr_scene_str: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


class UsersApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def list(self, next_openid: str = "") -> OpenidPage:
        """One page of all followers, after `next_openid`."""
        query = {"next_openid": next_openid} if next_openid else {}
        return read_page(await self._caller.ask(Call("/cgi-bin/user/get", query=query, safe=True)))

    async def get(self, openid: str, *, lang: str = "zh_CN") -> User:
        not_blank(openid, "openid")
        query = {"openid": openid, "lang": lang}
        return _read(await self._caller.ask(Call("/cgi-bin/user/info", query=query, safe=True)))

    async def batch_get(self, openids: Sequence[str], *, lang: str = "zh_CN") -> tuple[User, ...]:
        """Up to 100 at once. May answer fewer than asked for: match by openid."""
        openids_between(openids, 1, 100)
        body = {"user_list": [{"openid": openid, "lang": lang} for openid in openids]}
        path = "/cgi-bin/user/info/batchget"
        answer = await self._caller.ask(Call(path, "POST", body=body, safe=True))
        return tuple(_read(wire) for wire in answer.get("user_info_list") or ())

    async def set_remark(self, openid: str, remark: str) -> None:
        """Under 30 bytes: nine 汉字; empty removes it."""
        not_blank(openid, "openid")
        bytes_between(remark, 0, 29, "remark")
        path, body = "/cgi-bin/user/info/updateremark", {"openid": openid, "remark": remark}
        await self._caller.ask(Call(path, "POST", body=body, safe=True))

    async def blocked(self, after_openid: str = "") -> OpenidPage:
        """Up to 1,000 of those on the blacklist, after `after_openid`; what they send never reaches us."""
        path, body = "/cgi-bin/tags/members/getblacklist", {"begin_openid": after_openid}
        return read_page(await self._caller.ask(Call(path, "POST", body=body, safe=True)))

    async def block(self, openids: Sequence[str]) -> None:
        """Up to 20 at once."""
        await self._set_blocked("/cgi-bin/tags/members/batchblacklist", openids)

    async def unblock(self, openids: Sequence[str]) -> None:
        """Up to 20 at once."""
        await self._set_blocked("/cgi-bin/tags/members/batchunblacklist", openids)

    async def _set_blocked(self, path: str, openids: Sequence[str]) -> None:
        openids_between(openids, 1, _BLOCKED_AT_ONCE)
        await self._caller.ask(Call(path, "POST", body={"openid_list": [*openids]}, safe=True))


def read_page(answer: Mapping[str, Any]) -> OpenidPage:
    """`data` is missing when there is nobody (left)."""
    openids = tuple((answer.get("data") or {}).get("openid") or ())
    count = int(answer.get("count") or len(openids))
    after = str(answer.get("next_openid") or "")
    return OpenidPage(openids, after, count, int(answer.get("total") or 0))


def _read(wire: Mapping[str, Any]) -> User:
    return User(
        openid=str(wire.get("openid", "")),
        subscribed=bool(wire.get("subscribe")),
        subscribed_at=int(wire.get("subscribe_time") or 0),
        unionid=str(wire.get("unionid") or ""),
        remark=str(wire.get("remark") or ""),
        tag_ids=tuple(int(tag) for tag in wire.get("tagid_list") or ()),
        subscribe_scene=str(wire.get("subscribe_scene") or ""),
        qr_scene=int(wire.get("qr_scene") or 0),
        qr_scene_str=str(wire.get("qr_scene_str") or ""),
        raw=wire,
    )
