"""The client before the sandbox, joined without a network: what one sends is what the other reads."""

from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from app.wechat.api.messages import Content, CustomerMessage, Text
from app.wechat.client import WeChatClient
from app.wechat.errors import WeChatError
from app.wechat.jssdk import TicketSource
from app.wechat.oauth import WebOAuth
from app.wechat.tokens import MemoryTokenStore, TokenSource
from sandbox.config import App
from sandbox.driver import Phone, Platform
from sandbox.world import World
from tests.both_ends import WECHAT, Road
from tests.miniprogram_sandbox import CONFIG, Both, opened

PNG, MP4, AMR, JPG = b"\x89PNG picture", b"\x00\x00\x00\x18ftypmp42", b"#!AMR\nsound", b"\xff\xd8\xff picture"


@dataclass
class Joined:
    """Both our clients, the sandbox they speak to, and a phone's browser."""

    both: Both
    http: httpx.AsyncClient
    browser: httpx.AsyncClient
    account: WeChatClient
    mini: WeChatClient
    oauth: WebOAuth
    jssdk: TicketSource

    @property
    def platform(self) -> Platform:
        return Platform(self.browser)

    @property
    def world(self) -> World:
        return self.both.world

    async def says(self, openid: str, content: Content | str = "您好", *, mini: bool = False) -> None:
        told = Text(content) if isinstance(content, str) else content
        client = self.mini if mini else self.account
        await client.messages.send(CustomerMessage(openid, told))

    async def inside(self, phone: Phone) -> str:
        """Who somebody is in the mini-program, which they are using."""
        await phone.logs_in()
        return str((await phone.in_miniprogram())["openid"])

    async def made(self, path: str) -> list[int]:
        """The errcodes of the calls at `path`, oldest first."""
        return [one["errcode"] for one in reversed(await self.platform.calls()) if one["path"] == path]


@asynccontextmanager
async def joined(**changes: Any) -> AsyncIterator[Joined]:
    async with opened(**changes) as both:
        road, now = Road(both.app), both.world.now
        async with (
            httpx.AsyncClient(transport=road) as http,
            httpx.AsyncClient(transport=road, base_url=WECHAT) as browser,
        ):

            def client(app: App) -> WeChatClient:
                keys = app.app_id, app.app_secret
                tokens = TokenSource(MemoryTokenStore(now), http, *keys, WECHAT, now)
                return WeChatClient(*keys, http=http, tokens=tokens, base_url=WECHAT)

            account, mini = (client(app) for app in both.world.config.apps.values())
            keys = CONFIG.app_id, CONFIG.app_secret
            oauth = WebOAuth(*keys, http=http, now=now, open_url=WECHAT, base_url=WECHAT)
            jssdk = TicketSource(MemoryTokenStore(now), account.tickets, CONFIG.app_id, now)
            yield Joined(both, http, browser, account, mini, oauth, jssdk)


async def refused(call: Awaitable[object], kind: type[WeChatError], errcode: int) -> WeChatError:
    """The refusal, which must be the sandbox's own and of this very kind."""
    with pytest.raises(WeChatError) as caught:
        await call
    error = caught.value
    assert (type(error), error.errcode) == (kind, errcode), error
    assert error.rid
    return error


@contextmanager
def nobody_answers(kind: type[WeChatError]) -> Iterator[None]:
    with pytest.raises(WeChatError) as caught:
        yield
    assert (type(caught.value), caught.value.errcode) == (kind, None)
