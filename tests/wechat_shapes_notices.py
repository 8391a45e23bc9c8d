"""Recorded calls: template notices, subscription notices, the templates of both, and tickets for pages.

Source: wechat-platform.md sections 8 and 10.
"""

from app.wechat.api import notice_templates, notices, templates, tickets
from app.wechat.errors import (
    AlreadyDone,
    ContentRefused,
    NotAllowed,
    NotSubscribed,
    OurMistake,
    PersonGone,
    QuotaUsedUp,
    TryLater,
)
from tests.wechat_api import APP
from tests.wechat_shape import Errors, Shape, each

DATA = {"thing1": "羽毛球赛", "time2": "2026年11月23日 19:30"}
WIRE_DATA = {"thing1": {"value": "羽毛球赛"}, "time2": {"value": "2026年11月23日 19:30"}}
MINI = templates.MiniProgram("wxmini", "pages/index")
WIRE_MINI = {"appid": "wxmini", "pagepath": "pages/index"}
PAGE = "https://gonghui.example.com/a"

TEMPLATES = {
    "templates.send": Shape(
        lambda c: c.templates.send("oLi", "T", DATA, client_msg_id="d-1", url=PAGE, miniprogram=MINI),
        "POST /cgi-bin/message/template/send",
        {
            "touser": "oLi",
            "template_id": "T",
            "url": PAGE,
            "miniprogram": WIRE_MINI,
            "client_msg_id": "d-1",
            "data": WIRE_DATA,
        },
        answer={"errcode": 0, "errmsg": "ok", "msgid": 200228332},
        result=200228332,
        errors={
            **each(PersonGone, (40003, 43004, 50005, 48002)),
            **each(OurMistake, (40036, 40037, 40039, 47003, 40165, 41030)),
            **each(NotAllowed, (43116, 40013)),
            40249: ContentRefused,
        },
    ),
    "templates.list": Shape(
        lambda c: c.templates.list(),
        "GET /cgi-bin/template/get_all_private_template",
        answer={
            "template_list": [
                {
                    "template_id": "T",
                    "title": "报名成功通知",
                    "primary_industry": "IT科技",
                    "deputy_industry": "互联网",
                    "content": "活动：{{thing1.DATA}}",
                    "example": "活动：羽毛球赛",
                }
            ]
        },
        result=(
            templates.Template(
                "T", "报名成功通知", "活动：{{thing1.DATA}}", "活动：羽毛球赛", "IT科技", "互联网"
            ),
        ),
        again=True,
    ),
    "templates.add": Shape(
        lambda c: c.templates.add("43216", ["活动名称", "活动时间"]),
        "POST /cgi-bin/template/api_add_template",
        {"template_id_short": "43216", "keyword_name_list": ["活动名称", "活动时间"]},
        answer={"errcode": 0, "errmsg": "ok", "template_id": "Doclyl5uP7Aciu-qZ7mJNPtWkbkYnWBWVja26EGbNyk"},
        result="Doclyl5uP7Aciu-qZ7mJNPtWkbkYnWBWVja26EGbNyk",
        errors={**each(OurMistake, (40036, 40037, 40246, 45026)), 40247: NotAllowed},
    ),
    "templates.delete": Shape(
        lambda c: c.templates.delete("T"),
        "POST /cgi-bin/template/del_private_template",
        {"template_id": "T"},
        again=True,
        errors={40037: OurMistake},
    ),
    "templates.set_industry": Shape(
        lambda c: c.templates.set_industry(1, 4),
        "POST /cgi-bin/template/api_set_industry",
        {"industry_id1": "1", "industry_id2": "4"},
        errors={43100: QuotaUsedUp, 40102: OurMistake},
    ),
    "templates.industry": Shape(
        lambda c: c.templates.industry(),
        "GET /cgi-bin/template/get_industry",
        answer={
            "primary_industry": {"first_class": "运输与仓储", "second_class": "快递"},
            "secondary_industry": {"first_class": "IT科技", "second_class": "互联网|电子商务"},
        },
        result=templates.Industry(
            templates.Trade("运输与仓储", "快递"), templates.Trade("IT科技", "互联网|电子商务")
        ),
        again=True,
    ),
    "templates.blocked": Shape(
        lambda c: c.templates.blocked("T", after_id=1, limit=50),
        "POST /wxa/sec/queryblocktmplmsg",
        {"tmpl_msg_id": "T", "largest_id": 1, "limit": 50},
        answer={
            "errcode": 0,
            "msginfo": [
                {
                    "id": 2,
                    "tmpl_msg_id": "T",
                    "title": "报名成功通知",
                    "content": "内容",
                    "send_timestamp": 1790000000,
                    "openid": "oLi",
                }
            ],
        },
        result=(templates.BlockedNotice(2, "T", "报名成功通知", 1790000000, "oLi", "内容"),),
        again=True,
    ),
}

NOTICE_ERRORS: Errors = {
    43101: NotSubscribed,
    43107: NotAllowed,
    43108: TryLater,
    40003: PersonGone,
    45168: ContentRefused,
    **each(OurMistake, (40037, 41030, 47003)),
}

NOTICES = {
    "notices.send": Shape(
        lambda c: c.notices.send("oLi", "T", DATA, client_msg_id="d-1", page=PAGE, miniprogram=MINI),
        "POST /cgi-bin/message/subscribe/bizsend",
        {
            "touser": "oLi",
            "template_id": "T",
            "page": PAGE,
            "miniprogram": WIRE_MINI,
            "client_msg_id": "d-1",
            "data": WIRE_DATA,
        },
        errors=NOTICE_ERRORS,
    ),
    "notices.send_in_miniprogram": Shape(
        lambda c: c.notices.send_in_miniprogram(
            "oLi", "T", DATA, page="pages/a?id=7", version=notices.AppVersion.TRIAL
        ),
        "POST /cgi-bin/message/subscribe/send",
        {
            "touser": "oLi",
            "template_id": "T",
            "page": "pages/a?id=7",
            "data": WIRE_DATA,
            "miniprogram_state": "trial",
            "lang": "zh_CN",
        },
        errors=NOTICE_ERRORS,
    ),
    "notices.consent_url": Shape(
        lambda c: c.notices.consent_url("T-1", 1000, f"{PAGE}?b=c&d", reserved="a B"),
        "",
        result=(
            f"https://mp.weixin.qq.com/mp/subscribemsg?action=get_confirm&appid={APP}&scene=1000"
            "&template_id=T-1&redirect_url=https%3A%2F%2Fgonghui.example.com%2Fa%3Fb%3Dc%26d"
            "&reserved=a%20B#wechat_redirect"
        ),
    ),
    "notices.send_once": Shape(
        lambda c: c.notices.send_once(
            "oLi", "T", 1000, "停电通知", "今晚检修", color="#173177", url=PAGE, miniprogram=MINI
        ),
        "POST /cgi-bin/message/template/subscribe",
        {
            "touser": "oLi",
            "template_id": "T",
            "url": PAGE,
            "miniprogram": WIRE_MINI,
            "scene": "1000",
            "title": "停电通知",
            "data": {"content": {"value": "今晚检修", "color": "#173177"}},
        },
        errors={43101: NotSubscribed, 40003: PersonGone, **each(OurMistake, (40037, 40062, 47003))},
    ),
}

NOTICE_TEMPLATES = {
    "notice_templates.add": Shape(
        lambda c: c.notice_templates.add("401", [1, 3, 2], "活动报名结果"),
        "POST /wxaapi/newtmpl/addtemplate",
        {"tid": "401", "kidList": [1, 3, 2], "sceneDesc": "活动报名结果"},
        answer={"errcode": 0, "errmsg": "ok", "priTmplId": "9Aw5ZV1j9xdWTFEkqCpZ7jWySL7aGN6rQom4gXINfJs"},
        result="9Aw5ZV1j9xdWTFEkqCpZ7jWySL7aGN6rQom4gXINfJs",
        errors={
            **each(NotAllowed, (200011, 200013, 200100)),
            **each(OurMistake, (200012, 200014, 200016, 200017, 200018, 200019, 200020, 200021)),
            200022: AlreadyDone,
        },
    ),
    "notice_templates.list": Shape(
        lambda c: c.notice_templates.list(),
        "GET /wxaapi/newtmpl/gettemplate",
        answer={
            "errcode": 0,
            "data": [
                {
                    "priTmplId": "9Aw5",
                    "title": "报名结果通知",
                    "content": "会议时间:{{date2.DATA}}\n",
                    "example": "会议时间:2016年8月8日\n",
                    "type": 2,
                }
            ],
        },
        result=(
            notice_templates.NoticeTemplate(
                "9Aw5",
                "报名结果通知",
                "会议时间:{{date2.DATA}}\n",
                "会议时间:2016年8月8日\n",
                notice_templates.Consent.ONCE,
            ),
        ),
        again=True,
    ),
    "notice_templates.delete": Shape(
        lambda c: c.notice_templates.delete("9Aw5"),
        "POST /wxaapi/newtmpl/deltemplate",
        {"priTmplId": "9Aw5"},
        again=True,
        errors={40037: OurMistake},
    ),
    "notice_templates.categories": Shape(
        lambda c: c.notice_templates.categories(),
        "GET /wxaapi/newtmpl/getcategory",
        answer={"errcode": 0, "data": [{"id": 616, "name": "公交"}]},
        result=(notice_templates.Category(616, "公交"),),
        again=True,
    ),
    "notice_templates.titles": Shape(
        lambda c: c.notice_templates.titles([2, 616], start=30, limit=1),
        "GET /wxaapi/newtmpl/getpubtemplatetitles ids=2,616 start=30 limit=1",
        answer={
            "errcode": 0,
            "count": 55,
            "data": [{"tid": 99, "title": "付款成功通知", "type": 3, "categoryId": "616"}],
        },
        result=notice_templates.TitlePage(
            (notice_templates.PublicTitle("99", "付款成功通知", notice_templates.Consent.LONG_TERM, "616"),),
            55,
        ),
        again=True,
        errors=each(OurMistake, (200016, 200017, 200018, 200019)),
    ),
    "notice_templates.keywords": Shape(
        lambda c: c.notice_templates.keywords("99"),
        "GET /wxaapi/newtmpl/getpubtemplatekeywords tid=99",
        answer={
            "errcode": 0,
            "data": [{"kid": 1, "name": "物品名称", "example": "名称", "rule": "thing"}],
        },
        result=(notice_templates.Keyword(1, "物品名称", "名称", "thing"),),
        again=True,
        errors={200014: OurMistake},
    ),
}

TICKETS = {
    "tickets.get": Shape(
        lambda c: c.tickets.get(),
        "GET /cgi-bin/ticket/getticket type=jsapi",
        answer={"errcode": 0, "errmsg": "ok", "ticket": "bxLdikRXVbTPdHSM05e5u5sUoXNK", "expires_in": 7200},
        result=tickets.Ticket("bxLdikRXVbTPdHSM05e5u5sUoXNK", 7200),
        again=True,
    ),
}

SHAPES = TEMPLATES | NOTICES | NOTICE_TEMPLATES | TICKETS
