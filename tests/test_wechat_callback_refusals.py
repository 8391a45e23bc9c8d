"""The callback address, driven as others try to: every refusal by its name, never a 5xx."""

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from app.wechat.crypto import Account, Cipher, Mode
from tests.wechat_caller import (
    COMPATIBLE,
    HELLO,
    KEY,
    LI,
    MINI,
    PLAIN,
    SAFE,
    Caller,
    drive,
    envelope,
    sealed_request,
)

# What is not WeChat's, or weaker than ours


@pytest.mark.parametrize("account", [SAFE, COMPATIBLE], ids=["safe", "compatible"])
async def test_a_plain_message_is_refused_by_an_account_that_encrypts(account: Account) -> None:
    for changes in ({}, {"encrypt_type": "raw"}, {"encrypt_type": "AES"}):
        caller = Caller(account)
        response = await caller.call("POST", HELLO, caller.query(**changes))
        await caller.is_refused(response, 403, "weaker-mode")


@pytest.mark.parametrize("account", [SAFE, COMPATIBLE], ids=["safe", "compatible"])
async def test_a_body_without_its_sealed_part_is_refused(account: Account) -> None:
    caller = Caller(account)
    response = await caller.call("POST", HELLO, caller.query("whatever"))

    await caller.is_refused(response, 403, "weaker-mode")


async def test_the_body_decides_not_what_the_query_says_of_it() -> None:
    caller = Caller(SAFE)

    assert (await caller.push(encrypt_type=None)).status_code == 200
    assert (await caller.push(encrypt_type="raw")).status_code == 200


async def test_the_clear_fields_of_compatible_mode_are_not_believed() -> None:
    caller = Caller(COMPATIBLE)
    encrypt = Cipher(SAFE).encrypt(HELLO)
    forged = b"<MsgType>text</MsgType><Content>forged</Content>"
    await caller.call("POST", envelope(encrypt, forged), caller.query(encrypt))

    assert caller.heard[0].text == "你好"


async def test_a_plain_account_refuses_what_it_cannot_judge() -> None:
    caller = Caller(PLAIN)
    await caller.is_refused(await caller.push(), 403, "unexpected-encryption")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"msg_signature": "0" * 40}, "bad-signature"),
        ({"msg_signature": None}, "bad-signature"),
        ({"msg_signature": "签名"}, "bad-signature"),
        ({"nonce": "78"}, "bad-signature"),
        ({"timestamp": "1789999399"}, "stale-timestamp"),
        ({"timestamp": "1790000602"}, "stale-timestamp"),
    ],
)
async def test_a_wrong_signature_or_time_is_refused(changes: dict[str, Any], reason: str) -> None:
    caller = Caller(SAFE)
    await caller.is_refused(await caller.push(**changes), 403, reason)


async def test_a_plain_signature_does_not_stand_for_the_bodys() -> None:
    caller = Caller(SAFE)
    encrypt = Cipher(SAFE).encrypt(HELLO)
    query = caller.query(encrypt) | {"msg_signature": caller.query()["signature"]}
    response = await caller.call("POST", envelope(encrypt), query)

    await caller.is_refused(response, 403, "bad-signature")


async def test_a_clock_ten_minutes_off_is_still_heard() -> None:
    for timestamp in ("1789999401", "1790000600"):
        assert (await Caller(SAFE).push(timestamp=timestamp)).status_code == 200


async def test_a_message_sealed_for_another_app_is_refused() -> None:
    caller = Caller(SAFE)
    other = Cipher(Account("wxsomebodyelse", "demotoken", KEY, Mode.SAFE)).encrypt(HELLO)
    response = await caller.call("POST", envelope(other), caller.query(other))

    await caller.is_refused(response, 403, "other-appid")


@pytest.mark.parametrize("repeated", ["&nonce=77", "&n%6Fnce=78", "&openid=oOther", "&new=1&new=1"])
async def test_a_repeated_parameter_is_refused(repeated: str) -> None:
    caller = Caller(SAFE)
    query, body = sealed_request(caller)
    sent = await drive(caller.endpoint, query + repeated, [{"type": "http.request", "body": body}])

    assert (sent[0]["status"], caller.refused) == (400, ["repeated-parameter"])


@pytest.mark.parametrize("query", ["nonce=%ff", "a=" + "b" * 5000, "n%ffonce=1"])
async def test_an_unreadable_query_is_refused(query: str) -> None:
    caller = Caller(SAFE)
    sent = await drive(caller.endpoint, query, [{"type": "http.request", "body": HELLO}])

    assert (sent[0]["status"], caller.refused) == (400, ["bad-query"])


# What cannot be read


@pytest.mark.parametrize(
    ("encrypt", "reason"),
    [
        ("not base64!", "bad-base64"),
        ("密文", "bad-base64"),
        ("QUJD", "bad-ciphertext"),
        ("A" * 43 + "=", "bad-padding"),
        (Cipher(SAFE).encrypt(HELLO)[:-4], "bad-ciphertext"),
        (Cipher(SAFE).encrypt(b""), "empty"),
        (Cipher(SAFE).encrypt(b"<html/>"), "other-root"),
        (Cipher(SAFE).encrypt(HELLO[:-3]), "bad-xml"),
        (Cipher(SAFE).encrypt(b"<xml>" * 99), "too-deep"),
        (Cipher(SAFE).encrypt(b"<!DOCTYPE xml>" + HELLO), "doctype"),
        (Cipher(SAFE).encrypt("你好".encode("gbk")), "bad-charset"),
    ],
    ids=["signs", "chinese", "short", "zeros", "cut", "nothing", "html", "cut-xml", "deep", "doctype", "gbk"],
)
async def test_a_well_signed_but_broken_body_is_a_400(encrypt: str, reason: str) -> None:
    caller = Caller(SAFE)
    response = await caller.call("POST", envelope(encrypt), caller.query(encrypt))

    await caller.is_refused(response, 400, reason)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"<xml>", "bad-xml"),
        (b"<html><Encrypt>x</Encrypt></html>", "other-root"),
        (b"<!DOCTYPE xml><xml><Encrypt>x</Encrypt></xml>", "doctype"),
        (b"<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>", "bad-field"),
        (b"<xml><Encrypt><a>x</a></Encrypt></xml>", "bad-field"),
        (b"<xml>" * 9000, "too-deep"),
        (b"\xff\xfe<xml/>", "bad-charset"),
        (b"x" * 65537, "too-large"),
        (b"x" * 3_000_000, "too-large"),
    ],
)
async def test_a_broken_envelope_is_a_400(body: bytes, reason: str) -> None:
    caller = Caller(SAFE)
    response = await caller.call("POST", body, caller.query("any"))

    await caller.is_refused(response, 400, reason)


async def test_a_refusal_is_logged_by_its_code_without_personal_data() -> None:
    caller = Caller(SAFE)
    with capture_logs() as logs:
        await caller.push(msg_signature="0" * 40)

    assert [(line["log_level"], line["reason"]) for line in logs] == [("warning", "bad-signature")]
    assert LI not in str(logs)


# Whatever is thrown at it


async def thrown(account: Account, query: bytes, body: bytes) -> int:
    caller = Caller(account)
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "query_string": query, "headers": []}
    await caller.endpoint(scope, receive, send)
    return int(sent[0]["status"])


@settings(deadline=None)  # a shared machine may pause at any time
@given(st.sampled_from([SAFE, COMPATIBLE, PLAIN, MINI]), st.binary(max_size=200), st.binary(max_size=500))
def test_noise_never_makes_a_5xx(account: Account, query: bytes, body: bytes) -> None:
    assert asyncio.run(thrown(account, query, body)) in (400, 403)


@settings(deadline=None)  # a shared machine may pause at any time
@given(st.sampled_from([SAFE, COMPATIBLE, PLAIN, MINI]), st.binary(max_size=300), st.data())
def test_well_signed_noise_never_makes_a_5xx(account: Account, noise: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(HELLO)))
    message = HELLO[:at] + noise + HELLO[data.draw(st.integers(at, len(HELLO))) :]
    caller = Caller(account)
    if account is PLAIN:
        query, body = caller.query(), message
    else:
        encrypt = Cipher(SAFE).encrypt(message)
        query = caller.query(encrypt)
        body = json.dumps({"Encrypt": encrypt}).encode() if account is MINI else envelope(encrypt)

    status = asyncio.run(thrown(account, str(httpx.QueryParams(query)).encode(), body))
    assert status in (200, 400, 403)


@settings(deadline=None)  # a shared machine may pause at any time
@given(st.data())
def test_a_damaged_request_is_never_believed(data: st.DataObject) -> None:
    encrypt = Cipher(SAFE).encrypt(HELLO, random16=b"0123456789abcdef")
    body = envelope(encrypt)
    start = data.draw(st.integers(body.index(encrypt.encode()), len(body) - len("</Encrypt></xml>") - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda each: each != body[start]))
    damaged = body[:start] + bytes((byte,)) + body[start + 1 :]
    query = str(httpx.QueryParams(Caller(SAFE).query(encrypt))).encode()

    assert asyncio.run(thrown(SAFE, query, damaged)) in (400, 403)
