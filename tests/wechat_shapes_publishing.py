"""Recorded calls: mass messages, drafts, publishing them, comments and statistics.

Source: wechat-platform.md sections 7 and 11.3 to 11.6.
"""

from datetime import date
from typing import Any

from app.wechat.api import comments, drafts, mass, publishing, statistics
from app.wechat.api.messages import Image, Text
from app.wechat.errors import (
    AlreadyDone,
    AwaitsAdmin,
    ContentRefused,
    MediaGone,
    NotAllowed,
    OurMistake,
    PersonGone,
    QuotaUsedUp,
    TryLater,
)
from app.wechat.job_results import ArticleAddress, PublishResult, PublishState
from tests.wechat_shape import Errors, Shape, each

TEXT = Text("今晚检修停电")
KEY = {"clientmsgid": "c-7", "send_ignore_reprint": 0}
WIRE_TEXT: dict[str, Any] = {"msgtype": "text", "text": {"content": "今晚检修停电"}}
TAKEN = {"errcode": 0, "errmsg": "send job submission success", "msg_id": 34182, "msg_data_id": 206227730}
ORDER_ERRORS: Errors = {
    45028: QuotaUsedUp,
    89504: AwaitsAdmin,
    **each(TryLater, (45066, 42010, 45011, 268488001)),
    **each(NotAllowed, (48001, 48003, 48008, 48021)),
    **each(OurMistake, (40008, 40152, 40215, 41040, 45062, 45067, 45113, 45162, 48022)),
    40007: MediaGone,
}

MASS = {
    "mass.to_all": Shape(
        lambda c: c.mass.to_all(TEXT, client_msg_id="c-7"),
        "POST /cgi-bin/message/mass/sendall",
        {"filter": {"is_to_all": True}, **WIRE_TEXT, **KEY},
        answer={"errcode": 89505, "errmsg": "wait", "msg_id": 34182},
        result=mass.MassReceipt(34182, awaits_admin=True),
        errors=ORDER_ERRORS,
    ),
    "mass.to_tag": Shape(
        lambda c: c.mass.to_tag(2, mass.Articles("D"), client_msg_id="c-7", ignore_reprint=True),
        "POST /cgi-bin/message/mass/sendall",
        {
            "filter": {"is_to_all": False, "tag_id": 2},
            "msgtype": "mpnews",
            "mpnews": {"media_id": "D"},
            "clientmsgid": "c-7",
            "send_ignore_reprint": 1,
        },
        answer=TAKEN,
        result=mass.MassReceipt(34182, 206227730),
        errors=ORDER_ERRORS,
    ),
    "mass.to_openids": Shape(
        lambda c: c.mass.to_openids(
            ["oLi", "oWang"], mass.Pictures(("M", "N"), recommend="剪影"), client_msg_id="c-7"
        ),
        "POST /cgi-bin/message/mass/send",
        {
            "touser": ["oLi", "oWang"],
            "msgtype": "image",
            "images": {"media_ids": ["M", "N"], "recommend": "剪影"},
            **KEY,
        },
        answer={"errcode": 45065, "errmsg": "clientmsgid exist", "msg_id": 34182},
        result=mass.MassReceipt(34182),
        errors={**ORDER_ERRORS, **each(OurMistake, (40031, 40032, 40130)), 40003: PersonGone},
    ),
    "mass.preview": Shape(
        lambda c: c.mass.preview(Image("M"), wechat_id="lijianguo"),
        "POST /cgi-bin/message/mass/preview",
        {"towxname": "lijianguo", "msgtype": "image", "image": {"media_id": "M"}},
        errors={40003: PersonGone, 43004: PersonGone, 45113: OurMistake},
    ),
    "mass.status": Shape(
        lambda c: c.mass.status(34182),
        "POST /cgi-bin/message/mass/get",
        {"msg_id": "34182"},
        answer={"msg_id": 34182, "msg_status": "SEND_SUCCESS"},
        result=mass.MassState.SENT,
        again=True,
        errors={40059: OurMistake},
    ),
    "mass.delete": Shape(
        lambda c: c.mass.delete(34182, 2),
        "POST /cgi-bin/message/mass/delete",
        {"msg_id": 34182, "article_idx": 2},
        again=True,
        errors=each(OurMistake, (40059, 40060, 40065, 40204)),
    ),
    "mass.speed": Shape(
        lambda c: c.mass.speed(),
        "POST /cgi-bin/message/mass/speed/get",
        {},
        answer={"speed": 3, "realspeed": 30},
        result=mass.Speed(3, 300_000),
        again=True,
    ),
    "mass.set_speed": Shape(
        lambda c: c.mass.set_speed(3),
        "POST /cgi-bin/message/mass/speed/set",
        {"speed": 3},
        again=True,
        errors=each(OurMistake, (45083, 45084)),
    ),
}

NEWS = drafts.Article("冬季用电", "<p>拔插头</p>", "M", author="工会", comments=drafts.Comments.FOLLOWERS)
WIRE_NEWS = {
    "article_type": "news",
    "title": "冬季用电",
    "content": "<p>拔插头</p>",
    "thumb_media_id": "M",
    "author": "工会",
    "need_open_comment": 1,
    "only_fans_can_comment": 1,
}
PICTURES = drafts.PictureArticle("剪影", "健步走", ("M", "N"))
WIRE_PICTURES = {
    "article_type": "newspic",
    "title": "剪影",
    "content": "健步走",
    "image_info": {"image_list": [{"image_media_id": "M"}, {"image_media_id": "N"}]},
    "need_open_comment": 0,
    "only_fans_can_comment": 0,
}
TOLD = {"title": "冬季用电", "author": "工会", "digest": "拔插头", "url": "http://mp.weixin.qq.com/s/t"}
READ = drafts.DraftArticle("冬季用电", "工会", "拔插头", "http://mp.weixin.qq.com/s/t")
ARTICLE_ERRORS: Errors = {
    40007: MediaGone,
    88000: NotAllowed,
    **each(OurMistake, (41039, 45003, 45004, 45110, 45166, 53404, 53405, 53406)),
}

DRAFTS = {
    "drafts.add": Shape(
        lambda c: c.drafts.add([NEWS, PICTURES]),
        "POST /cgi-bin/draft/add",
        {"articles": [WIRE_NEWS, WIRE_PICTURES]},
        answer={"media_id": "D"},
        result="D",
        errors=ARTICLE_ERRORS,
    ),
    "drafts.update": Shape(
        lambda c: c.drafts.update("D", PICTURES, 1),
        "POST /cgi-bin/draft/update",
        {"media_id": "D", "index": 1, "articles": WIRE_PICTURES},
        again=True,
        errors={**ARTICLE_ERRORS, 40114: OurMistake},
    ),
    "drafts.get": Shape(
        lambda c: c.drafts.get("D"),
        "POST /cgi-bin/draft/get",
        {"media_id": "D"},
        answer={"news_item": [TOLD], "create_time": 1790000000, "update_time": 1790000009},
        result=drafts.Draft("D", 1790000009, (READ,)),
        again=True,
        errors={40007: MediaGone},
    ),
    "drafts.delete": Shape(
        lambda c: c.drafts.delete("D"),
        "POST /cgi-bin/draft/delete",
        {"media_id": "D"},
        again=True,
        errors={40007: MediaGone},
    ),
    "drafts.count": Shape(
        lambda c: c.drafts.count(),
        "GET /cgi-bin/draft/count",
        answer={"total_count": 31},
        result=31,
        again=True,
    ),
    "drafts.list": Shape(
        lambda c: c.drafts.list(20, 10),
        "POST /cgi-bin/draft/batchget",
        {"offset": 20, "count": 10, "no_content": 1},
        answer={
            "total_count": 31,
            "item_count": 1,
            "item": [{"media_id": "D", "content": {"news_item": [TOLD]}, "update_time": 1790000009}],
        },
        result=drafts.DraftPage((drafts.Draft("D", 1790000009, (READ,)),), 31),
        again=True,
    ),
}

PUBLISHING = {
    "publishing.submit": Shape(
        lambda c: c.publishing.submit("D"),
        "POST /cgi-bin/freepublish/submit",
        {"media_id": "D"},
        answer={"errcode": 0, "errmsg": "ok", "publish_id": "100000001", "msg_data_id": 206227730},
        result=publishing.PublishReceipt("100000001", 206227730),
        errors={
            40007: MediaGone,
            53503: ContentRefused,
            89505: AwaitsAdmin,
            **each(NotAllowed, (48001, 53504, 53505)),
        },
    ),
    "publishing.status": Shape(
        lambda c: c.publishing.status("100000001"),
        "POST /cgi-bin/freepublish/get",
        {"publish_id": "100000001"},
        answer={
            "publish_id": "100000001",
            "publish_status": 0,
            "article_id": "A",
            "article_detail": {
                "count": 1,
                "item": [{"idx": 1, "article_url": "http://mp.weixin.qq.com/s/t"}],
            },
            "fail_idx": [],
        },
        result=PublishResult(
            "100000001", PublishState.DONE, "A", (ArticleAddress(1, "http://mp.weixin.qq.com/s/t"),)
        ),
        again=True,
    ),
    "publishing.get": Shape(
        lambda c: c.publishing.get("A"),
        "POST /cgi-bin/freepublish/getarticle",
        {"article_id": "A"},
        answer={"news_item": [TOLD]},
        result=(publishing.PublishedArticle("冬季用电", "拔插头", "工会", "http://mp.weixin.qq.com/s/t"),),
        again=True,
        errors={53600: OurMistake},
    ),
    "publishing.delete": Shape(
        lambda c: c.publishing.delete("A", 1),
        "POST /cgi-bin/freepublish/delete",
        {"article_id": "A", "index": 1},
        again=True,
        errors={53600: OurMistake},
    ),
}

NAMED = {"msg_data_id": 206227730, "index": 1}
ONE = {**NAMED, "user_comment_id": 5}
COMMENT_ERRORS: Errors = {
    88000: NotAllowed,
    88002: ContentRefused,
    **each(OurMistake, (88001, 88004, 88008)),
}

COMMENTS = {
    "comments.open": Shape(
        lambda c: c.comments.open(206227730, 1),
        "POST /cgi-bin/comment/open",
        NAMED,
        again=True,
        errors=COMMENT_ERRORS,
    ),
    "comments.close": Shape(
        lambda c: c.comments.close(206227730, 1),
        "POST /cgi-bin/comment/close",
        NAMED,
        again=True,
        errors=COMMENT_ERRORS,
    ),
    "comments.list": Shape(
        lambda c: c.comments.list(206227730, 1, begin=10, count=2, kind=comments.CommentKind.ELECTED),
        "POST /cgi-bin/comment/list",
        {**NAMED, "begin": 10, "count": 2, "type": 2},
        answer={
            "errcode": 0,
            "errmsg": "ok",
            "total": 12,
            "comment": [
                {
                    "user_comment_id": 5,
                    "openid": "oLi",
                    "create_time": 1790000000,
                    "content": "学到了",
                    "comment_type": 1,
                    "reply": {"content": "谢谢", "create_time": 1790000009},
                },
                {
                    "user_comment_id": 6,
                    "openid": "oWang",
                    "create_time": 1790000001,
                    "content": "好",
                    "comment_type": 0,
                },
            ],
        },
        result=comments.CommentPage(
            (
                comments.Comment(5, "oLi", "学到了", 1790000000, True, "谢谢", 1790000009),
                comments.Comment(6, "oWang", "好", 1790000001, False),
            ),
            12,
        ),
        again=True,
        errors={88010: OurMistake, 88000: NotAllowed},
    ),
    "comments.elect": Shape(
        lambda c: c.comments.elect(206227730, 5, 1),
        "POST /cgi-bin/comment/markelect",
        ONE,
        again=True,
        errors={**COMMENT_ERRORS, 88003: OurMistake},
    ),
    "comments.unelect": Shape(
        lambda c: c.comments.unelect(206227730, 5, 1),
        "POST /cgi-bin/comment/unmarkelect",
        ONE,
        again=True,
        errors=COMMENT_ERRORS,
    ),
    "comments.delete": Shape(
        lambda c: c.comments.delete(206227730, 5, 1),
        "POST /cgi-bin/comment/delete",
        ONE,
        again=True,
        errors=COMMENT_ERRORS,
    ),
    "comments.reply": Shape(
        lambda c: c.comments.reply(206227730, 5, "谢谢", 1),
        "POST /cgi-bin/comment/reply/add",
        {**ONE, "content": "谢谢"},
        again=True,
        errors={**COMMENT_ERRORS, 88005: AlreadyDone, 88007: OurMistake},
    ),
    "comments.delete_reply": Shape(
        lambda c: c.comments.delete_reply(206227730, 5, 1),
        "POST /cgi-bin/comment/reply/delete",
        ONE,
        again=True,
        errors=COMMENT_ERRORS,
    ),
}

STATISTICS = {
    "statistics.rows": Shape(
        lambda c: c.statistics.rows(statistics.Table.FOLLOWERS, date(2026, 11, 1), date(2026, 11, 7)),
        "POST /datacube/getusersummary",
        {"begin_date": "2026-11-01", "end_date": "2026-11-07"},
        answer={"list": [{"ref_date": "2026-11-01", "user_source": 0, "new_user": 3, "cancel_user": 1}]},
        result=({"ref_date": "2026-11-01", "user_source": 0, "new_user": 3, "cancel_user": 1},),
        again=True,
        errors={61500: OurMistake, 61501: OurMistake, 61503: TryLater},
    ),
}

SHAPES = MASS | DRAFTS | PUBLISHING | COMMENTS | STATISTICS
