"""A sandbox that has a mini-program, and the service's two views of it: for the tests of the sandbox."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.app import create_app
from sandbox.config import MINIPROGRAM, App, Config, derived_keys
from sandbox.crypto import MessageCipher, signature
from sandbox.driver import Platform
from sandbox.world import World

KEYS = derived_keys("a secret for tests")
MINI = App(
    name=MINIPROGRAM,
    app_id="wx00000000000000aa",
    app_secret="0123456789abcdef0123456789abcdef",
    token="minitoken",
    aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    gh_id="gh_mini00000001",
    callback_path="/wechat/miniprogram",
    format="json",
)
CONFIG = Config(**KEYS, retry_pause=0.0, miniprogram=MINI)  # type: ignore[arg-type]
Answering = Callable[[str], Awaitable[bytes]]


async def silence(text: str) -> bytes:
    return b"success"


async def says_nothing(request: Request) -> Response:
    return Response("success")


@dataclass
class Service:
    """What stands behind the mini-program's callback: it opens pushes, and answers as the test says."""

    answering: Answering = silence
    pushes: list[str] = field(default_factory=list)  # in clear
    requests: list[tuple[dict[str, str], bytes, str]] = field(default_factory=list)  # query, body, type
    pictures: dict[str, bytes] = field(default_factory=dict)

    async def answer(self, request: Request) -> Response:
        query, body = dict(request.query_params), await request.body()
        if request.method == "GET":
            good = signature(MINI.token, query["timestamp"], query["nonce"]) == query["signature"]
            return Response(query["echostr"] if good else "no")
        self.requests.append((query, body, request.headers["content-type"]))
        text = self._opened(query, body)
        self.pushes.append(text)
        return Response(await self.answering(text))

    def _opened(self, query: dict[str, str], body: bytes) -> str:
        text = body.decode()
        if "Encrypt" not in text:
            return text
        encrypted = json.loads(text)["Encrypt"] if text.startswith("{") else between(text, "Encrypt")
        assert query["msg_signature"] == signature(MINI.token, query["timestamp"], query["nonce"], encrypted)
        return MessageCipher(MINI.aes_key, MINI.app_id).decrypt(encrypted).decode()

    async def picture(self, request: Request) -> Response:
        data = self.pictures.get(request.path_params["name"])
        return Response(data) if data is not None else Response(status_code=404)

    @property
    def newest(self) -> dict[str, Any]:
        return dict(json.loads(self.pushes[-1]))


def between(xml: str, name: str) -> str:
    inside = xml.partition(f"<{name}>")[2].partition(f"</{name}>")[0]
    return inside.removeprefix("<![CDATA[").removesuffix("]]>")


@dataclass
class Side:
    """Calls with the token of one app."""

    http: httpx.AsyncClient
    app_id: str
    secret: str
    token: str = ""

    async def takes_token(self, **changes: Any) -> None:
        body = {"grant_type": "client_credential", "appid": self.app_id, "secret": self.secret, **changes}
        self.token = (await self.call("/cgi-bin/stable_token", body))["access_token"]

    async def raw(self, path: str, body: Any = None, **query: Any) -> httpx.Response:
        query = {"access_token": self.token, **query}
        if body is None:
            answer = await self.http.get(path, params=query)
        else:
            raw = json.dumps(body, ensure_ascii=False).encode()
            answer = await self.http.post(path, params=query, content=raw)
        assert answer.status_code == 200
        return answer

    async def call(self, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        return dict((await self.raw(path, body, **query)).json())

    async def code(self, path: str, body: Any = None, **query: Any) -> int:
        """The errcode; of a picture 0."""
        answer = await self.raw(path, body, **query)
        if answer.headers["content-type"].startswith("image/"):
            return 0
        return int(answer.json().get("errcode", 0))

    async def sends(self, openid: str, kind: str = "text", **part: Any) -> int:
        body = {"touser": openid, "msgtype": kind, kind: part or {"content": "您好"}}
        return await self.code("/cgi-bin/message/custom/send", body)

    async def uploads(self, kind: str = "image", name: str = "a.png") -> str:
        query = {"access_token": self.token, "type": kind}
        file = {"media": (name, b"bytes")}
        return str(
            (await self.http.post("/cgi-bin/media/upload", params=query, files=file)).json()["media_id"]
        )


@dataclass
class Both:
    """One sandbox with two apps."""

    app: Starlette
    world: World
    platform: Platform
    service: Service
    mini: Side
    account: Side

    async def session(self, js_code: str, **changes: str) -> dict[str, Any]:
        query = {
            "appid": MINI.app_id,
            "secret": MINI.app_secret,
            "js_code": js_code,
            "grant_type": "authorization_code",
        }
        return dict((await self.mini.http.get("/sns/jscode2session", params=query | changes)).json())


@asynccontextmanager
async def opened_at(moment: float, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Both]:
    """Its clock stands still at `moment`, in unix seconds."""
    async with opened() as found:
        monkeypatch.setattr(found.world.clock, "now", lambda: moment)
        await found.mini.takes_token()
        yield found


@asynccontextmanager
async def opened(**changes: Any) -> AsyncIterator[Both]:
    service = Service()
    far = Starlette(
        routes=[
            Route(MINI.callback_path, service.answer, methods=["GET", "POST"]),
            Route(CONFIG.callback_path, says_nothing, methods=["POST"]),
            Route("/pictures/{name}", service.picture),
        ]
    )
    app = create_app(replace(CONFIG, **changes), httpx.ASGITransport(far))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as http:
        mini = Side(http, MINI.app_id, MINI.app_secret)
        account = Side(http, KEYS["app_id"], KEYS["app_secret"])
        for side in (mini, account):
            if side.app_id in {one.app_id for one in app.state.world.config.apps.values()}:
                await side.takes_token()
        yield Both(app, app.state.world, Platform(http), service, mini, account)
    await app.state.world.close()
