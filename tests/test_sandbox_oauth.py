"""The sandbox's sign-in with `snsapi_userinfo`: who is asked, what the tokens tell, how long they live."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.app import create_app
from sandbox.config import Config, derived_keys
from sandbox.driver import Phone, Platform, Refusal

KEYS = derived_keys("a secret for tests")
SERVICE, SANDBOX = "http://gonghui.test", "http://sandbox.test"
APP = {"appid": KEYS["app_id"]}
CREDENTIALS = {**APP, "secret": KEYS["app_secret"]}
DAY = 24 * 3600.0


async def me(request: Request) -> Response:
    """The service's page, as a person comes back to it: what it was told."""
    return JSONResponse(dict(request.query_params))


@pytest.fixture
def config() -> Config:
    return Config(**KEYS, service_url=SERVICE, api_url=SANDBOX)  # type: ignore[arg-type]


@pytest.fixture
async def browser(config: Config) -> AsyncIterator[httpx.AsyncClient]:
    """A browser before the sandbox and a service; the sandbox is what it asks when no host is given."""
    app = create_app(config)
    service = Starlette(routes=[Route("/me", me)])
    mounts = {"http://gonghui.test": httpx.ASGITransport(service), SANDBOX: httpx.ASGITransport(app)}
    async with httpx.AsyncClient(mounts=mounts, base_url=SANDBOX, trust_env=False) as opened:
        yield opened
    await app.state.world.close()


def page(scope: str = "snsapi_userinfo", **more: str) -> str:
    asked = {**APP, "redirect_uri": f"{SERVICE}/me?from=menu", "response_type": "code", "scope": scope}
    return f"{SANDBOX}/connect/oauth2/authorize?{urlencode({**asked, 'state': 'a1', **more})}#wechat_redirect"


def is_question(answer: httpx.Response) -> bool:
    return "申请" in answer.text and "允许" in answer.text and "拒绝" in answer.text


async def sns(browser: httpx.AsyncClient, call: str, **query: str) -> dict[str, Any]:
    return dict((await browser.get(f"{SANDBOX}/sns/{call}", params=query)).json())


async def exchanged(browser: httpx.AsyncClient, back: httpx.Response) -> dict[str, Any]:
    code = back.json()["code"]
    return await sns(
        browser, "oauth2/access_token", **CREDENTIALS, code=code, grant_type="authorization_code"
    )


async def signed_in(
    browser: httpx.AsyncClient, phone: Phone, scope: str = "snsapi_userinfo"
) -> dict[str, Any]:
    answer = await phone.opens(page(scope), browser, "elsewhere")
    return await exchanged(browser, await phone.allows() if is_question(answer) else answer)


@pytest.fixture
async def li(browser: httpx.AsyncClient) -> Phone:
    return await Platform(browser).person("李建国")


# --- Who is asked


async def test_a_stranger_is_asked_and_comes_back_with_a_code(browser: httpx.AsyncClient, li: Phone) -> None:
    answer = await li.opens(page(), browser)
    assert is_question(answer)
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    assert "黄陵供电工会" in answer.text
    assert "李建国" in answer.text

    back = await li.allows()

    assert back.url.host == "gonghui.test"
    assert {**back.json(), "code": "?"} == {"from": "menu", "code": "?", "state": "a1"}
    token = await exchanged(browser, back)
    assert (token["openid"], token["scope"], token["expires_in"]) == (li.openid, "snsapi_userinfo", 7200)
    assert "is_snapshotuser" not in token


async def test_whoever_declines_comes_back_without_a_code_and_is_asked_again(
    browser: httpx.AsyncClient, li: Phone
) -> None:
    await li.opens(page(), browser)

    back = await li.declines()

    assert back.json() == {"from": "menu", "state": "a1"}
    assert is_question(await li.opens(page(), browser))


async def test_whoever_allowed_is_let_through_for_thirty_days(browser: httpx.AsyncClient, li: Phone) -> None:
    await signed_in(browser, li)

    assert "code" in (await li.opens(page(), browser, "elsewhere")).json()
    await Platform(browser).moves_time(seconds=30 * DAY - 60)
    assert "code" in (await li.opens(page(), browser, "elsewhere")).json()
    await Platform(browser).moves_time(seconds=60)
    assert is_question(await li.opens(page(), browser, "elsewhere"))


async def test_a_follower_from_the_chat_is_let_through_but_not_from_a_friends_link(
    browser: httpx.AsyncClient,
) -> None:
    zhang = await Platform(browser).person("张伟")
    await browser.post(f"/sandbox/api/people/{zhang.openid}/follow")

    assert "code" in (await zhang.opens(page(), browser)).json()
    assert is_question(await zhang.opens(page(), browser, "elsewhere"))


async def test_a_page_may_insist_on_asking(browser: httpx.AsyncClient, li: Phone) -> None:
    await signed_in(browser, li)

    assert is_question(await li.opens(page(forcePopup="true"), browser, "elsewhere"))
    assert "code" in (await li.allows()).json()
    assert "code" in (await li.opens(page("snsapi_base", forcePopup="true"), browser)).json()


async def test_the_answer_counts_from_the_page_itself_only(browser: httpx.AsyncClient, li: Phone) -> None:
    await li.opens(page(), browser)
    address = page().partition("#")[0]

    forged = await browser.post(address, data={"answer": "allow"}, headers={"Origin": SERVICE})
    assert "授权没有完成" in forged.text

    browser.cookies.clear()
    nobody = await browser.post(address, data={"answer": "allow"})
    assert "请在微信客户端打开链接" in nobody.text


async def test_there_is_nothing_to_allow_without_a_question(browser: httpx.AsyncClient, li: Phone) -> None:
    with pytest.raises(Refusal, match="没有要回答的授权页"):
        await li.allows()
    await li.opens(page("snsapi_base"), browser)
    with pytest.raises(Refusal, match="没有要回答的授权页"):
        await li.allows()


# --- Page errors


async def test_a_person_sent_round_and_round_is_stopped(browser: httpx.AsyncClient, li: Phone) -> None:
    for _ in range(60):
        await li.opens(page("snsapi_base"), browser)

    assert "错误码：10009" in (await li.opens(page("snsapi_base"), browser)).text
    await Platform(browser).moves_time(seconds=61)
    assert "code" in (await li.opens(page("snsapi_base"), browser)).json()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (10004, "此公众号被封禁"),
        (10006, "必须关注此测试号"),
        (10016, "不支持这个 AppID"),
        (10003, "redirect_uri"),
    ],
)
async def test_other_page_errors_come_when_asked_for(
    browser: httpx.AsyncClient, li: Phone, code: int, words: str
) -> None:
    await Platform(browser).misbehaves(fail_next={"path": "/connect/oauth2/authorize", "errcode": code})

    answer = await li.opens(page(), browser)

    assert f"{code}" in answer.text
    assert words in answer.text
    assert (await Platform(browser).calls())[0]["errcode"] == code
    assert is_question(await li.opens(page(), browser))


@pytest.mark.parametrize("config", [Config(**KEYS, service_url=SERVICE, web_scopes=("snsapi_base",))])  # type: ignore[arg-type]
async def test_an_account_without_the_right_to_a_scope(browser: httpx.AsyncClient, li: Phone) -> None:
    assert "错误码：10005" in (await li.opens(page(), browser)).text
    assert "code" in (await li.opens(page("snsapi_base"), browser)).json()


# --- What the tokens tell


async def test_userinfo_tells_what_wechat_still_tells(browser: httpx.AsyncClient, li: Phone) -> None:
    token = await signed_in(browser, li)

    told = await sns(browser, "userinfo", access_token=token["access_token"], openid=li.openid, lang="zh_CN")

    face = told.pop("headimgurl")
    assert told == {
        "openid": li.openid,
        "nickname": "微信用户",
        "sex": 0,
        "province": "",
        "city": "",
        "country": "",
        "privilege": [],
        "unionid": token["unionid"],
    }
    assert (await browser.get(face)).headers["content-type"] == "image/png"
    english = await sns(browser, "userinfo", access_token=token["access_token"], openid=li.openid, lang="en")
    assert english["nickname"] == "微信用户"


async def test_the_silent_scope_tells_the_openid_only(browser: httpx.AsyncClient, li: Phone) -> None:
    token = await signed_in(browser, li, "snsapi_base")

    assert "unionid" not in token
    told = await sns(browser, "userinfo", access_token=token["access_token"], openid=li.openid)
    assert told["errcode"] == 48001


async def test_a_unionid_is_a_persons_own_and_the_same_everywhere(
    browser: httpx.AsyncClient, li: Phone
) -> None:
    chen = await Platform(browser).person("陈静")
    ids = [(await signed_in(browser, phone))["unionid"] for phone in (li, chen, li)]
    account = (
        await browser.get("/cgi-bin/token", params={**CREDENTIALS, "grant_type": "client_credential"})
    ).json()
    query = {"access_token": account["access_token"], "openid": li.openid}

    assert ids[0] == ids[2] != ids[1]
    assert (await browser.get("/cgi-bin/user/info", params=query)).json()["unionid"] == ids[0]


@pytest.mark.parametrize("config", [Config(**KEYS, service_url=SERVICE, open_platform=False)])  # type: ignore[arg-type]
async def test_an_account_bound_to_no_open_platform_has_no_unionids(
    browser: httpx.AsyncClient, li: Phone
) -> None:
    token = await signed_in(browser, li)

    told = await sns(browser, "userinfo", access_token=token["access_token"], openid=li.openid)
    assert "unionid" not in token
    assert "unionid" not in told


@pytest.mark.parametrize("call", ["auth", "userinfo"])
async def test_tokens_and_openids_that_do_not_fit(browser: httpx.AsyncClient, li: Phone, call: str) -> None:
    token = await signed_in(browser, li)
    account = (
        await browser.get("/cgi-bin/token", params={**CREDENTIALS, "grant_type": "client_credential"})
    ).json()
    fits = {"access_token": token["access_token"], "openid": li.openid}

    async def said(**changes: str) -> int:
        return int((await sns(browser, call, **(fits | changes))).get("errcode", 0))

    assert await said() == 0
    assert await said(access_token="") == 41001
    assert await said(access_token="made up") == 40001
    assert await said(access_token=account["access_token"]) == 40001
    assert await said(openid="oSomebodyElse") == 40003
    await Platform(browser).moves_time(seconds=7200)
    assert await said() == 42001


# --- Refreshing


async def refreshed(browser: httpx.AsyncClient, value: str, **changes: str) -> dict[str, Any]:
    asked = {**APP, "grant_type": "refresh_token", "refresh_token": value} | changes
    return await sns(browser, "oauth2/refresh_token", **asked)


async def test_refreshing_prolongs_a_valid_token_and_replaces_an_expired_one(
    browser: httpx.AsyncClient, li: Phone
) -> None:
    token = await signed_in(browser, li)
    platform = Platform(browser)

    await platform.moves_time(seconds=7000)
    prolonged = await refreshed(browser, token["refresh_token"])
    await platform.moves_time(seconds=7000)
    fits = {"access_token": token["access_token"], "openid": li.openid}
    assert (prolonged["access_token"], prolonged["openid"]) == (token["access_token"], li.openid)
    assert (await sns(browser, "auth", **fits))["errcode"] == 0

    await platform.moves_time(seconds=300)
    replaced = await refreshed(browser, token["refresh_token"])
    assert replaced["access_token"] != token["access_token"]
    assert replaced["scope"] == "snsapi_userinfo"
    assert (await sns(browser, "auth", **fits))["errcode"] == 40001


async def test_a_refresh_token_lives_thirty_days(browser: httpx.AsyncClient, li: Phone) -> None:
    token = await signed_in(browser, li)

    await Platform(browser).moves_time(seconds=30 * DAY - 60)
    assert "access_token" in await refreshed(browser, token["refresh_token"])
    await Platform(browser).moves_time(seconds=60)
    assert (await refreshed(browser, token["refresh_token"]))["errcode"] == 42002


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"appid": ""}, 41002),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"grant_type": "authorization_code"}, 40002),
        ({"refresh_token": ""}, 41003),
        ({"refresh_token": "made up"}, 40030),
    ],
)
async def test_what_refreshing_refuses(
    browser: httpx.AsyncClient, li: Phone, changes: dict[str, str], code: int
) -> None:
    token = await signed_in(browser, li)

    assert (await refreshed(browser, token["refresh_token"], **changes))["errcode"] == code


# --- Snapshot pages


@pytest.mark.parametrize("scope", ["snsapi_base", "snsapi_userinfo"])
async def test_a_snapshot_page_shows_somebody_made_up_until_the_full_service_is_chosen(
    browser: httpx.AsyncClient, li: Phone, scope: str
) -> None:
    address = page(scope, forceSnapShot="true")

    preview = await exchanged(browser, await li.opens(address, browser))
    again = await exchanged(browser, await li.opens(address, browser))
    assert (preview["is_snapshotuser"], len(preview["openid"])) == (1, 28)
    assert li.openid != preview["openid"] != again["openid"]

    full = await li.opens(address, browser, "full")
    token = await exchanged(browser, await li.allows() if is_question(full) else full)
    assert token["openid"] == li.openid
    assert "is_snapshotuser" not in token
