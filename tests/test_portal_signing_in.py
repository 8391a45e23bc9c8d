"""Signing in on the portal between the real service and the sandbox; and what an attacker might try."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.rounds import Rounds
from app.main import Service
from app.portal.signing_in import local
from app.settings import WeChatAccount
from app.wechat.api.users import User, UsersApi
from app.wechat.oauth import WebIdentity, WebOAuth
from models import Follower, Person
from sandbox.driver import Phone
from tests.both_ends import OURS, SECRET, WECHAT, Ends, both_ends, settings_for

ME = f"{OURS}/me"
SESSION, UNDER_WAY = "gonghui_session", "gonghui_signing_in"
EXCHANGE = "/sns/oauth2/access_token"


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    settings = settings_for(database_url, tmp_path)
    async with both_ends(settings, monkeypatch) as joined:
        yield joined


async def signed_in(ends: Ends, name: str) -> tuple[Phone, httpx.AsyncClient]:
    """A follower with a browser that has opened 「我的」 in the phone."""
    phone, browser = await ends.platform.follower(name), ends.browser()
    answer = await phone.opens(ME, browser)
    assert (answer.status_code, str(answer.url).partition("#")[0]) == (200, ME), answer.text
    return phone, browser


async def half_way(browser: httpx.AsyncClient) -> str:
    """Sent to WeChat; the address there."""
    answer = await browser.get("/signing-in")
    assert answer.status_code == 303
    return str(answer.headers["location"])


async def back_from_wechat(browser: httpx.AsyncClient, address: str) -> str:
    """The address with which WeChat sends the browser back."""
    return str((await browser.get(address)).headers["location"])


def of(address: str, name: str) -> str:
    return parse_qs(urlsplit(address).query)[name][0]


# --- the usual way -----------------------------------------------------------------------------------------


async def test_a_follower_is_signed_in_without_a_question(ends: Ends) -> None:
    _, browser = await signed_in(ends, "王秀兰")

    answer = await browser.get("/me")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert f"frame-ancestors {WECHAT}" in answer.headers["content-security-policy"]
    assert UNDER_WAY not in browser.cookies
    # Not a word about a person in what the browser keeps.
    assert re.fullmatch(r"[A-Za-z0-9_-]{100,140}", browser.cookies[SESSION])


async def test_whoever_wanted_a_page_gets_that_page(ends: Ends) -> None:
    phone, browser = await ends.platform.follower("王秀兰"), ends.browser()

    answer = await phone.opens(f"{OURS}/me/sign-ups", browser)

    assert answer.url.path == "/me/sign-ups"
    assert [hop.status_code for hop in answer.history] == [302, 303, 303, 302, 303]


async def test_cookies_are_kept_from_scripts_and_other_sites(ends: Ends) -> None:
    phone, browser = await ends.platform.follower("王秀兰"), ends.browser()
    answer = await phone.opens(ME, browser)

    ours = [header for hop in answer.history for header in hop.headers.get_list("set-cookie")]
    for header in [each for each in ours if each.startswith("gonghui_")]:
        assert "httponly" in header.lower()
        assert "samesite=lax" in header.lower()
        assert "path=/" in header.lower()


async def test_a_browser_that_is_no_phone_ends_at_wechats_own_page(ends: Ends) -> None:
    answer = await ends.browser().get("/me", follow_redirects=True)

    assert "请在微信客户端打开链接" in answer.text


async def test_a_session_ends_after_a_day(ends: Ends) -> None:
    _, browser = await signed_in(ends, "王秀兰")

    await ends.moves_time(hours=23)
    assert (await browser.get("/me")).status_code == 200
    await ends.moves_time(hours=1, seconds=1)
    assert (await browser.get("/me")).headers["location"] == "/signing-in?next=%2Fme"


async def test_signing_out_needs_a_form_of_ours_and_ends_the_session(ends: Ends) -> None:
    _, browser = await signed_in(ends, "王秀兰")

    foreign = await browser.post("/sign-out", data={"token": "guessed"})
    assert (foreign.status_code, SESSION in browser.cookies) == (403, True)
    found = re.search(r'name="token" value="([0-9a-f]{64})"', (await browser.get("/me")).text)
    assert found
    answer = await browser.post("/sign-out", data={"token": found[1]})

    assert (answer.status_code, "已退出" in answer.text) == (200, True)
    assert (await browser.get("/me")).status_code == 303
    assert (await browser.post("/sign-out")).status_code == 200


# --- who is let in -----------------------------------------------------------------------------------------


async def test_who_does_not_follow_is_asked_to_first_and_leaves_no_trace(ends: Ends) -> None:
    stranger, browser = await ends.platform.person("张伟"), ends.browser()

    answer = await stranger.opens(ME, browser)
    assert (answer.status_code, "请先关注公众号" in answer.text) == (403, True)
    assert SESSION not in browser.cookies
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Person)) == 0

    await stranger.follows()
    assert (await browser.get("/signing-in?next=/me", follow_redirects=True)).url.path == "/me"


async def test_a_follower_of_whom_no_message_told_is_known_to_wechat(ends: Ends) -> None:
    """Who followed before this service was there."""
    wang, browser = await ends.platform.follower("王秀兰"), ends.browser()
    async with ends.house.database.transaction() as session:
        await session.execute(sa.update(Follower).values(openid="oSomebodyElse"))

    assert (await wang.opens(ME, browser)).url.path == "/me"
    async with ends.house.database.reading() as session:
        found = await session.scalar(sa.select(Follower).where(Follower.openid == wang.openid))
        assert found is not None
        assert found.subscribed
        assert found.subscribed_at is not None


async def test_who_leaves_is_signed_out_at_once_and_stays_so_after_coming_back(ends: Ends) -> None:
    wang, browser = await signed_in(ends, "王秀兰")

    await wang.leaves()
    answer = await browser.get("/me", follow_redirects=True)
    assert (answer.status_code, "请先关注公众号" in answer.text) == (403, True)

    await ends.moves_time(seconds=5)
    await wang.follows()
    assert (await browser.get("/me")).status_code == 303  # the old session, kept by somebody or not
    assert (await browser.get("/me", follow_redirects=True)).url.path == "/me"


async def test_who_became_one_with_another_is_signed_in_as_the_one_that_stayed(ends: Ends) -> None:
    _, browser = await signed_in(ends, "王秀兰")
    async with ends.house.database.transaction() as session:
        stays = Person(created_at=ends.house.clock.now())
        session.add(stays)
        await session.flush()
        gone = sa.update(Person).where(Person.id != stays.id)
        await session.execute(gone.values(merged_into_id=stays.id))

    assert (await browser.get("/me")).status_code == 303
    assert (await browser.get("/me", follow_redirects=True)).url.path == "/me"
    assert (await browser.get("/me")).status_code == 200


# --- attacks -----------------------------------------------------------------------------------------------


async def test_nobody_can_make_or_change_a_cookie(ends: Ends) -> None:
    _, browser = await signed_in(ends, "王秀兰")
    good = browser.cookies[SESSION]
    await half_way(other := ends.browser())
    middle = len(good) // 2
    changed = good[:middle] + ("A" if good[middle] != "A" else "B") + good[middle + 1 :]

    for forged in ("", "x", "AAAA" * 30, changed, good[:-4], other.cookies[UNDER_WAY], "A" * 5000):
        answer = await ends.browser().get("/me", headers={"Cookie": f"{SESSION}={forged}"})
        assert answer.status_code == 303, forged


async def test_another_secret_key_signs_everybody_out(ends: Ends, tmp_path: Path) -> None:
    _, browser = await signed_in(ends, "王秀兰")
    settings = settings_for(ends.house.settings.database_url, tmp_path, secret_key=SECRET[::-1])
    other = Service(settings)
    async with (
        other.life(),
        httpx.AsyncClient(transport=httpx.ASGITransport(other), base_url=OURS) as web,
    ):
        web.cookies.set(SESSION, browser.cookies[SESSION])
        assert (await web.get("/me")).status_code == 303


async def test_nobody_is_signed_in_as_the_attacker(ends: Ends) -> None:
    """Login CSRF: the attacker's own code and state, opened in the victim's browser."""
    attacker, victim = await ends.platform.follower("张伟"), ends.browser()
    await attacker.opens(f"{OURS}/tips", mine := ends.browser())
    trap = await back_from_wechat(mine, await half_way(mine))

    answer = await victim.get(trap)
    assert (answer.status_code, "登录没有完成" in answer.text) == (400, True)
    await half_way(victim)  # on the way to sign in at the same moment
    assert (await victim.get(trap)).status_code == 400
    assert SESSION not in victim.cookies

    # The code was not used up by that: the state is looked at first.
    assert (await mine.get(trap)).headers["location"] == "/me"


async def test_a_victim_who_is_signed_in_stays_who_she_is(ends: Ends) -> None:
    _, victim = await signed_in(ends, "王秀兰")
    attacker = await ends.platform.follower("张伟")
    await attacker.opens(f"{OURS}/tips", mine := ends.browser())
    trap = await back_from_wechat(mine, await half_way(mine))
    before = victim.cookies[SESSION]

    answer = await victim.get(trap)

    assert (answer.headers["location"], victim.cookies[SESSION]) == ("/me", before)


async def test_a_state_is_good_once_and_for_ten_minutes(ends: Ends) -> None:
    wang, browser = await ends.platform.follower("王秀兰"), ends.browser()
    await wang.opens(f"{OURS}/tips", browser)

    first = await half_way(browser)
    second = await half_way(browser)
    assert of(first, "state") != of(second, "state")
    assert (await browser.get(await back_from_wechat(browser, first))).status_code == 400
    back = await back_from_wechat(browser, await half_way(browser))
    await ends.moves_time(seconds=601)
    assert (await browser.get(back)).status_code == 400

    back = await back_from_wechat(browser, await half_way(browser))
    assert (await browser.get(back)).headers["location"] == "/me"
    browser.cookies.delete(SESSION)
    assert (await browser.get(back)).status_code == 400


async def test_loading_the_way_back_twice_is_no_error(ends: Ends) -> None:
    wang, browser = await ends.platform.follower("王秀兰"), ends.browser()
    await wang.opens(f"{OURS}/tips", browser)
    back = await back_from_wechat(browser, await half_way(browser))

    await browser.get(back)
    again = await browser.get(back)

    assert (again.status_code, again.headers["location"]) == (303, "/me")


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.cn", "/\\evil.cn", "\\\\evil.cn", "https://evil.cn", "https:evil.cn", "javascript:alert(1)",
        "/%2f%2fevil.cn", "%2f%2fevil.cn", "/me\r\nSet-Cookie: a=b", "/me%0d%0aSet-Cookie: a=b", "/me\n",
        "/.evil.cn", "/me/../../evil", "@evil.cn", "/me@evil.cn", "", "me", "/", "/me?n=//evil.cn", "/me#x",
        "/\tevil.cn", "/me/", "/" + "a" * 300, "///evil.cn", "/me//evil.cn",
    ],
)  # fmt: skip
def test_nobody_is_sent_to_another_site(wanted: str) -> None:
    assert local(wanted) == "/me"


@given(st.text(alphabet="/\\\\.:@%?#&=-_ae\t\r\n字", max_size=30))
def test_whatever_is_wanted_the_host_stays_ours(wanted: str) -> None:
    parts = urlsplit(urljoin(OURS, local(wanted)))

    assert f"{parts.scheme}://{parts.netloc}" == OURS


@pytest.mark.parametrize("wanted", ["/me", "/me/cases/a2b3", "/activities/abc?from=menu&x=1"])
def test_pages_of_ours_are_kept_in_mind(wanted: str) -> None:
    assert local(wanted) == wanted


# --- what goes wrong ---------------------------------------------------------------------------------------


async def test_a_spent_code_is_renewed_once_and_never_in_a_circle(ends: Ends) -> None:
    wang, browser = await ends.platform.follower("王秀兰"), ends.browser()
    await ends.platform.misbehaves(fail_next={"path": EXCHANGE, "errcode": 40163})
    assert (await wang.opens(ME, browser)).url.path == "/me"

    browser = ends.browser()
    await ends.platform.misbehaves(fail_next={"path": EXCHANGE, "errcode": 40029, "times": 5})
    answer = await wang.opens(f"{OURS}/me/cases", browser)

    assert (answer.status_code, "登录没有完成" in answer.text) == (400, True)
    assert 'href="/signing-in?next=%2Fme%2Fcases"' in answer.text
    assert (await ends.platform.misbehaviour())["pending"]["fail_next"][0]["times"] == 3
    await ends.platform.behaves()
    assert (await browser.get("/signing-in?next=/me/cases", follow_redirects=True)).url.path == "/me/cases"


@pytest.mark.parametrize(
    "wish",
    [
        {"fail_next": {"path": EXCHANGE, "errcode": -1}},
        {"fail_next": {"path": EXCHANGE, "errcode": 40125}},
        {"drop_next": {"path": EXCHANGE, "after": True}},
    ],
)
async def test_while_wechat_is_away_people_read_so_and_may_try_again(ends: Ends, wish: Any) -> None:
    wang, browser = await ends.platform.follower("王秀兰"), ends.browser()
    await ends.platform.misbehaves(**wish)

    answer = await wang.opens(ME, browser)

    assert (answer.status_code, answer.headers["cache-control"]) == (503, "no-store")
    assert "微信暂时没有应答" in answer.text
    assert (await browser.get("/signing-in", follow_redirects=True)).url.path == "/me"


async def test_coming_back_without_a_code_is_told_kindly(ends: Ends) -> None:
    browser = ends.browser()
    state = of(await half_way(browser), "state")

    answer = await browser.get(f"/signed-in?state={state}")

    assert (answer.status_code, "再试一次" in answer.text) == (400, True)


# --- in production -----------------------------------------------------------------------------------------

IN_WECHAT = {
    "User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148 MicroMessenger/8.0.60"
}
PUBLIC = "https://gonghui.example.com"
PRODUCTION: dict[str, Any] = {
    "public_url": PUBLIC,
    "wechat_api_url": "https://api.weixin.qq.com",
    "clock_file": None,
    "wechat_app_id": "wx0123456789abcdef",
    "wechat_app_secret": "s3cret-of-the-account",
    "wechat_token": "token",
    "wechat_aes_key": "a" * 43,
    "encryption_keys": "k1:" + "A" * 43 + "=",
    "lookup_key": "look-ups in this test, 32 or more",
}


@pytest.fixture
async def production(
    request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser before the service as it stands in production; WeChat is out of reach."""
    monkeypatch.setattr(Rounds, "start", lambda self: None)
    service = Service(settings_for(sqlite_url, tmp_path, **PRODUCTION | getattr(request, "param", {})))
    async with (
        service.life(),
        httpx.AsyncClient(transport=httpx.ASGITransport(service), base_url=PUBLIC) as web,
    ):
        yield web


async def test_in_production_people_go_to_wechat_with_a_cookie_for_this_host_alone(
    production: httpx.AsyncClient,
) -> None:
    answer = await production.get("/signing-in?next=/me/cases", headers=IN_WECHAT)

    address = answer.headers["location"]
    assert address.startswith("https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx0123456789abcdef&")
    assert of(address, "redirect_uri") == f"{PUBLIC}/signed-in"
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("__host-gonghui_signing_in=")
    assert all(word in cookie for word in ("; secure", "; httponly", "; path=/", "; samesite=lax"))
    assert "domain=" not in cookie
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_another_browser_than_wechats_is_told_how_to_get_there(production: httpx.AsyncClient) -> None:
    assert (await production.get("/me/cases")).headers["location"] == "/signing-in?next=%2Fme%2Fcases"

    answer = await production.get("/signing-in?next=/me/cases")

    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    assert "请在微信里打开" in answer.text
    assert f"{PUBLIC}/me/cases" in answer.text
    assert '<svg class="qr"' in answer.text  # to go on by the phone
    assert 'aria-label="二维码' in answer.text


@pytest.mark.parametrize(
    "production",
    [{"wechat_account": account} for account in WeChatAccount if account != WeChatAccount.SERVICE_VERIFIED],
    indirect=True,
)
async def test_an_account_without_the_right_says_which_words_to_send(production: httpx.AsyncClient) -> None:
    answer = await production.get("/me", headers=IN_WECHAT, follow_redirects=True)

    assert (answer.status_code, answer.url.path) == (501, "/signing-in")
    assert "「我的报名」或「我的留言」" in answer.text
    assert (await production.get("/signed-in?code=c&state=s", headers=IN_WECHAT)).status_code == 400


async def test_a_preview_of_wechats_is_nobody(
    production: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def preview(self: WebOAuth, code: str) -> WebIdentity:
        return WebIdentity("oNobody", is_snapshot=True)

    monkeypatch.setattr(WebOAuth, "identify", preview)
    away = (await production.get("/signing-in", headers=IN_WECHAT)).headers["location"]

    answer = await production.get(f"/signed-in?code=c&state={of(away, 'state')}", headers=IN_WECHAT)

    assert (answer.status_code, "使用完整服务" in answer.text) == (403, True)
    assert "gonghui_session" not in str(answer.headers)


async def test_in_production_a_session_is_for_https_and_this_host_alone(
    production: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def identify(self: WebOAuth, code: str) -> WebIdentity:
        return WebIdentity("oWang")

    async def get(self: UsersApi, openid: str) -> User:
        return User(openid, subscribed=True, subscribed_at=1_700_000_000)

    monkeypatch.setattr(WebOAuth, "identify", identify)
    monkeypatch.setattr(UsersApi, "get", get)
    away = (await production.get("/signing-in", headers=IN_WECHAT)).headers["location"]

    answer = await production.get(f"/signed-in?code=c&state={of(away, 'state')}", headers=IN_WECHAT)

    cookie = next(each for each in answer.headers.get_list("set-cookie") if "_session" in each).lower()
    assert cookie.startswith("__host-gonghui_session=")
    assert all(word in cookie for word in ("; secure", "; httponly", "; path=/", "; samesite=lax"))
    assert "max-age=86400" in cookie
    assert (await production.get("/me", headers=IN_WECHAT)).status_code == 200
