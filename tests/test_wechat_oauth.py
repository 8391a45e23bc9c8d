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
    PersonGone,
    SignInAgain,
    TryLater,
    WeChatError,
)
from app.wechat.oauth import Scope, WebGrant, WebIdentity, WebOAuth, WebProfile
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
        (50001, SignInAgain),
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


# -- with the person's own token -------------------------------------------------------------

LATER = {
    "refresh": lambda oauth: oauth.refresh("r1"),
    "is_valid": lambda oauth: oauth.is_valid("u-t0ken", LI),
    "profile": lambda oauth: oauth.profile("u-t0ken", LI),
}


def test_a_profile_is_asked_for_by_its_scope_and_again_when_wanted(oauth: WebOAuth) -> None:
    address = oauth.address("https://gonghui.example.com/", "aB9", scope=Scope.PROFILE, force_popup=True)

    assert address.endswith(
        "&response_type=code&scope=snsapi_userinfo&state=aB9&forcePopup=true#wechat_redirect"
    )


async def test_a_code_brings_a_token_of_the_person_s_own(api: FakeApi, oauth: WebOAuth) -> None:
    api.answers = [{**GIVEN, "openid": LI, "scope": "snsapi_base,snsapi_userinfo"}]

    grant = await oauth.grant("c0de")

    both = frozenset({"snsapi_base", "snsapi_userinfo"})
    assert grant == WebGrant(WebIdentity(LI), "user-token", "r", 7200, both)
    assert "user-token" not in repr(grant)


async def test_a_grant_is_renewed_without_the_secret(api: FakeApi, oauth: WebOAuth) -> None:
    api.answers = [{**GIVEN, "access_token": "next", "openid": LI}]

    grant = await oauth.refresh("r1")

    assert (grant.access_token, grant.refresh_token, grant.identity) == ("next", "r", WebIdentity(LI))
    assert api.asked == (
        f"GET /sns/oauth2/refresh_token appid={APP} grant_type=refresh_token refresh_token=r1"
    )


@pytest.mark.parametrize("errcode", [42002, 40030, 42007, 40001])
async def test_a_spent_refresh_token_sends_the_person_through_again(
    api: FakeApi, oauth: WebOAuth, errcode: int
) -> None:
    api.answers = [{"errcode": errcode, "errmsg": "refresh_token r1 is over"}]

    with pytest.raises(SignInAgain) as caught:
        await oauth.refresh("r1")
    with pytest.raises(SignInAgain):
        await oauth.refresh("")

    assert "r1" not in str(caught.value)
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("errcode", "valid"), [(0, True), (40003, False), (40001, False), (40014, False), (42001, False)]
)
async def test_a_person_s_token_is_valid_or_not(
    api: FakeApi, oauth: WebOAuth, errcode: int, valid: bool
) -> None:
    api.answers = [{"errcode": errcode, "errmsg": "x"}]

    assert await oauth.is_valid("u-t0ken", LI) is valid
    assert api.last.url.path == "/sns/auth"
    assert dict(api.last.url.params) == {"access_token": "u-t0ken", "openid": LI}


async def test_whether_a_token_is_valid_is_not_guessed(api: FakeApi, oauth: WebOAuth) -> None:
    api.answers = [{"errcode": -1, "errmsg": "busy"}]

    with pytest.raises(TryLater):
        await oauth.is_valid("u-t0ken", LI)


async def test_a_profile_is_what_wechat_still_shows(api: FakeApi, oauth: WebOAuth) -> None:
    told = {"openid": LI, "nickname": "微信用户", "sex": 0, "headimgurl": "https://t.example/0"}
    api.answers = [{**told, "privilege": [], "unionid": "u1"}]

    profile = await oauth.profile("u-t0ken", LI)

    assert profile == WebProfile(LI, "微信用户", "https://t.example/0", "u1")
    assert profile.raw["sex"] == 0
    assert "微信用户" not in repr(profile)
    assert api.last.url.path == "/sns/userinfo"
    assert dict(api.last.url.params) == {"access_token": "u-t0ken", "openid": LI, "lang": "zh_CN"}


@pytest.mark.parametrize(
    ("errcode", "kind"),
    [
        (48001, NotAllowed),
        (40003, PersonGone),
        (50001, SignInAgain),
        (40001, SignInAgain),  # the person's token, not the account's
        (42001, SignInAgain),
        (45011, TryLater),
    ],
)
async def test_each_refusal_of_a_profile_says_what_can_be_done(
    api: FakeApi, oauth: WebOAuth, errcode: int, kind: type[WeChatError]
) -> None:
    api.answers = [{"errcode": errcode, "errmsg": "access_token u-t0ken rid: 1-2"}]

    with pytest.raises(kind) as caught:
        await oauth.profile("u-t0ken", LI)

    assert (caught.value.errcode, caught.value.rid) == (errcode, "1-2")
    assert "u-t0ken" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "broken", "kind", "times"),
    [
        ("refresh", httpx.ReadTimeout("slow"), OutcomeUnknown, 1),
        ("refresh", httpx.ConnectError("refused"), TryLater, 1),
        ("is_valid", httpx.ReadTimeout("slow"), TryLater, 2),
        ("profile", httpx.ReadTimeout("slow"), TryLater, 2),
        ("profile", httpx.Response(200, json={"nickname": "x"}), TryLater, 2),
    ],
)
async def test_reads_are_repeated_once_and_a_renewal_is_not(
    api: FakeApi,
    oauth: WebOAuth,
    name: str,
    broken: httpx.Response | Exception,
    kind: type[WeChatError],
    times: int,
) -> None:
    api.answers = [broken] * times

    with pytest.raises(kind):
        await LATER[name](oauth)

    assert len(api.requests) == times


async def test_a_person_s_tokens_are_printed_nowhere(
    api: FakeApi, oauth: WebOAuth, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api.answers = [{**GIVEN, "openid": LI}, {"errcode": 0}, {"openid": LI}]

    seen = repr(await oauth.refresh("r-s3cret"))
    await oauth.is_valid("u-t0ken", LI)
    await oauth.profile("u-t0ken", LI)

    seen += caplog.text
    assert not any(hidden in seen for hidden in ("r-s3cret", "u-t0ken", "user-token"))
