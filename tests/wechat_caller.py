"""WeChat as the callback tests play it, or someone who would like to pass for it."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from app.wechat.callback import CallbackEndpoint
from app.wechat.crypto import Account, BadCallback, Cipher, Format, Mode, signature
from app.wechat.incoming import Incoming
from app.wechat.replies import Text, render

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APP_ID = "wx0123456789abcdef"
NOW = 1790000000
LI = "oDemoUser0000000000000000001"
SAFE, COMPATIBLE, PLAIN = (
    Account(APP_ID, "demotoken", KEY, mode) for mode in (Mode.SAFE, Mode.COMPATIBLE, Mode.PLAIN)
)
MINI = Account(APP_ID, "demotoken", KEY, Mode.SAFE, Format.JSON)
HELLO = (
    f"<xml><ToUserName>gh_demo</ToUserName><FromUserName>{LI}</FromUserName>"
    "<CreateTime>1790000000</CreateTime><MsgType>text</MsgType>"
    "<Content>你好</Content><MsgId>24500000000000001</MsgId></xml>"
).encode()


class Caller:
    """Calls an endpoint that answers everything alike, and keeps what it heard and refused."""

    def __init__(self, account: Account, *, reply: bytes | None = None, **options: Any) -> None:
        self.account = account
        self.reply = reply
        self.heard: list[Incoming] = []
        self.refused: list[str] = []
        self.endpoint = CallbackEndpoint(
            account, self._answer, now=lambda: NOW + 0.5, on_bad=self._on_bad, **options
        )

    async def _answer(self, incoming: Incoming) -> bytes:
        self.heard.append(incoming)
        return render(Text("已收到"), incoming, NOW) if self.reply is None else self.reply

    def _on_bad(self, bad: BadCallback) -> None:
        self.refused.append(bad.reason)

    def query(self, encrypt: str = "", **changes: str | None) -> dict[str, str]:
        timestamp = str(changes.get("timestamp") or NOW)
        query: dict[str, str | None] = {
            "signature": signature("demotoken", timestamp, "77"),
            "timestamp": timestamp,
            "nonce": "77",
            "openid": LI,
        }
        if encrypt:
            signed = signature("demotoken", timestamp, "77", encrypt)
            query |= {"encrypt_type": "aes", "msg_signature": signed}
        return {name: value for name, value in (query | changes).items() if value is not None}

    async def call(self, method: str, body: bytes = b"", query: Any = None) -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=[Route("/wechat/callback", self.endpoint)]))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            params = self.query() if query is None else query
            return await client.request(method, "/wechat/callback", params=params, content=body)

    async def push(self, message: bytes = HELLO, **changes: str | None) -> httpx.Response:
        encrypt = Cipher(SAFE).encrypt(message)
        return await self.call("POST", envelope(encrypt), self.query(encrypt, **changes))

    async def is_refused(self, response: httpx.Response, status: int, reason: str) -> None:
        assert (response.status_code, self.refused) == (status, [reason])
        assert self.heard == []


def envelope(encrypt: str, clear: bytes = b"") -> bytes:
    return b"<xml><ToUserName>gh_demo</ToUserName><Encrypt>%s</Encrypt>%s</xml>" % (
        encrypt.encode(),
        clear,
    )


async def drive(
    endpoint: CallbackEndpoint, query: str, messages: list[dict[str, Any]], *, hang_up: bool = True
) -> list[MutableMapping[str, Any]]:
    """Speak ASGI directly, where a client library would be too well-behaved."""
    sent: list[MutableMapping[str, Any]] = []
    left = [*messages, *([{"type": "http.disconnect"}] if hang_up else [])]

    async def receive() -> MutableMapping[str, Any]:
        if left:
            return left.pop(0)
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "query_string": query.encode(), "headers": []}
    await endpoint(scope, receive, send)
    return sent


def sealed_request(caller: Caller) -> tuple[str, bytes]:
    encrypt = Cipher(SAFE).encrypt(HELLO)
    return str(httpx.QueryParams(caller.query(encrypt))), envelope(encrypt)
