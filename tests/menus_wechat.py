"""The menu and tag part of WeChat's API, with the rules that matter to a push."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from app.wechat.client import WeChatClient
from app.wechat.tokens import MemoryTokenStore, TokenSource

OK = {"errcode": 0, "errmsg": "ok"}


class Crash(BaseException):
    """The process dies here."""


class FakeWeChat:
    """`calls` is what was asked; `next_answers` answers a path otherwise, once each."""

    def __init__(self) -> None:
        self.menu: list[Any] | None = None
        self.conditional: dict[str, Any] = {}  # by menu id, oldest first
        self.tags: dict[str, int] = {}
        self.carried: dict[str, list[int]] = {}  # tags of each openid, the last given last
        self.gone: set[str] = set()
        self.calls: list[str] = []
        self.next_answers: dict[str, list[int | BaseException]] = {}  # an errcode, or what is raised
        self.die_after: str | None = None
        self._ids = 100

    def menu_seen_by(self, openid: str) -> list[Any]:
        """WeChat asks the newest menu first, by the tag given last."""
        last = (self.carried.get(openid) or [0])[-1]
        for menu in reversed(self.conditional.values()):
            if menu["matchrule"]["tag_id"] == str(last):
                return list(menu["button"])
        return self.menu or []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/cgi-bin/")
        if path == "stable_token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 7200})
        self.calls.append(path)
        planned = self.next_answers.get(path)
        if planned:
            answer = planned.pop(0)
            if isinstance(answer, BaseException):
                raise answer
            return httpx.Response(200, json={"errcode": answer, "errmsg": "no"})
        body = json.loads(request.content) if request.content else {}
        told = getattr(self, path.replace("/", "_"))(body)
        if self.die_after == path:
            self.die_after = None
            raise Crash
        return httpx.Response(200, json=told)

    def menu_create(self, body: Any) -> Any:
        self.menu = body["button"]
        return OK

    def menu_get(self, body: Any) -> Any:
        if self.menu is None:
            return {"errcode": 46003, "errmsg": "menu no exist"}
        menus = [{**menu, "menuid": int(number)} for number, menu in self.conditional.items()]
        return {"menu": {"button": self.menu}, "conditionalmenu": list(reversed(menus))}

    def menu_addconditional(self, body: Any) -> Any:
        if self.menu is None:
            return {"errcode": 65303, "errmsg": "no default menu"}
        if int(body["matchrule"]["tag_id"]) not in self.tags.values():
            return {"errcode": 45159, "errmsg": "bad tag"}
        number = self._next()
        self.conditional[str(number)] = body
        return {"menuid": number}

    def menu_delconditional(self, body: Any) -> Any:
        found = self.conditional.pop(str(body["menuid"]), None)
        return OK if found else {"errcode": 65301, "errmsg": "no such menu"}

    def tags_get(self, body: Any) -> Any:
        return {"tags": [{"id": number, "name": name, "count": 0} for name, number in self.tags.items()]}

    def tags_create(self, body: Any) -> Any:
        name = body["tag"]["name"]
        if name in self.tags:
            return {"errcode": 45157, "errmsg": "name taken"}
        self.tags[name] = self._next()
        return {"tag": {"id": self.tags[name], "name": name}}

    def tags_members_batchtagging(self, body: Any) -> Any:
        if refused := self._refused(body):
            return refused
        for openid in body["openid_list"]:
            tags = self.carried.setdefault(openid, [])
            if body["tagid"] not in tags:  # one already carried does not become the last
                tags.append(body["tagid"])
        return OK

    def tags_members_batchuntagging(self, body: Any) -> Any:
        if refused := self._refused(body):
            return refused
        for openid in body["openid_list"]:
            if body["tagid"] in self.carried.get(openid, []):
                self.carried[openid].remove(body["tagid"])
        return OK

    def _refused(self, body: Any) -> Any:
        if len(body["openid_list"]) > 50:
            return {"errcode": 40032, "errmsg": "too many"}
        if body["tagid"] not in self.tags.values():
            return {"errcode": 45159, "errmsg": "bad tag"}
        if self.gone & set(body["openid_list"]):
            return {"errcode": 50005, "errmsg": "not following"}
        return None

    def _next(self) -> int:
        self._ids += 1
        return self._ids


@asynccontextmanager
async def client_of(wechat: FakeWeChat) -> AsyncIterator[WeChatClient]:
    now = 1_800_000_000.0
    async with httpx.AsyncClient(transport=httpx.MockTransport(wechat)) as http:
        url = "https://api.weixin.qq.com"
        tokens = TokenSource(MemoryTokenStore(lambda: now), http, "wx0123456789abcdef", "s", url, lambda: now)
        yield WeChatClient("wx0123456789abcdef", "s", http=http, tokens=tokens, base_url=url)
