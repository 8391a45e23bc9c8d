"""A test's hands on the sandbox: `await li.says("报名")`, over HTTP to any running one."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx

HOUR = 3600.0
LOOK_AGAIN_SECONDS = 0.05
Chat = Callable[[], Awaitable[list[dict[str, Any]]]]


class Refusal(Exception):
    """The phone could not do that; the text says why."""


@dataclass(frozen=True)
class Seen:
    """How one act ended. `result` is reply, silent or fault; `text` what the person read."""

    result: str
    text: str
    tries: int
    ms: float
    rule: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class Answered:
    """What the service answered the mini-program. `body` is parsed where it is JSON, else text."""

    status: int
    headers: dict[str, str]
    body: Any
    ms: float


class Platform:
    """A running sandbox, reached through `client` (its base_url, or an ASGI transport)."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self._client.request(method, f"/sandbox/api/{path}", json=body, timeout=60)
        if answer.status_code >= 400:
            raise Refusal(answer.json().get("error", answer.text))
        return answer.json()

    def address(self, path: str) -> httpx.URL:
        """Where `path` of this sandbox is."""
        return self._client.base_url.join(path)

    async def person(self, name: str) -> "Phone":
        """Somebody by name, made on first use."""
        for row in await self.ask("GET", "people"):
            if row["name"] == name:
                return Phone(self, name, row["openid"])
        row = await self.ask("POST", "people", {"name": name})
        return Phone(self, name, row["openid"])

    async def follower(self, name: str) -> "Phone":
        """Somebody who follows; the greeting is not looked at."""
        phone = await self.person(name)
        await phone.follows()
        return phone

    async def moves_time(self, *, hours: float = 0, seconds: float = 0) -> None:
        await self.ask("POST", "clock", {"advance": hours * HOUR + seconds})

    async def misbehaves(self, **wishes: Any) -> None:
        """What goes wrong from now on, by kind: `misbehaves(fail_next={"path": …, "errcode": 45009})`.

        A bare value is the kind's main field (`slow=2`, `hold_next=0.1`), True its defaults.
        """
        await self.ask("POST", "misbehaviour", wishes)

    async def behaves(self) -> None:
        """Forget what is pending and let go what is held."""
        await self.ask("DELETE", "misbehaviour")

    async def misbehaviour(self) -> dict[str, Any]:
        """`pending` wishes by kind, `held` pushes, and the `kinds` there are."""
        return dict(await self.ask("GET", "misbehaviour"))

    async def calls(self) -> list[dict[str, Any]]:
        """API calls of the service, newest first."""
        return list(await self.ask("GET", "calls"))

    async def exchanges(self) -> list[dict[str, Any]]:
        return list(await self.ask("GET", "exchanges"))

    async def miniprogram_is(self, **changes: Any) -> dict[str, Any]:
        """released, pages, phone_numbers_left, media_verdicts."""
        return dict(await self.ask("POST", "miniprogram", changes))

    async def links(self) -> list[dict[str, Any]]:
        """Codes and links into the mini-program, newest first."""
        return list(await self.ask("GET", "miniprogram/links"))

    async def reset(self) -> None:
        await self.ask("POST", "reset")


class Phone:
    """One person's phone."""

    def __init__(self, platform: Platform, name: str, openid: str) -> None:
        self._platform = platform
        self.name = name
        self.openid = openid
        self._asked: tuple[httpx.AsyncClient, httpx.Response] | None = None

    async def _does(self, act: str, **body: Any) -> Seen:
        return await self._seen(act, body, self.reads)

    async def _seen(self, act: str, body: dict[str, Any], chat: Chat) -> Seen:
        done = await self._platform.ask("POST", f"people/{self.openid}/{act}?wait=true", body)
        newest = [
            one
            for one in await chat()
            if one["exchange_id"] is not None and one["exchange_id"] == done.get("exchange_id")
        ]
        text = newest[-1]["text"] if newest else ""
        return Seen(done["result"], text, done["tries"], done["ms"], done["rule"], done)

    async def says(self, text: str) -> Seen:
        return await self._does("say", text=text)

    async def chooses(self, label: str) -> Seen:
        """Tap a line of the newest text that has it."""
        return await self._does("choose", label=label)

    async def taps(self, *path: str, **given: Any) -> Seen:
        """Tap a menu button by the names on the way to it."""
        return await self._does("menu", path=list(path), **given)

    async def follows(self, scene: str = "") -> Seen:
        return await self._does("follow", scene=scene)

    async def leaves(self) -> Seen:
        return await self._does("unfollow")

    async def scans(self, scene: str) -> Seen:
        return await self._does("scan", scene=scene)

    async def sends(self, kind: str, **fields: Any) -> Seen:
        """picture, voice, video, location or link."""
        return await self._does(kind, **fields)

    async def accepts(self, *templates: str, always: bool = False) -> dict[str, str]:
        """Allow these subscription notices, by title or id, when a page asks; template id to status."""
        return await self._subscribes(templates, True, always)

    async def refuses_notices(self, *templates: str, always: bool = False) -> dict[str, str]:
        return await self._subscribes(templates, False, always)

    async def _subscribes(self, templates: tuple[str, ...], accept: bool, always: bool) -> dict[str, str]:
        body = {"templates": list(templates), "accept": accept, "always": always}
        done = await self._platform.ask("POST", f"people/{self.openid}/subscribe?wait=true", body)
        return dict(done["answers"])

    async def switches(self, template: str, *, receive: bool) -> Seen:
        """Turn a subscription notice off or on in the phone's settings."""
        return await self._does("notice-setting", template=template, receive=receive)

    async def notices(self) -> dict[str, Any]:
        """`templates` with this person's counts, and `service`, what came to 服务通知."""
        return dict(await self._platform.ask("GET", f"people/{self.openid}/notices"))

    async def opens(self, url: str, browser: httpx.AsyncClient, manner: str = "chat") -> httpx.Response:
        """Open a page as the phone does: `browser` keeps the cookies, and comes where it is sent.

        `manner` is from where: the account's chat, `elsewhere`, or `full` out of a snapshot page.
        """
        query = {"who": self.openid, "url": url, "manner": manner}
        address = self._platform.address("/sandbox/open")
        shown = await browser.get(address, params=query, follow_redirects=True)
        self._asked = (browser, shown)
        return shown

    async def allows(self) -> httpx.Response:
        """Tap 允许 on the page opened last, and come where that leads."""
        return await self._answers("allow")

    async def declines(self) -> httpx.Response:
        """Tap 拒绝."""
        return await self._answers("refuse")

    async def _answers(self, answer: str) -> httpx.Response:
        if self._asked is None:
            raise Refusal("没有要回答的授权页。")
        browser, shown = self._asked
        form = re.search(r'action="([^"]+)" data-test="consent"', shown.text)
        if form is None:
            raise Refusal("没有要回答的授权页。")
        target = shown.url.join(unescape(form[1]))
        shown = await browser.post(target, data={"answer": answer}, follow_redirects=True)
        self._asked = (browser, shown)
        return shown

    async def shares(self, to: "Phone", url: str, *, title: str = "", description: str = "") -> None:
        """Send a page to a friend, who finds it in the chat."""
        card = {"to": to.openid, "url": url, "title": title, "description": description}
        await self._platform.ask("POST", f"people/{self.openid}/share", card)

    async def reads_article(self, url: str, *, way: str = "message") -> dict[str, Any]:
        """Read an article as by its page, coming from message, friend, timeline, home or other."""
        body = {"url": url, "way": way}
        return dict(await self._platform.ask("POST", f"people/{self.openid}/read-article", body))

    async def likes(self, url: str) -> bool:
        """Tap 赞, or take it back; whether it is liked now."""
        done = await self._platform.ask("POST", f"people/{self.openid}/like-article", {"url": url})
        return bool(done["liked"])

    async def keeps(self, url: str) -> bool:
        """Tap 收藏, or take it back; whether it is kept now."""
        done = await self._platform.ask("POST", f"people/{self.openid}/keep-article", {"url": url})
        return bool(done["kept"])

    async def comments(self, url: str, text: str) -> int:
        """Write under an article; the user_comment_id."""
        body = {"url": url, "text": text}
        done = await self._platform.ask("POST", f"people/{self.openid}/comment-article", body)
        return int(done["user_comment_id"])

    async def takes_comment_back(self, url: str, user_comment_id: int) -> None:
        body = {"url": url, "user_comment_id": user_comment_id}
        await self._platform.ask("POST", f"people/{self.openid}/take-comment-back", body)

    async def shares_to_timeline(self, url: str) -> None:
        await self._platform.ask("POST", f"people/{self.openid}/share-to-timeline", {"url": url})

    async def reads(self) -> list[dict[str, Any]]:
        """The whole chat, oldest first."""
        return list(await self._platform.ask("GET", f"people/{self.openid}/conversation"))

    async def hears(self, text: str, *, within: float = 5.0) -> None:
        """Wait for `text` to come unasked: a late answer, a notice, what staff wrote.

        Raises:
            TimeoutError: it did not come in that many seconds.
        """
        async with asyncio.timeout(within):
            while not await self._has_heard(text):  # noqa: ASYNC110 - another program says it
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _has_heard(self, text: str) -> bool:
        return any(one["direction"] == "in" and one["text"] == text for one in await self.reads())

    async def logs_in(self) -> str:
        """The mini-program starts: the code of `wx.login`."""
        done = await self._platform.ask("POST", f"people/{self.openid}/log-in", {})
        return str(done["code"])

    async def opens_miniprogram(self, path: str = "", *, way: str = "profile") -> dict[str, Any]:
        """Come to a page (its query behind `?`) by `way`: profile, menu, card, text, notice …

        The answer has `path`, `query`, `options`, `scene` (its number), `known`.
        """
        body = {"path": path, "way": way}
        return dict(await self._platform.ask("POST", f"people/{self.openid}/open-miniprogram", body))

    async def follows_link(self, address: str) -> dict[str, Any]:
        """The same by what a code holds, or by a link; refused in words when it has ended."""
        body = {"link": address}
        return dict(await self._platform.ask("POST", f"people/{self.openid}/open-miniprogram", body))

    async def requests(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = "",
        headers: dict[str, str] | None = None,
    ) -> Answered:
        """`wx.request` to the service; `token` is sent as a bearer token."""
        given = {**(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        asked = {"method": method, "path": path, "headers": given, "body": body}
        done = await self._platform.ask("POST", f"people/{self.openid}/miniprogram-request", asked)
        text = done["body"]
        if "json" in done["headers"].get("content-type", "") and text:
            text = json.loads(text)
        return Answered(done["status"], done["headers"], text, done["ms"])

    async def gives_phone(self, phone: str = "") -> str:
        """The code of the phone number button; `phone` changes the number first."""
        done = await self._platform.ask("POST", f"people/{self.openid}/give-phone", {"phone": phone})
        return str(done["code"])

    async def enters_session(self, session_from: str = "") -> Seen:
        """Tap the contact button."""
        return await self._seen("enter-session", {"from": session_from}, self.reads_in_miniprogram)

    async def says_in_miniprogram(self, text: str) -> Seen:
        return await self._seen("say-in-miniprogram", {"text": text}, self.reads_in_miniprogram)

    async def sends_in_miniprogram(self, kind: str, **fields: Any) -> Seen:
        """picture or page."""
        return await self._seen(f"{kind}-in-miniprogram", fields, self.reads_in_miniprogram)

    async def reads_in_miniprogram(self) -> list[dict[str, Any]]:
        """The whole chat with the mini-program, oldest first."""
        path = f"people/{self.openid}/conversation?app=miniprogram"
        return list(await self._platform.ask("GET", path))

    async def in_miniprogram(self) -> dict[str, Any]:
        """Who one is there: openid, unionid, phone, logged_in, active, risk, blocked."""
        return dict(await self._platform.ask("GET", f"people/{self.openid}/miniprogram"))

    async def menu(self) -> dict[str, Any]:
        return dict(await self._platform.ask("GET", f"people/{self.openid}/menu"))
