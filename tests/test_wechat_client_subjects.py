"""Call by call: what is sent, what is understood, and what is not even asked."""

from typing import Any

import pytest

from app.wechat.api import messages as m
from app.wechat.api.buttons import Button
from app.wechat.api.menus import MatchRule, Menus
from app.wechat.api.templates import MiniProgram
from app.wechat.client import WeChatClient
from app.wechat.errors import OurMistake
from tests import wechat_api
from tests.wechat_api import FakeApi

OK: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}
CLICK = Button("我的报名", "click", key="sign_ups.mine")


api, http, client = wechat_api.api, wechat_api.http, wechat_api.client


# -- menus ---------------------------------------------------------------------------------


async def test_a_menu_of_two_levels_is_sent_as_wechat_wants_it(api: FakeApi, client: WeChatClient) -> None:
    app = Button("小程序", "miniprogram", appid="wx0", pagepath="pages/i", url="https://a.example/")
    api.answers = [OK]

    await client.menus.create([CLICK, Button("服务", sub_buttons=(app,))])

    assert api.asked == "POST /cgi-bin/menu/create"
    told = {"type": "miniprogram", "name": "小程序", "appid": "wx0", "pagepath": "pages/i"}
    told["url"] = "https://a.example/"
    assert api.body == {
        "button": [
            {"type": "click", "name": "我的报名", "key": "sign_ups.mine"},
            {"name": "服务", "sub_button": [told]},
        ]
    }


def _subs(*buttons: Button) -> list[Button]:
    return [Button("服务", sub_buttons=buttons)]


@pytest.mark.parametrize(
    "buttons",
    [
        [],
        [CLICK] * 4,
        _subs(*[CLICK] * 6),
        [Button("", "click", key="k")],
        [Button("六个汉字太长", "click", key="k")],  # 18 bytes
        _subs(Button("长" * 21, "click", key="k")),
        _subs(Button("服务", sub_buttons=(CLICK,))),
        [Button("报名", "click")],
        [Button("报名", "click", key="k" * 129)],
        [Button("报名", "view", url="hhttps://a.example/")],
        [Button("报名", "view", url="https://a.example/" + "x" * 1010)],
        [Button("报名", "shout", key="k")],
        [Button("报名", "miniprogram", appid="wx0", pagepath="p")],
        [Button("报名", "click", key="k", sub_buttons=(CLICK,))],
        [Button("报名")],
    ],
)
async def test_a_menu_wechat_would_refuse_is_not_sent(
    api: FakeApi, client: WeChatClient, buttons: list[Button]
) -> None:
    with pytest.raises(OurMistake):
        await client.menus.create(buttons)

    assert api.requests == []


async def test_no_menu_reads_as_an_empty_one_and_deletes_as_deleted(
    api: FakeApi, client: WeChatClient
) -> None:
    api.answers = [{"errcode": 46003, "errmsg": "menu no exist"}] * 2

    assert await client.menus.get() == Menus()
    await client.menus.delete()
    assert api.asked == "GET /cgi-bin/menu/delete"


async def test_menus_are_read_back_as_they_were_made(api: FakeApi, client: WeChatClient) -> None:
    wire = {"type": "click", "name": "我的报名", "key": "sign_ups.mine", "sub_button": []}
    rule = {"tag_id": "134"}
    api.answers = [
        {
            "menu": {"button": [wire], "menuid": 1},
            "conditionalmenu": [{"button": [wire], "matchrule": rule, "menuid": 2}],
        }
    ]

    menus = await client.menus.get()

    assert (menus.buttons, menus.menu_id) == ((CLICK,), "1")
    assert [(c.menu_id, c.buttons, c.rule) for c in menus.conditional] == [("2", (CLICK,), MatchRule("134"))]


async def test_personalised_menus_are_added_tried_and_removed(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [{"menuid": 208379533}, {"button": [{"name": "服务"}]}, OK]

    assert await client.menus.add_conditional([CLICK], MatchRule(tag_id="134")) == "208379533"
    assert api.body["matchrule"] == {"tag_id": "134"}
    assert await client.menus.try_match("oLi") == (Button("服务"),)
    assert api.body == {"user_id": "oLi"}
    await client.menus.delete_conditional("208379533")
    assert api.body == {"menuid": "208379533"}
    with pytest.raises(OurMistake):
        await client.menus.add_conditional([CLICK], MatchRule())


async def test_a_menu_made_in_the_console_is_seen_with_its_own_shape(
    api: FakeApi, client: WeChatClient
) -> None:
    sub = {"list": [{"type": "text", "name": "电话", "value": "95598"}]}
    info = {"button": [{"name": "服务", "sub_button": sub}]}
    api.answers = [{"is_menu_open": 1, "selfmenu_info": info}]

    menu = await client.menus.self_menu_info()

    assert menu.is_open
    assert menu.buttons == (Button("服务", sub_buttons=(Button("电话", "text"),)),)
    assert menu.buttons[0].sub_buttons[0].raw["value"] == "95598"


# -- customer messages ---------------------------------------------------------------------

CONTENTS: list[tuple[m.Content, str, dict[str, Any]]] = [
    (m.Text("您好"), "text", {"content": "您好"}),
    (m.Image("M"), "image", {"media_id": "M"}),
    (m.Voice("M"), "voice", {"media_id": "M"}),
    (m.Video("M", "T", title="急救"), "video", {"media_id": "M", "thumb_media_id": "T", "title": "急救"}),
    (
        m.Music("歌", "词", "https://a.example/1", "T"),
        "music",
        {"title": "歌", "description": "词", "musicurl": "https://a.example/1", "thumb_media_id": "T"},
    ),
    (
        m.News("活动", "周六", "https://a.example/", "https://a.example/p.jpg"),
        "news",
        {
            "articles": [
                {
                    "title": "活动",
                    "description": "周六",
                    "url": "https://a.example/",
                    "picurl": "https://a.example/p.jpg",
                }
            ]
        },
    ),
    (m.MpNews("M"), "mpnews", {"media_id": "M"}),
    (m.PublishedArticle("A"), "mpnewsarticle", {"article_id": "A"}),
    (
        m.ChoiceMenu((m.Choice("101", "满意"),), head="您满意吗？"),
        "msgmenu",
        {"head_content": "您满意吗？", "list": [{"id": "101", "content": "满意"}]},
    ),
    (m.Card("C"), "wxcard", {"card_id": "C"}),
    (
        m.MiniProgramPage("缴费", "wx0", "pages/pay", "T"),
        "miniprogrampage",
        {"title": "缴费", "appid": "wx0", "pagepath": "pages/pay", "thumb_media_id": "T"},
    ),
    (
        m.Link("缴费", "本月", "https://a.example/", "https://a.example/t.jpg"),
        "link",
        {
            "title": "缴费",
            "description": "本月",
            "url": "https://a.example/",
            "thumb_url": "https://a.example/t.jpg",
        },
    ),
]


@pytest.mark.parametrize(("content", "msgtype", "wire"), CONTENTS)
async def test_every_kind_of_customer_message_has_its_shape(
    api: FakeApi, client: WeChatClient, content: m.Content, msgtype: str, wire: dict[str, Any]
) -> None:
    api.answers = [OK]

    await client.messages.send(m.CustomerMessage("oLi", content))

    assert api.asked == "POST /cgi-bin/message/custom/send"
    assert api.body == {"touser": "oLi", "msgtype": msgtype, msgtype: wire}


async def test_a_message_may_carry_a_staff_account_and_say_it_is_a_machine_s(
    api: FakeApi, client: WeChatClient
) -> None:
    api.answers = [OK]

    await client.messages.send(
        m.CustomerMessage("oLi", m.Text("您好"), kf_account="li@gh", by_ai=True, business_id="7")
    )

    assert api.body["customservice"] == {"kf_account": "li@gh"}
    assert api.body["aimsgcontext"] == {"is_ai_msg": 1}
    assert api.body["businessid"] == "7"


@pytest.mark.parametrize(
    "content",
    [
        m.Text(" "),
        m.Text("好" * 683),  # 2,049 bytes
        m.Image(""),
        m.Video("M", ""),
        m.ChoiceMenu(()),
        m.ChoiceMenu((m.Choice("", "满意"),)),
        m.News("", "周六", "https://a.example/"),
    ],
)
async def test_a_message_wechat_would_refuse_is_not_sent(
    api: FakeApi, client: WeChatClient, content: m.Content
) -> None:
    with pytest.raises(OurMistake):
        await client.messages.send(m.CustomerMessage("oLi", content))

    assert api.requests == []


async def test_the_longest_text_is_sent(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [OK]
    await client.messages.send(m.CustomerMessage("oLi", m.Text("好" * 682 + "ok")))


async def test_typing_is_a_courtesy_that_may_fail(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [OK, *({"errcode": c} for c in (45072, 45080, 45081, 40200))]

    shown = [await client.messages.typing("oLi", on=True) for _ in range(5)]

    assert shown == [True, False, False, False, False]
    assert api.body == {"touser": "oLi", "command": "Typing"}


# -- template notices ----------------------------------------------------------------------


async def test_a_template_notice_carries_its_key_and_only_values(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [{"errcode": 0, "msgid": 200228332}]

    number = await client.templates.send(
        "oLi",
        "T",
        {"thing1": "羽毛球赛", "time2": "2026年11月23日 19:30"},
        client_msg_id="d-1",
        url="https://a.example/",
        miniprogram=MiniProgram("wx0", "pages/i"),
    )

    assert number == 200228332
    assert api.asked == "POST /cgi-bin/message/template/send"
    assert api.body == {
        "touser": "oLi",
        "template_id": "T",
        "client_msg_id": "d-1",
        "url": "https://a.example/",
        "miniprogram": {"appid": "wx0", "pagepath": "pages/i"},
        "data": {"thing1": {"value": "羽毛球赛"}, "time2": {"value": "2026年11月23日 19:30"}},
    }


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("thing1", "长" * 20, "长" * 21),
        ("thing2", "好", "第一行\n第二行"),
        ("thing3", "好", " "),
        ("number1", "12.5", "十二"),
        ("letter1", "AB", "A1"),
        ("symbol1", "+-*/#", "+-*/#!"),
        ("character_string10", "FL-2026-0042", "编号42"),
        ("time1", "15:01~16:00", "下午三点"),
        ("date1", "2026-11-23", "明天"),
        ("amount1", "¥123.45", "¥1,234"),
        ("phone_number1", "0911-95598", "九五五九八"),
        ("car_number1", "陕J12345挂", "陕J1234567挂"),
        ("name1", "欧阳娜", "欧" * 11),
        ("name2", "A" * 20, "A" * 21),
        ("phrase1", "已受理", "已受理2"),
        ("const1", "停电通知", "长" * 21),
        ("keyword1", "任何 text 1", ""),
    ],
)
async def test_template_fields_are_measured_before_anybody_waits_for_them(
    api: FakeApi, client: WeChatClient, key: str, good: str, bad: str
) -> None:
    api.answers = [OK]
    await client.templates.send("oLi", "T", {key: good}, client_msg_id="d-1")

    with pytest.raises(OurMistake) as caught:
        await client.templates.send("oLi", "T", {key: bad}, client_msg_id="d-2")

    assert key in str(caught.value)
    assert len(api.requests) == 1


async def test_templates_in_use_are_listed(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [{"template_list": [{"template_id": "T", "title": "报名", "content": "{{x}}"}]}]

    (template,) = await client.templates.list()

    assert (template.template_id, template.title, template.content) == ("T", "报名", "{{x}}")
    assert api.asked == "GET /cgi-bin/template/get_all_private_template"
