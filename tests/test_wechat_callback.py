"""The callback address, driven as WeChat drives it: what comes in, what goes out, and silence."""

import asyncio
import contextlib
import json
from typing import Any

import pytest
import xmltodict  # type: ignore[import-untyped]
from structlog.testing import capture_logs
from wechatpy.crypto import WeChatCrypto

from app.wechat.callback import CallbackEndpoint, NoAnswer
from app.wechat.crypto import Account, Cipher, signature
from app.wechat.incoming import Incoming
from app.wechat.replies import Transfer, render
from tests.wechat_caller import (
    APP_ID,
    COMPATIBLE,
    HELLO,
    KEY,
    LI,
    MINI,
    NOW,
    PLAIN,
    SAFE,
    Caller,
    drive,
    sealed_request,
)

# The address is verified


async def test_the_address_echoes_what_wechat_sent_and_nothing_else() -> None:
    caller = Caller(SAFE)
    response = await caller.call("GET", query=caller.query(echostr="5837 <b>&+"))

    assert (response.status_code, response.text) == (200, "5837 <b>&+")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"signature": "0" * 40}, "bad-signature"),
        ({"signature": "签名"}, "bad-signature"),
        ({"signature": None}, "bad-signature"),
        ({"nonce": "78"}, "bad-signature"),
        ({"nonce": None}, "bad-signature"),
        ({"timestamp": "1789999399"}, "stale-timestamp"),
        ({"timestamp": "1790000602"}, "stale-timestamp"),
        ({"timestamp": "soon"}, "bad-timestamp"),
        ({"timestamp": "9" * 5000}, "bad-query"),
    ],
)
async def test_the_address_is_not_given_to_others(changes: dict[str, Any], reason: str) -> None:
    caller = Caller(SAFE)
    response = await caller.call("GET", query=caller.query(echostr="5837", **changes))

    await caller.is_refused(response, 403, reason)
    assert "5837" not in response.text


@pytest.mark.parametrize("method", ["PUT", "HEAD", "DELETE", "OPTIONS", "PATCH"])
async def test_other_methods_are_not_allowed(method: str) -> None:
    response = await Caller(SAFE).call(method)

    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


# Messages come in and answers go out


@pytest.mark.parametrize("account", [SAFE, COMPATIBLE], ids=["safe", "compatible"])
async def test_an_encrypted_message_gets_an_encrypted_answer(account: Account) -> None:
    caller = Caller(account)
    response = await caller.push()

    sealed = xmltodict.parse(response.content)["xml"]
    crypto = WeChatCrypto("demotoken", KEY, APP_ID)
    opened = crypto.decrypt_message(sealed, sealed["MsgSignature"], sealed["TimeStamp"], sealed["Nonce"])
    reply = xmltodict.parse(opened)["xml"]
    assert response.status_code == 200
    assert (reply["ToUserName"], reply["FromUserName"]) == (LI, "gh_demo")
    assert reply["Content"] == "已收到"
    assert sealed["TimeStamp"] == str(NOW)
    assert [(each.text, each.raw) for each in caller.heard] == [("你好", HELLO)]


async def test_a_plain_account_is_answered_in_clear() -> None:
    caller = Caller(PLAIN)
    response = await caller.call("POST", HELLO)

    assert xmltodict.parse(response.content)["xml"]["Content"] == "已收到"
    assert (await caller.call("POST", HELLO, caller.query(encrypt_type="raw"))).status_code == 200


@pytest.mark.parametrize("reply", [b"success", b""])
async def test_success_goes_out_unencrypted(reply: bytes) -> None:
    response = await Caller(SAFE, reply=reply).push()

    assert (response.status_code, response.content) == (200, reply)


async def test_a_mini_program_speaks_json_both_ways() -> None:
    message = json.dumps(
        {"ToUserName": "gh_m", "FromUserName": LI, "CreateTime": NOW, "MsgType": "text", "MsgId": 1}
    )
    caller = Caller(MINI)
    encrypt = Cipher(MINI).encrypt(message.encode())

    async def transfer(incoming: Incoming) -> bytes:
        return render(Transfer(), incoming, NOW)

    caller.endpoint = CallbackEndpoint(MINI, transfer, now=lambda: NOW)
    body = json.dumps({"ToUserName": "gh_m", "Encrypt": encrypt}).encode()
    response = await caller.call("POST", body, caller.query(encrypt))

    sealed = response.json()
    expected = signature("demotoken", str(sealed["TimeStamp"]), sealed["Nonce"], sealed["Encrypt"])
    reply = json.loads(Cipher(MINI).decrypt(sealed["Encrypt"]))
    assert sealed["MsgSignature"] == expected
    assert reply["MsgType"] == "transfer_customer_service"
    assert response.headers["content-type"] == "application/json"


async def test_a_repeated_nonce_is_left_to_the_journal() -> None:
    caller = Caller(SAFE)
    query, body = sealed_request(caller)

    for _ in range(2):
        assert (await caller.call("POST", body, query)).status_code == 200
    assert caller.heard[0].key == caller.heard[1].key


# Bodies in pieces


async def test_a_body_in_many_pieces_is_put_together() -> None:
    caller = Caller(SAFE)
    query, body = sealed_request(caller)
    pieces = [
        {"type": "http.request", "body": body[at : at + 10], "more_body": True}
        for at in range(0, len(body), 10)
    ]
    sent = await drive(caller.endpoint, query, [*pieces, {"type": "http.request"}])

    assert sent[0]["status"] == 200
    assert caller.heard[0].text == "你好"


async def test_an_endless_body_is_not_read_to_its_end() -> None:
    caller = Caller(SAFE)
    piece = {"type": "http.request", "body": b"x" * 30_000, "more_body": True}
    query, _ = sealed_request(caller)
    sent = await drive(caller.endpoint, query, [piece] * 3, hang_up=False)

    assert (sent[0]["status"], caller.refused) == (400, ["too-large"])


async def test_a_body_that_never_ends_coming_is_given_up() -> None:
    caller = Caller(SAFE, body_seconds=0.01)
    query, body = sealed_request(caller)
    half = {"type": "http.request", "body": body[:50], "more_body": True}
    sent = await drive(caller.endpoint, query, [half], hang_up=False)

    assert (sent[0]["status"], caller.refused) == (400, ["slow-body"])


async def test_nobody_is_answered_who_hung_up_while_sending() -> None:
    caller = Caller(SAFE)
    query, body = sealed_request(caller)
    half = {"type": "http.request", "body": body[:50], "more_body": True}

    assert await drive(caller.endpoint, query, [half]) == []
    assert await drive(caller.endpoint, query, []) == []
    assert caller.heard == []


# Saying nothing


def silent(error: Exception, **options: Any) -> CallbackEndpoint:
    async def answer(_: Incoming) -> bytes:
        raise error

    return CallbackEndpoint(SAFE, answer, now=lambda: NOW, **options)


async def test_what_could_not_be_kept_is_not_answered_until_wechat_hangs_up() -> None:
    query, body = sealed_request(Caller(SAFE))
    request = {"type": "http.request", "body": body}

    assert await drive(silent(NoAnswer()), query, [request]) == []


async def test_silence_ends_even_when_nobody_hangs_up() -> None:
    query, body = sealed_request(Caller(SAFE))
    request = {"type": "http.request", "body": body}
    endpoint = silent(NoAnswer(), silent_seconds=0.01)

    assert await drive(endpoint, query, [request], hang_up=False) == []


async def test_a_bug_is_logged_and_answered_by_silence_so_that_wechat_tries_again() -> None:
    query, body = sealed_request(Caller(SAFE))
    with capture_logs() as logs:
        sent = await drive(silent(OSError("disk full")), query, [{"type": "http.request", "body": body}])

    assert sent == []
    assert [(line["log_level"], line["kind"]) for line in logs] == [("error", "text")]


async def test_the_connection_is_held_while_silent() -> None:
    query, body = sealed_request(Caller(SAFE))
    request = {"type": "http.request", "body": body}
    call = asyncio.create_task(drive(silent(NoAnswer()), query, [request], hang_up=False))
    for _ in range(5):
        await asyncio.sleep(0)

    assert not call.done()
    call.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await call
