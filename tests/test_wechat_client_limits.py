"""What WeChat would refuse is not even asked for; and corners of single calls that no record shows."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from app.wechat.api import content_checks as checks
from app.wechat.api.library import LibraryArticles, LibraryKind
from app.wechat.api.links import ForDays, Until
from app.wechat.api.media import MediaFile
from app.wechat.api.miniprogram_codes import CodeLook
from app.wechat.api.notice_templates import NoticeTemplate
from app.wechat.api.tickets import TicketKind
from app.wechat.client import WeChatClient
from app.wechat.errors import NotSubscribed, OurMistake, OutcomeUnknown, SignInAgain, TooLarge, TryLater
from app.wechat.session_keys import SessionKey
from tests import wechat_api
from tests.wechat_api import NOW, SECRET, FakeApi
from tests.wechat_shape import OK

DATA = {"thing1": "羽毛球赛"}
PAGE = "https://gonghui.example.com/"
KEY = SessionKey("tiihtNczf5v6AKRyjwEUhQ==")
MONTH = 30 * 86400


api, http, client = wechat_api.api, wechat_api.http, wechat_api.client


TOO_MUCH: list[Callable[[WeChatClient], Awaitable[Any]]] = [
    lambda c: c.base.past_request(" "),
    lambda c: c.base.clear_quota_of("user/info"),
    lambda c: c.qrcodes.shorten(""),
    lambda c: c.qrcodes.shorten("字" * 1366),  # 4,098 bytes
    lambda c: c.qrcodes.shorten("x", 0),
    lambda c: c.qrcodes.shorten("x", MONTH + 1),
    lambda c: c.qrcodes.expand(""),
    lambda c: c.media.get_permanent(""),
    lambda c: c.media.get_recording(""),
    lambda c: c.media.list_permanent(LibraryKind.IMAGE, count=0),
    lambda c: c.media.list_permanent(LibraryKind.IMAGE, count=21),
    lambda c: c.media.list_permanent(LibraryKind.IMAGE, offset=-1),
    lambda c: c.templates.add(""),
    lambda c: c.templates.add("43216", ["活动名称", " "]),
    lambda c: c.templates.delete(""),
    lambda c: c.templates.set_industry(0, 4),
    lambda c: c.templates.blocked("T", limit=101),
    lambda c: c.templates.blocked("T", limit=0),
    lambda c: c.notices.send("", "T", DATA, client_msg_id="d-1"),
    lambda c: c.notices.send("oLi", "", DATA, client_msg_id="d-1"),
    lambda c: c.notices.send("oLi", "T", DATA, client_msg_id=""),
    lambda c: c.notices.send("oLi", "T", {"thing1": "长" * 21}, client_msg_id="d-1"),
    lambda c: c.notices.send("oLi", "T", {}, client_msg_id="d-1"),
    lambda c: c.notices.send_in_miniprogram("oLi", "T", {"phrase1": "已受理2"}),
    lambda c: c.notices.send_in_miniprogram("oLi", "T", DATA, language="de_DE"),
    lambda c: c.notices.send_once("oLi", "T", 10_001, "停电", "今晚"),
    lambda c: c.notices.send_once("oLi", "T", -1, "停电", "今晚"),
    lambda c: c.notices.send_once("oLi", "T", 1, "长" * 16, "今晚"),
    lambda c: c.notices.send_once("oLi", "T", 1, "停电", "长" * 201),
    lambda c: c.notices.send_once("oLi", "T", 1, "停电", " "),
    lambda c: c.notice_templates.add("", [1, 2], "活动"),
    lambda c: c.notice_templates.add("401", [1], "活动"),
    lambda c: c.notice_templates.add("401", [1, 2, 3, 4, 5, 6], "活动"),
    lambda c: c.notice_templates.add("401", [1, 2], "长" * 16),
    lambda c: c.notice_templates.delete(""),
    lambda c: c.notice_templates.titles([]),
    lambda c: c.notice_templates.titles([2], limit=31),
    lambda c: c.notice_templates.titles([2], start=-1),
    lambda c: c.notice_templates.keywords(""),
    lambda c: c.logins.is_valid("", KEY),
    lambda c: c.logins.reset("oLi", SessionKey("")),
    lambda c: c.logins.phone_number(""),
    lambda c: c.miniprogram_codes.unlimited(""),
    lambda c: c.miniprogram_codes.unlimited("x" * 33),
    lambda c: c.miniprogram_codes.unlimited("a%20b"),
    lambda c: c.miniprogram_codes.unlimited("活动"),
    lambda c: c.miniprogram_codes.unlimited("a", "/pages/index"),
    lambda c: c.miniprogram_codes.unlimited("a", "pages/index?x=1"),
    lambda c: c.miniprogram_codes.unlimited("a", look=CodeLook(width=279)),
    lambda c: c.miniprogram_codes.unlimited("a", look=CodeLook(width=1281)),
    lambda c: c.miniprogram_codes.unlimited("a", look=CodeLook(line_color=(0, 0, 256))),
    lambda c: c.miniprogram_codes.for_page(""),
    lambda c: c.miniprogram_codes.for_page("x" * 1025),
    lambda c: c.miniprogram_codes.qr_for_page("x" * 129),
    lambda c: c.miniprogram_codes.qr_for_page("p", width=100),
    lambda c: c.links.url_link("pages/index?x=1", lasts=ForDays(1)),
    lambda c: c.links.url_link("", "x" * 1025, lasts=ForDays(1)),
    lambda c: c.links.url_link("", lasts=ForDays(0)),
    lambda c: c.links.scheme("", lasts=ForDays(31)),
    lambda c: c.links.scheme("", lasts=Until(int(NOW) + 59)),
    lambda c: c.links.scheme("", lasts=Until(int(NOW) + MONTH + 1)),
    lambda c: c.content_checks.text("", "大家好", checks.Scene.FORUM),
    lambda c: c.content_checks.text("oLi", " ", checks.Scene.FORUM),
    lambda c: c.content_checks.text("oLi", "长" * 2501, checks.Scene.FORUM),
    lambda c: c.content_checks.text("oLi", "大家好", checks.Scene.FORUM, signature="安全第一"),
    lambda c: c.content_checks.media("oLi", "ftp://f", checks.MediaType.IMAGE, checks.Scene.FORUM),
    lambda c: c.content_checks.user_risk("oLi", checks.RiskScene.REGISTER, ""),
]


@pytest.mark.parametrize("ask", TOO_MUCH, ids=[f"case-{n}" for n in range(len(TOO_MUCH))])
async def test_what_wechat_would_refuse_is_not_asked_for(
    api: FakeApi, client: WeChatClient, ask: Callable[[WeChatClient], Awaitable[Any]]
) -> None:
    with pytest.raises(OurMistake):
        await ask(client)

    assert api.requests == []


LARGEST: list[Callable[[WeChatClient], Awaitable[Any]]] = [
    lambda c: c.qrcodes.shorten("字" * 1365 + "x"),  # 4,096 bytes
    lambda c: c.notices.send("oLi", "T", {"thing1": "长" * 20}, client_msg_id="d-1"),
    lambda c: c.notices.send_once("oLi", "T", 0, "长" * 15, "长" * 200),
    lambda c: c.notice_templates.add("401", [1, 2, 3, 4, 5], "长" * 15),
    lambda c: c.miniprogram_codes.unlimited("x" * 32),
    lambda c: c.miniprogram_codes.for_page("x" * 1024),
    lambda c: c.miniprogram_codes.qr_for_page("x" * 128),
    lambda c: c.links.url_link("", "x" * 1024, lasts=Until(int(NOW) + MONTH)),
    lambda c: c.links.scheme("", lasts=Until(int(NOW) + 60)),
    lambda c: c.content_checks.text("oLi", "长" * 2500, checks.Scene.FORUM),
]
ANY = {
    **OK,
    **dict.fromkeys(("short_key", "priTmplId", "url_link", "openlink"), "x"),
    "result": {"suggest": "pass", "label": 100},
}


@pytest.mark.parametrize("ask", LARGEST, ids=[f"case-{n}" for n in range(len(LARGEST))])
async def test_what_just_fits_is_asked_for(
    api: FakeApi, client: WeChatClient, ask: Callable[[WeChatClient], Awaitable[Any]]
) -> None:
    api.answers = [ANY]

    await ask(client)

    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("template_id", "scene", "redirect_url"),
    [("", 0, PAGE), ("T", 10_001, PAGE), ("T", 0, "javascript:alert(1)")],
)
def test_nobody_is_sent_to_a_consent_page_that_would_not_open(
    client: WeChatClient, template_id: str, scene: int, redirect_url: str
) -> None:
    with pytest.raises(OurMistake):
        client.notices.consent_url(template_id, scene, redirect_url)


# -- notices -------------------------------------------------------------------------------


async def test_a_notice_without_target_or_colour_names_none(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [OK, OK]

    await client.notices.send("oLi", "T", DATA, client_msg_id="d-1")
    assert api.body.keys() == {"touser", "template_id", "client_msg_id", "data"}

    await client.notices.send_once("oLi", "T", 1, "停电", "今晚")
    assert api.body["data"] == {"content": {"value": "今晚"}}
    assert api.body.keys() == {"touser", "template_id", "scene", "title", "data"}


async def test_a_notice_in_doubt_goes_again_under_its_own_key_only(
    api: FakeApi, client: WeChatClient
) -> None:
    api.answers = [httpx.ReadTimeout("slow"), OK]

    with pytest.raises(OutcomeUnknown):
        await client.notices.send("oLi", "T", DATA, client_msg_id="d-1")
    await client.notices.send("oLi", "T", DATA, client_msg_id="d-1")

    assert api.requests[0].content == api.requests[1].content


async def test_a_consent_that_is_used_up_is_no_fault(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [{"errcode": 43101, "errmsg": "user refuse to accept the msg"}]

    with pytest.raises(NotSubscribed):
        await client.notices.send_in_miniprogram("oLi", "T", DATA)


async def test_a_template_that_a_lost_delete_removed_is_gone(api: FakeApi, client: WeChatClient) -> None:
    gone = {"errcode": 40037, "errmsg": "invalid template_id"}
    api.answers = [httpx.ReadTimeout("slow"), gone, httpx.ReadTimeout("slow"), gone]

    await client.templates.delete("T")
    await client.notice_templates.delete("T")

    assert len(api.requests) == 4


async def test_a_kind_of_consent_new_to_us_is_read_as_none(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [{"data": [{"priTmplId": "T", "type": 9}]}, {"errcode": 0}]

    assert await client.notice_templates.list() == (NoticeTemplate("T", "", "", "", None),)
    assert await client.notice_templates.list() == ()


@pytest.mark.parametrize("told", [{"id": 2, "tmpl_msg_id": "T"}, [{"id": "2", "tmpl_msg_id": "T"}], [], None])
async def test_what_was_held_back_is_read_as_the_page_and_as_the_platform_have_it(
    api: FakeApi, client: WeChatClient, told: object
) -> None:
    api.answers = [{"errcode": 0, "msginfo": told}]

    assert [notice.id for notice in await client.templates.blocked("T")] == ([2] if told else [])


# -- log-in --------------------------------------------------------------------------------


async def test_a_key_that_is_not_theirs_is_told_and_a_spent_sign_in_is_not_taken_for_it(
    api: FakeApi, client: WeChatClient
) -> None:
    api.answers = [{"errcode": 87009, "errmsg": "invalid signature"}, {"errcode": 40029, "errmsg": "no"}]

    assert not await client.logins.is_valid("oLi", KEY)
    with pytest.raises(SignInAgain):
        await client.logins.is_valid("oLi", KEY)


async def test_without_a_code_nobody_is_asked_who_it_is(api: FakeApi, client: WeChatClient) -> None:
    with pytest.raises(SignInAgain):
        await client.logins.by_code("")

    assert api.requests == []


async def test_a_log_in_without_its_key_is_none(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [{"openid": "oLi"}]

    with pytest.raises(OutcomeUnknown):
        await client.logins.by_code("0c1")


async def test_codes_keys_and_numbers_are_printed_nowhere(
    api: FakeApi, client: WeChatClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    caplog.set_level("DEBUG", logger="httpx")
    phone = {"phoneNumber": "+8613580006666", "purePhoneNumber": "13580006666", "countryCode": "86"}
    bad_code = {"errcode": 40029, "errmsg": f"bad 0cSECRET of {SECRET}"}
    bad_key = {"errcode": 87009, "errmsg": f"bad {KEY.value} of {SECRET}"}
    api.answers = [{"openid": "oLi", "session_key": KEY.value}, OK, {"phone_info": phone}]
    api.answers += [bad_code, bad_code, bad_key]

    seen = repr(await client.logins.by_code("0cSECRET"))
    await client.logins.is_valid("oLi", KEY)
    seen += repr(api.last.url)
    seen += repr(await client.logins.phone_number("0cSECRET"))
    for ask in (client.logins.by_code, client.logins.phone_number):
        with pytest.raises(SignInAgain, match=r"bad \*\*\* of \*\*\*") as caught:
            await ask("0cSECRET")
        seen += repr(caught.value)
    with pytest.raises(SignInAgain, match=r"bad \*\*\* of \*\*\*") as caught:
        await client.logins.reset("oLi", KEY)

    seen += repr(caught.value) + caplog.text
    assert "js_code=***" in seen
    for hidden in ("0cSECRET", KEY.value, KEY.proof(), "13580006666", SECRET):
        assert hidden not in seen


# -- codes, media, checks, tickets ---------------------------------------------------------


async def test_a_refusal_in_place_of_a_code_is_known_by_its_content(
    api: FakeApi, client: WeChatClient
) -> None:
    body = b'{"errcode":41030,"errmsg":"invalid page"}'
    api.answers = [httpx.Response(200, content=body, headers={"content-type": "text/plain"})]

    with pytest.raises(OurMistake):
        await client.miniprogram_codes.unlimited("a", "pages/none")


async def test_a_file_and_articles_come_out_of_the_library(api: FakeApi, client: WeChatClient) -> None:
    file = httpx.Response(200, content=b"RIFF", headers={"content-type": "audio/wav"})
    api.answers = [file, {"news_item": [{"title": "安全用电"}]}, httpx.Response(200, content=b"x" * 101)]

    assert await client.media.get_permanent("V") == MediaFile(b"RIFF", "audio/wav", "")
    assert await client.media.get_permanent("N") == LibraryArticles(({"title": "安全用电"},))
    with pytest.raises(TooLarge):
        await client.media.get_permanent("V", limit=100)


@pytest.mark.parametrize(
    ("told", "suggestion"), [("pass", "pass"), ("review", "review"), ("risky", "risky"), ("new", "review")]
)
async def test_only_what_wechat_lets_pass_passes(
    api: FakeApi, client: WeChatClient, told: str, suggestion: str
) -> None:
    api.answers = [{"errcode": 0, "result": {"suggest": told, "label": 100}}]

    assert (await client.content_checks.text("oLi", "好", checks.Scene.COMMENT)).suggestion == suggestion


async def test_an_answer_without_a_verdict_is_none(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [OK] * 3

    with pytest.raises(TryLater):
        await client.content_checks.text("oLi", "好", checks.Scene.COMMENT)
    with pytest.raises(TryLater):
        await client.content_checks.user_risk("oLi", checks.RiskScene.REGISTER, "113.0.70.51")


async def test_a_ticket_for_cards_is_another_and_one_without_end_is_none(
    api: FakeApi, client: WeChatClient
) -> None:
    api.answers = [{"ticket": "t-card", "expires_in": 7200}, {"ticket": "t", "expires_in": 0}]

    ticket = await client.tickets.get(TicketKind.CARD)
    assert api.asked == "GET /cgi-bin/ticket/getticket type=wx_card"
    assert "t-card" not in repr(ticket)
    with pytest.raises(TryLater):
        await client.tickets.get()


async def test_what_was_sent_and_answered_is_not_printed_with_a_past_request(
    api: FakeApi, client: WeChatClient
) -> None:
    told = {"request_url": "access_token=T0K&x=1", "request_body": "SENT", "response_body": "GOT"}
    api.answers = [{"request": told}]

    past = await client.base.past_request("1-2-3")

    assert (past.body, past.answer, past.query) == ("SENT", "GOT", "access_token=***&x=1")
    assert not any(hidden in repr(past) for hidden in ("SENT", "GOT", "T0K"))
