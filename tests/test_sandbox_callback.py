"""The sandbox as the pushing side: signing, waiting, trying again, and what a person then sees."""

import asyncio
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.app import create_app
from sandbox.config import Config, derived_keys
from sandbox.crypto import MessageCipher, signature
from sandbox.driver import Phone, Platform, Refusal
from sandbox.replies import FAULT_NOTICE

KEYS = derived_keys("a secret for tests")
CONFIG = Config(**KEYS, retry_pause=0.0)  # type: ignore[arg-type]
CIPHER = MessageCipher(KEYS["aes_key"], KEYS["app_id"])
Answering = Callable[[ET.Element], Awaitable[bytes]]


def reply(push: ET.Element, kind: str, inner: str, **changes: str) -> str:
    head = {
        "ToUserName": push.findtext("FromUserName") or "",
        "FromUserName": push.findtext("ToUserName") or "",
        "CreateTime": "1790000040",
        **changes,
    }
    envelope = "".join(f"<{name}>{value}</{name}>" for name, value in head.items())
    return f"<xml>{envelope}<MsgType>{kind}</MsgType>{inner}</xml>"


def sealed(xml: str, *, token: str = KEYS["token"]) -> bytes:
    text = CIPHER.encrypt(xml.encode())
    sign = signature(token, "1790000040", "77", text)
    return (
        f"<xml><Encrypt>{text}</Encrypt><MsgSignature>{sign}</MsgSignature>"
        "<TimeStamp>1790000040</TimeStamp><Nonce>77</Nonce></xml>"
    ).encode()


def text_reply(push: ET.Element, words: str) -> bytes:
    return sealed(reply(push, "text", f"<Content><![CDATA[{words}]]></Content>"))


@dataclass
class Service:
    """A tiny service: opens what is pushed, and answers as the test says."""

    answering: Answering
    pushes: list[ET.Element] = field(default_factory=list)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        query = dict(request.query_params)
        if request.method == "GET":
            good = signature(KEYS["token"], query["timestamp"], query["nonce"])
            return Response(query["echostr"] if good == query["signature"] else "no")
        self.requests.append((query, body))
        outer = ET.fromstring(body)
        encrypted = outer.findtext("Encrypt")
        push = ET.fromstring(CIPHER.decrypt(encrypted)) if encrypted else outer
        self.pushes.append(push)
        return Response(await self.answering(push), status_code=self.status)


async def echo(push: ET.Element) -> bytes:
    return text_reply(push, f"收到{push.findtext('Content') or push.findtext('Event')}")


@pytest.fixture
def service() -> Service:
    return Service(echo)


@pytest.fixture
async def open_platform(service: Service) -> AsyncIterator[Callable[..., Platform]]:
    """Opens sandboxes whose pushes reach `service`; closes them after the test."""
    opened: list[Any] = []

    def opener(**changes: Any) -> Platform:
        far = Starlette(routes=[Route("/wechat/callback", service.answer, methods=["GET", "POST"])])
        app = create_app(replace(CONFIG, **changes), httpx.ASGITransport(far))
        transport = httpx.ASGITransport(app)
        client = httpx.AsyncClient(transport=transport, base_url="http://sandbox")
        opened.append((app, client))
        return Platform(client)

    yield opener
    for app, client in opened:
        await client.aclose()
        await app.state.world.close()


@pytest.fixture
async def platform(open_platform: Callable[..., Platform]) -> Platform:
    return open_platform()


@pytest.fixture
async def wang(platform: Platform, service: Service) -> Phone:
    phone = await platform.follower("王秀兰")
    service.pushes.clear()
    service.requests.clear()
    return phone


def test_the_official_signature_vector_holds() -> None:
    assert signature("AAAAA", "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"


def test_the_cipher_vector_of_the_reference_holds() -> None:
    cipher = MessageCipher("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx0123456789abcdef")
    message = (
        "<xml><ToUserName><![CDATA[gh_demo000000]]></ToUserName><FromUserName>"
        "<![CDATA[oDemoUser0000000000000000001]]></FromUserName><CreateTime>1790000000</CreateTime>"
        "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好]]></Content>"
        "<MsgId>24500000000000001</MsgId></xml>"
    ).encode()

    encrypted = cipher.encrypt(message, salt=b"0123456789abcdef")

    sign = signature("demotoken", "1790000000", "1357924680", encrypted)
    assert sign == "14b97aad61f21b6473fadd35851891ceb9e69898"
    assert cipher.decrypt(encrypted) == message


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
async def test_a_push_is_signed_and_shaped_as_its_mode_asks(
    open_platform: Callable[..., Platform], service: Service, mode: str
) -> None:
    async def silent(push: ET.Element) -> bytes:
        return b"success"

    service.answering = silent
    li = await open_platform(mode=mode).follower("李建国")
    await li.says("你好")

    query, body = service.requests[-1]
    outer = ET.fromstring(body)
    assert query["signature"] == signature(KEYS["token"], query["timestamp"], query["nonce"])
    assert (outer.find("Content") is not None) == (mode in ("plain", "compatible"))
    assert (outer.find("Encrypt") is not None) == (mode in ("compatible", "safe"))
    if mode != "plain":
        parts = (KEYS["token"], query["timestamp"], query["nonce"], outer.findtext("Encrypt") or "")
        assert query["msg_signature"] == signature(*parts)
    assert service.pushes[-1].findtext("Content") == "你好"
    assert query["openid"] == li.openid


async def test_an_answer_in_time_is_read_on_the_phone(wang: Phone) -> None:
    seen = await wang.says("插座冒火花")

    assert (seen.result, seen.text, seen.tries) == ("reply", "收到插座冒火花", 1)
    chat = await wang.reads()
    assert [(one["direction"], one["content"]) for one in chat[-2:]] == [
        ("out", "插座冒火花"),
        ("in", "收到插座冒火花"),
    ]


@pytest.mark.parametrize("body", [b"", b"success"])
async def test_silence_is_accepted_and_shows_nothing(wang: Phone, service: Service, body: bytes) -> None:
    async def silent(push: ET.Element) -> bytes:
        return body

    service.answering = silent
    seen = await wang.says("谢谢")

    assert (seen.result, seen.text, seen.tries) == ("silent", "", 1)


async def test_a_slow_service_is_asked_three_times_with_one_body(
    open_platform: Callable[..., Platform], service: Service
) -> None:
    wang = await open_platform(answer_seconds=0.05).follower("王秀兰")
    service.requests.clear()

    async def never(push: ET.Element) -> bytes:
        await asyncio.Event().wait()
        return b""

    service.answering = never
    seen = await wang.says("在吗")

    assert (seen.result, seen.tries, seen.text) == ("fault", 3, FAULT_NOTICE)
    queries, bodies = zip(*service.requests, strict=True)
    assert len(set(bodies)) == 1
    assert len({query["nonce"] for query in queries}) == 3


async def test_a_service_that_comes_back_answers_the_second_try(wang: Phone, service: Service) -> None:
    asked = 0

    async def late(push: ET.Element) -> bytes:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise httpx.ConnectError("not up yet")
        return text_reply(push, "我回来了")

    service.answering = late
    seen = await wang.says("在吗")

    assert (seen.result, seen.tries, seen.text) == ("reply", 2, "我回来了")


def broken_answers() -> dict[str, Callable[[ET.Element], bytes]]:
    content = "<Content>好</Content>"
    item = "<item><Title>题</Title></item>"
    return {
        "Success": lambda push: b"SUCCESS",
        "json": lambda push: b'{"errcode":0}',
        "html": lambda push: b"<html><body>Internal Server Error</body></html>",
        "not encrypted": lambda push: reply(push, "text", content).encode(),
        "signature": lambda push: sealed(reply(push, "text", content), token="other"),
        "to": lambda push: sealed(reply(push, "text", content, ToUserName="oSomebodyElse")),
        "from": lambda push: sealed(reply(push, "text", content, FromUserName="gh_other")),
        "time": lambda push: sealed(reply(push, "text", content, CreateTime="now")),
        "kind": lambda push: sealed(reply(push, "poem", content)),
        "empty": lambda push: text_reply(push, ""),
        "long": lambda push: text_reply(push, "字" * 683),  # 2,049 bytes
        "media": lambda push: sealed(
            reply(push, "image", "<Image><MediaId>never uploaded</MediaId></Image>")
        ),
        "two articles": lambda push: sealed(
            reply(push, "news", f"<ArticleCount>2</ArticleCount><Articles>{item * 2}</Articles>")
        ),
        "count": lambda push: sealed(
            reply(push, "news", f"<ArticleCount>2</ArticleCount><Articles>{item}</Articles>")
        ),
        "cut off": lambda push: sealed(reply(push, "text", content)[:-3]),
    }


@pytest.mark.parametrize("name", broken_answers().keys())
async def test_a_broken_answer_is_a_fault_at_once(wang: Phone, service: Service, name: str) -> None:
    async def broken(push: ET.Element) -> bytes:
        return broken_answers()[name](push)

    service.answering = broken
    seen = await wang.says("你好")

    assert (seen.result, seen.tries, seen.text) == ("fault", 1, FAULT_NOTICE)
    assert seen.rule
    assert (await wang.reads())[-1]["type"] == "fault"


async def test_a_right_answer_with_status_500_is_a_fault(wang: Phone, service: Service) -> None:
    service.status = 500

    seen = await wang.says("你好")

    assert (seen.result, seen.tries) == ("fault", 1)


async def test_2048_bytes_of_text_still_pass(wang: Phone, service: Service) -> None:
    async def just_fits(push: ET.Element) -> bytes:
        return text_reply(push, "字" * 682 + "ab")

    service.answering = just_fits

    assert (await wang.says("说长一点")).result == "reply"


async def test_an_event_may_bring_eight_articles_and_a_message_one(
    platform: Platform, service: Service
) -> None:
    async def eight(push: ET.Element) -> bytes:
        items = "".join(f"<item><Title>{n}</Title></item>" for n in range(8))
        return sealed(reply(push, "news", f"<ArticleCount>8</ArticleCount><Articles>{items}</Articles>"))

    service.answering = eight
    chen = await platform.person("陈静")

    assert (await chen.follows()).result == "reply"
    assert (await chen.says("活动")).result == "fault"


async def test_a_fault_on_leaving_or_locating_is_not_shown(wang: Phone, service: Service) -> None:
    async def broken(push: ET.Element) -> bytes:
        return b"oops"

    service.answering = broken
    before = len(await wang.reads())
    await wang.sends("report-location")
    await wang.leaves()

    assert len(await wang.reads()) == before


async def test_following_by_code_and_scanning_later_are_different_events(
    platform: Platform, service: Service
) -> None:
    liu = await platform.person("刘洋")
    await liu.follows("act_7")
    await liu.scans("act_7")

    first, second = service.pushes[-2:]
    assert (first.findtext("Event"), first.findtext("EventKey")) == ("subscribe", "qrscene_act_7")
    assert (second.findtext("Event"), second.findtext("EventKey")) == ("SCAN", "act_7")
    assert first.findtext("Ticket") == second.findtext("Ticket")


async def test_what_one_can_send_arrives_with_its_fields(wang: Phone, service: Service) -> None:
    await wang.sends("picture")
    await wang.sends("voice", recognition="怎么报名")
    await wang.sends("location", latitude=35.5, longitude=109.25, label="黄陵县")
    await wang.sends("link", title="回顾", url="https://demo.example/a")

    picture, voice, place, link = service.pushes[-4:]
    assert picture.findtext("PicUrl", "").endswith(f"/mmbiz/{picture.findtext('MediaId')}")
    assert voice.findtext("Recognition") == "怎么报名"
    assert voice.findtext("MediaId16K")
    assert place.findtext("Location_X") == "35.500000"
    assert link.findtext("Url") == "https://demo.example/a"
    assert len({push.findtext("MsgId") for push in service.pushes[-4:]}) == 4


async def test_a_tapped_line_sends_its_content_and_id(wang: Phone, service: Service) -> None:
    async def offers(push: ET.Element) -> bytes:
        line = '<a href="weixin://bizmsgmenu?msgmenucontent=%E7%94%B5%26%E6%B0%B4&msgmenuid=s3-2">电和水</a>'
        return text_reply(push, f"请选择：\n{line}")

    service.answering = offers
    seen = await wang.says("选项")
    await wang.chooses("电和水")

    assert seen.text == "请选择：\n电和水"
    assert service.pushes[-1].findtext("Content") == "电&水"
    assert service.pushes[-1].findtext("bizmsgmenuid") == "s3-2"
    with pytest.raises(Refusal, match="没有可点的"):
        await wang.chooses("没有这一行")


async def test_who_does_not_follow_cannot_write(platform: Platform) -> None:
    zhang = await platform.person("张伟")

    with pytest.raises(Refusal, match="还没有关注"):
        await zhang.says("你好")


async def test_the_same_push_can_arrive_several_times_at_once(
    platform: Platform, wang: Phone, service: Service
) -> None:
    await platform.misbehaves(duplicate=3)
    seen = await wang.says("报名")
    again = await wang.says("报名")

    assert [one["result"] for one in seen.detail["copies"]] == ["reply"] * 3
    assert len({push.findtext("MsgId") for push in service.pushes[:3]}) == 1
    assert len(again.detail["copies"]) == 1


async def test_a_lost_answer_makes_the_platform_ask_again(
    platform: Platform, wang: Phone, service: Service
) -> None:
    await platform.misbehaves(drop_next="callback")
    seen = await wang.says("报名")

    assert (seen.result, seen.tries, len(service.pushes)) == ("reply", 2, 2)


async def test_the_verification_of_the_settings_page_can_be_tried(platform: Platform) -> None:
    assert (await platform.ask("POST", "verify"))["ok"] is True
