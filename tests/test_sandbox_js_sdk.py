"""The sandbox's JS-SDK: tickets, what a signature must cover, and what the phone keeps for a page."""

import hashlib
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from PIL import Image

from sandbox.app import create_app
from sandbox.config import Config, derived_keys
from sandbox.driver import Platform, Refusal
from sandbox.web import js_sdk

KEYS = derived_keys("a secret for tests")
URL = "https://gonghui.example.com/activities/7?from=menu"


def config(**more: Any) -> Config:
    given: dict[str, Any] = {**KEYS, "service_url": "https://gonghui.example.com", **more}
    return Config(**given)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(config())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://sandbox.test"
    ) as opened:
        yield opened
    await app.state.world.close()


async def account_token(http: httpx.AsyncClient) -> str:
    query = {"grant_type": "client_credential", "appid": KEYS["app_id"], "secret": KEYS["app_secret"]}
    return str((await http.get("/cgi-bin/token", params=query)).json()["access_token"])


async def get_ticket(http: httpx.AsyncClient, **changes: str) -> dict[str, Any]:
    query = {"access_token": await account_token(http), "type": "jsapi"} | changes
    return dict((await http.get("/cgi-bin/ticket/getticket", params=query)).json())


def signed(
    ticket: str, url: str = URL, nonce: str = "Wm3WZYTPz0wzccnW", at: int = 1414587457
) -> dict[str, Any]:
    """What a page hands to `wx.config`, signed here and not by the sandbox's own function."""
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={at}&url={url}"
    digest = hashlib.sha1(text.encode()).hexdigest()
    return {"appId": KEYS["app_id"], "timestamp": at, "nonceStr": nonce, "signature": digest}


async def check(http: httpx.AsyncClient, given: dict[str, Any], url: str = URL) -> dict[str, Any]:
    body = {**given, "url": url, "jsApiList": ["getLocation"]}
    return dict((await http.post("/sandbox/api/js-sdk/check", json=body)).json())


# --- Tickets


async def test_a_ticket_stays_the_same_until_shortly_before_its_end(http: httpx.AsyncClient) -> None:
    first = await get_ticket(http)
    assert (first["errcode"], first["errmsg"], first["expires_in"]) == (0, "ok", 7200)

    await Platform(http).moves_time(seconds=6000)
    again = await get_ticket(http)
    assert again["ticket"] == first["ticket"]
    assert again["expires_in"] <= 1200

    await Platform(http).moves_time(seconds=1000)
    assert (await get_ticket(http))["ticket"] != first["ticket"]


async def test_each_kind_has_a_ticket_of_its_own(http: httpx.AsyncClient) -> None:
    pages, cards = await get_ticket(http), await get_ticket(http, type="wx_card")

    assert pages["ticket"] != cards["ticket"]
    assert (await check(http, signed(cards["ticket"])))["errMsg"] == "config:invalid signature"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"access_token": ""}, 41001),
        ({"access_token": "made up"}, 40014),
        ({"type": ""}, 40097),
        ({"type": "jsticket"}, 40097),
    ],
)
async def test_what_getticket_refuses(http: httpx.AsyncClient, changes: dict[str, str], code: int) -> None:
    assert (await get_ticket(http, **changes))["errcode"] == code


async def test_getticket_needs_a_token_still_good(http: httpx.AsyncClient) -> None:
    token = await account_token(http)
    await Platform(http).moves_time(hours=2)
    assert (await get_ticket(http, access_token=token))["errcode"] == 42001

    revoked = await account_token(http)
    await http.post("/sandbox/api/tokens/revoke")
    assert (await get_ticket(http, access_token=revoked))["errcode"] == 40001


async def test_getticket_has_a_daily_quota(http: httpx.AsyncClient) -> None:
    await http.post("/sandbox/api/quota", json={"path": "/cgi-bin/ticket/getticket", "limit": 1})

    assert "ticket" in await get_ticket(http)
    assert (await get_ticket(http))["errcode"] == 45009


# --- The signature


def test_the_official_example_of_a_signature() -> None:
    ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"

    made = js_sdk.signature(ticket, "Wm3WZYTPz0wzccnW", "1414587457", "http://mp.weixin.qq.com?params=value")

    assert made == "0f9de62fce790f9a083d5c99e95740ceb90c27ed"


async def test_a_page_signed_with_any_ticket_still_valid_may_call_what_it_listed(
    http: httpx.AsyncClient,
) -> None:
    older = (await get_ticket(http))["ticket"]
    await Platform(http).moves_time(seconds=7000)
    newer = (await get_ticket(http))["ticket"]

    for ticket in (older, newer):
        found = await check(http, signed(ticket))
        assert (found["errMsg"], found["allowed"]) == ("config:ok", ["getLocation"])
    await Platform(http).moves_time(seconds=201)
    assert (await check(http, signed(older)))["errMsg"] == "config:invalid signature"
    assert (await check(http, signed(newer)))["errMsg"] == "config:ok"


async def test_the_address_is_signed_as_it_stands_but_without_its_fragment(http: httpx.AsyncClient) -> None:
    ticket = (await get_ticket(http))["ticket"]
    escaped = f"{URL}&name=%E5%B7%A5%E4%BC%9A"

    assert (await check(http, signed(ticket), f"{URL}#top"))["errMsg"] == "config:ok"
    assert (await check(http, signed(ticket, f"{URL}#top"), f"{URL}#top"))["errMsg"] != "config:ok"
    assert (await check(http, signed(ticket, escaped), escaped))["errMsg"] == "config:ok"
    assert (await check(http, signed(ticket, f"{URL}&name=工会"), escaped))["errMsg"] != "config:ok"


@pytest.mark.parametrize(
    ("changes", "url", "said"),
    [
        ({"nonceStr": "another"}, URL, "config:invalid signature"),
        ({"timestamp": 1414587458}, URL, "config:invalid signature"),
        ({"timestamp": None}, URL, "config:invalid signature"),
        ({"signature": ""}, URL, "config:invalid signature"),
        ({}, URL.partition("?")[0], "config:invalid signature"),
        ({"appId": "wx0000000000000000"}, URL, "config:invalid appid"),
        ({}, "https://www.gonghui.example.com/", "config:fail,invalid url domain"),
        ({}, "https://gonghui.example.com.evil.cn/", "config:fail,invalid url domain"),
        ({}, "", "config:fail,invalid url domain"),
    ],
)
async def test_what_a_config_is_refused_for(
    http: httpx.AsyncClient, changes: dict[str, Any], url: str, said: str
) -> None:
    ticket = (await get_ticket(http))["ticket"]

    found = await check(http, signed(ticket) | changes, url)

    assert (found["errMsg"], found["allowed"]) == (said, [])
    assert found["rule"]
    assert (await Platform(http).calls())[0]["answer"] == {"errMsg": said}


async def test_a_timestamp_may_be_a_string(http: httpx.AsyncClient) -> None:
    given = signed((await get_ticket(http))["ticket"])

    assert (await check(http, given | {"timestamp": "1414587457"}))["errMsg"] == "config:ok"


async def test_without_any_ticket_nothing_is_signed(http: httpx.AsyncClient) -> None:
    found = await check(http, signed("made up"))

    assert found["errMsg"] == "config:invalid signature"
    assert "没有有效的 jsapi_ticket" in found["rule"]


async def test_an_account_may_name_its_safe_domains() -> None:
    app = create_app(config(js_domains=("h5.example.com",)))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as http:
        ticket = (await get_ticket(http))["ticket"]
        theirs = await check(http, signed(ticket, "https://h5.example.com/"), "https://h5.example.com/")
        service = await check(http, signed(ticket))
    await app.state.world.close()

    assert theirs["errMsg"] == "config:ok"
    assert service["errMsg"] == "config:fail,invalid url domain"


# --- What the phone does for a page


async def test_an_uploaded_picture_is_fetched_by_its_media_id(http: httpx.AsyncClient) -> None:
    sample = (await http.get("/sandbox/api/js-sdk/sample")).json()

    kept = (await http.post("/sandbox/api/js-sdk/upload", json=sample)).json()

    query = {"access_token": await account_token(http), "media_id": kept["media_id"]}
    answer = await http.get("/cgi-bin/media/get", params=query)
    assert Image.open(io.BytesIO(answer.content)).format == "JPEG"
    assert (await http.post("/sandbox/api/js-sdk/upload", json={})).status_code == 400


async def test_a_page_sent_to_a_friend_lies_in_the_friends_chat(http: httpx.AsyncClient) -> None:
    li, wang = await Platform(http).person("李建国"), await Platform(http).person("王秀兰")

    await li.shares(wang, URL, title="羽毛球赛", description="周六晚上")

    (card,) = await wang.reads()
    assert (card["direction"], card["type"], card["text"]) == ("in", "link", "羽毛球赛")
    assert card["content"]["from"] == "李建国"
    assert await li.reads() == []
    for friend, url in ((li, URL), (wang, "javascript:alert(1)"), (wang, "")):
        with pytest.raises(Refusal):
            await li.shares(friend, url)


async def test_the_script_lies_where_wechat_has_it(http: httpx.AsyncClient) -> None:
    answer = await http.get("/open/js/jweixin-1.6.0.js")

    assert answer.headers["content-type"].startswith("text/javascript")
    assert "miniProgram" not in answer.text
