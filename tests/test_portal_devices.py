"""登录的设备: a person sees where he is signed in and ends it there at once; nobody ends it for another."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from app.jobs import retention as job
from app.services import api_sessions, portal_sessions
from app.web.browsers import kind_of
from models import DeviceKind, Follower, PortalSession
from tests.both_ends import OURS, Ends, both_ends, settings_for
from tests.portal_member import HTML, TOKEN, Visiting, member

PAGE = "/me/devices"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148 MicroMessenger/8.0.60"
ANDROID = "Mozilla/5.0 (Linux; Android 15; V2309A) Mobile Safari/537.36 MicroMessenger/8.0.60"
SESSION = "gonghui_session"


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


async def another(ends: Ends, li: Visiting, user_agent: str = "") -> httpx.AsyncClient:
    """A further browser of the same person, signed in."""
    browser = ends.browser()
    browser.headers["User-Agent"] = user_agent
    assert (await li.phone.opens(f"{OURS}/me", browser)).status_code == 200
    return browser


def keys(page: str) -> list[str]:
    return re.findall(r'name="device" value="([^"]+)"', page)


async def is_in(browser: httpx.AsyncClient) -> bool:
    return (await browser.get("/me", headers=HTML)).status_code == 200


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (IPHONE, DeviceKind.IPHONE),
        (ANDROID, DeviceKind.ANDROID),
        ("Mozilla/5.0 (iPad; CPU OS 19_0 like Mac OS X)", DeviceKind.IPAD),
        ("Mozilla/5.0 (Phone; OpenHarmony 5.0) ArkWeb/4.1", DeviceKind.HARMONY),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) WindowsWechat", DeviceKind.WINDOWS),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) MacWechat", DeviceKind.MAC),
        ("", DeviceKind.OTHER),
        ("<script>" * 500, DeviceKind.OTHER),
    ],
)
def test_a_device_is_what_its_browser_says(said: str, kind: DeviceKind) -> None:
    assert kind_of(said) is kind


async def test_a_person_sees_where_he_is_signed_in_this_one_first(ends: Ends) -> None:
    li = await member(ends, "李建国")
    await ends.moves_time(hours=1)
    await another(ends, li, IPHONE)

    page = await li.reads(PAGE)

    assert page.index("其他设备") < page.index("这一台") < page.index("iPhone")
    assert len(keys(page)) == 1
    assert PAGE in await li.reads("/me")


async def test_one_device_is_signed_out_at_once_and_the_others_stay(ends: Ends) -> None:
    li = await member(ends, "李建国")
    lost, tablet = await another(ends, li, ANDROID), await another(ends, li, "iPad")
    page = await li.reads(PAGE)
    place = re.search(r'value="([^"]+)"><button class="small" aria-label="退出 安卓手机', page)
    assert place

    done = await li.taps(PAGE, f"{PAGE}/sign-out", device=place[1])
    assert (done.status_code, done.headers["location"]) == (303, PAGE)
    assert [await is_in(each) for each in (lost, tablet, li.browser)] == [False, True, True]
    assert "安卓手机" not in await li.reads(PAGE)
    assert (await li.taps(PAGE, f"{PAGE}/sign-out", device=place[1])).status_code == 303  # twice


async def test_all_others_are_signed_out_the_mini_program_too(ends: Ends) -> None:
    li, zhang = await member(ends, "李建国"), await member(ends, "张伟")
    lost, now = await another(ends, li), ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        own = await session.scalar(sa.select(Follower.id).where(Follower.openid == li.phone.openid))
        assert own is not None
        mini = await api_sessions.begin(session, own, now)
    assert "小程序" in await li.reads(PAGE)

    await li.taps(PAGE, f"{PAGE}/sign-out-others")

    assert [await is_in(each) for each in (lost, zhang.browser, li.browser)] == [False, True, True]
    async with ends.house.database.reading() as session:
        assert await api_sessions.find(session, mini.access, now) is None
    assert "只在这一台登录着" in await li.reads(PAGE)


async def test_the_mini_program_alone_is_signed_out(ends: Ends) -> None:
    li, now = await member(ends, "李建国"), ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        own = await session.scalar(sa.select(Follower.id).where(Follower.openid == li.phone.openid))
        assert own is not None
        mini = await api_sessions.begin(session, own, now)

    await li.taps(PAGE, f"{PAGE}/sign-out", device=keys(await li.reads(PAGE))[0])

    async with ends.house.database.reading() as session:
        assert await api_sessions.find(session, mini.access, now) is None
    assert await is_in(li.browser)


async def test_nobody_ends_the_sessions_of_others(ends: Ends) -> None:
    li, zhang, now = await member(ends, "李建国"), await member(ends, "张伟"), ends.house.clock.now()
    await another(ends, li)
    async with ends.house.database.transaction() as session:
        own = await session.scalar(sa.select(Follower.id).where(Follower.openid == li.phone.openid))
        assert own is not None
        mini = await api_sessions.begin(session, own, now)
    theirs = keys(await li.reads(PAGE))
    token = TOKEN.search(await zhang.reads("/me"))
    assert token

    for key in theirs:
        await zhang.browser.post(f"{PAGE}/sign-out", data={"token": token[1], "device": key}, headers=HTML)
    await zhang.browser.post(f"{PAGE}/sign-out-others", data={"token": token[1]}, headers=HTML)

    assert keys(await li.reads(PAGE)) == theirs
    async with ends.house.database.reading() as session:
        assert await api_sessions.find(session, mini.access, now) is not None


@pytest.mark.parametrize(
    "key", ["", "portal-", "phone-", "phone-x", "phone-1", "phone-" + "9" * 33, "door-1", "phone-" + "²" * 32]
)
async def test_a_key_that_is_none_is_refused(ends: Ends, key: str) -> None:
    li = await member(ends, "李建国")
    await another(ends, li)

    answer = await li.taps(PAGE, f"{PAGE}/sign-out", device=key)

    assert (answer.status_code, "没有找到这个登录" in answer.text) == (404, True)


async def test_signing_out_ends_the_session_for_whoever_has_its_cookie(ends: Ends) -> None:
    li = await member(ends, "李建国")
    stolen = {"Cookie": f"{SESSION}={li.browser.cookies[SESSION]}"} | HTML
    assert (await ends.browser().get("/me", headers=stolen)).status_code == 200

    await li.taps("/me", "/sign-out")

    assert (await ends.browser().get("/me", headers=stolen)).status_code == 303


async def test_each_sign_in_is_a_new_session_and_ends_the_one_before(ends: Ends) -> None:
    li = await member(ends, "李建国")
    before = li.browser.cookies[SESSION]
    # What an attacker planted, or had from an earlier time, is worth nothing after the sign-in.
    planted = ends.browser()
    planted.cookies.set(SESSION, "A" * 120, domain="127.0.0.1", path="/")
    await li.phone.opens(f"{OURS}/me", planted)
    assert planted.cookies[SESSION] != "A" * 120

    back = str((await li.browser.get("/signing-in")).headers["location"])
    assert back == "/me"  # signed in already: no second session by that
    await ends.moves_time(hours=23, seconds=3598)
    halfway = await ends.browser().get("/signing-in")
    li.browser.cookies.update(halfway.cookies)
    returned = str((await li.browser.get(halfway.headers["location"])).headers["location"])
    await li.browser.get(returned)

    assert li.browser.cookies[SESSION] != before
    old = {"Cookie": f"{SESSION}={before}"} | HTML
    assert (await ends.browser().get("/me", headers=old)).status_code == 303


async def test_rows_go_when_their_day_is_over(ends: Ends) -> None:
    await member(ends, "李建国")
    now = ends.house.clock.now()
    rule, day = portal_sessions.forget_old, timedelta(days=1)

    assert await job.apply(ends.house.database, rule, now + day - timedelta(minutes=1)) == 0
    assert await job.apply(ends.house.database, rule, now + day + timedelta(minutes=1)) == 1
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(PortalSession)) == 0
