"""The sandbox's subscription notices: consent that is counted, what is refused, and three events."""

import asyncio
import json
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.driver import Phone, Refusal
from sandbox.notices import subscriptions, templates
from tests.test_sandbox_api import CONFIG, Account, closed, opened

SEND, MINI_SEND = "/cgi-bin/message/subscribe/bizsend", "/cgi-bin/message/subscribe/send"
NEW = "/wxaapi/newtmpl"
ACCEPTED = {
    "character_string1": {"value": "FL-2026-0042"},
    "thing2": {"value": "劳动合同咨询"},
    "time3": {"value": "2026年11月28日 09:00"},
    "phrase4": {"value": "已受理"},
}
OUTAGE = {
    "thing1": {"value": "桥山街道"},
    "time2": {"value": "2026年11月28日 09:00"},
    "time3": {"value": "2026年11月28日 17:00"},
    "thing4": {"value": "线路检修"},
}
ONE_OFF, LONG_TERM = "业务受理通知", "停电通知"


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    opened_one = await opened(CONFIG)
    yield opened_one
    await closed(opened_one)


async def own(account: Account) -> dict[str, str]:
    """Title to id."""
    listed = (await account.call(f"{NEW}/gettemplate"))["data"]
    return {one["title"]: one["priTmplId"] for one in listed}


async def sends(account: Account, li: Phone, title: str = ONE_OFF, path: str = SEND, **changes: Any) -> int:
    data = OUTAGE if title == LONG_TERM else ACCEPTED
    template_id = (await own(account)).get(title, title)
    body = {"touser": li.openid, "template_id": template_id, "data": data, **changes}
    code = await account.code(path, body)
    await account.app.state.world.settle()
    return code


async def row(li: Phone, title: str = ONE_OFF) -> dict[str, Any]:
    return next(one for one in (await li.notices())["templates"] if one["title"] == title)


async def events(account: Account, kind: str) -> list[ET.Element]:
    """The pushes of one event, oldest first."""
    pushed = [one for one in await account.platform.exchanges() if one["kind"] == kind]
    return [ET.fromstring(one["request_xml"]) for one in reversed(pushed)]


async def test_one_accept_is_one_notice(account: Account) -> None:
    li = await account.platform.follower("李建国")

    before = await sends(account, li)
    await li.accepts(ONE_OFF)
    await li.accepts(ONE_OFF)
    codes = [await sends(account, li) for _ in range(3)]

    assert before == 43101
    assert codes == [0, 0, 43101]
    notices = [one for one in await li.reads() if one["type"] == "template"]
    assert len(notices) == 2
    assert notices[0]["text"].splitlines()[:2] == ["业务受理通知", "受理编号：FL-2026-0042"]


async def test_a_refusal_grants_nothing_and_takes_nothing_away(account: Account) -> None:
    li = await account.platform.follower("李建国")
    template_id = (await own(account))[ONE_OFF]

    await li.accepts(ONE_OFF)
    answers = await li.refuses_notices(ONE_OFF)

    assert answers == {template_id: "reject"}
    assert [await sends(account, li) for _ in range(2)] == [0, 43101]


async def test_a_long_term_template_is_accepted_once_for_good(account: Account) -> None:
    li = await account.platform.follower("李建国")

    assert await sends(account, li, LONG_TERM) == 43101
    await li.accepts(LONG_TERM)
    assert [await sends(account, li, LONG_TERM) for _ in range(3)] == [0, 0, 0]
    await li.switches(LONG_TERM, receive=False)
    assert await sends(account, li, LONG_TERM) == 43101
    await li.switches(LONG_TERM, receive=True)
    assert await sends(account, li, LONG_TERM) == 0


async def test_a_choice_kept_for_good_is_not_asked_again(account: Account) -> None:
    li = await account.platform.follower("李建国")
    wang = await account.platform.follower("王秀兰")

    await li.accepts(ONE_OFF, always=True)
    again = await li.refuses_notices(ONE_OFF)  # no popup: what was kept holds
    await wang.refuses_notices(ONE_OFF, always=True)
    never = await wang.accepts(ONE_OFF)

    assert list(again.values()) == ["accept"]
    assert list(never.values()) == ["reject"]
    assert (await row(li))["left"] == 2
    assert (await row(wang))["left"] == 0
    assert len(await events(account, "subscribe_msg_popup_event")) == 2
    assert await sends(account, wang) == 43101


async def test_what_was_kept_needs_no_answer_and_what_was_not_does(account: Account) -> None:
    li = await account.platform.follower("李建国")
    await li.accepts(ONE_OFF, always=True)

    async def popup(*named: str) -> Any:
        return await account.platform.ask("POST", f"people/{li.openid}/subscribe", {"templates": list(named)})

    assert (await popup(ONE_OFF))["popup"] is False
    with pytest.raises(Refusal, match="停电通知"):
        await popup(ONE_OFF, LONG_TERM)


async def test_the_popup_is_told_as_wechat_writes_it(account: Account) -> None:
    li = await account.platform.follower("李建国")
    ids = await own(account)
    body = {"templates": [ONE_OFF, ids[LONG_TERM]], "accept": {ONE_OFF: True}, "scene": 1}

    done = await account.platform.ask("POST", f"people/{li.openid}/subscribe?wait=true", body)

    assert done["answers"] == {ids[ONE_OFF]: "accept", ids[LONG_TERM]: "reject"}
    (pushed,) = await events(account, "subscribe_msg_popup_event")
    assert pushed.findtext("FromUserName") == li.openid
    told = [[(part.tag, part.text) for part in one] for one in pushed.findall("SubscribeMsgPopupEvent/List")]
    assert told == [
        [("TemplateId", ids[ONE_OFF]), ("SubscribeStatusString", "accept"), ("PopupScene", "1")],
        [("TemplateId", ids[LONG_TERM]), ("SubscribeStatusString", "reject"), ("PopupScene", "1")],
    ]


async def test_of_the_settings_only_a_refusal_is_told(account: Account) -> None:
    li = await account.platform.follower("李建国")

    await li.switches(ONE_OFF, receive=True)
    for _ in range(2):
        await li.switches(ONE_OFF, receive=False)
    await li.switches(ONE_OFF, receive=True)

    (pushed,) = await events(account, "subscribe_msg_change_event")
    (told,) = pushed.findall("SubscribeMsgChangeEvent/List")
    assert [(part.tag, part.text) for part in told] == [
        ("TemplateId", (await own(account))[ONE_OFF]),
        ("SubscribeStatusString", "reject"),
    ]


async def test_the_outcome_of_a_notice_is_told(account: Account) -> None:
    li = await account.platform.follower("李建国")
    await li.accepts(ONE_OFF)
    await li.accepts(ONE_OFF)
    await sends(account, li)
    await account.platform.ask("POST", f"people/{li.openid}/refuses", {"value": True})
    await sends(account, li)

    good, bad = await events(account, "subscribe_msg_sent_event")
    told = {part.tag: part.text for part in good.findall("SubscribeMsgSentEvent/List/*")}
    assert (told.pop("MsgID") or "").isdecimal()
    assert told == {
        "TemplateId": (await own(account))[ONE_OFF],
        "ErrorCode": "0",
        "ErrorStatus": "success",
    }
    assert bad.findtext("SubscribeMsgSentEvent/List/ErrorCode") == "48002"
    assert len([one for one in await li.reads() if one["type"] == "template"]) == 1


async def test_who_does_not_follow_reads_it_in_service_notices(account: Account) -> None:
    zhang = await account.platform.person("张伟")
    await zhang.accepts(ONE_OFF)

    assert await sends(account, zhang, page="https://gonghui.example.com/cases/7") == 0

    (notice,) = (await zhang.notices())["service"]
    assert (notice["from"], notice["content"]["title"]) == ("黄陵供电工会", ONE_OFF)
    assert notice["content"]["url"] == "https://gonghui.example.com/cases/7"
    assert await zhang.reads() == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"touser": "oNobody"}, 40003),
        ({"touser": None}, 40003),
        ({"template_id": ""}, 40036),
        ({"template_id": "unknown"}, 40037),
        ({"page": "pages/index"}, 40039),
        ({"miniprogram": {"appid": "nope", "pagepath": "pages/index"}}, 40013),
        ({"data": {}}, 47003),
        ({"data": {**ACCEPTED, "phrase4": {"value": "ok"}}}, 47003),
        ({"data": {**ACCEPTED, "thing2": {"value": "代开发票"}}}, 45168),
    ],
)
async def test_a_refused_notice_uses_nothing_up(account: Account, changes: dict[str, Any], code: int) -> None:
    li = await account.platform.follower("李建国")
    await li.accepts(ONE_OFF)

    assert await sends(account, li, **changes) == code
    assert (await row(li))["left"] == 1
    assert await sends(account, li) == 0


async def test_the_same_client_msg_id_is_one_notice_for_ten_minutes(account: Account) -> None:
    li = await account.platform.follower("李建国")
    await li.accepts(ONE_OFF)

    codes = [await sends(account, li, client_msg_id="outbox-7") for _ in range(2)]
    other = await sends(account, li, client_msg_id="outbox-8")
    await account.platform.moves_time(seconds=601)
    late = await sends(account, li, client_msg_id="outbox-7")

    assert codes == [0, 0]
    assert (other, late) == (43101, 43101)
    assert len([one for one in await li.reads() if one["type"] == "template"]) == 1


async def test_two_at_once_to_one_person_are_refused_but_not_to_two(account: Account) -> None:
    li = await account.platform.follower("李建国")
    wang = await account.platform.follower("王秀兰")
    for phone in (li, wang):
        await phone.accepts(ONE_OFF)
        await phone.accepts(ONE_OFF)
    template_id = (await own(account))[ONE_OFF]

    async def code(phone: Phone) -> int:
        body = {"touser": phone.openid, "template_id": template_id, "data": ACCEPTED}
        return await account.code(SEND, body)

    assert sorted(await asyncio.gather(code(li), code(li), code(wang))) == [0, 0, 43108]
    assert (await row(li))["left"] == 1
    assert await code(li) == 0


async def test_a_ban_stops_notices_and_popups_until_it_is_lifted(account: Account) -> None:
    li = await account.platform.follower("李建国")
    await li.accepts(ONE_OFF)

    async def restrict(template: str, how: str) -> None:
        await account.platform.ask("POST", "templates/restrict", {"template": template, "how": how})

    for template in (ONE_OFF, "*"):
        await restrict(template, "banned")
        assert await sends(account, li) == 43107
        assert list((await li.accepts(ONE_OFF)).values()) == ["ban"]
        await restrict(template, "")
    assert await sends(account, li) == 0
    assert len(await events(account, "subscribe_msg_popup_event")) == 1


async def test_a_ban_holds_for_its_own_app(account: Account) -> None:
    li = await account.platform.follower("李建国")
    await li.accepts(ONE_OFF)

    ban = {"template": "*", "app_id": "wxmini", "how": "banned"}
    await account.platform.ask("POST", "templates/restrict", ban)

    assert await sends(account, li) == 0


async def test_grants_are_kept_apart_for_each_app(account: Account) -> None:
    world = account.app.state.world
    li = await account.platform.follower("李建国")
    template = templates.find(world, CONFIG.app_id, templates.SUBSCRIBE, (await own(account))[ONE_OFF])

    subscriptions.answer(world, "wxmini", li.openid, template, True, always=False)

    assert await sends(account, li) == 43101
    assert subscriptions.of(world, "wxmini", li.openid, template["id"])["left"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {"templates": [], "accept": True},
        {"templates": ["没有这个"], "accept": True},
        {"templates": ["业务受理通知", "处理进度提醒", "活动开始提醒", "停电通知"], "accept": True},
        {"templates": 7, "accept": True},
        {"templates": ["业务受理通知"], "accept": "yes"},
        {"templates": ["业务受理通知"], "accept": True, "scene": "H5"},
        {"templates": ["业务受理通知"]},
    ],
)
async def test_a_popup_that_cannot_be_is_refused(account: Account, body: dict[str, Any]) -> None:
    li = await account.platform.follower("李建国")

    with pytest.raises(Refusal):
        await account.platform.ask("POST", f"people/{li.openid}/subscribe", body)
    assert await events(account, "subscribe_msg_popup_event") == []


async def test_a_setting_says_which_template_and_what(account: Account) -> None:
    for body in ({"template": "停电通知"}, {"template": "没有这个", "receive": False}):
        with pytest.raises(Refusal):
            await account.platform.ask("POST", "people/李建国/notice-setting", body)


async def test_the_library_is_read_page_by_page(account: Account) -> None:
    categories = (await account.call(f"{NEW}/getcategory"))["data"]
    ids = ",".join(str(one["id"]) for one in categories)

    async def titles(**query: Any) -> dict[str, Any]:
        return await account.call(f"{NEW}/getpubtemplatetitles", **query)

    whole = await titles(ids=ids, start=0, limit=30)
    page = await titles(ids=ids, start=2, limit=2)
    power = await titles(ids=634, start=0, limit=30)

    assert [one["name"] for one in categories] == ["政务服务", "电力", "公益"]
    assert whole["count"] == len(whole["data"]) == page["count"]
    assert page["data"] == whole["data"][2:4]
    assert {one["categoryId"] for one in power["data"]} == {"634"}
    assert {one["title"]: one["type"] for one in power["data"]}["停电通知"] == 3
    for query, code in (
        ({"ids": ids, "start": -1, "limit": 2}, 200016),
        ({"ids": ids, "limit": 2}, 200016),
        ({"ids": ids, "start": 0, "limit": 31}, 200017),
        ({"ids": ids, "start": 0, "limit": 0}, 200017),
        ({"start": 0, "limit": 2}, 200018),
        ({"ids": "1,x", "start": 0, "limit": 2}, 200019),
    ):
        assert (await titles(**query))["errcode"] == code, query


async def test_keywords_of_a_title_are_read(account: Account) -> None:
    found = await account.call(f"{NEW}/getpubtemplatekeywords", tid=1012)

    assert found["count"] == len(found["data"])
    assert found["data"][2] == {"kid": 3, "name": "进度", "example": "处理中", "rule": "phrase"}
    assert await account.code(f"{NEW}/getpubtemplatekeywords", tid=1) == 200014


async def test_a_template_is_made_listed_and_deleted_with_its_grants(account: Account) -> None:
    li = await account.platform.follower("李建国")
    body = {"tid": 1012, "kidList": [5, 1], "sceneDesc": "办理事项有进展时"}

    made = (await account.call(f"{NEW}/addtemplate", body))["priTmplId"]
    listed = next(
        one for one in (await account.call(f"{NEW}/gettemplate"))["data"] if one["priTmplId"] == made
    )
    await li.accepts(made)

    assert listed["content"] == "处理状态:{{enum5.DATA}}\n编号:{{character_string1.DATA}}"
    assert listed["type"] == 2
    assert listed["keywordEnumValueList"] == [
        {"keywordCode": "enum5.DATA", "enumValueList": ["待受理", "处理中", "已办结"]}
    ]
    data = {"enum5": {"value": "办完了"}, "character_string1": {"value": "FL-1"}}
    assert await sends(account, li, made, data=data) == 47003
    assert await sends(account, li, made, data={**data, "enum5": {"value": "已办结"}}) == 0
    codes = [await account.code(f"{NEW}/deltemplate", {"priTmplId": made}) for _ in range(2)]
    assert codes == [0, 40037]
    assert await sends(account, li, made, data=data) == 40037


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tid": 7}, 200014),
        ({"tid": None}, 200014),
        ({"kidList": [1]}, 200020),
        ({"kidList": [1, 2, 3, 4, 5, 6]}, 200020),
        ({"kidList": [1, 1]}, 200020),
        ({"kidList": [1, 99]}, 200020),
        ({"kidList": "1,2"}, 200020),
        ({"sceneDesc": "字" * 16}, 200021),
        ({"sceneDesc": 7}, 200021),
    ],
)
async def test_a_wrong_template_is_not_made(account: Account, changes: dict[str, Any], code: int) -> None:
    body = {"tid": "1014", "kidList": [1, 2], "sceneDesc": "字" * 15, **changes}

    assert await account.code(f"{NEW}/addtemplate", body) == code


async def test_the_same_template_is_made_once_and_25_are_all(account: Account) -> None:
    async def add(tid: int, *kids: int) -> int:
        return await account.code(f"{NEW}/addtemplate", {"tid": tid, "kidList": kids})

    assert [await add(1014, 1, 2), await add(1014, 1, 2), await add(1014, 2, 1)] == [0, 200022, 0]
    pairs = [(first, second) for first in range(1, 7) for second in range(1, 7) if first != second]
    room = 25 - len(await own_ids(account))
    assert [await add(2011, *pair) for pair in pairs[:room]] == [0] * room
    assert await add(2011, *pairs[room]) == 200012


async def own_ids(account: Account) -> list[str]:
    return [one["priTmplId"] for one in (await account.call(f"{NEW}/gettemplate"))["data"]]


async def test_what_is_banned_is_not_chosen(account: Account) -> None:
    body = {"tid": 1014, "kidList": [1, 2]}
    for template, code in (("1014", 200013), ("*", 200011)):
        await account.platform.ask("POST", "templates/restrict", {"template": template, "how": "banned"})
        assert await account.code(f"{NEW}/addtemplate", body) == code


async def test_a_reset_forgets_grants_and_keeps_the_ids_of_the_first_templates(account: Account) -> None:
    li = await account.platform.follower("李建国")
    before = await own(account)
    await li.accepts(ONE_OFF, always=True)

    await account.platform.reset()
    account.token = (await account.fresh_token())["access_token"]

    assert await own(account) == before
    assert (await row(li))["kept"] == ""
    assert json.dumps(await li.notices(), ensure_ascii=False).count(ONE_OFF) == 1
