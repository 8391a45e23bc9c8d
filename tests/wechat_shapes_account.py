"""Recorded calls: menus, customer messages, followers, tags, QR codes, media, and the account itself.

Source: wechat-platform.md sections 1, 4, 5, 6, 9 and 11.
"""

from app.wechat.api import base, library, media, menus, messages, publishing, qrcodes, tags, users
from app.wechat.api.buttons import Button
from app.wechat.errors import (
    AllowanceUsed,
    ContentRefused,
    MediaGone,
    NotAllowed,
    OurMistake,
    PartlyDone,
    PersonGone,
    QuotaUsedUp,
    TryLater,
    WindowClosed,
)
from tests.wechat_api import APP, SECRET
from tests.wechat_shape import Errors, Shape, each, picture

CLICK = Button("我的报名", "click", key="MY_SIGNUPS")
WIRE_CLICK = {"type": "click", "name": "我的报名", "key": "MY_SIGNUPS"}
RULE = menus.MatchRule(tag_id="134", client_platform_type="1")
MENU_ERRORS: Errors = {
    **each(OurMistake, range(40015, 40028)),
    **each(OurMistake, (40033, 40039, 40054, 40055, 40119, 40120, 40165, 40166, 45010, 53600)),
    **each(OurMistake, (65308, *range(65310, 65315), 65316, 65317, 65318, 65320)),
    **each(NotAllowed, (45064, 65319)),
    40007: MediaGone,
    40028: TryLater,
}

MENUS = {
    "menus.create": Shape(
        lambda c: c.menus.create([CLICK]),
        "POST /cgi-bin/menu/create",
        {"button": [WIRE_CLICK]},
        again=True,
        errors=MENU_ERRORS,
    ),
    "menus.get": Shape(
        lambda c: c.menus.get(),
        "GET /cgi-bin/menu/get",
        answer={
            "menu": {"button": [{**WIRE_CLICK, "sub_button": []}], "menuid": 208396938},
            "conditionalmenu": [
                {
                    "button": [{**WIRE_CLICK, "sub_button": []}],
                    "matchrule": {"tag_id": "134", "client_platform_type": "1"},
                    "menuid": 208396993,
                }
            ],
        },
        result=menus.Menus((CLICK,), "208396938", (menus.ConditionalMenu("208396993", (CLICK,), RULE),)),
        again=True,
    ),
    "menus.delete": Shape(lambda c: c.menus.delete(), "GET /cgi-bin/menu/delete", again=True),
    "menus.self_menu_info": Shape(
        lambda c: c.menus.self_menu_info(),
        "GET /cgi-bin/get_current_selfmenu_info",
        answer={
            "is_menu_open": 1,
            "selfmenu_info": {"button": [{"name": "服务", "sub_button": {"list": [WIRE_CLICK]}}]},
        },
        result=menus.SelfMenu(is_open=True, buttons=(Button("服务", sub_buttons=(CLICK,)),)),
        again=True,
    ),
    "menus.add_conditional": Shape(
        lambda c: c.menus.add_conditional([CLICK], RULE),
        "POST /cgi-bin/menu/addconditional",
        {"button": [WIRE_CLICK], "matchrule": {"tag_id": "134", "client_platform_type": "1"}},
        answer={"menuid": "208379533"},
        result="208379533",
        errors={
            **MENU_ERRORS,
            **each(OurMistake, (65303, 65304, 65305, 65307)),
            **each(NotAllowed, (65306, 65309)),
        },
    ),
    "menus.delete_conditional": Shape(
        lambda c: c.menus.delete_conditional("208379533"),
        "POST /cgi-bin/menu/delconditional",
        {"menuid": "208379533"},
        again=True,
        errors={65301: OurMistake},
    ),
    "menus.try_match": Shape(
        lambda c: c.menus.try_match("oLi"),
        "POST /cgi-bin/menu/trymatch",
        {"user_id": "oLi"},
        answer={"button": [{**WIRE_CLICK, "sub_button": []}]},
        result=(CLICK,),
        again=True,
        errors={65302: PersonGone, 65315: PersonGone},
    ),
}

MESSAGES = {
    "messages.send": Shape(
        lambda c: c.messages.send(messages.CustomerMessage("oLi", messages.Text("您好"))),
        "POST /cgi-bin/message/custom/send",
        {"touser": "oLi", "msgtype": "text", "text": {"content": "您好"}},
        errors={
            45015: WindowClosed,
            45047: AllowanceUsed,
            **each(OurMistake, (45048, 45002, 45008, 45098, 45099)),
            **each(PersonGone, (40003, 43004, 48002, 50005)),
            40007: MediaGone,
            45087: NotAllowed,
            70000: ContentRefused,
        },
    ),
    "messages.typing": Shape(
        lambda c: c.messages.typing("oLi"),
        "POST /cgi-bin/message/custom/typing",
        {"touser": "oLi", "command": "Typing"},
        result=True,
        errors={40003: PersonGone},
    ),
}

FOLLOWERS = {
    "users.list": Shape(
        lambda c: c.users.list("oLi"),
        "GET /cgi-bin/user/get next_openid=oLi",
        answer={"total": 2, "count": 1, "data": {"openid": ["oWu"]}, "next_openid": "oWu"},
        result=users.OpenidPage(("oWu",), "oWu", 1, 2),
        again=True,
    ),
    "users.get": Shape(
        lambda c: c.users.get("oLi"),
        "GET /cgi-bin/user/info openid=oLi lang=zh_CN",
        answer={
            "subscribe": 1,
            "openid": "oLi",
            "subscribe_time": 1790000000,
            "unionid": "u1",
            "remark": "李",
            "tagid_list": [134],
            "subscribe_scene": "ADD_SCENE_QR_CODE",
            "qr_scene": 7,
            "qr_scene_str": "act_7",
        },
        result=users.User("oLi", True, 1790000000, "u1", "李", (134,), "ADD_SCENE_QR_CODE", 7, "act_7"),
        again=True,
        errors={40003: PersonGone},
    ),
    "users.batch_get": Shape(
        lambda c: c.users.batch_get(["oLi"]),
        "POST /cgi-bin/user/info/batchget",
        {"user_list": [{"openid": "oLi", "lang": "zh_CN"}]},
        answer={"user_info_list": [{"subscribe": 0, "openid": "oLi"}]},
        result=(users.User("oLi", False),),
        again=True,
        errors={40032: OurMistake},
    ),
    "users.set_remark": Shape(
        lambda c: c.users.set_remark("oLi", "李师傅"),
        "POST /cgi-bin/user/info/updateremark",
        {"openid": "oLi", "remark": "李师傅"},
        again=True,
        errors={40092: OurMistake, 43004: PersonGone},
    ),
    "users.blocked": Shape(
        lambda c: c.users.blocked("oLi"),
        "POST /cgi-bin/tags/members/getblacklist",
        {"begin_openid": "oLi"},
        answer={"total": 2, "count": 1, "data": {"openid": ["oWu"]}, "next_openid": "oWu"},
        result=users.OpenidPage(("oWu",), "oWu", 1, 2),
        again=True,
    ),
    "users.block": Shape(
        lambda c: c.users.block(["oLi"]),
        "POST /cgi-bin/tags/members/batchblacklist",
        {"openid_list": ["oLi"]},
        again=True,
        errors={40032: OurMistake, 268487001: TryLater},
    ),
    "users.unblock": Shape(
        lambda c: c.users.unblock(["oLi"]),
        "POST /cgi-bin/tags/members/batchunblacklist",
        {"openid_list": ["oLi"]},
        again=True,
        errors={40032: OurMistake, 268487001: TryLater},
    ),
}

TAGGING_ERRORS: Errors = {
    **each(OurMistake, (40032, 45059, 45159)),
    **each(PersonGone, (40003, 49003, 50005)),
    45169: TryLater,
    45171: PartlyDone,
}

TAGS = {
    "tags.create": Shape(
        lambda c: c.tags.create("职工"),
        "POST /cgi-bin/tags/create",
        {"tag": {"name": "职工"}},
        answer={"tag": {"id": 134, "name": "职工"}},
        result=tags.Tag(134, "职工"),
        again=True,
        errors=each(OurMistake, (45056, 45158)),
    ),
    "tags.list": Shape(
        lambda c: c.tags.list(),
        "GET /cgi-bin/tags/get",
        answer={"tags": [{"id": 2, "name": "星标组", "count": 5}]},
        result=(tags.Tag(2, "星标组", 5),),
        again=True,
    ),
    "tags.update": Shape(
        lambda c: c.tags.update(134, "会员"),
        "POST /cgi-bin/tags/update",
        {"tag": {"id": 134, "name": "会员"}},
        again=True,
        errors=each(OurMistake, (45058, 45157, 45158, 45159)),
    ),
    "tags.delete": Shape(
        lambda c: c.tags.delete(134),
        "POST /cgi-bin/tags/delete",
        {"tag": {"id": 134}},
        again=True,
        errors=each(OurMistake, (45057, 45058, 45159)),
    ),
    "tags.members": Shape(
        lambda c: c.tags.members(134, "oLi"),
        "POST /cgi-bin/user/tag/get",
        {"tagid": 134, "next_openid": "oLi"},
        answer={"count": 1, "data": {"openid": ["oWu"]}, "next_openid": "oWu"},
        result=users.OpenidPage(("oWu",), "oWu", 1),
        again=True,
        errors={45159: OurMistake},
    ),
    "tags.tag": Shape(
        lambda c: c.tags.tag(134, ["oLi"]),
        "POST /cgi-bin/tags/members/batchtagging",
        {"openid_list": ["oLi"], "tagid": 134},
        again=True,
        errors=TAGGING_ERRORS,
    ),
    "tags.untag": Shape(
        lambda c: c.tags.untag(134, ["oLi"]),
        "POST /cgi-bin/tags/members/batchuntagging",
        {"openid_list": ["oLi"], "tagid": 134},
        again=True,
        errors=TAGGING_ERRORS,
    ),
    "tags.of": Shape(
        lambda c: c.tags.of("oLi"),
        "POST /cgi-bin/tags/getidlist",
        {"openid": "oLi"},
        answer={"tagid_list": [134, 2]},
        result=(134, 2),
        again=True,
        errors={49003: PersonGone},
    ),
}

QR_CODES = {
    "qrcodes.create": Shape(
        lambda c: c.qrcodes.create("act_7", 604800),
        "POST /cgi-bin/qrcode/create",
        {
            "expire_seconds": 604800,
            "action_name": "QR_STR_SCENE",
            "action_info": {"scene": {"scene_str": "act_7"}},
        },
        answer={"ticket": "gQH4", "expire_seconds": 604800, "url": "http://weixin.qq.com/q/k"},
        result=qrcodes.QrCode("gQH4", "http://weixin.qq.com/q/k", 604800),
        again=True,
        errors=each(OurMistake, (40052, 40053, 45029)),
    ),
    "qrcodes.picture_url": Shape(
        lambda c: c.qrcodes.picture_url("gQ/+="),
        "",
        result="https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=gQ%2F%2B%3D",
    ),
    "qrcodes.shorten": Shape(
        lambda c: c.qrcodes.shorten("班组活动", 86400),
        "POST /cgi-bin/shorten/gen",
        {"long_data": "班组活动", "expire_seconds": 86400},
        answer={"errcode": 0, "errmsg": "ok", "short_key": "iTqRJFSEqk9RvPk"},
        result="iTqRJFSEqk9RvPk",
        again=True,
        errors=each(OurMistake, (47003, 9410010, 9410011)),
    ),
    "qrcodes.expand": Shape(
        lambda c: c.qrcodes.expand("iTqRJFSEqk9RvPk"),
        "POST /cgi-bin/shorten/fetch",
        {"short_key": "iTqRJFSEqk9RvPk"},
        answer={"errcode": 0, "long_data": "班组活动", "create_time": 1790000000, "expire_seconds": 86300},
        result=qrcodes.ShortenedData("班组活动", 1790000000, 86300),
        again=True,
        errors={9410012: OurMistake},
    ),
}

ARTICLE = {"title": "安全用电", "url": "http://mp.weixin.qq.com/s?x=1"}
UPLOAD_ERRORS = each(OurMistake, (40004, 40005, 40006, 40009, 41005, 45001, 45007))

MEDIA = {
    "media.upload_temporary": Shape(
        lambda c: c.media.upload_temporary(media.MediaKind.VOICE, "hello.amr", b"#!AMR"),
        "POST /cgi-bin/media/upload type=voice",
        part=b'name="media"; filename="media.amr"\r\nContent-Type: audio/amr\r\n\r\n#!AMR',
        answer={"type": "voice", "media_id": "M", "created_at": 1790000000},
        result=media.TemporaryMedia("M", media.MediaKind.VOICE, 1790000000),
        again=True,
        errors=UPLOAD_ERRORS,
    ),
    "media.upload_permanent": Shape(
        lambda c: c.media.upload_permanent(media.MediaKind.IMAGE, "p.png", b"png"),
        "POST /cgi-bin/material/add_material type=image",
        part=b'name="media"; filename="media.png"\r\nContent-Type: image/png\r\n\r\npng',
        answer={"media_id": "P", "url": "http://mmbiz.qpic.cn/p"},
        result=media.PermanentMedia("P", "http://mmbiz.qpic.cn/p"),
        errors=UPLOAD_ERRORS,
    ),
    "media.upload_image": Shape(
        lambda c: c.media.upload_image("p.jpg", b"\xff\xd8"),
        "POST /cgi-bin/media/uploadimg",
        part=b'name="media"; filename="media.jpg"\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8',
        answer={"url": "http://mmbiz.qpic.cn/x"},
        result="http://mmbiz.qpic.cn/x",
        again=True,
        errors=UPLOAD_ERRORS,
    ),
    "media.get": Shape(
        lambda c: c.media.get("M"),
        "GET /cgi-bin/media/get media_id=M",
        answer=picture(),
        result=media.MediaFile(b"\xff\xd8", "image/jpeg", ""),
        again=True,
        errors={40007: MediaGone},
    ),
    "media.get_recording": Shape(
        lambda c: c.media.get_recording("M"),
        "GET /cgi-bin/media/get/jssdk media_id=M",
        answer=picture(b"Speex", "voice/speex"),
        result=media.MediaFile(b"Speex", "voice/speex", ""),
        again=True,
        errors={40007: MediaGone},
    ),
    "media.get_permanent": Shape(
        lambda c: c.media.get_permanent("V"),
        "POST /cgi-bin/material/get_material",
        {"media_id": "V"},
        answer={"title": "急救", "description": "四步", "down_url": "http://v.example/1"},
        result=library.LibraryVideo("急救", "四步", "http://v.example/1"),
        again=True,
        errors={40007: MediaGone},
    ),
    "media.count_permanent": Shape(
        lambda c: c.media.count_permanent(),
        "GET /cgi-bin/material/get_materialcount",
        answer={"voice_count": 1, "video_count": 2, "image_count": 3, "news_count": 4},
        result=library.LibraryCount(images=3, voices=1, videos=2, news=4),
        again=True,
    ),
    "media.list_permanent": Shape(
        lambda c: c.media.list_permanent(library.LibraryKind.NEWS, offset=20, count=2),
        "POST /cgi-bin/material/batchget_material",
        {"type": "news", "offset": 20, "count": 2},
        answer={
            "total_count": 22,
            "item_count": 2,
            "item": [
                {"media_id": "N", "content": {"news_item": [ARTICLE]}, "update_time": 1790000000},
                {
                    "media_id": "I",
                    "name": "p.png",
                    "update_time": 1790000001,
                    "url": "http://mmbiz.qpic.cn/p",
                },
            ],
        },
        result=library.LibraryPage(
            (
                library.LibraryItem("N", 1790000000, articles=(ARTICLE,)),
                library.LibraryItem("I", 1790000001, "p.png", "http://mmbiz.qpic.cn/p"),
            ),
            22,
        ),
        again=True,
        errors={40004: OurMistake},
    ),
    "media.delete_permanent": Shape(
        lambda c: c.media.delete_permanent("P"),
        "POST /cgi-bin/material/del_material",
        {"media_id": "P"},
        again=True,
        errors={40007: MediaGone, 48005: OurMistake},
    ),
}

RID = "61725984-6126f6f9-040f19c4"

BASE = {
    "base.callback_ips": Shape(
        lambda c: c.base.callback_ips(),
        "GET /cgi-bin/getcallbackip",
        answer={"ip_list": ["101.226.103.0/25"]},
        result=("101.226.103.0/25",),
        again=True,
    ),
    "base.api_ips": Shape(
        lambda c: c.base.api_ips(),
        "GET /cgi-bin/get_api_domain_ip",
        answer={"ip_list": ["1.2.3.4"]},
        result=("1.2.3.4",),
        again=True,
    ),
    "base.check_callback": Shape(
        lambda c: c.base.check_callback(base.CheckAction.PING, base.CheckOperator.TELECOM),
        "POST /cgi-bin/callback/check",
        {"action": "ping", "check_operator": "CHINANET"},
        answer={
            "dns": [{"ip": "1.2.3.4", "real_operator": "UNICOM"}],
            "ping": [{"ip": "1.2.3.4", "from_operator": "UNICOM", "package_loss": "0%", "time": "23.079ms"}],
        },
        result=base.NetworkCheck(
            (base.Resolved("1.2.3.4", "UNICOM"),), (base.Ping("1.2.3.4", "UNICOM", "0%", "23.079ms"),)
        ),
        again=True,
        errors=each(OurMistake, (40201, 40202, 40203)),
    ),
    "base.quota": Shape(
        lambda c: c.base.quota("/cgi-bin/message/custom/send"),
        "POST /cgi-bin/openapi/quota/get",
        {"cgi_path": "/cgi-bin/message/custom/send"},
        answer={
            "quota": {"daily_limit": 500, "used": 20, "remain": 480},
            "rate_limit": {"call_count": 10, "refresh_second": 60},
        },
        result=base.Quota(500, 20, 480, 10, 60),
        again=True,
        errors=each(OurMistake, (76021, 76022)),
    ),
    "base.clear_quota": Shape(
        lambda c: c.base.clear_quota(),
        "POST /cgi-bin/clear_quota",
        {"appid": APP},
        errors={48006: QuotaUsedUp},
    ),
    "base.clear_quota_by_secret": Shape(
        lambda c: c.base.clear_quota_by_secret(),
        f"POST /cgi-bin/clear_quota/v2 appid={APP} appsecret={SECRET}",
        by_secret=True,
        errors={48006: QuotaUsedUp, 40125: NotAllowed},
    ),
    "base.clear_quota_of": Shape(
        lambda c: c.base.clear_quota_of("/cgi-bin/user/info"),
        "POST /cgi-bin/openapi/quota/clear",
        {"cgi_path": "/cgi-bin/user/info"},
        errors={48006: QuotaUsedUp, **each(OurMistake, (76021, 76022))},
    ),
    "base.past_request": Shape(
        lambda c: c.base.past_request(RID),
        "POST /cgi-bin/openapi/rid/get",
        {"rid": RID},
        answer={
            "errcode": 0,
            "request": {
                "invoke_time": 1790000000,
                "cost_in_ms": 30,
                "request_url": "access_token=50_Im7xxxx&openid=oLi",
                "request_body": "",
                "response_body": '{"errcode":45009}',
                "client_ip": "113.0.70.51",
            },
        },
        result=base.PastRequest(
            1790000000, 30, "access_token=***&openid=oLi", "113.0.70.51", "", '{"errcode":45009}'
        ),
        again=True,
        errors=each(OurMistake, (76001, 76002, 76003, 76004)),
    ),
}

PUBLISHING = {
    "publishing.list": Shape(
        lambda c: c.publishing.list(20, 10),
        "POST /cgi-bin/freepublish/batchget",
        {"offset": 20, "count": 10, "no_content": 1},
        answer={
            "total_count": 31,
            "item_count": 1,
            "item": [
                {
                    "article_id": "A",
                    "content": {"news_item": [{"title": "慰问", "url": "https://mp.weixin.qq.com/s/a"}]},
                    "update_time": 1790000000,
                }
            ],
        },
        result=publishing.PublicationPage(
            (
                publishing.Publication(
                    "A",
                    1790000000,
                    (publishing.PublishedArticle("慰问", "", "", "https://mp.weixin.qq.com/s/a"),),
                ),
            ),
            31,
        ),
        again=True,
    ),
}

SHAPES = MENUS | MESSAGES | FOLLOWERS | TAGS | QR_CODES | MEDIA | BASE | PUBLISHING
