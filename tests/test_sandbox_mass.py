"""The sandbox's mass sending: what is refused, who gets it, how it ends, what a stop in the middle leaves."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from sandbox.app import create_app
from sandbox.config import SUBSCRIPTION, UNVERIFIED
from sandbox.driver import Phone, Platform
from sandbox.mass import outcomes
from sandbox.misbehaving.wishes import MASS_STATUSES
from sandbox.world import World
from tests.running import until
from tests.test_sandbox_api import CONFIG, Account, closed, opened
from tests.test_sandbox_callback import CONFIG as SEALED
from tests.test_sandbox_callback import Service, echo

MASS = "/cgi-bin/message/mass"
ALL = {"is_to_all": True}
ENDINGS = [*(f"err({code})" for code in (10001, 20001, 20002, 20004, 20006, 20008, 20013, 21000, 22000))]
ENDINGS += ["send fail", "err(30001)", "err(30002)", "err(30003)", "err(40001)", "err(40002)"]


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    opened_one = await opened(CONFIG)
    yield opened_one
    await closed(opened_one)


def world_of(account: Account) -> World:
    world: World = account.app.state.world
    return world


async def followers(account: Account, *names: str) -> list[Phone]:
    return [await account.platform.follower(name) for name in names]


async def to(account: Account, *phones: Phone, text: str = "停电通知", **changes: Any) -> dict[str, Any]:
    body = {"touser": [one.openid for one in phones], "msgtype": "text", "text": {"content": text}}
    return await account.call(f"{MASS}/send", body | changes)


async def to_filter(account: Account, chosen: Any, text: str = "通知", **changes: Any) -> dict[str, Any]:
    body = {"filter": chosen, "msgtype": "text", "text": {"content": text}, **changes}
    return await account.call(f"{MASS}/sendall", body)


async def tagged(account: Account, name: str, *phones: Phone) -> int:
    tag = (await account.call("/cgi-bin/tags/create", {"tag": {"name": name}}))["tag"]["id"]
    if phones:
        body = {"openid_list": [one.openid for one in phones], "tagid": tag}
        assert await account.code("/cgi-bin/tags/members/batchtagging", body) == 0
    return int(tag)


async def events(account: Account) -> list[dict[str, str]]:
    """MASSSENDJOBFINISH, oldest first: the fields at the top."""
    await world_of(account).settle()
    pushed = reversed(await account.platform.exchanges())
    found = [
        ElementTree.fromstring(one["request_xml"]) for one in pushed if one["kind"] == "MASSSENDJOBFINISH"
    ]
    return [{field.tag: field.text or "" for field in one} for one in found]


def counts(event: dict[str, str]) -> tuple[int, ...]:
    return tuple(int(event[f"{name}Count"]) for name in ("Total", "Filter", "Sent", "Error"))


async def texts(phone: Phone) -> list[str]:
    return [one["text"] for one in await phone.reads() if one["content"] != "" and one["direction"] == "in"]


async def test_a_text_reaches_those_of_a_tag_who_do_not_refuse_and_is_counted_exactly(
    account: Account,
) -> None:
    li, wang, zhang, chen = await followers(account, "李建国", "王秀兰", "张伟", "陈静")
    await followers(account, "刘洋")
    tag = await tagged(account, "职工", li, wang, zhang, chen)
    await account.platform.ask("POST", f"people/{wang.openid}/refuses", {"value": True})
    await account.call("/cgi-bin/tags/members/batchblacklist", {"openid_list": [zhang.openid]})

    answer = await to_filter(account, {"is_to_all": False, "tag_id": tag}, '<a href="https://a.cn/">看</a>')
    (event,) = await events(account)

    assert (answer["errcode"], answer["errmsg"]) == (0, "send job submission success")
    assert "msg_data_id" not in answer
    assert [len(await texts(one)) for one in (li, chen, wang, zhang)] == [1, 1, 0, 0]
    (came,) = [one for one in await li.reads() if one["direction"] == "in"]
    assert came["segments"] == [{"text": "看", "url": "https://a.cn/"}]
    assert (event["MsgID"], event["Status"]) == (str(answer["msg_id"]), "send success")
    assert counts(event) == (4, 2, 2, 0)
    told = await account.call(f"{MASS}/get", {"msg_id": str(answer["msg_id"])})
    assert told == {"msg_id": answer["msg_id"], "msg_status": "SEND_SUCCESS"}
    assert await account.code(f"{MASS}/get", {"msg_id": "7"}) == 40059


async def test_the_result_is_pushed_signed_and_sealed_by_a_helper_who_is_no_follower() -> None:
    service = Service(echo)
    far = Starlette(routes=[Route("/wechat/callback", service.answer, methods=["POST"])])
    app = create_app(SEALED, httpx.ASGITransport(far))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as http:
        account = Account(http, Platform(http), app)
        account.token = (await account.fresh_token())["access_token"]
        await to(account, *await followers(account, "李建国", "王秀兰"))
        await app.state.world.settle()
        known = [one["openid"] for one in await account.platform.ask("GET", "people")]
    await app.state.world.close()

    pushed = service.pushes[-1]  # the service opened it: signature and cipher held
    assert pushed.findtext("Event") == "MASSSENDJOBFINISH"
    assert pushed.findtext("FromUserName") not in known
    assert pushed.findtext("CopyrightCheckResult/Count") == pushed.findtext("ArticleUrlResult/Count") == "0"
    assert "msg_signature" in service.requests[-1][0]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"touser": None}, 40031),
        ({"touser": ["", "o"]}, 40031),
        ({"touser": ["oOne"]}, 40130),
        ({"touser": ["oOne", "oOne"]}, 40130),
        ({"touser": ["oOne", "oTwo"]}, 40003),
        ({"touser": ["o"] + ["oX"] * 10_000}, 40032),
        ({"msgtype": "wxcard", "wxcard": {"card_id": "c"}}, 45113),
        ({"msgtype": "music", "music": {}}, 40008),
        ({"msgtype": "image", "image": {"media_id": "m"}}, 44004),
        ({"msgtype": "image", "images": {"media_ids": []}}, 40215),
        ({"msgtype": "image", "images": {"media_ids": ["gone"]}}, 40007),
        ({"msgtype": "voice", "voice": {"media_id": "gone"}}, 40007),
        ({"text": {"content": ""}}, 44004),
        ({"clientmsgid": "键" * 11}, 45067),
        ({"send_ignore_reprint": 2}, 47001),
    ],
)
async def test_what_an_order_is_refused_for(account: Account, changes: dict[str, Any], code: int) -> None:
    li, wang = await followers(account, "李建国", "王秀兰")

    assert (await to(account, li, wang, **changes))["errcode"] == code
    assert await events(account) == []
    assert await texts(li) == []


async def test_a_tag_must_exist_and_a_message_must_be_chosen_for_somebody(account: Account) -> None:
    for chosen in (None, {}, {"tag_id": 999}, {"is_to_all": False, "tag_id": True}):
        assert (await to_filter(account, chosen))["errcode"] == 40152
    assert (await to_filter(account, {"is_to_all": False, "tag_id": 2}))["errcode"] == 0
    (nobody,) = await events(account)
    assert counts(nobody) == (0, 0, 0, 0)


async def test_a_fifth_message_in_a_month_is_filtered_for_that_person_and_the_next_month_begins_anew(
    account: Account,
) -> None:
    li, wang = await followers(account, "李建国", "王秀兰")
    (zhang,) = await followers(account, "张伟")
    for text in ("一", "二", "三"):
        await to(account, li, wang, text=text)
    await account.platform.ask("POST", "mass/console", {"text": "四"})  # from the account's own console
    await events(account)

    await asyncio.gather(*(to(account, li, zhang, text=text) for text in ("五", "六")))

    told = [counts(one) for one in await events(account)]
    assert told == [(2, 2, 2, 0)] * 3 + [(3, 3, 3, 0)] + [(2, 1, 1, 0)] * 2
    assert await texts(li) == ["一", "二", "三", "四"]
    assert sorted(await texts(zhang)) == ["五", "六", "四"]
    await account.platform.moves_time(hours=31 * 24)
    account.token = (await account.fresh_token())["access_token"]
    await to(account, li, wang, text="下个月")
    assert counts((await events(account))[-1]) == (2, 2, 2, 0)


async def test_everybody_is_reached_once_a_day_and_four_times_a_month(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    await followers(account, "李建国", "王秀兰")
    world, first = world_of(account), 1_793_491_200.0  # 1 November 2026, 08:00 in Shanghai
    answers = []
    for day in range(6):
        monkeypatch.setattr(world.clock, "_offset", first + day * 86_400 - time.time())
        account.token = (await account.fresh_token())["access_token"]
        answers += [(await to_filter(account, ALL, f"第{day}天{n}"))["errcode"] for n in range(2)]
        await events(account)
    tag = await tagged(account, "职工")

    assert answers == [0, 45028] * 4 + [45028] * 4
    assert (await to_filter(account, {"tag_id": tag}))["errcode"] == 0  # by tag as often as one likes


async def test_what_failed_uses_nothing_up(account: Account) -> None:
    (li,) = await followers(account, "李建国")
    await account.platform.misbehaves(mass_result={"status": "send fail", "times": 5})
    answers = []
    for number in range(5):
        answers.append((await to_filter(account, ALL, f"第{number}次"))["errcode"])
        await events(account)

    assert answers == [0] * 5
    assert [counts(one) for one in await events(account)] == [(1, 1, 0, 1)] * 5
    assert await texts(li) == []
    assert (await to_filter(account, ALL, "成了"))["errcode"] == 0
    await events(account)
    assert await texts(li) == ["成了"]


async def test_a_subscription_account_sends_once_a_day_and_to_no_list() -> None:
    account = await opened(replace(CONFIG, kind=SUBSCRIPTION))
    li, wang = await followers(account, "李建国", "王秀兰")
    tag = await tagged(account, "职工", li)

    assert (await to(account, li, wang))["errcode"] == 48001
    assert (await to_filter(account, {"tag_id": tag}))["errcode"] == 0
    await events(account)
    assert (await to_filter(account, ALL))["errcode"] == 45028
    await account.platform.moves_time(hours=24)
    account.token = (await account.fresh_token())["access_token"]
    assert (await to_filter(account, ALL))["errcode"] == 0
    await closed(account)


async def test_rights_are_asked_for_first(account: Account) -> None:
    await account.platform.ask("POST", "mass", {"agreement": False})
    assert await account.code(f"{MASS}/speed/get", {}) == 48003
    other = await opened(replace(CONFIG, kind=UNVERIFIED))
    assert await other.code(f"{MASS}/preview", {}) == 48001
    await closed(other)


async def test_the_same_order_again_is_not_sent_again_for_24_hours(account: Account) -> None:
    li, wang = await followers(account, "李建国", "王秀兰")
    first = await to(account, li, wang, clientmsgid="campaign-7")
    soon = await to(account, li, wang, clientmsgid="campaign-7", text="别的话")
    unnamed = [(await to(account, li, wang, text="没有编号")).get("errcode") for _ in range(2)]
    await account.platform.moves_time(seconds=61)
    later = await to(account, li, wang, clientmsgid="campaign-7", msgtype="voice")
    await account.platform.moves_time(hours=24)
    account.token = (await account.fresh_token())["access_token"]
    next_day = await to(account, li, wang, clientmsgid="campaign-7")

    assert (first["errcode"], soon["errcode"], later["errcode"]) == (0, 45066, 45065)
    assert later["msg_id"] == first["msg_id"]
    assert "msg_id" not in soon
    assert unnamed == [0, 45066]  # a key of content and receivers
    assert next_day["errcode"] == 0
    assert len(await events(account)) == 3


@pytest.mark.parametrize("ending", ENDINGS)
async def test_every_bad_end_is_told_and_nobody_reads_it(account: Account, ending: str) -> None:
    li, wang = await followers(account, "李建国", "王秀兰")
    await account.platform.misbehaves(mass_result=ending)
    answer = await to(account, li, wang)
    (event,) = await events(account)

    assert (event["Status"], counts(event)) == (ending, (2, 2, 0, 2))
    assert await texts(li) == []
    assert (await account.call(f"{MASS}/get", {"msg_id": answer["msg_id"]}))["msg_status"] == "SEND_FAIL"


async def test_some_may_fail_in_a_success_and_who_leaves_meanwhile_is_one_of_them(account: Account) -> None:
    phones = await followers(account, "李建国", "王秀兰", "张伟", "陈静", "刘洋")
    await account.platform.misbehaves(mass_result={"status": "send success", "failed": 2})
    await to(account, *phones)
    (event,) = await events(account)

    assert (event["Status"], counts(event)) == ("send success", (5, 5, 3, 2))
    assert sorted([len(await texts(one)) for one in phones]) == [0, 0, 1, 1, 1]
    assert set(MASS_STATUSES) == {outcomes.SUCCESS, *ENDINGS}

    last = max(phones, key=lambda one: one.openid)
    world = world_of(account)
    world.config = replace(world.config, mass_batch=1)
    before = len(await texts(last))
    await to(account, *phones, text="第二条")
    await last.leaves()
    assert counts((await events(account))[-1]) == (5, 5, 4, 1)
    assert len(await texts(last)) == before


async def test_a_message_to_all_waits_for_the_admin_where_that_is_switched_on(account: Account) -> None:
    li, wang = await followers(account, "李建国", "王秀兰")
    await account.platform.ask("POST", "mass", {"protection": True})
    asked = await to_filter(account, ALL, "管理员不理", clientmsgid="a")
    again = await to_filter(account, ALL, "管理员不理", clientmsgid="a")
    other = await to_filter(account, ALL, "另一条", clientmsgid="b")
    waiting = await account.call(f"{MASS}/get", {"msg_id": asked["msg_id"]})

    assert (asked["errcode"], again["errcode"], other["errcode"]) == (89505, 89504, 89504)
    assert again["msg_id"] == asked["msg_id"]
    assert "msg_id" not in other
    assert waiting["msg_status"] == "SENDING"
    assert await events(account) == []
    await account.platform.moves_time(seconds=30 * 60)  # silence
    await events(account)
    refused = await to_filter(account, ALL, "管理员拒绝")
    await account.platform.ask("POST", "mass/answer", {"allow": False})
    await events(account)
    allowed = await to_filter(account, ALL, "管理员同意")
    await account.platform.ask("POST", "mass/answer", {"allow": True})
    told = {one["MsgID"]: one["Status"] for one in await events(account)}
    assert told == {
        str(asked["msg_id"]): "err(40002)",
        str(refused["msg_id"]): "err(40001)",
        str(allowed["msg_id"]): "send success",
    }
    assert await texts(li) == ["管理员同意"]
    assert (await to(account, li, wang))["errcode"] == 0  # a list asks nobody


async def test_a_preview_goes_to_one_person_at_once_and_counts_nowhere(account: Account) -> None:
    li, _ = await followers(account, "李建国", "王秀兰")
    stranger = await account.platform.person("张伟")
    people = {one["name"]: one for one in await account.platform.ask("GET", "people")}
    picture = (await account.uploads("image", "a.png"))["media_id"]
    look: dict[str, Any] = {"msgtype": "text", "text": {"content": "看看"}}
    codes = [
        await account.code(f"{MASS}/preview", body)
        for body in (
            {"touser": li.openid, **look},
            {"towxname": people["李建国"]["wechat_id"], "msgtype": "image", "image": {"media_id": picture}},
            {"towxname": "wxid_nobody", **look},
            {"towxname": "' or 1=1", **look},
            {"touser": stranger.openid, **look},
            {"towxname": people["张伟"]["wechat_id"], **look},
            {"touser": "oNobody", **look},
            {"touser": li.openid, "msgtype": "wxcard", "wxcard": {}},
        )
    ]

    assert codes == [0, 0, 40003, 40003, 43004, 43004, 40003, 45113]
    assert await texts(li) == ["看看", "[图片]"]
    assert await events(account) == []
    await account.platform.ask("POST", "quota", {"path": f"{MASS}/preview by towxname", "limit": 4})
    name = {"towxname": people["李建国"]["wechat_id"], **look}
    assert await account.code(f"{MASS}/preview", name) == 45009


async def test_pictures_voice_and_video_look_as_sent_and_a_deleted_video_is_gone(account: Account) -> None:
    li, wang = await followers(account, "李建国", "王秀兰")
    pictures = [(await account.uploads("image", f"{n}.png"))["media_id"] for n in range(2)]
    voice = (await account.uploads("voice", "a.mp3"))["media_id"]
    video = (await account.uploads("video", "a.mp4"))["media_id"]
    bodies: list[dict[str, Any]] = [
        {"msgtype": "image", "images": {"media_ids": pictures[:1]}},
        {"msgtype": "image", "images": {"media_ids": pictures, "recommend": "健步走剪影"}},
        {"msgtype": "voice", "voice": {"media_id": voice}},
        {"msgtype": "mpvideo", "mpvideo": {"media_id": video, "title": "触电急救"}},
    ]
    sent = [await to(account, li, wang, **body) for body in bodies]
    await events(account)
    came = [one for one in await li.reads() if one["direction"] == "in"]

    assert [one["type"] for one in came] == ["image", "pictures", "voice", "video"]
    assert came[1]["media_urls"] == [f"/sandbox/media/{one}" for one in pictures]
    assert (came[1]["text"], came[3]["text"], came[3]["media_gone"]) == ("健步走剪影", "触电急救", False)
    delete, text, film = f"{MASS}/delete", sent[2]["msg_id"], sent[3]["msg_id"]
    codes = [await account.code(delete, {"msg_id": one}) for one in (text, 7, film, film)]
    assert codes == [40204, 40059, 0, 40065]
    assert (await li.reads())[-1]["media_gone"]
    assert (await account.call(f"{MASS}/get", {"msg_id": film}))["msg_status"] == "DELETE"


async def test_the_speed_is_kept_and_calls_are_counted_together(account: Account) -> None:
    speed = f"{MASS}/speed"
    assert (await account.call(f"{speed}/get", {}))["realspeed"] == 80
    codes = [await account.code(f"{speed}/set", body) for body in ({"speed": 3}, {"speed": 5}, {"x": 1})]
    assert codes == [0, 45083, 45084]
    slower = await account.call(f"{speed}/get", {})
    assert (slower["speed"], slower["realspeed"]) == (3, 30)
    await account.platform.ask("POST", "quota", {"path": f"{MASS}/sendall", "in_span": 6})
    assert await account.code(f"{MASS}/get", {"msg_id": 1}) == 40059
    assert await account.code(f"{MASS}/get", {"msg_id": 1}) == 45011
    assert (await account.platform.ask("POST", "quota", {"path": f"{MASS}/send"}))["daily_limit"] == 100


@asynccontextmanager
async def running(state: Path, **changes: Any) -> AsyncIterator[Account]:
    """As `python -m sandbox` opens it: what was begun goes on."""
    account = await opened(replace(CONFIG, state=str(state), **changes))
    async with account.app.router.lifespan_context(account.app):
        yield account


async def test_a_kill_in_the_middle_loses_nobody_and_sends_to_nobody_twice(tmp_path: Path) -> None:
    names = [f"职工{number}" for number in range(12)]
    killed = tmp_path / "killed.db"
    async with running(tmp_path / "state.db", mass_batch=3, mass_pause=600) as account:
        phones = await followers(account, *names)
        answer = await to(account, *phones, clientmsgid="once")
        await until(lambda: world_of(account).db.count("select count(*) from message") == 3)
        for end in ("", "-wal"):  # what lies on the disk at this moment is what a kill leaves
            shutil.copy(f"{tmp_path}/state.db{end}", f"{killed}{end}")

    async with running(killed) as account:
        (event,) = await events(account)
        again = await to(account, *phones, clientmsgid="once")

        assert [await texts(Phone(account.platform, one.name, one.openid)) for one in phones] == [
            ["停电通知"]
        ] * 12
        assert (event["MsgID"], counts(event)) == (str(answer["msg_id"]), (12, 12, 12, 0))
        assert again["errcode"] == 45066


async def test_a_hundred_thousand_are_reached_quickly(account: Account) -> None:
    db = world_of(account).db
    await account.platform.ask("POST", "crowd", {"count": 60_000})
    await account.platform.ask("POST", "crowd", {"count": 40_000, "wrote": True})
    began = time.process_time()
    await to_filter(account, ALL, "全体职工")
    (event,) = await events(account)
    took = time.process_time() - began

    assert counts(event) == (100_000, 100_000, 100_000, 0)
    assert db.count("select count(distinct openid) from message") == 100_000
    assert await account.sends("oCrowd0000000000000000100000") == 0
    assert "oCrowd" not in str(await account.platform.ask("GET", "state"))
    pages, after = [], ""
    while page := (await account.call("/cgi-bin/user/get", next_openid=after)).get("data"):
        pages += page["openid"]
        after = pages[-1]
    assert len(set(pages)) == 100_000
    assert took < 10, took
