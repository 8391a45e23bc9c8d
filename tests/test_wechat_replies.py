"""Passive replies: as wechatpy writes and reads them, within the limits, safe to hold any text."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
import xmltodict  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from wechatpy import replies as wechatpy

from app.wechat.crypto import Account, Format, Mode
from app.wechat.incoming import Incoming, parse
from app.wechat.replies import (
    MAX_TEXT_BYTES,
    Article,
    BadReply,
    Image,
    Music,
    News,
    Nothing,
    Reply,
    ReplyTooLong,
    Text,
    Transfer,
    Video,
    Voice,
    check,
    choice_line,
    fit,
    from_store,
    render,
    to_store,
)

XML = Account("wx0123456789abcdef", "demotoken", "", Mode.PLAIN)
JSON = Account("wx0123456789abcdef", "demotoken", "", Mode.PLAIN, Format.JSON)
AT = 1790000040
SENDER = "<ToUserName>gh_4a1b</ToUserName><FromUserName>oLi</FromUserName><CreateTime>1</CreateTime>"
TYPED = parse(XML, f"<xml>{SENDER}<MsgType>text</MsgType><Content>你好</Content></xml>".encode())
CLICKED = parse(XML, f"<xml>{SENDER}<MsgType>event</MsgType><Event>CLICK</Event></xml>".encode())
FROM_MINI = parse(
    JSON, b'{"ToUserName":"gh_m","FromUserName":"oM","CreateTime":1,"MsgType":"text","MsgId":1}'
)
WALK = Article("秋游", "10 月 8 日", "https://demo.example/a.jpg", "https://demo.example/a/7")
EVERY_REPLY: list[Reply] = [
    Text("已收到"),
    Image("img_MEDIA"),
    Voice("voi_MEDIA"),
    Video("vid_MEDIA", "安全用电", "三分钟"),
    Video("vid_MEDIA"),
    Music("thb_MEDIA", "厂歌", "合唱", "https://demo.example/s.mp3", "https://demo.example/h.mp3"),
    Music("thb_MEDIA"),
    News((WALK,)),
    News((WALK, Article("", "", "", ""))),
    Transfer(),
    Transfer("staff1@demo"),
    Nothing(),
]
ANY_TEXT = st.text(max_size=80) | st.lists(
    st.sampled_from(["]]>", "]]", ">", "<![CDATA[", "&", "\x00", "\x08", "\ud800", "\uffff", "电"])
).map("".join)


def rendered(reply: Reply, incoming: Incoming = CLICKED) -> Any:
    return xmltodict.parse(render(reply, incoming, AT))["xml"]


def theirs(reply: wechatpy.BaseReply) -> Any:
    reply.source, reply.target, reply.time = "gh_4a1b", "oLi", AT
    return xmltodict.parse(reply.render())["xml"]


def test_every_type_reads_like_what_wechatpy_would_have_written() -> None:
    article = {"title": "秋游", "description": "10 月 8 日", "image": WALK.picture, "url": WALK.url}
    video = {"media_id": "vid_MEDIA", "title": "安全用电", "description": "三分钟"}
    music = {
        "thumb_media_id": "thb_MEDIA",
        "title": "厂歌",
        "description": "合唱",
        "music_url": "https://demo.example/s.mp3",
        "hq_music_url": "https://demo.example/h.mp3",
    }

    assert rendered(EVERY_REPLY[0]) == theirs(wechatpy.TextReply(content="已收到"))
    assert rendered(EVERY_REPLY[1]) == theirs(wechatpy.ImageReply(media_id="img_MEDIA"))
    assert rendered(EVERY_REPLY[2]) == theirs(wechatpy.VoiceReply(media_id="voi_MEDIA"))
    assert rendered(EVERY_REPLY[3]) == theirs(wechatpy.VideoReply(video=video))
    assert rendered(EVERY_REPLY[4]) == theirs(wechatpy.VideoReply(video={"media_id": "vid_MEDIA"}))
    assert rendered(EVERY_REPLY[5]) == theirs(wechatpy.MusicReply(music=music))
    bare = wechatpy.MusicReply(music={"thumb_media_id": "thb_MEDIA"})
    assert rendered(EVERY_REPLY[6]) == theirs(bare)
    assert rendered(EVERY_REPLY[7]) == theirs(wechatpy.ArticlesReply(articles=[article]))
    assert rendered(EVERY_REPLY[8]) == theirs(wechatpy.ArticlesReply(articles=[article, {}]))
    assert rendered(EVERY_REPLY[9]) == theirs(wechatpy.TransferCustomerServiceReply())


@pytest.mark.parametrize("reply", [each for each in EVERY_REPLY if each != News((WALK,))], ids=repr)
def test_wechatpy_reads_every_type(reply: Reply) -> None:
    # A single article is left out: wechatpy's reader takes its fields for articles.
    if reply == Nothing():
        return
    read = wechatpy.deserialize_reply(render(reply, CLICKED, AT))

    assert (read.source, read.target, read.time) == ("gh_4a1b", "oLi", AT)
    assert read.type == rendered(reply)["MsgType"]


def test_an_agent_is_named_and_saying_nothing_is_the_word_for_it() -> None:
    assert rendered(Transfer("staff1@demo"))["TransInfo"] == {"KfAccount": "staff1@demo"}
    assert render(Nothing(), TYPED, AT) == b"success"
    assert render(Nothing(), FROM_MINI, AT) == b"success"


def test_a_mini_program_gets_json_and_only_what_it_can_show() -> None:
    answer = json.loads(render(Transfer("staff1@demo"), FROM_MINI, AT))

    assert answer == {
        "ToUserName": "oM",
        "FromUserName": "gh_m",
        "CreateTime": AT,
        "MsgType": "transfer_customer_service",
        "TransInfo": {"KfAccount": "staff1@demo"},
    }
    check(Transfer(), FROM_MINI)
    check(Nothing(), FROM_MINI)
    with pytest.raises(BadReply):
        check(Text("你好"), FROM_MINI)
    with pytest.raises(BadReply):
        render(Text("你好"), FROM_MINI, AT)


@settings(deadline=None)  # a shared machine may pause at any time
@given(ANY_TEXT)
def test_no_text_can_add_elements_or_break_the_reply(text: str) -> None:
    read = ElementTree.fromstring(render(Text(text), TYPED, AT))

    kept = "".join(char for char in text if char in "\t\n\r" or ord(char) >= 32)
    kept = "".join(char for char in kept if char not in "\ufffe\uffff")
    kept = kept.encode(errors="ignore").decode().replace("\r\n", "\n").replace("\r", "\n")
    assert [element.tag for element in read] == [
        "ToUserName",
        "FromUserName",
        "CreateTime",
        "MsgType",
        "Content",
    ]
    assert (read.findtext("Content") or "") == kept


def test_an_injected_element_stays_text() -> None:
    hostile = "]]></Title><Url>https://evil.example</Url><Title><![CDATA["
    article = rendered(News((Article(hostile, hostile, hostile, "https://demo.example"),)))

    assert article["Articles"]["item"]["Title"] == hostile
    assert article["Articles"]["item"]["Url"] == "https://demo.example"


def test_a_text_is_measured_in_bytes_and_never_empty() -> None:
    check(Text("电" * 682 + "ab"), TYPED)

    with pytest.raises(ReplyTooLong, match="2049 bytes"):
        check(Text("电" * 683), TYPED)
    for empty in ("", " \n", "\x00\x01"):
        with pytest.raises(BadReply, match="empty"):
            check(Text(empty), TYPED)


def test_a_message_gets_one_article_and_an_event_eight() -> None:
    check(News((WALK,)), TYPED)
    check(News((WALK,) * 8), CLICKED)

    with pytest.raises(ReplyTooLong):
        check(News((WALK,) * 2), TYPED)
    with pytest.raises(ReplyTooLong):
        check(News((WALK,) * 9), CLICKED)
    with pytest.raises(BadReply):
        check(News(()), CLICKED)


@pytest.mark.parametrize("reply", [Image(""), Voice(""), Video("", "标题"), Music("", "标题")])
def test_media_without_its_id_is_refused(reply: Reply) -> None:
    with pytest.raises(BadReply, match="media id"):
        check(reply, TYPED)


def test_a_short_text_stays_as_it_is() -> None:
    assert fit("先断电。\n再打 95598。") == "先断电。\n再打 95598。"


def test_a_long_text_ends_at_a_line_or_sentence() -> None:
    lines = "\n".join(f"第{number}条 不要用湿手碰插座" for number in range(100))
    sentences = "不要用湿手碰插座。" * 100

    assert fit(lines).removesuffix("…").endswith("不要用湿手碰插座")
    assert fit(sentences).endswith("不要用湿手碰插座。…")


def test_a_long_text_without_an_end_is_cut_between_characters() -> None:
    assert fit("电" * 1000) == "电" * 681 + "…"
    assert fit("开头。" + "电" * 1000).endswith("电…")


def test_a_link_is_never_cut_in_half() -> None:
    line = choice_line("报名", "1", "我要报名。这个活动") + "\n"

    shortened = fit(line * 100)

    assert shortened.count("<a ") == shortened.count("</a>") > 10


@settings(deadline=None)  # a shared machine may pause at any time
@given(st.text(max_size=1500) | ANY_TEXT.map(lambda text: text * 60))
def test_what_fits_can_always_be_sent(text: str) -> None:
    shortened = fit(text)

    assert len(shortened.encode()) <= MAX_TEXT_BYTES
    assert fit(shortened) == shortened


def test_a_choice_is_a_line_to_tap() -> None:
    assert choice_line("满意", "101") == (
        '<a href="weixin://bizmsgmenu?msgmenucontent=满意&msgmenuid=101">满意</a>'
    )
    assert choice_line("1", "7", "羽毛球赛 <今晚>").endswith('">羽毛球赛 ＜今晚＞</a>')


@settings(deadline=None)  # a shared machine may pause at any time
@given(st.text(alphabet=st.characters(codec="utf-8", min_codepoint=32), min_size=1, max_size=40))
def test_tapping_a_line_sends_what_it_was_made_of(content: str) -> None:
    line = choice_line(content, f"q3:{content}", "标签")
    address = line.split('href="', 1)[1].split('">', 1)[0]
    sent = parse_qs(urlsplit(address).query, keep_blank_values=True)

    kept = content.replace("\ufffe", "").replace("\uffff", "")
    assert sent["msgmenucontent"] == [kept]
    assert sent["msgmenuid"] == [f"q3:{kept}"]


@pytest.mark.parametrize("reply", EVERY_REPLY, ids=repr)
def test_what_is_stored_comes_back_the_same(reply: Reply) -> None:
    stored = json.loads(json.dumps(to_store(reply)))

    assert from_store(stored) == reply
    assert render(from_store(stored), CLICKED, AT) == render(reply, CLICKED, AT)


def test_a_newer_field_is_passed_over() -> None:
    assert from_store({"type": "text", "content": "好", "colour": "green"}) == Text("好")


@pytest.mark.parametrize(
    "stored", [{}, {"type": "dance"}, {"type": "text"}, {"type": "news"}, {"type": "news", "articles": [{}]}]
)
def test_a_damaged_row_is_named_as_such(stored: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match="reply"):
        from_store(stored)
