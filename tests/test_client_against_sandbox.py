"""The client against the sandbox: menus, messages, followers, tags, codes, the account, and lost answers."""

import inspect
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.wechat.api import messages
from app.wechat.api.base import CheckAction, Ping, Resolved
from app.wechat.api.buttons import Button
from app.wechat.api.content_checks import RiskScene
from app.wechat.api.links import ForDays
from app.wechat.api.media import MediaKind
from app.wechat.api.menus import MatchRule, Menus
from app.wechat.api.qrcodes import QrCode
from app.wechat.api.tickets import TicketKind
from app.wechat.errors import (
    AllowanceUsed,
    MediaGone,
    NotAllowed,
    OurMistake,
    PersonGone,
    QuotaUsedUp,
    TryLater,
    WindowClosed,
)
from app.wechat.jssdk import TicketSource
from app.wechat.oauth import WebOAuth
from tests.client_in_sandbox import AMR, JPG, MP4, PNG, Joined, joined, refused
from tests.miniprogram_sandbox import MINI

MINE = Button("我的报名", "click", key="MINE")
WORKS = re.compile(r"(?<!refused\()\b(?:ends|ends\.account|ends\.mini|client)\.(\w+\.\w+)\(")
SERVICES = Button("服务", sub_buttons=(MINE, Button("网站", "view", url="https://a.cn/")))


@pytest.fixture
async def ends() -> AsyncIterator[Joined]:
    async with joined() as ends:
        yield ends


async def test_every_call_has_a_story(ends: Joined) -> None:
    """One that is missing here was never seen to work against the sandbox.

    Stories make a call they expect to work by its whole name, as in `ends.account.menus.get()`.
    """
    told = "".join(path.read_text() for path in Path(__file__).parent.glob("test_client_against_*.py"))
    made = set(WORKS.findall(told))
    calls = [
        f"{name}.{method}"
        for name, api in vars(ends.account).items()
        if type(api).__module__.startswith("app.wechat.api.")
        for method, _ in inspect.getmembers(type(api), inspect.isfunction)
        if not method.startswith("_")
    ]
    for name, source in (("oauth", WebOAuth), ("jssdk", TicketSource)):
        methods = inspect.getmembers(source, inspect.isfunction)
        calls += [f"{name}.{method}" for method, _ in methods if not method.startswith("_")]

    assert len(calls) > 60
    assert [call for call in calls if call not in made] == []


async def test_the_account_and_the_mini_program_have_calls_of_their_own(ends: Joined) -> None:
    account, mini = ends.account, ends.mini
    for call in (
        mini.menus.get(),
        mini.menus.delete(),
        mini.menus.self_menu_info(),
        mini.menus.try_match("o"),
        mini.tags.list(),
        mini.templates.list(),
        mini.templates.industry(),
        mini.users.list(),
        account.logins.phone_number("code"),
        account.miniprogram_codes.unlimited("id=7"),
        account.links.url_link("pages/a", lasts=ForDays(1)),
        account.content_checks.user_risk("o", RiskScene.REGISTER, "1.2.3.4"),
    ):
        await refused(call, NotAllowed, 48001)


async def test_the_menu_comes_back_as_it_was_made(ends: Joined) -> None:
    menus = ends.account.menus
    assert await ends.account.menus.get() == Menus()

    await ends.account.menus.create([MINE, SERVICES])
    read = await ends.account.menus.get()
    shown = await ends.account.menus.self_menu_info()

    assert read.buttons == shown.buttons == (MINE, SERVICES)
    assert read.menu_id
    assert shown.is_open
    await ends.account.menus.delete()
    assert await ends.account.menus.get() == Menus()
    await refused(menus.create([Button("海报", "media_id", media_id="nope")]), MediaGone, 40007)
    await refused(ends.mini.menus.create([MINE]), NotAllowed, 48001)


async def test_what_was_published_is_listed_newest_first(ends: Joined) -> None:
    assert (await ends.account.publishing.list(0)).total == 0
    for title in ("立冬特巡", "春节慰问"):
        await ends.platform.ask("POST", "publications", {"articles": [{"title": title}]})

    page = await ends.account.publishing.list(0, 1)

    assert page.total == 2
    assert [article.title for article in page.items[0].articles] == ["春节慰问"]
    assert (await ends.account.publishing.list(1, 20)).items[0].articles[0].url.startswith("http")
    await refused(ends.mini.publishing.list(0), NotAllowed, 48001)


async def test_a_personalised_menu_is_seen_by_whom_it_is_for(ends: Joined) -> None:
    menus, li = ends.account.menus, await ends.platform.follower("李建国")
    rule = MatchRule(tag_id=str((await ends.account.tags.create("职工")).id))
    await refused(menus.add_conditional([SERVICES], rule), OurMistake, 65303)
    await menus.create([MINE])

    menu_id = await ends.account.menus.add_conditional([SERVICES], rule)
    before = await ends.account.menus.try_match(li.openid)
    await ends.account.tags.tag(int(rule.tag_id), [li.openid])

    assert before == (MINE,)
    assert await menus.try_match(li.openid) == (SERVICES,)
    (listed,) = (await menus.get()).conditional
    assert (listed.menu_id, listed.buttons, listed.rule) == (menu_id, (SERVICES,), rule)
    await ends.account.menus.delete_conditional(menu_id)
    await refused(menus.delete_conditional(menu_id), OurMistake, 65301)
    await refused(menus.try_match("oNobody"), PersonGone, 65302)


async def test_every_kind_of_customer_message_arrives(ends: Joined) -> None:
    li, media = await ends.platform.follower("李建国"), ends.account.media
    await li.says("在吗")
    image = (await media.upload_temporary(MediaKind.IMAGE, "a.png", PNG)).media_id
    voice = (await media.upload_temporary(MediaKind.VOICE, "a.amr", AMR)).media_id
    video = (await media.upload_temporary(MediaKind.VIDEO, "a.mp4", MP4)).media_id
    thumb = (await media.upload_temporary(MediaKind.THUMB, "a.jpg", JPG)).media_id
    contents: list[messages.Content] = [
        messages.Text("您好"),
        messages.Image(image),
        messages.Voice(voice),
        messages.Video(video, thumb, "急救", "四步"),
        messages.Music("工会之歌", "合唱", "https://a.cn/a.mp3", thumb),
        messages.News("安全用电", "十条", "https://a.cn/1", "https://a.cn/1.png"),
        messages.ChoiceMenu((messages.Choice("101", "满意"),), "满意吗？", "谢谢"),
        messages.Card("card-1"),
        messages.MiniProgramPage("报名", MINI.app_id, "pages/index", thumb),
    ]
    for content in contents:
        await li.says("再来")
        await ends.account.messages.send(messages.CustomerMessage(li.openid, content, by_ai=True))

    came = [one for one in await li.reads() if one["direction"] == "in"]
    assert [one["type"] for one in came] == [content.msgtype for content in contents]
    assert (came[0]["content"], came[0]["ai"]) == ("您好", True)
    assert [one["content"]["media_id"] for one in came[1:4]] == [image, voice, video]
    assert came[5]["content"]["articles"][0]["url"] == "https://a.cn/1"
    assert "满意吗？" in came[6]["text"]
    await refused(ends.says(li.openid, messages.Image("nope")), MediaGone, 40007)
    await refused(ends.says(li.openid, messages.Link("a", "b", "https://a.cn", "")), OurMistake, 40008)


async def test_who_cannot_be_written_to_is_told_apart(ends: Joined) -> None:
    li, stranger = await ends.platform.follower("李建国"), await ends.platform.person("张伟")
    await ends.platform.moves_time(seconds=61)  # what following allows is over
    await li.says("在吗")
    for _ in range(5):
        await ends.says(li.openid)
    await refused(ends.says(li.openid), AllowanceUsed, 45047)
    await ends.platform.moves_time(hours=49)
    await refused(ends.says(li.openid), WindowClosed, 45015)
    await refused(ends.says(stranger.openid), PersonGone, 43004)
    await refused(ends.says("oNobody"), PersonGone, 40003)
    await ends.platform.ask("POST", f"people/{li.openid}/refuses", {"value": True})
    await refused(ends.says(li.openid), PersonGone, 48002)


async def test_typing_is_shrugged_off_where_it_cannot_be_shown(ends: Joined) -> None:
    li = await ends.platform.follower("李建国")

    assert await ends.account.messages.typing(li.openid)
    assert not await ends.account.messages.typing(li.openid)  # already
    assert await ends.account.messages.typing(li.openid, on=False)
    await ends.platform.moves_time(seconds=31)
    assert not await ends.account.messages.typing(li.openid)  # too late
    await refused(ends.account.messages.typing("oNobody"), PersonGone, 40003)


async def test_followers_are_listed_told_of_and_blocked(ends: Joined) -> None:
    users, li = ends.account.users, await ends.platform.follower("李建国")
    stranger = await ends.platform.person("张伟")
    await ends.account.users.set_remark(li.openid, "李师傅")

    page, end = await ends.account.users.list(), await users.list(li.openid)
    told = await ends.account.users.get(li.openid)
    both = await ends.account.users.batch_get([li.openid, stranger.openid])

    assert (page.openids, page.count, page.total, page.next_openid) == ((li.openid,), 1, 1, li.openid)
    assert (end.openids, end.next_openid, end.total) == ((), "", 1)
    assert (told.subscribed, told.remark) == (True, "李师傅")
    assert told.unionid
    assert abs(told.subscribed_at - ends.world.now()) < 60
    assert [(one.openid, one.subscribed) for one in both] == [(li.openid, True), (stranger.openid, False)]
    await ends.account.users.block([li.openid])
    assert (await ends.account.users.blocked()).openids == (li.openid,)
    await ends.account.users.unblock([li.openid])
    assert (await users.blocked()).openids == ()
    await refused(users.set_remark(stranger.openid, "张"), PersonGone, 43004)
    for call in (users.get("oNobody"), users.list("oNobody"), users.batch_get(["oNobody"])):
        await refused(call, PersonGone, 40003)
    await refused(users.block(["oNobody"]), PersonGone, 40003)
    await refused(users.unblock(["oNobody"]), PersonGone, 40003)
    await refused(ends.mini.users.blocked(), NotAllowed, 48001)


async def test_tags_are_made_given_and_taken(ends: Joined) -> None:
    tags, li = ends.account.tags, await ends.platform.follower("李建国")
    stranger = await ends.platform.person("张伟")
    tag, other = await ends.account.tags.create("职工"), await tags.create("会员")
    await ends.account.tags.tag(tag.id, [li.openid])

    assert await tags.create("职工") == replace(tag, count=1)  # the same again
    assert {one.name: one.count for one in await ends.account.tags.list()} == {
        "星标组": 0,
        "职工": 1,
        "会员": 0,
    }
    assert (await ends.account.tags.members(tag.id)).openids == (li.openid,)
    assert await ends.account.tags.of(li.openid) == (tag.id,)
    await ends.account.tags.update(other.id, "家属")
    await refused(tags.update(other.id, "职工"), OurMistake, 45157)
    await refused(tags.update(2, "星"), OurMistake, 45058)
    await refused(tags.tag(tag.id, ["oNobody"]), PersonGone, 49003)
    await refused(tags.tag(tag.id, [stranger.openid]), PersonGone, 50005)
    await refused(tags.of("oNobody"), PersonGone, 49003)
    await ends.account.tags.untag(tag.id, [li.openid])
    assert await tags.of(li.openid) == ()
    await ends.account.tags.delete(tag.id)
    await refused(tags.delete(tag.id), OurMistake, 45159)
    await refused(tags.untag(tag.id, [li.openid]), OurMistake, 45159)
    await refused(tags.members(tag.id), OurMistake, 45159)


async def test_codes_and_short_keys(ends: Joined) -> None:
    codes = ends.account.qrcodes
    code, lasting = await ends.account.qrcodes.create("act_7", 600), await codes.create(7, None)

    assert (code.expires_seconds, lasting.expires_seconds) == (600, None)
    assert isinstance(code, QrCode) and code.url.startswith("http")
    picture = await ends.http.get(ends.account.qrcodes.picture_url(code.ticket))
    assert picture.text.startswith("<svg")
    key = await ends.account.qrcodes.shorten("班组活动", 600)
    told = await ends.account.qrcodes.expand(key)
    assert told.data == "班组活动"
    assert 595 <= told.expires_seconds <= 600
    assert abs(told.created_at - ends.world.now()) < 60
    await ends.platform.moves_time(seconds=601)
    await refused(codes.expand(key), OurMistake, 9410012)
    await refused(ends.mini.qrcodes.create("act_7", 600), NotAllowed, 48001)
    await refused(ends.mini.qrcodes.shorten("a"), NotAllowed, 48001)


async def test_the_account_and_its_quotas(ends: Joined) -> None:
    base, path = ends.account.base, "/cgi-bin/tags/get"
    assert await ends.account.base.callback_ips() == await ends.account.base.api_ips() == ("127.0.0.1",)
    await ends.platform.ask("POST", "quota", {"path": path, "limit": 1})
    await ends.account.tags.list()
    spent = await ends.account.base.quota(path)
    error = await refused(ends.account.tags.list(), QuotaUsedUp, 45009)

    assert (spent.daily_limit, spent.used, spent.remain) == (1, 1, 0)
    assert isinstance(error, QuotaUsedUp)
    assert 0 < error.until.timestamp() - ends.world.now() <= 24 * 3600
    past = await ends.account.base.past_request(error.rid)
    assert (past.client_ip, past.query) == ("127.0.0.1", "access_token=***")
    assert '"errcode": 45009' in past.answer
    await ends.account.base.clear_quota_of(path)
    await ends.account.tags.list()
    await ends.account.base.clear_quota()
    for _ in range(9):
        await ends.account.base.clear_quota_by_secret()
    await refused(base.clear_quota(), QuotaUsedUp, 48006)
    await refused(base.clear_quota_by_secret(), QuotaUsedUp, 48006)
    await refused(base.quota("/sns/userinfo"), OurMistake, 76021)
    await refused(base.clear_quota_of("/wxa/getwxacode"), OurMistake, 76022)
    await refused(base.past_request("61725984-6126f6f9-040f19c4"), OurMistake, 76001)
    await refused(base.past_request("yesterday"), OurMistake, 76002)
    await refused(ends.mini.base.past_request(error.rid), OurMistake, 76003)


async def test_the_callback_is_looked_at_from_outside(ends: Joined) -> None:
    check = await ends.account.base.check_callback()
    only = await ends.mini.base.check_callback(CheckAction.DNS)

    assert check.dns == only.dns == (Resolved("127.0.0.1", "CAP"),)
    assert check.pings == (Ping("127.0.0.1", "CAP", "0%", check.pings[0].time),)
    assert only.pings == ()
    ends.world.config = replace(ends.world.config, service_url="")
    await refused(ends.account.base.check_callback(), OurMistake, 40201)


async def test_tickets_and_signed_pages(ends: Joined) -> None:
    url = "http://127.0.0.1:8000/portal/?from=menu#top"
    signed = (await ends.jssdk.sign(url)).to_config()
    other = await ends.account.tickets.get(TicketKind.CARD)

    said = await ends.platform.ask(
        "POST", "js-sdk/check", {**signed, "url": url, "jsApiList": ["scanQRCode"]}
    )
    moved = await ends.platform.ask(
        "POST", "js-sdk/check", {**signed, "url": f"{url}&a=1".replace("#top", "")}
    )

    assert (said["errMsg"], said["allowed"]) == ("config:ok", ["scanQRCode"])
    assert moved["errMsg"] == "config:invalid signature"
    assert await ends.jssdk.ticket() != other.value
    assert 0 < other.expires_seconds <= 7200
    await refused(ends.mini.tickets.get(), NotAllowed, 48001)


async def test_a_revoked_token_is_renewed_once(ends: Joined) -> None:
    await ends.account.tags.list()
    await ends.platform.misbehaves(revoke_token="/cgi-bin/tags/get")
    await ends.account.tags.list()
    assert await ends.made("/cgi-bin/tags/get") == [0, 40001, 0]

    await ends.platform.misbehaves(revoke_token={"path": "/cgi-bin/tags/get", "times": 2})
    error = await refused(ends.account.tags.list(), TryLater, 40001)
    assert isinstance(error, TryLater)
    assert error.retry_after_seconds == 60
    assert await ends.made("/cgi-bin/tags/get") == [0, 40001, 0, 40001, 40001]


async def test_a_wrong_secret_or_address_is_an_operators_matter(ends: Joined) -> None:
    await ends.platform.misbehaves(refuse_ip=1)
    await refused(ends.account.tags.list(), NotAllowed, 40164)
