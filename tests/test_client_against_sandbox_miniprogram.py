"""The client against the sandbox: the mini-program's calls, and signing in to web pages."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest

from app.wechat.api.content_checks import MediaType, RiskScene, Scene, Suggestion
from app.wechat.api.links import ForDays, Until
from app.wechat.api.media import MediaKind
from app.wechat.api.messages import Image, Link, MiniProgramPage
from app.wechat.api.miniprogram_codes import AppEdition, CodeLook
from app.wechat.api.notice_templates import PublicTitle
from app.wechat.errors import (
    AllowanceUsed,
    MediaGone,
    NotAllowed,
    NotSubscribed,
    OurMistake,
    PersonGone,
    QuotaUsedUp,
    SignInAgain,
    TryLater,
    WindowClosed,
)
from app.wechat.oauth import Scope
from app.wechat.session_keys import SessionKey
from tests.client_in_sandbox import PNG, Joined, joined, refused
from tests.miniprogram_sandbox import MINI

CALLBACK = "http://127.0.0.1:8000/signed-in?from=menu"
NOTICE = {"thing1": "桥山健步走", "time2": "2026年12月2日 09:00"}


@pytest.fixture
async def ends() -> AsyncIterator[Joined]:
    async with joined() as ends:
        yield ends


async def test_a_login_gives_a_key_and_a_code_is_good_once(ends: Joined) -> None:
    li, logins = await ends.platform.person("李建国"), ends.mini.logins
    code = await li.logs_in()
    login = await ends.mini.logins.by_code(code)

    inside = await li.in_miniprogram()
    assert (login.openid, login.unionid) == (inside["openid"], inside["unionid"])
    assert await ends.mini.logins.is_valid(login.openid, login.session_key)
    assert not await logins.is_valid(login.openid, SessionKey("tiihtNczf5v6AKRyjwEUhQ=="))
    renewed = await ends.mini.logins.reset(login.openid, login.session_key)
    assert await logins.is_valid(login.openid, renewed)
    await refused(logins.reset(login.openid, login.session_key), SignInAgain, 87009)
    await refused(logins.is_valid("oNobody", renewed), PersonGone, 40003)
    await refused(logins.by_code(code), SignInAgain, 40029)
    await refused(ends.account.logins.by_code(await li.logs_in()), NotAllowed, 40013)
    await ends.platform.ask("POST", "people/李建国/risk", {"rank": 4, "blocked": True})
    await refused(logins.by_code(await li.logs_in()), PersonGone, 40226)


async def test_a_phone_number_is_given_once_and_paid_for(ends: Joined) -> None:
    li, logins = await ends.platform.person("李建国"), ends.mini.logins
    openid, code = await ends.inside(li), await li.gives_phone("13800138000")
    number = await ends.mini.logins.phone_number(code, openid)

    assert (number.pure_number, number.country_code) == ("13800138000", "86")
    assert number.number.endswith("13800138000")
    await refused(logins.phone_number(code), SignInAgain, 40029)
    await refused(logins.phone_number(await li.logs_in()), SignInAgain, 40029)
    await ends.platform.miniprogram_is(phone_numbers_left=0)
    await refused(logins.phone_number(await li.gives_phone()), NotAllowed, 1400001)
    await ends.platform.ask(
        "POST", "quota", {"path": "/wxa/business/getuserphonenumber", "in_span": 0, "app": "miniprogram"}
    )
    await refused(logins.phone_number(await li.gives_phone()), TryLater, 45011)


async def test_codes_are_pictures(ends: Joined) -> None:
    codes, look = ends.mini.miniprogram_codes, CodeLook(280, line_color=(0, 105, 92), transparent=True)
    await ends.platform.miniprogram_is(pages=["pages/a"])

    plain = await ends.mini.miniprogram_codes.unlimited("id=7", "pages/a")
    clear = await ends.mini.miniprogram_codes.for_page("pages/a?id=7", look=look)
    square = await ends.mini.miniprogram_codes.qr_for_page("pages/a?id=7")

    assert (plain.content_type, plain.content[:2]) == ("image/jpeg", b"\xff\xd8")
    assert (clear.content_type, clear.content[:4]) == ("image/png", b"\x89PNG")
    assert square.content_type == "image/jpeg"
    made = [(one["path"], one["query"]) for one in reversed(await ends.platform.links())]
    assert made == [("pages/a", "id=7"), ("pages/a?id=7", ""), ("pages/a?id=7", "")]
    assert (await codes.unlimited("id=7", "pages/b", check_path=False)).content
    await refused(codes.unlimited("id=7", "pages/b"), OurMistake, 41030)
    await refused(codes.unlimited("scancode_time=1"), OurMistake, 85096)
    await refused(ends.account.miniprogram_codes.for_page("pages/a"), NotAllowed, 48001)
    for path, call in (
        ("/wxa/getwxacode", codes.for_page("pages/a")),
        ("/cgi-bin/wxaapp/createwxaqrcode", codes.qr_for_page("pages/a")),
    ):
        await ends.platform.misbehaves(use_up_quota=path)
        await refused(call, QuotaUsedUp, 45009)


async def test_links_open_a_page_for_a_while(ends: Joined) -> None:
    links, soon = ends.mini.links, Until(int(ends.world.now()) + 3600)
    await ends.platform.miniprogram_is(pages=["pages/a"])

    address = await ends.mini.links.url_link("pages/a", "id=7", lasts=ForDays(30))
    scheme = await ends.mini.links.scheme("pages/a", "id=8", lasts=soon, edition=AppEdition.TRIAL)

    assert address.startswith("https://")
    assert scheme.startswith("weixin://dl/business/?t=")
    later, first = await ends.platform.links()
    assert (first["path"], first["query"], later["query"]) == ("pages/a", "id=7", "id=8")
    assert later["expires_at"] == soon.at
    await refused(links.url_link("pages/b", lasts=soon), OurMistake, 40165)
    await refused(links.url_link("pages/a", "活动=7", lasts=soon), OurMistake, 40212)
    await refused(links.scheme("pages/b", lasts=soon), OurMistake, 40165)
    await ends.platform.miniprogram_is(released=False)
    await refused(links.scheme("pages/a", lasts=soon), NotAllowed, 85079)
    await ends.platform.miniprogram_is(released=True)
    await ends.platform.misbehaves(use_up_quota="/wxa/generatescheme")
    await refused(links.scheme("pages/a", lasts=soon), QuotaUsedUp, 44993)
    await refused(links.url_link("pages/a", lasts=soon), QuotaUsedUp, 44993)


async def test_words_and_pictures_are_judged(ends: Joined) -> None:
    li, checks = await ends.platform.follower("李建国"), ends.mini.content_checks
    openid = await ends.inside(li)
    good = await ends.mini.content_checks.text(openid, "羽毛球赛几点开始？", Scene.COMMENT)
    bad = await checks.text(openid, "你好", Scene.PROFILE, title="群", nickname="李", signature="网上赌博")
    unsure = await checks.text(openid, "加微信聊", Scene.FORUM)

    assert (good.suggestion, good.label, bool(good.trace_id)) == (Suggestion.PASS, 100, True)
    assert (bad.suggestion, unsure.suggestion) == (Suggestion.RISKY, Suggestion.REVIEW)
    picture = await ends.account.media.upload_image("a.png", PNG)
    trace_id = await ends.mini.content_checks.media(openid, picture, MediaType.IMAGE, Scene.COMMENT)
    await ends.world.settle()
    assert ends.both.service.newest["trace_id"] == trace_id
    await ends.platform.ask("POST", "people/李建国/risk", {"rank": 3})
    assert await ends.mini.content_checks.user_risk(openid, RiskScene.REGISTER, "1.2.3.4") == 3
    await refused(checks.text(li.openid, "您好", Scene.COMMENT), OurMistake, 43104)
    await refused(checks.user_risk("oNobody", RiskScene.REGISTER, "1.2.3.4"), PersonGone, 40003)
    await ends.platform.moves_time(hours=2, seconds=1)
    for call in (
        checks.text(openid, "您好", Scene.COMMENT),
        checks.media(openid, picture, MediaType.IMAGE, Scene.COMMENT),
        checks.user_risk(openid, RiskScene.TAKE_PART, "1.2.3.4", phone="13800138000"),
    ):
        await refused(call, WindowClosed, 61010)
    await ends.platform.ask(
        "POST", "quota", {"path": "/wxa/msg_sec_check", "in_span": 0, "app": "miniprogram"}
    )
    await refused(checks.text(openid, "您好", Scene.COMMENT), TryLater, 44991)


async def test_customer_messages_of_the_mini_program(ends: Joined) -> None:
    li = await ends.platform.person("李建国")
    openid = await ends.inside(li)
    await refused(ends.says(openid, mini=True), WindowClosed, 45015)
    await li.says_in_miniprogram("在吗")
    image = (await ends.mini.media.upload_temporary(MediaKind.IMAGE, "a.png", PNG)).media_id
    contents = [
        Image(image),
        Link("安全用电", "十条", "https://a.cn/1", "https://a.cn/1.png"),
        MiniProgramPage("报名", MINI.app_id, "pages/index", image),
    ]
    assert await ends.mini.messages.typing(openid)
    for content in contents:
        await ends.says(openid, content, mini=True)
    came = [one["type"] for one in await li.reads_in_miniprogram() if one["direction"] == "in"]

    assert came == [content.msgtype for content in contents]
    await refused(ends.says(openid, Image("nope"), mini=True), MediaGone, 40007)
    for _ in range(2):
        await ends.says(openid, mini=True)
    await refused(ends.says(openid, mini=True), AllowanceUsed, 45047)
    await refused(ends.says("oNobody", mini=True), PersonGone, 40003)


async def test_a_notice_of_the_mini_program(ends: Joined) -> None:
    li, send = await ends.platform.person("李建国"), ends.mini.notices.send_in_miniprogram
    openid = await ends.inside(li)
    (tid,) = [one.tid for one in await titles(ends) if one.title == "活动开始提醒"]
    template = await ends.mini.notice_templates.add(tid, [1, 2], "活动提醒")
    await refused(send(openid, template, NOTICE), NotSubscribed, 43101)
    await li.accepts(template)

    await ends.mini.notices.send_in_miniprogram(openid, template, NOTICE, page="pages/a?id=7")
    await ends.world.settle()

    assert [one["content"]["title"] for one in (await li.notices())["service"]] == ["活动开始提醒"]
    await refused(send(openid, template, NOTICE), NotSubscribed, 43101)
    await refused(send(openid, "nope", NOTICE), OurMistake, 40037)
    await refused(send(li.openid, template, NOTICE), PersonGone, 40003)
    await refused(send(openid, template, {"thing1": "健步走"}), OurMistake, 47003)


async def titles(ends: Joined) -> list[PublicTitle]:
    categories = [one.id for one in await ends.mini.notice_templates.categories()]
    return [*(await ends.mini.notice_templates.titles(categories)).titles]


async def test_a_silent_sign_in_tells_who_it_is(ends: Joined) -> None:
    li = await ends.platform.follower("李建国")
    back = await li.opens(ends.oauth.address(CALLBACK, "a1"), ends.browser)
    told = parse_qs(urlsplit(str(back.url)).query)
    identity = await ends.oauth.identify(told["code"][0])

    assert (told["from"], told["state"]) == (["menu"], ["a1"])
    assert (identity.openid, identity.is_snapshot) == (li.openid, False)
    await refused(ends.oauth.identify(told["code"][0]), SignInAgain, 40163)
    await refused(ends.oauth.grant("made up"), SignInAgain, 40029)


async def test_a_profile_is_shown_to_whom_the_person_allowed_it(ends: Joined) -> None:
    li, oauth = await ends.platform.person("李建国"), ends.oauth
    await li.opens(oauth.address(CALLBACK, "a1", scope=Scope.PROFILE, force_popup=True), ends.browser)
    back = await li.allows()
    grant = await ends.oauth.grant(back.url.params["code"])
    profile = await ends.oauth.profile(grant.access_token, li.openid)

    assert (grant.identity.openid, grant.scopes) == (li.openid, frozenset({"snsapi_userinfo"}))
    assert 0 < grant.expires_seconds <= 7200
    assert (profile.openid, profile.nickname) == (li.openid, "微信用户")
    assert profile.unionid == grant.identity.unionid != ""
    assert (await ends.http.get(profile.avatar_url)).headers["content-type"] == "image/png"
    assert await ends.oauth.is_valid(grant.access_token, li.openid)
    assert not await oauth.is_valid(grant.access_token, "oNobody")
    await refused(oauth.profile(grant.access_token, "oNobody"), PersonGone, 40003)
    await ends.platform.moves_time(hours=2, seconds=1)
    assert not await oauth.is_valid(grant.access_token, li.openid)
    await refused(oauth.profile(grant.access_token, li.openid), SignInAgain, 42001)
    again = await ends.oauth.refresh(grant.refresh_token)
    assert (await oauth.profile(again.access_token, li.openid)).openid == li.openid
    await refused(oauth.refresh("made up"), SignInAgain, 40030)
    await ends.platform.moves_time(hours=31 * 24)
    await refused(oauth.refresh(grant.refresh_token), SignInAgain, 42002)


async def test_a_silent_sign_in_shows_no_profile(ends: Joined) -> None:
    li = await ends.platform.person("李建国")
    back = await li.opens(ends.oauth.address(CALLBACK, "a1"), ends.browser)
    grant = await ends.oauth.grant(back.url.params["code"])

    await refused(ends.oauth.profile(grant.access_token, li.openid), NotAllowed, 48001)
