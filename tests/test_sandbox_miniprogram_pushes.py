"""The sandbox pushing for its mini-program: shape, signature, format, and how answers are judged."""

import json
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from sandbox.config import MINIPROGRAM
from sandbox.crypto import MessageCipher, signature
from sandbox.driver import Phone, Refusal
from sandbox.miniprogram.replies import FAULT_NOTICE
from tests.miniprogram_sandbox import MINI, Both, between, opened

CIPHER = MessageCipher(MINI.aes_key, MINI.app_id)


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    async with opened() as found:
        yield found


@pytest.fixture
async def li(both: Both) -> Phone:
    return await both.platform.person("李建国")


async def test_a_text_is_pushed_as_encrypted_json(both: Both, li: Phone) -> None:
    seen = await li.says_in_miniprogram("活动怎么报名")

    query, body, kind = both.service.requests[-1]
    there = (await li.in_miniprogram())["openid"]
    outer, inner = json.loads(body), both.service.newest
    assert kind == "application/json"
    assert list(outer) == ["ToUserName", "Encrypt"]
    assert outer["ToUserName"] == inner["ToUserName"] == MINI.gh_id
    assert (query["encrypt_type"], query["openid"]) == ("aes", there)
    assert query["signature"] == signature(MINI.token, query["timestamp"], query["nonce"])
    assert (inner["FromUserName"], inner["MsgType"], inner["Content"]) == (there, "text", "活动怎么报名")
    assert isinstance(inner["MsgId"], int)
    assert isinstance(inner["CreateTime"], int)
    assert (seen.result, seen.tries) == ("silent", 1)


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
@pytest.mark.parametrize("form", ["json", "xml"])
async def test_a_push_is_shaped_as_format_and_mode_ask(form: str, mode: str) -> None:
    async with opened(mode=mode, miniprogram=replace(MINI, format=form)) as both:
        li = await both.platform.person("李建国")
        await li.enters_session("activity-7")
        await li.says_in_miniprogram("你好 & <再见>")

        body, clear = both.service.requests[-1][1].decode(), both.service.pushes[-1]
        entered = both.service.pushes[-2]
    fields = json.loads(body) if form == "json" else {one.tag: one.text for one in ET.fromstring(body)}
    inside = json.loads(clear) if form == "json" else {one.tag: one.text for one in ET.fromstring(clear)}
    assert fields["ToUserName"] == MINI.gh_id
    assert ("Content" in fields) == (mode in ("plain", "compatible"))
    assert ("Encrypt" in fields) == (mode in ("compatible", "safe"))
    assert inside["Content"] == "你好 & <再见>"
    assert "activity-7" in entered


async def test_entering_the_chat_tells_where_from(both: Both, li: Phone) -> None:
    await li.enters_session("activity-7")

    event = both.service.newest
    assert list(event) == ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Event", "SessionFrom"]
    assert (event["Event"], event["SessionFrom"]) == ("user_enter_tempsession", "activity-7")


async def test_a_picture_and_a_page_arrive_with_their_fields(both: Both, li: Phone) -> None:
    await li.sends_in_miniprogram("picture")
    picture = both.service.newest
    await li.sends_in_miniprogram("page", title="我的活动", path="pages/activity/detail?id=7")
    page = both.service.newest

    assert picture["MsgType"] == "image"
    assert picture["PicUrl"].endswith(f"/mmbiz/{picture['MediaId']}")
    got = await both.mini.raw("/cgi-bin/media/get", media_id=picture["MediaId"])
    assert got.headers["content-type"] == "image/jpeg"
    assert (page["MsgType"], page["Title"], page["AppId"]) == ("miniprogrampage", "我的活动", MINI.app_id)
    assert page["PagePath"] == "pages/activity/detail?id=7"
    assert page["ThumbUrl"].endswith(f"/mmbiz/{page['ThumbMediaId']}")
    assert [one["type"] for one in await li.reads_in_miniprogram()] == ["image", "miniprogrampage"]
    assert page["MsgId"] != picture["MsgId"]


async def test_a_finished_check_in_xml_has_its_detail_as_an_element() -> None:
    async with opened(miniprogram=replace(MINI, format="xml")) as both:
        li = await both.platform.person("李建国")
        await li.logs_in()
        both.service.pictures["a.jpg"] = b"jpeg"
        openid = (await li.in_miniprogram())["openid"]
        body = {"version": 2, "scene": 1, "openid": openid, "media_type": 2}
        await both.mini.call(
            "/wxa/media_check_async", body | {"media_url": "http://127.0.0.1:8000/pictures/a.jpg"}
        )
        await both.world.settle()
        root = ET.fromstring(both.service.pushes[-1])

    assert root.findtext("detail/strategy") == "content_model"
    assert root.findtext("result/suggest") == "pass"
    assert root.findtext("version") == "2"


async def test_the_callback_address_can_be_verified(both: Both) -> None:
    verified = await both.platform.ask("POST", "verify", {"app": MINIPROGRAM})

    assert verified["ok"] is True


async def test_the_panel_tells_the_two_apps_apart(both: Both, li: Phone) -> None:
    await li.sends_in_miniprogram("page", title="我的活动")
    await li.says_in_miniprogram("在吗")

    labels = [one["label"] for one in await both.platform.exchanges()]
    assert labels == ["小程序：文字「在吗」", "小程序：卡片「我的活动」"]


async def test_a_blank_message_is_not_sent(both: Both, li: Phone) -> None:
    with pytest.raises(Refusal, match="空白"):
        await li.says_in_miniprogram("  ")
    assert both.service.pushes == []


async def test_a_lost_answer_makes_the_platform_ask_again(both: Both, li: Phone) -> None:
    await both.platform.misbehaves(drop_next="callback")
    seen = await li.says_in_miniprogram("在吗")

    assert (seen.result, seen.tries, len(both.service.pushes)) == ("silent", 2, 2)
    assert len({query["nonce"] for query, _, _ in both.service.requests}) == 2


@pytest.mark.parametrize("body", [b"", b"success"])
async def test_silence_is_all_that_is_needed(both: Both, li: Phone, body: bytes) -> None:
    async def silent(text: str) -> bytes:
        return body

    both.service.answering = silent
    seen = await li.says_in_miniprogram("在吗")

    assert (seen.result, seen.text, seen.rule) == ("silent", "", "")


def reply(push: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "ToUserName": push["FromUserName"],
        "FromUserName": push["ToUserName"],
        "CreateTime": 1790000040,
        "MsgType": "transfer_customer_service",
        **changes,
    }


def sealed(text: str, *, token: str = MINI.token, cipher: MessageCipher = CIPHER) -> bytes:
    encrypted = cipher.encrypt(text.encode())
    outer = {
        "Encrypt": encrypted,
        "MsgSignature": signature(token, "1790000040", "77", encrypted),
        "TimeStamp": 1790000040,
        "Nonce": "77",
    }
    return json.dumps(outer).encode()


async def test_a_person_can_be_handed_over_to_staff(both: Both, li: Phone) -> None:
    async def hand_over(text: str) -> bytes:
        return sealed(json.dumps(reply(json.loads(text))))

    both.service.answering = hand_over
    seen = await li.says_in_miniprogram("找人工")

    assert (seen.result, seen.text) == ("reply", "已转接人工客服")


async def test_other_replies_are_taken_but_nobody_sees_them(both: Both, li: Phone) -> None:
    async def talks(text: str) -> bytes:
        return sealed(json.dumps(reply(json.loads(text), MsgType="text", Content="您好")))

    both.service.answering = talks
    seen = await li.says_in_miniprogram("在吗")

    assert (seen.result, seen.text) == ("silent", "")
    assert "客服消息" in seen.rule
    assert [one["direction"] for one in await li.reads_in_miniprogram()] == ["out"]


BROKEN = (
    *("Success", "errcode", "list", "html", "not encrypted", "signature", "app id"),
    *("to", "from", "time", "kind", "cut off", "xml"),
)


def broken(name: str, push: dict[str, Any]) -> bytes:
    good = json.dumps(reply(push))
    other = MessageCipher(MINI.aes_key, "wx0000000000000000")
    return {
        "Success": b"SUCCESS",
        "errcode": b'{"errcode":0}',
        "list": b"[]",
        "html": b"<html><body>Internal Server Error</body></html>",
        "not encrypted": good.encode(),
        "signature": sealed(good, token="other"),
        "app id": sealed(good, cipher=other),
        "to": sealed(json.dumps(reply(push, ToUserName="oSomebodyElse"))),
        "from": sealed(json.dumps(reply(push, FromUserName="gh_other"))),
        "time": sealed(json.dumps(reply(push, CreateTime="now"))),
        "kind": sealed(json.dumps(reply(push, MsgType=""))),
        "cut off": sealed(good[:-3]),
        "xml": sealed("<xml><MsgType>transfer_customer_service</MsgType></xml>"),
    }[name]


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_answer_is_a_fault_at_once(both: Both, li: Phone, name: str) -> None:
    async def answer(text: str) -> bytes:
        return broken(name, json.loads(text))

    both.service.answering = answer
    seen = await li.says_in_miniprogram("你好")

    assert (seen.result, seen.tries, seen.text) == ("fault", 1, FAULT_NOTICE)
    assert seen.rule


async def test_a_fault_on_entering_is_not_shown(both: Both, li: Phone) -> None:
    async def answer(text: str) -> bytes:
        return b"oops"

    both.service.answering = answer
    seen = await li.enters_session()

    assert (seen.result, seen.text) == ("fault", "")
    assert await li.reads_in_miniprogram() == []


async def test_an_encrypted_xml_reply_is_read_where_xml_was_chosen() -> None:
    async def hand_over(text: str) -> bytes:
        fields = reply({name: between(text, name) for name in ("FromUserName", "ToUserName")})
        inside = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
        outer = json.loads(sealed(f"<xml>{inside}</xml>"))
        return (
            "<xml>" + "".join(f"<{name}>{value}</{name}>" for name, value in outer.items()) + "</xml>"
        ).encode()

    async with opened(miniprogram=replace(MINI, format="xml")) as both:
        both.service.answering = hand_over
        li = await both.platform.person("李建国")
        seen = await li.says_in_miniprogram("找人工")

    assert (seen.result, seen.text) == ("reply", "已转接人工客服")


async def test_in_plain_mode_nothing_is_encrypted_and_nothing_may_be() -> None:
    async def plain(text: str) -> bytes:
        return json.dumps(reply(json.loads(text))).encode()

    async def encrypted(text: str) -> bytes:
        return sealed((await plain(text)).decode())

    async with opened(mode="plain", miniprogram=replace(MINI, aes_key="")) as both:
        li = await both.platform.person("李建国")
        both.service.answering = plain
        good = await li.says_in_miniprogram("找人工")
        both.service.answering = encrypted
        bad = await li.says_in_miniprogram("找人工")

    assert (good.result, bad.result) == ("reply", "fault")
