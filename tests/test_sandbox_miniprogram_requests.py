"""`wx.request` in the sandbox: what reaches the service, what comes back, and what is refused."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.app import create_app
from sandbox.driver import Phone, Platform, Refusal
from sandbox.miniprogram import requests
from tests.miniprogram_sandbox import CONFIG, MINI, opened

ORIGIN = "http://127.0.0.1:8000"


@dataclass
class Api:
    """The service's interface for the mini-program, and everything it was asked."""

    platform: Platform
    http: httpx.AsyncClient
    asked: list[Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: Request) -> Response:
        self.asked.append(request)
        self.bodies.append(await request.body())
        match request.url.path:
            case "/api/v1/auth/miniprogram":
                answer = JSONResponse({"access_token": "t-1", "phone": "138****1234"}, 201)
                answer.set_cookie("gonghui_session", "s")
                return answer
            case "/api/v1/slash":
                return RedirectResponse(f"{ORIGIN}/api/v1/slash/", 307)
            case "/api/v1/away":
                return RedirectResponse("http://elsewhere.example/api", 302)
            case "/api/v1/round":
                return RedirectResponse("/api/v1/round", 302)
            case "/api/v1/nowhere":
                return Response(status_code=302, headers={"location": "http://a:b/"})
            case "/api/v1/zipped":
                return Response(b"not zipped", headers={"content-encoding": "gzip"})
            case "/api/v1/picture":
                return Response(b"\x89PNG", media_type="image/png")
            case "/api/v1/long":
                return Response("长" * requests.ANSWER_BYTES, media_type="text/plain")
            case "/api/v1/slow":
                await self.released.wait()
            case "/api/v1/me" if request.headers.get("authorization") != "Bearer t-1":
                return JSONResponse({"message": "请先登录。"}, 401)
        return JSONResponse({"path": request.url.path, "query": dict(request.query_params)})


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    here: list[Api] = []

    async def answer(request: Request) -> Response:
        return await here[0].answer(request)

    methods = [*requests.METHODS, "PATCH"]
    far = Starlette(routes=[Route("/{path:path}", answer, methods=methods)])
    app = create_app(replace(CONFIG, request_seconds=0.2), httpx.ASGITransport(far))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as http:
        here.append(Api(Platform(http), http))
        yield here[0]
    await app.state.world.close()


@pytest.fixture
async def li(api: Api) -> Phone:
    return await api.platform.person("李建国")


async def test_a_login_is_sent_to_the_service_and_its_token_opens_more(api: Api, li: Phone) -> None:
    login = await li.requests("POST", "/api/v1/auth/miniprogram", {"code": await li.logs_in()})
    refused = await li.requests("GET", "/api/v1/me")
    mine = await li.requests(
        "get", "/api/v1/me", {"page": 2, "kind": "报名"}, token=login.body["access_token"]
    )

    assert (login.status, login.body["access_token"]) == (201, "t-1")
    assert (refused.status, refused.body) == (401, {"message": "请先登录。"})
    assert (mine.status, mine.body["query"]) == (200, {"page": "2", "kind": "报名"})
    assert mine.ms > 0
    first = api.asked[0]
    assert first.headers["content-type"] == "application/json"
    assert first.headers["referer"] == f"https://servicewechat.com/{MINI.app_id}/0/page-frame.html"
    assert "MicroMessenger" in first.headers["user-agent"]
    assert len(json.loads(api.bodies[0])["code"]) == 32


async def test_cookies_are_kept_by_nobody(api: Api, li: Phone) -> None:
    login = await li.requests("POST", "/api/v1/auth/miniprogram", {})
    await li.requests("GET", "/api/v1/public")
    await li.says_in_miniprogram("在吗")

    assert "gonghui_session" in login.headers["set-cookie"]
    assert ["cookie" in one.headers for one in api.asked] == [False] * 3
    assert api.asked[-1].url.path == MINI.callback_path


@pytest.mark.parametrize(
    ("headers", "body", "kind", "sent"),
    [
        ({}, {"名": [1, None]}, "application/json", '{"名": [1, null]}'),
        ({}, "not JSON", "application/json", "not JSON"),
        ({"Content-Type": "text/plain"}, "话", "text/plain", "话"),
        (
            {"Content-Type": "application/x-www-form-urlencoded"},
            {"a": "1 2", "b": True},
            "application/x-www-form-urlencoded",
            "a=1+2&b=true",
        ),
    ],
)
async def test_a_body_is_written_as_its_content_type_asks(
    api: Api, li: Phone, headers: dict[str, str], body: Any, kind: str, sent: str
) -> None:
    await li.requests("PUT", "/api/v1/x", body, headers=headers)

    assert api.asked[-1].headers["content-type"] == kind
    assert api.bodies[-1].decode() == sent


async def test_a_file_goes_as_a_form(api: Api, li: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    file = {"base64": "data:image/jpeg;base64,/9j/", "name": "photo", "filename": "tmp_1.jpg"}
    asked = {
        "path": "/api/v1/photos",
        "headers": {"Content-Type": "application/json"},
        "body": {"agreed": "yes"},
    }
    act = f"people/{li.openid}/miniprogram-request"
    assert (await api.platform.ask("POST", act, asked | file))["status"] == 200
    assert api.asked[-1].headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="agreed"\r\n\r\nyes' in api.bodies[-1] and b"\xff\xd8\xff" in api.bodies[-1]
    assert "字节" in (await api.platform.calls())[0]["body"]

    monkeypatch.setattr(requests, "FILE_BYTES", 2)
    for wrong in ({}, {"name": ""}, {"body": ["no fields"]}, {"path": "http://elsewhere.example/"}):
        with pytest.raises(Refusal):
            await api.platform.ask("POST", act, asked | file | wrong)
    assert len(api.asked) == 1


async def test_redirects_are_followed_within_the_service_only(api: Api, li: Phone) -> None:
    slash = await li.requests("POST", "/api/v1/slash", {"a": 1})
    away = await li.requests("GET", "/api/v1/away", token="t-1")
    asked = len(api.asked)
    round_and_round = await li.requests("GET", "/api/v1/round")

    assert (slash.status, slash.body["path"]) == (200, "/api/v1/slash/")
    assert json.loads(api.bodies[1]) == {"a": 1}
    assert (away.status, away.headers["location"]) == (302, "http://elsewhere.example/api")
    assert asked == 3
    assert (round_and_round.status, len(api.asked) - asked) == (302, 6)


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/api/v1/zipped"])
async def test_an_answer_that_cannot_be_read_says_so(api: Api, li: Phone, path: str) -> None:
    with pytest.raises(Refusal, match="服务的应答读不懂"):
        await li.requests("GET", path)


async def test_a_file_is_told_by_its_size_and_a_long_answer_is_cut(api: Api, li: Phone) -> None:
    picture = await li.requests("GET", "/api/v1/picture")
    long = await li.requests("GET", "/api/v1/long")

    assert picture.body == "（image/png，4 字节）"
    assert len(long.body.encode()) <= requests.ANSWER_BYTES + 3


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            None,
            7,
            "api/v1/me",
            "//elsewhere.example/x",
            "/\\elsewhere.example",
            "http://elsewhere.example/",
        ),
        *("@elsewhere.example/", "/a b", "/a\nb", "/a#b", "/a\\b", ".elsewhere.example/", f"/{'a' * 2048}"),
    ],
)
async def test_nothing_but_the_service_can_be_asked(api: Api, li: Phone, path: Any) -> None:
    with pytest.raises(Refusal, match="路径"):
        await li.requests("GET", path)

    assert api.asked == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"method": "PATCH"}, "没有 PATCH"),
        ({"method": ["GET"]}, "wx.request 的方法"),
        ({"headers": []}, "JSON 对象"),
        ({"headers": {"a": 1}}, "JSON 对象"),
        ({"headers": {"Host": "elsewhere.example"}}, "由微信自己写"),
        ({"headers": {"Referer": "https://a.cn/"}}, "由微信自己写"),
        ({"headers": {"a": "1\r\nhost: b"}}, "不能用的字符"),
        ({"headers": {"a": "姓名"}}, "不能用的字符"),
        ({"headers": {"a b": "1"}}, "不能用的字符"),
        ({"headers": {f"a{n}": "" for n in range(33)}}, "最多 32 个"),
        ({"headers": {"a": "b" * 8192}}, "最多 32 个"),
        ({"body": ["GET takes an object"]}, "查询串"),
        ({"method": "POST", "body": "b" * (1024 * 1024 + 1)}, "最多 1024 KB"),
    ],
)
async def test_what_wechat_would_not_send_is_refused(
    api: Api, li: Phone, given: dict[str, Any], words: str
) -> None:
    asked = {"method": "GET", "path": "/api/v1/me", "headers": {}, "body": None} | given

    with pytest.raises(Refusal, match=words):
        await api.platform.ask("POST", f"people/{li.openid}/miniprogram-request", asked)
    assert api.asked == []


@pytest.mark.parametrize(
    ("act", "given"),
    [
        ("miniprogram-request", {"path": "/\ud800"}),
        ("miniprogram-request", {"path": "/", "method": "POST", "body": {"a": "\ud800"}}),
        ("open-miniprogram", {"path": "a?b=\ud800"}),
        ("open-miniprogram", {"link": "https://wxaurl.cn/\ud800"}),
    ],
)
async def test_half_a_character_is_refused_too(api: Api, li: Phone, act: str, given: dict[str, Any]) -> None:
    address = api.platform.address(f"/sandbox/api/people/{li.openid}/{act}")
    answer = await api.http.post(address, content=json.dumps(given))

    assert answer.status_code in (400, 404)
    assert api.asked == []


async def test_who_waits_too_long_or_finds_nobody_is_told(api: Api, li: Phone) -> None:
    with pytest.raises(Refusal, match="没有应答"):
        await li.requests("GET", "/api/v1/slow")
    api.released.set()

    async def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    app = create_app(CONFIG, httpx.MockTransport(gone))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as http:
        with pytest.raises(Refusal, match="服务没有应答：refused"):
            await (await Platform(http).person("李建国")).requests("GET", "/api/v1/me")
    await app.state.world.close()


async def test_each_request_is_listed_among_the_calls_without_its_token(api: Api, li: Phone) -> None:
    await li.requests("POST", "/api/v1/auth/miniprogram?a=1", {"code": "c"})
    await li.requests("GET", "/api/v1/me", token="secret-token")

    refused, login = (await api.platform.calls())[:2]
    assert (login["method"], login["path"], login["errcode"]) == (
        "小程序 POST",
        "/api/v1/auth/miniprogram",
        0,
    )
    assert (login["query"], login["body"], login["person"]) == ({"a": "1"}, '{"code": "c"}', li.openid)
    assert (refused["errcode"], refused["rule"]) == (401, "HTTP 状态 401")
    assert refused["answer"] == {"message": "请先登录。"}
    assert "secret-token" not in json.dumps(refused)


async def test_without_a_mini_program_there_is_nothing_to_ask_with() -> None:
    async with opened(miniprogram=None) as alone:
        li = await alone.platform.person("李建国")
        with pytest.raises(Refusal, match="没有设置小程序"):
            await li.requests("GET", "/api/v1/me")
        with pytest.raises(Refusal, match="没有设置小程序"):
            await li.opens_miniprogram()
        with pytest.raises(Refusal, match="没有设置小程序"):
            await li.follows_link("https://wxaurl.cn/abc")
