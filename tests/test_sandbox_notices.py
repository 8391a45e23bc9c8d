"""The sandbox's template messages: their templates, what is refused, and what is told afterwards."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from sandbox.notices.fields import KINDS, filled
from sandbox.notices.library import TITLES
from tests.miniprogram_sandbox import MINI as BOUND
from tests.test_sandbox_api import CONFIG, Account, closed, opened

SEND, ADD = "/cgi-bin/message/template/send", "/cgi-bin/template/api_add_template"
LIST, DELETE = "/cgi-bin/template/get_all_private_template", "/cgi-bin/template/del_private_template"
BLOCKED = "/wxa/sec/queryblocktmplmsg"
WALK = {
    "thing1": {"value": "秋季健步走"},
    "time2": {"value": "2026年11月28日 09:00"},
    "thing3": {"value": "职工活动中心"},
}
MINI = "wx0123456789abcdef"


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    opened_one = await opened(CONFIG)
    yield opened_one
    await closed(opened_one)


async def own(account: Account, title: str) -> dict[str, Any]:
    """The account's newest template of this title."""
    found = (await account.call(LIST))["template_list"]
    return dict([one for one in found if one["title"] == title][-1])


async def sent(account: Account, openid: str, **changes: Any) -> dict[str, Any]:
    template_id = (await own(account, "活动开始提醒"))["template_id"]
    body = {"touser": openid, "template_id": template_id, "data": WALK, **changes}
    return await account.call(SEND, body)


async def results(account: Account) -> list[str]:
    """The pushes of TEMPLATESENDJOBFINISH, oldest first."""
    await account.app.state.world.settle()
    pushed = await account.platform.exchanges()
    return [one["request_xml"] for one in reversed(pushed) if one["kind"] == "TEMPLATESENDJOBFINISH"]


async def test_a_template_is_chosen_from_the_library_used_and_deleted(account: Account) -> None:
    names = ["预约时间", "预约项目", "联系电话"]
    made = await account.call(ADD, {"template_id_short": "1014", "keyword_name_list": names})
    li = await account.platform.follower("李建国")
    template = await own(account, "预约成功通知")
    data = {
        "time2": {"value": "2026年11月28日 09:00"},
        "thing1": {"value": "律师面谈"},
        "phone_number5": {"value": "0911-5212345"},
    }

    answer = await account.call(SEND, {"touser": li.openid, "template_id": made["template_id"], "data": data})
    await account.app.state.world.settle()

    assert made["template_id"] == template["template_id"]
    assert template["content"] == (
        "预约时间:{{time2.DATA}}\n预约项目:{{thing1.DATA}}\n联系电话:{{phone_number5.DATA}}"
    )
    assert template["example"].splitlines()[1] == "预约项目:律师面谈"
    assert answer["errcode"] == 0
    assert (await li.reads())[-1]["text"].splitlines() == [
        "预约成功通知",
        "预约时间：2026年11月28日 09:00",
        "预约项目：律师面谈",
        "联系电话：0911-5212345",
    ]
    gone = {"template_id": made["template_id"]}
    assert [await account.code(DELETE, gone) for _ in range(2)] == [0, 40037]
    assert await account.code(SEND, {"touser": li.openid, **gone, "data": data}) == 40037


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"template_id_short": "TM00015", "keyword_name_list": ["受理编号"]}, 40247),
        ({"template_id_short": "999999", "keyword_name_list": ["受理编号"]}, 40037),
        ({"keyword_name_list": ["受理编号"]}, 40037),
        ({"template_id_short": "1011"}, 40246),
        ({"template_id_short": "1011", "keyword_name_list": []}, 40246),
        ({"template_id_short": "1011", "keyword_name_list": ["受理编号", "用电地址"]}, 40246),
        ({"template_id_short": "1011", "keyword_name_list": ["受理编号", "受理编号"]}, 40246),
        ({"template_id_short": "1011", "keyword_name_list": "受理编号"}, 40246),
    ],
)
async def test_a_wrong_choice_makes_no_template(account: Account, body: dict[str, Any], code: int) -> None:
    before = await account.call(LIST)

    assert await account.code(ADD, body) == code
    assert await account.call(LIST) == before


async def test_an_account_has_25_templates_and_the_same_choice_twice_makes_two(account: Account) -> None:
    body = {"template_id_short": 2013, "keyword_name_list": ["用电地址", "复电时间"]}
    room = 25 - len((await account.call(LIST))["template_list"])

    made = [(await account.call(ADD, body))["template_id"] for _ in range(room)]

    assert len(set(made)) == room
    assert await account.code(ADD, body) == 45026
    assert await account.code(DELETE, {"template_id": made[0]}) == 0
    assert await account.code(ADD, body) == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"touser": "oNobody"}, 40003),
        ({"touser": ""}, 40003),
        ({"template_id": ""}, 40036),
        ({"template_id": "x" * 65}, 40036),
        ({"template_id": "unknown"}, 40037),
        ({"url": "gonghui.example.com/mine"}, 40039),
        ({"url": "https://a.cn/ b"}, 40039),
        ({"url": "https://a.cn/" + "x" * 1024}, 40039),
        ({"miniprogram": {"appid": "wx1", "pagepath": "pages/index"}}, 40013),
        ({"miniprogram": {"appid": MINI, "pagepath": "pages index"}}, 40165),
        ({"data": None}, 47003),
        ({"data": {**WALK, "thing1": "秋季健步走"}}, 47003),
        ({"data": {**WALK, "thing1": {"value": "领优惠券啦"}}}, 40249),
        ({"url": "https://a.cn/x", "miniprogram": {"appid": MINI, "pagepath": "pages/index?id=7"}}, 0),
        ({"miniprogram": {"appid": MINI}}, 0),
    ],
)
async def test_what_a_template_message_is_refused_for(
    account: Account, changes: dict[str, Any], code: int
) -> None:
    li = await account.platform.follower("李建国")

    answer = await sent(account, li.openid, **changes)

    assert answer["errcode"] == code
    assert len(await results(account)) == (code == 0)


async def test_only_the_bound_mini_program_and_its_released_pages_are_opened() -> None:
    account = await opened(replace(CONFIG, miniprogram=replace(BOUND, app_id=MINI)))
    li = await account.platform.follower("李建国")

    async def code(app_id: str, path: str) -> int:
        answer = await sent(account, li.openid, miniprogram={"appid": app_id, "pagepath": path})
        return int(answer["errcode"])

    assert await code("wx" + "f" * 16, "pages/mine") == 40013
    assert await code(MINI, "pages/mine") == 0
    await account.platform.ask("POST", "miniprogram", {"pages": ["pages/index"]})
    assert await code(MINI, "pages/mine?id=7") == 41030
    assert await code(MINI, "pages/index?id=7") == 0
    await closed(account)


async def test_who_cannot_be_told_is_told_apart(account: Account) -> None:
    li = await account.platform.follower("李建国")
    never = await account.platform.person("张伟")

    async def code(openid: str = li.openid) -> int:
        return int((await sent(account, openid))["errcode"])

    async def blacklist(verb: str) -> None:
        assert await account.code(f"/cgi-bin/tags/members/{verb}", {"openid_list": [li.openid]}) == 0

    await blacklist("batchblacklist")
    assert await code() == 43019
    await blacklist("batchunblacklist")
    await account.platform.ask("POST", f"people/{li.openid}/refuses", {"value": True, "at_once": True})
    assert await code() == 48002
    await account.platform.ask("POST", f"people/{li.openid}/refuses", {"value": False})
    assert await code() == 0
    await account.app.state.world.settle()
    await li.leaves()
    assert await code() == 50005
    assert await code(never.openid) == 43004


async def test_who_leaves_before_the_notice_arrives_is_not_told(account: Account) -> None:
    li = await account.platform.follower("李建国")
    await account.platform.ask("POST", f"people/{li.openid}/refuses", {"value": True})

    assert (await sent(account, li.openid))["errcode"] == 0

    assert "<![CDATA[failed:user block]]>" in (await results(account))[-1]
    assert not [one for one in await li.reads() if one["type"] == "template"]


async def test_the_platform_restricts_a_template_and_lifts_it(account: Account) -> None:
    li = await account.platform.follower("李建国")

    async def restricted(how: str, template: str = "活动开始提醒") -> int:
        await account.platform.ask("POST", "templates/restrict", {"template": template, "how": how})
        return int((await sent(account, li.openid))["errcode"])

    assert await restricted("banned") == 43116
    assert await restricted("") == 0
    assert await restricted("banned", "*") == 43116
    assert await restricted("", "*") == 0


async def test_a_message_that_is_held_back_is_listed(account: Account) -> None:
    li = await account.platform.follower("李建国")
    await account.platform.ask("POST", "templates/restrict", {"template": "活动开始提醒", "how": "blocked"})
    msgids = [(await sent(account, li.openid))["msgid"] for _ in range(3)]

    first = await account.call(BLOCKED, {"tmpl_msg_id": "", "largest_id": 0, "limit": 2})
    rest = await account.call(BLOCKED, {"largest_id": first["msginfo"][-1]["id"], "limit": 100})
    template_id = (await own(account, "活动开始提醒"))["template_id"]
    same = await account.call(BLOCKED, {"tmpl_msg_id": template_id, "largest_id": msgids[0], "limit": 10})
    others = await account.call(BLOCKED, {"tmpl_msg_id": "T", "largest_id": 0, "limit": 10})

    listed = [*first["msginfo"], *rest["msginfo"]]
    assert [one["id"] for one in listed] == msgids
    assert {one["tmpl_msg_id"] for one in listed} == {template_id}
    assert (same["msginfo"], others["msginfo"]) == (listed[1:], [])
    assert (listed[0]["title"], listed[0]["openid"]) == ("活动开始提醒", li.openid)
    assert listed[0]["content"].startswith("活动名称:秋季健步走\n")
    assert all("<![CDATA[failed: system failed]]>" in xml for xml in await results(account))
    assert not [said for said in await li.reads() if said["type"] == "template"]
    for limit in (0, 101, "10", None):
        assert await account.code(BLOCKED, {"largest_id": 0, "limit": limit}) == 40097


async def test_the_industries_change_once_a_month_and_end_the_templates(account: Account) -> None:
    body = {"industry_id1": "1", "industry_id2": 21}
    before = await account.call("/cgi-bin/template/get_industry")

    for wrong in ({}, {"industry_id1": "1", "industry_id2": "1"}, {"industry_id1": "0", "industry_id2": 42}):
        assert await account.code("/cgi-bin/template/api_set_industry", wrong) == 40102
    codes = [await account.code("/cgi-bin/template/api_set_industry", body) for _ in range(2)]
    after = await account.call("/cgi-bin/template/get_industry")
    left = await account.call(LIST)
    await account.platform.moves_time(hours=31 * 24)
    account.token = (await account.fresh_token())["access_token"]

    assert before["primary_industry"] == {
        "first_class": "政府与公共事业",
        "second_class": "公共事业|非盈利机构",
    }
    assert codes == [0, 43100]
    assert after["primary_industry"] == {"first_class": "IT科技", "second_class": "互联网|电子商务"}
    assert left["template_list"] == []
    assert await account.code("/cgi-bin/template/api_set_industry", body) == 0


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("thing", ["字" * 20, "a 1★"], ["字" * 21]),
        ("number", ["0", "2.5", "1" * 32], ["-1", "1,000", "1" * 33, "十"]),
        ("letter", ["a" * 32], ["a1", "a" * 33]),
        ("symbol", ["★★★★★", "+-"], ["★" * 6, "a"]),
        ("character_string", ["FL-2026-0042"], ["编号1", "x" * 33]),
        ("time", ["15:01", "09:00:30", "2019年10月1日 15:01~2019年10月2日 08:00"], ["25:00", "9点", "15:60"]),
        ("date", ["2019年10月1日", "2018-01-01 08:00", "2018.01", "01-01"], ["明天", "2018年"]),
        ("amount", ["¥123.45", "100元", "0.5"], ["￥￥1", "一百元", "1" * 11]),
        ("phone_number", ["0911-5212345", "+86 13800000000"], ["电话95598", "1" * 18]),
        ("car_number", ["陕J12345", "粤A8Z888挂"], ["陕J1234567", "陕 J1234"]),
        ("name", ["李建国", "字" * 10, "a" * 20], ["字" * 11, "李a" + "b" * 9, "a" * 21, "李3"]),
        ("phrase", ["已受理"], ["已受理中等待", "ok"]),
        ("const", ["已办结"], ["x" * 21]),
    ],
)
def test_each_kind_of_field_has_its_rule(kind: str, good: list[str], bad: list[str]) -> None:
    check = KINDS[kind][0]

    assert [value for value in good if not check(value)] == []
    assert [value for value in bad if check(value)] == []


def test_every_example_of_the_library_keeps_its_own_rule() -> None:
    for title in TITLES:
        for one in title.keywords:
            listed = {one.field: one.values} if one.values else {}
            data = {one.field: {"value": one.example}}
            assert filled(one.line, data, listed) == [{"label": one.name, "value": one.example}]


async def test_a_listed_field_takes_only_what_the_template_lists(account: Account) -> None:
    li = await account.platform.follower("李建国")
    names = ["业务名称", "办理结果"]
    made = await account.call(ADD, {"template_id_short": "1013", "keyword_name_list": names})

    async def answer(result: str) -> dict[str, Any]:
        data = {"thing1": {"value": "法律援助申请"}, "const2": {"value": result}}
        return await account.call(
            SEND, {"touser": li.openid, "template_id": made["template_id"], "data": data}
        )

    assert (await answer("未通过"))["errcode"] == 0
    refused = await answer("办好了")
    assert refused["errcode"] == 47003
    assert "data.const2.value" in refused["errmsg"]
    assert (await account.platform.calls())[0]["rule"].endswith("只能是 已办结、未通过、已撤销")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("templates/restrict", {"template": "没有这个", "how": "banned"}),
        ("templates/restrict", {"template": "活动开始提醒", "how": "eaten"}),
    ],
)
async def test_a_wish_that_cannot_be_is_refused(account: Account, path: str, body: dict[str, Any]) -> None:
    answer = await account.http.post(f"/sandbox/api/{path}", json=body)

    assert answer.status_code in {400, 404}
    assert answer.json()["error"]
