"""Web sign-in at the client: the address, what a code says, what each refusal means, and no secret shown."""

import logging
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from app.wechat.errors import (
    NotAllowed,
    OurMistake,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
    WeChatError,
)
from app.wechat.oauth import WebIdentity, WebOAuth
from tests.wechat_api import APP, NOW, SECRET, FakeApi

LI = "oLi000000000000000000000000A"
GIVEN = {"access_token": "user-token", "expires_in": 7200, "refresh_token": "r", "scope": "snsapi_base"}


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
async def oauth(api: FakeApi) -> AsyncIterator[WebOAuth]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(api)) as http:
        yield WebOAuth(APP, SECRET, http=http, now=lambda: NOW)


def test_the_address_has_the_parameters_in_the_order_that_wechat_wants(oauth: WebOAuth) -> None:
    address = oauth.address("https://gonghui.example.com/signed-in?a=b&c", "aB9")

    parts = urlsplit(address)
    assert address.startswith("https://open.weixin.qq.com/connect/oauth2/authorize?")
    assert parts.fragment == "wechat_redirect"
    assert parse_qsl(parts.query) == [
        ("appid", APP),
        ("redirect_uri", "https://gonghui.example.com/signed-in?a=b&c"),
        ("response_type", "code"),
        ("scope", "snsapi_base"),
        ("state", "aB9"),
    ]


@pytest.mark.parametrize("state", ["", "a-b", "a&b", "a b", "字", "a" * 129])
def test_a_state_that_wechat_would_cut_is_our_mistake(oauth: WebOAuth, state: str) -> None:
    with pytest.raises(OurMistake):
        oauth.address("https://gonghui.example.com/", state)


@pytest.mark.parametrize(
    ("more", "who"),
    [
        ({}, WebIdentity(LI)),
        ({"unionid": "u1"}, WebIdentity(LI, "u1")),
        ({"is_snapshotuser": 1}, WebIdentity(LI, is_snapshot=True)),
    ],
)
async def test_a_code_says_who_came(
    api: FakeApi, oauth: WebOAuth, more: dict[str, object], who: WebIdentity
) -> None:
    api.answers = [{**GIVEN, "openid": LI, **more}]

    assert await oauth.identify("c0de") == who
    assert api.asked == (
        f"GET /sns/oauth2/access_token appid={APP} secret={SECRET} code=c0de grant_type=authorization_code"
    )


@pytest.mark.parametrize(
    ("errcode", "kind"),
    [
        (40029, SignInAgain),
        (40163, SignInAgain),
        (41008, SignInAgain),
        (42003, SignInAgain),
        (40001, NotAllowed),  # here it means the secret
        (40125, NotAllowed),
        (40013, NotAllowed),
        (48001, NotAllowed),
        (40164, NotAllowed),
        (-1, TryLater),
        (45011, TryLater),
    ],
)
async def test_each_refusal_says_what_can_be_done(
    api: FakeApi, oauth: WebOAuth, errcode: int, kind: type[WeChatError]
) -> None:
    api.answers = [{"errcode": errcode, "errmsg": f"invalid code c0de of {SECRET} rid: 1-2"}]

    with pytest.raises(kind) as caught:
        await oauth.identify("c0de")

    assert (caught.value.errcode, caught.value.rid) == (errcode, "1-2")
    assert SECRET not in str(caught.value)
    assert "c0de" not in str(caught.value)


async def test_without_a_code_nobody_is_asked(api: FakeApi, oauth: WebOAuth) -> None:
    with pytest.raises(SignInAgain):
        await oauth.identify("")

    assert api.requests == []


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (httpx.ConnectError("refused"), TryLater),
        (httpx.ReadTimeout("slow"), OutcomeUnknown),
        (httpx.Response(502, text="<html>"), OutcomeUnknown),
        (httpx.Response(200, json=GIVEN), OutcomeUnknown),
        (httpx.Response(200, json={**GIVEN, "openid": 7}), OutcomeUnknown),
    ],
)
async def test_an_exchange_without_a_readable_answer_is_not_repeated(
    api: FakeApi, oauth: WebOAuth, broken: httpx.Response | Exception, kind: type[WeChatError]
) -> None:
    api.answers = [broken]

    with pytest.raises(kind):
        await oauth.identify("c0de")

    assert len(api.requests) == 1


async def test_neither_secret_nor_code_is_printed(
    api: FakeApi, oauth: WebOAuth, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api.answers = [{**GIVEN, "openid": LI}]

    await oauth.identify("c0de")

    assert SECRET not in caplog.text
    assert "c0de" not in caplog.text
    assert SECRET not in repr(oauth)
