"""Subscription notices of the mini-program: templates, counts and events of its own."""

from typing import Any, Protocol

from sandbox.notices.library import TITLES
from tests.miniprogram_sandbox import MINI, Side, opened

ADD = "/wxaapi/newtmpl/addtemplate"
SEND, BUSINESS_SEND = "/cgi-bin/message/subscribe/send", "/cgi-bin/message/subscribe/bizsend"
TITLE = next(title for title in TITLES if title.name == "活动开始提醒")
KEYWORDS = [keyword.kid for keyword in TITLE.keywords[:2]]


class HasMini(Protocol):
    mini: Side


async def chosen(both: HasMini) -> dict[str, Any]:
    """The template as the mini-program has it: its id and what fills it."""
    added = await both.mini.call(ADD, {"tid": TITLE.tid, "kidList": KEYWORDS, "sceneDesc": "提醒"})
    row = (await both.mini.call("/wxaapi/newtmpl/gettemplate"))["data"][0]
    assert row["priTmplId"] == added["priTmplId"]
    names = [part.partition(".DATA")[0] for part in row["content"].split("{{")[1:]]
    values = {"thing": "桥山健步走", "time": "2026年12月2日 09:00", "date": "2026年12月2日"}
    data = {name: {"value": values[name.rstrip("0123456789")]} for name in names}
    return {"template_id": row["priTmplId"], "data": data}


async def test_a_notice_needs_the_persons_yes_inside_the_mini_program() -> None:
    async with opened() as both:
        notice = await chosen(both)
        li = await both.platform.person("李建国")
        inside = (await li.in_miniprogram())["openid"]
        assert (await both.mini.call(SEND, {"touser": inside, **notice}))["errcode"] == 43101

        await li.accepts(notice["template_id"])

        answered = both.service.newest
        assert (answered["Event"], answered["FromUserName"]) == ("subscribe_msg_popup_event", inside)
        assert answered["ToUserName"] == MINI.gh_id
        assert answered["List"] == [
            {"TemplateId": notice["template_id"], "SubscribeStatusString": "accept", "PopupScene": 0}
        ]
        assert (await both.mini.call(SEND, {"touser": inside, **notice}))["errcode"] == 0
        assert (await both.mini.call(SEND, {"touser": inside, **notice}))["errcode"] == 43101
        await both.world.settle()
        done = both.service.newest
        assert (done["Event"], done["List"][0]["ErrorCode"]) == ("subscribe_msg_sent_event", 0)
        assert (await li.notices())["service"][-1]["content"]["title"] == TITLE.name


async def test_the_two_apps_do_not_mix() -> None:
    async with opened() as both:
        notice = await chosen(both)
        li = await both.platform.follower("李建国")
        inside = (await li.in_miniprogram())["openid"]
        await li.accepts(notice["template_id"])

        own = await both.account.call(BUSINESS_SEND, {"touser": li.openid, **notice})
        assert own["errcode"] == 40037  # the account has no such template
        assert (await both.mini.call(SEND, {"touser": li.openid, **notice}))["errcode"] == 40003
        assert (await both.account.call(SEND, {"touser": inside, **notice}))["errcode"] == 48001
        assert (await both.mini.call(BUSINESS_SEND, {"touser": inside, **notice}))["errcode"] == 48001
        assert (await both.mini.call(SEND, {"touser": inside, **notice}))["errcode"] == 0


async def test_pages_must_be_in_what_was_released() -> None:
    async with opened() as both:
        notice = await chosen(both)
        li = await both.platform.person("李建国")
        inside = (await li.in_miniprogram())["openid"]
        await li.accepts(notice["template_id"])
        await both.platform.ask("POST", "miniprogram", {"pages": ["pages/mine/mine"]})

        async def code(**given: str) -> int:
            return int((await both.mini.call(SEND, {"touser": inside, **notice, **given}))["errcode"])

        assert await code(page="/pages/mine/mine") == 41030
        assert await code(page="https://a.cn/") == 41030
        assert await code(page="pages/other/other?id=7") == 41030
        assert await code(miniprogram_state="beta") == 40097
        assert await code(lang="fr_FR") == 40097
        assert await code(page="pages/mine/mine?id=7", miniprogram_state="trial", lang="zh_HK") == 0
        await both.world.settle()
        shown = (await li.notices())["service"][-1]
        assert shown["content"]["miniprogram"]["pagepath"] == "pages/mine/mine?id=7"
