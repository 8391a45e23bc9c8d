"""Parsing: every sample of the platform's manual, equal to wechatpy's view; and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import wechatpy
from hypothesis import given, settings
from hypothesis import strategies as st
from wechatpy.messages import UnknownMessage

from app.wechat.crypto import Account, BadCallback, Format, Mode
from app.wechat.incoming import MAX_KEY, Incoming, incoming_from_raw, parse, words_in

XML = Account("wx0123456789abcdef", "demotoken", "", Mode.PLAIN)
JSON = Account("wx0123456789abcdef", "demotoken", "", Mode.PLAIN, Format.JSON)
LI = "oA1b2C3d4E5f6G7h8I9j0K1l2M3n"
SAMPLES = (Path(__file__).parent / "data" / "wechat_callbacks.txt").read_text("utf-8").splitlines()
XML_SAMPLES = [sample for sample in SAMPLES if sample.startswith("<")]
NOT_PEOPLE = {
    "event.templatesendjobfinish",
    "event.masssendjobfinish",
    "event.publishjobfinish",
    "event.subscribe_msg_sent_event",
    "event.user_info_modified",
    "event.user_authorization_revoke",
    "event.user_authorization_cancellation",
    "event.annual_renew",
    "event.wxa_media_check",
}


def of(sample: str | bytes) -> Incoming:
    raw = sample.encode() if isinstance(sample, str) else sample
    return parse(JSON if raw.startswith(b"{") else XML, raw)


def body(inner: str = "", *, sender: str = LI, at: str = "1790000001", kind: str = "text") -> str:
    return (
        f"<xml><ToUserName>gh_4a1b2c3d4e5f</ToUserName><FromUserName>{sender}</FromUserName>"
        f"<CreateTime>{at}</CreateTime><MsgType>{kind}</MsgType>{inner}</xml>"
    )


def event(name: str, inner: str = "", **envelope: str) -> Incoming:
    return of(body(f"<Event>{name}</Event>{inner}", kind="event", **envelope))


def sample(kind: str) -> Incoming:
    return next(found for found in map(of, SAMPLES) if found.kind == kind)


def refusal(raw: bytes | str, account: Account = XML) -> str:
    with pytest.raises(BadCallback) as caught:
        parse(account, raw.encode() if isinstance(raw, str) else raw)
    assert caught.value.status == 400
    return caught.value.reason


def filled(value: Any) -> Any:
    """wechatpy has None where we have an empty text."""
    if isinstance(value, dict):
        return {name: filled(item) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item) for item in value]
    return "" if value is None else value


@pytest.mark.parametrize("xml", XML_SAMPLES, ids=lambda xml: of(xml).kind)
def test_each_sample_is_what_wechatpy_sees(xml: str) -> None:
    theirs = wechatpy.parse_message(xml)
    incoming = of(xml)

    assert incoming.message.__class__ is theirs.__class__
    assert incoming.message._data == theirs._data
    assert incoming.openid == theirs.source
    assert incoming.to == theirs.target
    assert incoming.created_at == theirs.time
    expected = filled(theirs._data)
    if expected.get("Event") == "subscribe_scan":  # wechatpy's own invention; we keep what came
        expected |= {"Event": "subscribe", "EventKey": f"qrscene_{expected['EventKey']}"}
    assert incoming.fields == expected


@pytest.mark.parametrize("raw", SAMPLES, ids=lambda raw: of(raw).kind)
def test_each_sample_is_named_keyed_and_can_be_run_again(raw: str) -> None:
    incoming = of(raw)
    again = incoming_from_raw(JSON if raw.startswith("{") else XML, incoming.raw)

    assert again == incoming
    assert len(incoming.key) <= MAX_KEY
    assert incoming.kind == incoming.kind.lower()
    assert incoming.is_person is (incoming.kind not in NOT_PEOPLE)
    time = str(incoming.created_at)
    assert incoming.key.startswith(f"e|{time}|" if incoming.event else f"m|{incoming.msg_id}|")


def test_the_samples_all_have_different_keys() -> None:
    assert len({of(raw).key for raw in SAMPLES}) == len(SAMPLES) - 1  # one is there in both formats


def test_our_registration_gives_the_missing_types_a_class() -> None:
    unknown = {of(raw).kind for raw in SAMPLES if isinstance(of(raw).message, UnknownMessage)}

    assert unknown == set()
    assert isinstance(event("weapp_audit_success").message, UnknownMessage)
    assert isinstance(of(body(kind="hologram")).message, UnknownMessage)


def test_what_a_person_said_is_text_whether_typed_or_spoken() -> None:
    assert sample("text").text == "报名"
    assert sample("voice").text == ""
    assert of(body("<Recognition>插座冒火花</Recognition>", kind="voice")).text == "插座冒火花"
    assert sample("image").text == ""
    assert sample("event.click").text == ""


def test_a_tap_on_a_line_brings_its_id() -> None:
    tapped = of(XML_SAMPLES[1])

    assert (tapped.text, tapped.menu_choice) == ("满意", "101")
    assert sample("text").menu_choice == ""


def test_scenes_come_without_their_prefix_and_nothing_else_is_a_scene() -> None:
    assert [of(raw).scene for raw in XML_SAMPLES if "<![CDATA[subscribe]]>" in raw] == ["", "act_7"]
    assert sample("event.scan").scene == "act_7"
    assert event("subscribe", "<EventKey>last_trade_no_9</EventKey>").scene == ""
    assert sample("event.click").scene == ""


def test_a_place_sent_and_a_place_reported_are_told_apart() -> None:
    assert sample("location").fields["Label"] == "上海市黄浦区人民大道"
    assert sample("event.location").fields["Latitude"] == "31.230416"


@pytest.mark.parametrize("spelling", ["OpenID", "openid"])
def test_a_personal_data_notice_is_about_the_person_not_its_sender(spelling: str) -> None:
    notice = event("user_authorization_revoke", f"<{spelling}>{LI}</{spelling}>", sender="oPush00000001")

    assert notice.subject_openid == LI
    assert not notice.is_person
    assert sample("text").subject_openid == LI


def test_an_event_nobody_knows_makes_no_follower_and_does_no_harm() -> None:
    new = event("something_new_2027", "<Detail><A>1</A><A>2</A></Detail>")

    assert new.kind == "event.something_new_2027"
    assert new.fields["Detail"] == {"A": ["1", "2"]}
    assert not new.is_person


def test_answers_to_subscription_notices_are_listed_in_both_formats() -> None:
    entry = {"TemplateId": "TPL_A", "SubscribeStatusString": "accept", "PopupScene": 0}
    envelope = {
        "ToUserName": "gh_mini0000001",
        "FromUserName": LI,
        "CreateTime": 1790000037,
        "MsgType": "event",
        "Event": "subscribe_msg_popup_event",
    }
    as_array = of(json.dumps(envelope | {"List": [entry, entry]}))
    as_object = of(json.dumps(envelope | {"List": entry}))
    from_xml = sample("event.subscribe_msg_popup_event")

    assert [each["TemplateId"] for each in from_xml.entries] == ["TPL_A", "TPL_B"]
    assert [each["PopupScene"] for each in as_array.entries] == ["0", "0"]
    assert len(as_object.entries) == 1
    assert sample("text").entries == ()


def test_numbers_in_json_keep_every_digit() -> None:
    raw = (
        '{"ToUserName":"gh_m","FromUserName":"oM","CreateTime":1790000037,"MsgType":"text",'
        '"MsgId":24590000000000000001,"Content":"你好","Ratio":0.10,"Ok":true,"None":null}'
    )
    incoming = of(raw)

    assert incoming.msg_id == "24590000000000000001"
    assert incoming.text == "你好"
    assert (incoming.fields["Ratio"], incoming.fields["Ok"]) == ("0.10", "true")
    assert incoming.fields["None"] == ""


def test_two_people_given_one_msgid_are_both_heard() -> None:
    li = of(body("<MsgId>77</MsgId>"))
    wang = of(body("<MsgId>77</MsgId>", sender="oWang"))

    assert li.key == f"m|77|{LI}"
    assert wang.key != li.key


def test_a_message_without_msgid_is_known_by_its_body() -> None:
    first, second = of(body("<Content>1</Content>")), of(body("<Content>2</Content>"))

    assert first.key == of(body("<Content>1</Content>")).key
    assert first.key != second.key
    assert of(body("<MsgId>1|x</MsgId>")).key.startswith("m|") and "1|x" not in first.key


def test_different_events_of_one_second_have_different_keys() -> None:
    click, view = event("CLICK", "<EventKey>A</EventKey>"), event("VIEW", "<EventKey>A</EventKey>")
    template = "<MsgID>{}</MsgID>"
    popup = "<SubscribeMsgPopupEvent><List><TemplateId>{}</TemplateId></List></SubscribeMsgPopupEvent>"
    pairs = [
        (click, view),
        (
            event("wxa_media_check", "<trace_id>1</trace_id>"),
            event("wxa_media_check", "<trace_id>2</trace_id>"),
        ),
        (
            event("TEMPLATESENDJOBFINISH", template.format(1)),
            event("TEMPLATESENDJOBFINISH", template.format(2)),
        ),
        (
            event("subscribe_msg_popup_event", popup.format("A")),
            event("subscribe_msg_popup_event", popup.format("B")),
        ),
        (
            event("user_info_modified", "<OpenID>o1</OpenID>"),
            event("user_info_modified", "<OpenID>o2</OpenID>"),
        ),
    ]

    assert click.key == f"e|1790000001|{LI}|CLICK|A"
    assert all(one.key != other.key for one, other in pairs)


def test_a_long_event_key_is_shortened_without_losing_the_difference() -> None:
    one = event("VIEW", f"<EventKey>https://demo.example/{'a' * 900}1</EventKey>")
    other = event("VIEW", f"<EventKey>https://demo.example/{'a' * 900}2</EventKey>")

    assert len(one.key) == len(other.key) == MAX_KEY
    assert one.key != other.key
    assert one.key.startswith(f"e|1790000001|{LI}|VIEW|https://")


def test_control_characters_somebody_pasted_do_not_lose_the_message() -> None:
    assert of(body("<Content>断\x07电\uffff了</Content>")).text == "断电了"


def test_what_a_person_wrote_or_is_stays_out_of_repr() -> None:
    printed = repr(sample("text"))

    assert LI not in printed and "报名" not in printed
    assert "gh_4a1b2c3d4e5f" in printed


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"\0", "nul"),
        (body("<Content>\0</Content>"), "nul"),
        (body("<Content>电</Content>").encode("gb18030"), "bad-charset"),
        (body("<Content>x</Content>").encode("utf-16"), "nul"),
        (b"\xff\xfe" + body().encode(), "bad-charset"),
        ('<?xml version="1.0" encoding="gbk"?>' + body(), "bad-charset"),
        (body("x" * 65536), "too-large"),
        ("no xml at all", "bad-xml"),
        ("\x01", "bad-xml"),
        (body()[:-9], "bad-xml"),
        (body() + body(), "bad-xml"),
        (body("<A></B>"), "bad-xml"),
        (body("&unknown;"), "bad-xml"),
        ("<xml>text only</xml>", "bad-xml"),
        ("<xml/>", "bad-xml"),
        ("<soap>" + body() + "</soap>", "other-root"),
        ("<!DOCTYPE xml>" + body(), "doctype"),
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + body("<Content>&a;</Content>"), "doctype"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd">' + body(), "doctype"),
        (body("<a>" * 8 + "</a>" * 8), "too-deep"),
        (body("<a/>" * 2000), "too-many-elements"),
        (body(sender=""), "missing-field"),
        (body(sender="o" * 65), "bad-field"),
        (body(sender="o\n1"), "bad-field"),
        (body(f"<FromUserName>{LI}</FromUserName>"), "missing-field"),
        (body().replace("ToUserName", "Whatever"), "missing-field"),
        (body(kind=""), "missing-field"),
        (body(at=""), "missing-field"),
        (body(at="soon"), "bad-field"),
        (body(at="-1"), "bad-field"),
        (body(at="１７９"), "bad-field"),
        (body(at="9" * 5000), "bad-field"),
    ],
)
def test_what_wechat_would_not_send_is_refused_by_name(raw: bytes | str, reason: str) -> None:
    assert refusal(raw) == reason


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("[]", "bad-json"),
        ("{", "bad-json"),
        ("<xml/>", "bad-json"),
        ('"text"', "bad-json"),
        ('{"A":NaN}', "bad-json"),
        ('{"A":1,"A":2}', "bad-json"),
        ("[" * 60000, "bad-json"),
        ('{"A":' * 9 + "1" + "}" * 9, "too-deep"),
        ('{"A":[' + "[{}]," * 1000 + "1]}", "too-many-elements"),
        ('{"A":"\\u0000"}', "nul"),
        ('{"A":"电\\u0000"}', "nul"),
        ('{"A":"\\ud800"}', "bad-charset"),
        ('{"\\ud800":"A"}', "bad-charset"),
        ("{}", "missing-field"),
        ('{"FromUserName":["a"],"ToUserName":"b"}', "missing-field"),
    ],
)
def test_bad_json_is_refused_by_name(raw: str, reason: str) -> None:
    assert refusal(raw, JSON) == reason


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (body("<Content>5 &lt; 6 &amp; 7</Content><MsgId>1</MsgId>"), "5 < 6 & 7"),
        (body("<Content><![CDATA[a]]]]><![CDATA[>b]]></Content>"), "a]]>b"),
        (body("<Recognition>停电了</Recognition><MediaId>m</MediaId>", kind="voice"), "停电了"),
        (body("<PicUrl>http://mmbiz.qpic.cn/a</PicUrl><MediaId>m</MediaId>", kind="image"), ""),
        (body("<Content>【收到不支持的消息类型，暂无法显示】</Content>"), ""),
        (body("<Title>通知</Title><Url>https://a.cn</Url>", kind="link"), "通知 https://a.cn"),
        (
            body(
                "<Event>location_select</Event><EventKey>report</EventKey>"
                "<SendLocationInfo><Label>东关街 8 号</Label><Poiname/></SendLocationInfo>",
                kind="event",
            ),
            "report 东关街 8 号",
        ),
        ('{"FromUserName":"o","Content":"他说\\"好\\"\\n\\u5c31\\u884c"}', '他说"好"\n就行'),
        ("不是推送", "不是推送"),
    ],
)
def test_ones_own_words_are_read_out_of_a_kept_push(kept: str, words: str) -> None:
    assert words_in(kept) == words


def test_eight_levels_are_still_read() -> None:
    assert of(body("<a>" * 7 + "deep" + "</a>" * 7)).fields["a"]


@settings(deadline=None)  # a shared machine may pause at any time
@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "replace")))
def test_noise_is_refused_and_never_breaks_anything(noise: bytes) -> None:
    for account in (XML, JSON):
        with pytest.raises(BadCallback):
            parse(account, noise)


@settings(deadline=None)  # a shared machine may pause at any time
@given(st.sampled_from(SAMPLES), st.data())
def test_a_damaged_sample_is_read_or_refused(good: str, data: st.DataObject) -> None:
    raw = good.encode()
    start = data.draw(st.integers(0, len(raw)))
    stop = data.draw(st.integers(start, min(len(raw), start + 20)))
    damaged = raw[:start] + data.draw(st.binary(max_size=8)) + raw[stop:]

    try:
        incoming = parse(JSON if good.startswith("{") else XML, damaged)
    except BadCallback as bad:
        assert bad.status == 400
    else:
        incoming.message.__class__  # noqa: B018 - building it must not fail either
        assert len(incoming.key) <= MAX_KEY
        assert incoming.key.encode() and incoming.kind and incoming.openid
