"""The sandbox's web sign-in: who is on the phone, what the page refuses, and a code that is good once."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from sandbox.app import create_app
from sandbox.config import Config, derived_keys
from sandbox.driver import Phone, Platform

KEYS = derived_keys("a secret for tests")
CONFIG = Config(**KEYS, service_url="https://gonghui.example.com:8443/")  # type: ignore[arg-type]
BACK = "https://gonghui.example.com/signed-in"
ASKED = {
    "appid": KEYS["app_id"],
    "redirect_uri": BACK,
    "response_type": "code",
    "scope": "snsapi_base",
    "state": "a1B2",
}
CREDENTIALS = {"appid": KEYS["app_id"], "secret": KEYS["app_secret"]}
AUTHORIZE, EXCHANGE = "/connect/oauth2/authorize", "/sns/oauth2/access_token"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A browser before the sandbox."""
    app = create_app(CONFIG)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://sandbox.test"
    ) as opened:
        yield opened
    await app.state.world.close()


async def takes(http: httpx.AsyncClient, name: str) -> Phone:
    """`name` has the phone in hand: a page was opened from there."""
    phone = await Platform(http).person(name)
    await http.get("/sandbox/open", params={"who": name, "url": "https://gonghui.example.com/"})
    return phone


async def sent_back(http: httpx.AsyncClient, **changes: str) -> dict[str, str]:
    answer = await http.get(AUTHORIZE, params=ASKED | changes)
    assert answer.status_code == 302, answer.text
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: value for name, (value,) in query.items()}


async def exchange(http: httpx.AsyncClient, given: str, **changes: str) -> dict[str, Any]:
    query = {**CREDENTIALS, "code": given, "grant_type": "authorization_code"} | changes
    return dict((await http.get(EXCHANGE, params=query)).json())


async def test_the_person_on_the_phone_is_sent_back_with_a_code_that_tells_the_openid(
    http: httpx.AsyncClient,
) -> None:
    li = await takes(http, "李建国")

    back = await sent_back(http, redirect_uri=f"{BACK}?from=menu")
    answer = await exchange(http, back["code"])

    assert (back["from"], back["state"]) == ("menu", "a1B2")
    assert answer["openid"] == li.openid
    assert (answer["scope"], answer["expires_in"]) == ("snsapi_base", 7200)
    assert "unionid" not in answer


async def test_a_browser_that_is_no_phone_is_told_to_open_the_link_in_wechat(http: httpx.AsyncClient) -> None:
    for cookies in ({}, {"sandbox_phone": "oSomebodyMadeUp"}):
        http.cookies = httpx.Cookies(cookies)
        answer = await http.get(AUTHORIZE, params=ASKED)
        assert (answer.status_code, "请在微信客户端打开链接" in answer.text) == (200, True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"appid": "wx0000000000000000"}, "AppID 参数错误"),
        ({"redirect_uri": "https://www.gonghui.example.com/signed-in"}, "10003"),
        ({"redirect_uri": "https://gonghui.example.com.evil.cn/"}, "10003"),
        ({"redirect_uri": "//gonghui.example.com/"}, "10003"),
        ({"redirect_uri": ""}, "10003"),
        ({"response_type": "token"}, "response_type"),
        ({"scope": "snsapi_login"}, "10005"),
        ({"scope": ""}, "10010"),
        ({"appid": ""}, "10012"),
        ({"state": "with-dash"}, "state"),
        ({"state": "a" * 129}, "state"),
    ],
)
async def test_what_the_page_refuses(http: httpx.AsyncClient, changes: dict[str, str], words: str) -> None:
    await takes(http, "李建国")

    answer = await http.get(AUTHORIZE, params=ASKED | changes)

    assert (answer.status_code, words in answer.text) == (200, True)


async def test_the_order_of_the_parameters_matters(http: httpx.AsyncClient) -> None:
    await takes(http, "李建国")

    answer = await http.get(AUTHORIZE, params=dict(reversed(ASKED.items())))

    assert (answer.status_code, "次序" in answer.text) == (200, True)


async def test_a_code_is_good_once_and_for_five_minutes(http: httpx.AsyncClient) -> None:
    await takes(http, "李建国")
    once, late = [(await sent_back(http))["code"] for _ in range(2)]

    assert (await exchange(http, "made up"))["errcode"] == 40029
    assert "openid" in await exchange(http, once)
    assert (await exchange(http, once))["errcode"] == 40163
    await Platform(http).moves_time(seconds=301)
    assert (await exchange(http, late))["errcode"] == 42003


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"appid": ""}, 41002),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"secret": ""}, 41004),
        ({"secret": "wrong"}, 40125),
        ({"code": ""}, 41008),
        ({"grant_type": "client_credential"}, 40002),
    ],
)
async def test_wrong_credentials_do_not_use_the_code_up(
    http: httpx.AsyncClient, changes: dict[str, str], code: int
) -> None:
    await takes(http, "李建国")
    given = (await sent_back(http))["code"]

    assert (await exchange(http, given, **changes))["errcode"] == code
    assert "openid" in await exchange(http, given)


async def test_each_person_has_a_phone_without_the_cookies_of_the_one_before(http: httpx.AsyncClient) -> None:
    await takes(http, "李建国")
    http.cookies.set("gonghui_session", "of Li", domain="sandbox.test")
    http.cookies.set("another", "kept", domain="sandbox.test")

    await takes(http, "李建国")
    assert http.cookies["gonghui_session"] == "of Li"

    zhang = await takes(http, "张伟")
    assert "gonghui_session" not in http.cookies
    assert http.cookies["another"] == "kept"
    assert (await exchange(http, (await sent_back(http))["code"]))["openid"] == zhang.openid


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "/me", ""])
async def test_the_phone_opens_web_pages_only(http: httpx.AsyncClient, url: str) -> None:
    answer = await http.get("/sandbox/open", params={"who": "李建国", "url": url})

    assert answer.status_code == 400
    assert (await http.get("/sandbox/open", params={"who": "没有这人", "url": BACK})).status_code == 404
