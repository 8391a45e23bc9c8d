"""How calls are made: what is repeated, what never is, and what must not be seen."""

import logging
import traceback

import httpx
import pytest

from app.wechat.api.messages import CustomerMessage, Text
from app.wechat.client import WeChatClient
from app.wechat.errors import (
    MediaGone,
    NotAllowed,
    OurMistake,
    OutcomeUnknown,
    PartlyDone,
    PersonGone,
    TooLarge,
    TryLater,
    WeChatError,
)
from tests import wechat_api
from tests.wechat_api import SECRET, FakeApi, client_of

OK: dict[str, object] = {"errcode": 0, "errmsg": "ok"}
BUSY = {"errcode": -1, "errmsg": "system error rid: 1-2-3"}
HELLO = CustomerMessage("oLi", Text("您好"))
# The call had left, or may have, when one of these came.
IN_DOUBT = [
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    httpx.ReadError("reset"),
    httpx.WriteError("reset"),
    httpx.RemoteProtocolError("closed"),
    httpx.Response(502, text="<html>Bad Gateway</html>"),
    httpx.Response(500, json={"errcode": 0}),
    httpx.Response(200, text="<html>"),
    httpx.Response(200, text=""),
    httpx.Response(200, text="[]"),
    httpx.Response(302, headers={"location": "https://elsewhere.example/"}),
    httpx.Response(200, content=b"[" * 100_000),
]
UNSENT = [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full")]


api, http, client = wechat_api.api, wechat_api.http, wechat_api.client


async def test_chinese_goes_out_as_it_is_with_the_token_in_the_query(
    api: FakeApi, client: WeChatClient
) -> None:
    api.answers = [OK]

    await client.messages.send(HELLO)

    assert '"您好"'.encode() in api.last.content
    assert api.last.headers["content-type"] == "application/json; charset=utf-8"
    assert api.tokens_used() == ["token-1"]


async def test_half_an_emoji_does_not_keep_a_message_from_going(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [OK]

    await client.messages.send(CustomerMessage("oLi", Text("好\ud83d")))

    assert api.body["text"]["content"] == "好?"


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
async def test_a_stale_token_is_renewed_and_the_call_made_once_more(
    api: FakeApi, client: WeChatClient, errcode: int
) -> None:
    api.answers = [{"errcode": errcode, "errmsg": "bad token"}, OK]

    await client.messages.send(HELLO)

    assert api.tokens_used() == ["token-1", "token-2"]


async def test_a_second_refused_token_ends_the_call(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [{"errcode": 40001}, {"errcode": 42001}, OK]

    with pytest.raises(TryLater) as caught:
        await client.messages.send(HELLO)

    assert caught.value.errcode == 42001
    assert len(api.requests) == 2


@pytest.mark.parametrize("broken", IN_DOUBT)
async def test_a_message_of_unknown_outcome_is_never_sent_twice(
    api: FakeApi, client: WeChatClient, broken: httpx.Response | Exception
) -> None:
    api.answers = [broken, OK]

    with pytest.raises(OutcomeUnknown):
        await client.messages.send(HELLO)

    assert len(api.requests) == 1


@pytest.mark.parametrize("broken", IN_DOUBT)
async def test_a_template_notice_is_left_to_its_caller_to_repeat(
    api: FakeApi, client: WeChatClient, broken: httpx.Response | Exception
) -> None:
    api.answers = [broken, OK]

    with pytest.raises(OutcomeUnknown):
        await client.templates.send("oLi", "T", {"thing1": "羽毛球赛"}, client_msg_id="d-1")

    assert len(api.requests) == 1


@pytest.mark.parametrize("broken", [*IN_DOUBT, *UNSENT])
async def test_a_read_is_repeated_once(
    api: FakeApi, client: WeChatClient, broken: httpx.Response | Exception
) -> None:
    api.answers = [broken, {"ip_list": ["101.226.103.0/25"]}]
    assert await client.base.callback_ips() == ("101.226.103.0/25",)


@pytest.mark.parametrize("broken", [httpx.ReadTimeout("slow"), httpx.ConnectError("refused")])
async def test_a_read_that_fails_twice_is_for_later(
    api: FakeApi, client: WeChatClient, broken: Exception
) -> None:
    api.answers = [broken, broken, OK]

    with pytest.raises(TryLater):
        await client.base.callback_ips()

    assert len(api.requests) == 2


@pytest.mark.parametrize("broken", UNSENT)
async def test_a_message_that_never_left_is_tried_once_more(
    api: FakeApi, client: WeChatClient, broken: Exception
) -> None:
    api.answers = [broken, OK]
    await client.messages.send(HELLO)

    api.answers = [broken, broken, OK]
    with pytest.raises(TryLater):
        await client.messages.send(HELLO)
    assert len(api.requests) == 4


async def test_a_second_attempt_may_still_end_in_doubt(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), OK]

    with pytest.raises(OutcomeUnknown):
        await client.messages.send(HELLO)

    assert len(api.requests) == 2


async def test_busy_is_told_to_the_caller_who_has_the_time_to_wait(
    api: FakeApi, client: WeChatClient
) -> None:
    api.answers = [BUSY]

    with pytest.raises(TryLater) as caught:
        await client.users.list()

    assert (caught.value.errcode, caught.value.rid) == (-1, "1-2-3")
    assert caught.value.path == "/cgi-bin/user/get"


async def test_what_a_repeat_finds_done_is_done(api: FakeApi, client: WeChatClient) -> None:
    gone = {"errcode": 45159, "errmsg": "invalid tag id"}
    api.answers = [httpx.ReadTimeout("slow"), gone]
    await client.tags.delete(134)

    api.answers = [gone]
    with pytest.raises(OurMistake):
        await client.tags.delete(134)


async def test_a_success_without_what_it_should_bring_is_no_success(
    api: FakeApi, client: WeChatClient
) -> None:
    api.answers = [{"expire_seconds": 60}]

    with pytest.raises(OutcomeUnknown):
        await client.qrcodes.create("act_7", None)


async def test_control_characters_and_broken_utf8_in_an_answer_are_read(
    api: FakeApi, client: WeChatClient
) -> None:
    body = b'\xef\xbb\xbf{"subscribe":1,"openid":"oLi","remark":"a\x01b\xff"}'
    api.answers = [httpx.Response(200, content=body, headers={"content-type": "text/plain"})]

    assert (await client.users.get("oLi")).remark == "a\x01b�"


async def test_redirects_are_not_followed_even_by_a_client_that_would(api: FakeApi) -> None:
    transport = httpx.MockTransport(api)
    moved = httpx.Response(302, headers={"location": "https://elsewhere.example/"})
    async with httpx.AsyncClient(transport=transport, follow_redirects=True) as http:
        api.answers = [moved, moved]
        with pytest.raises(TryLater):
            await client_of(api, http).users.list()

    assert {request.url.host for request in api.requests} == {"api.weixin.qq.com"}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("slow"),
        httpx.Response(502),
        {"errcode": 40003, "errmsg": f"access_token=token-1 of {SECRET} is not token-1"},
        {"errcode": 99999, "errmsg": "https://x/?access_token=token-1&secret=abc"},
    ],
)
async def test_neither_token_nor_secret_shows_in_logs_or_errors(
    api: FakeApi,
    client: WeChatClient,
    caplog: pytest.LogCaptureFixture,
    answer: httpx.Response | Exception | dict[str, object],
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpx")  # our own set-up holds it back
    api.answers = [answer]

    with pytest.raises(WeChatError) as caught:
        await client.messages.send(HELLO)

    seen = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caplog.text
    seen += str(api.last.url) + repr(api.last.url) + repr(api.last) + repr(client)
    assert "/cgi-bin/message/custom/send" in caplog.text or isinstance(answer, Exception)
    assert "token-1" not in seen
    assert SECRET not in seen


@pytest.mark.parametrize(("errcode", "kind"), [(40003, PersonGone), (48001, NotAllowed), (45002, OurMistake)])
async def test_refusals_come_as_the_class_that_says_what_to_do(
    api: FakeApi, client: WeChatClient, errcode: int, kind: type[WeChatError]
) -> None:
    api.answers = [{"errcode": errcode, "errmsg": "no"}]

    with pytest.raises(kind):
        await client.messages.send(HELLO)


async def test_tagging_that_worked_for_some_names_the_others(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [{"errcode": 45171, "errmsg": "partial", "fail_openid_list": ["oB"]}]

    with pytest.raises(PartlyDone) as caught:
        await client.tags.tag(134, ["oA", "oB"])

    assert caught.value.fail_openids == ("oB",)


# -- files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", ["image/jpeg", "application/octet-stream", ""])
async def test_a_file_comes_as_its_bytes(api: FakeApi, client: WeChatClient, content_type: str) -> None:
    headers = {
        "content-type": content_type,
        "content-disposition": 'attachment; filename="../a/pic.jpg"',
    }
    api.answers = [httpx.Response(200, content=b"\xff\xd8picture", headers=headers)]

    file = await client.media.get("M")

    assert (file.content, file.content_type, file.filename) == (
        b"\xff\xd8picture",
        content_type,
        "pic.jpg",
    )


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
async def test_a_refusal_in_place_of_a_file_is_known_by_its_content(
    api: FakeApi, client: WeChatClient, content_type: str
) -> None:
    body = b'{"errcode":40007,"errmsg":"invalid media_id"}'
    api.answers = [httpx.Response(200, content=body, headers={"content-type": content_type})]

    with pytest.raises(MediaGone):
        await client.media.get("M")


async def test_a_stale_token_is_renewed_for_files_too(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [{"errcode": 42001}, httpx.Response(200, content=b"RIFF")]

    assert (await client.media.get("M")).content == b"RIFF"


async def test_a_video_is_fetched_from_where_wechat_says_without_the_token(
    api: FakeApi, client: WeChatClient
) -> None:
    video = httpx.Response(200, content=b"mp4", headers={"content-type": "video/mp4"})
    api.answers = [{"video_url": "http://video.example/v?key=signed"}, video]

    assert (await client.media.get("M")).content == b"mp4"
    assert api.asked == "GET /v key=signed"
    assert api.tokens_used() == ["token-1", ""]


async def test_a_file_too_large_is_not_kept(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [httpx.Response(200, content=b"x" * 101)]

    with pytest.raises(TooLarge):
        await client.media.get("M", limit=100)
