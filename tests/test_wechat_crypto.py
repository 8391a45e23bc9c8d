"""Signatures and cipher, against the official vectors and against wechatpy both ways."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto

from app.wechat.crypto import Account, BadCallback, Cipher, Format, Mode, same, signature

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APP_ID = "wx0123456789abcdef"
ACCOUNT = Account(APP_ID, "demotoken", KEY, Mode.SAFE)
MESSAGE = (
    "<xml><ToUserName><![CDATA[gh_demo000000]]></ToUserName>"
    "<FromUserName><![CDATA[oDemoUser0000000000000000001]]></FromUserName>"
    "<CreateTime>1790000000</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[你好]]></Content><MsgId>24500000000000001</MsgId></xml>"
).encode()
ENCRYPT = (
    "Q3stYC6hdFzMh9T8HCvyDAXcxAOUFrs+mllGSI76/U9fGOqPT6quOspX7j90vXge+UvKRG1Hi9VTlPSX/V+DsQks"
    "DY76xGCCDKb8BZ8myrnToUa7whqVdfwYwUGBFZ6JhHURatnBQEzRCj323mKY0FDIyEzHKNebJqcCFuNsmnUsg5XU"
    "sxY09pMiWbrGmnXz/5+HGD0xLoXdNrXgU6hIvGK7QCb4qOAMFUMd+SWaqOiXZpPwbaG9fke806pciQ3mHdIKmXlW"
    "jBn9NJdJj8bJiOdWGHIs7N9q/mv05tksxu4LBb8fvrKwkdB7A505w7RNL6RwK+Bzkc4LqONsfw+Uo/T0NKSVTXYS"
    "1Iu0XNxwOBRBRJ7HdLYC13t6pXP2DAGaM1D6ndAYmWozjjYEksMihJGLbdRbLtOqrzslUhKyc8Y="
)


def sealed(clear: bytes) -> str:
    """Encrypt bytes as they are, so that a test can lay them out wrongly."""
    key = base64.b64decode(KEY + "=")
    encryptor = BlockCipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(clear) + encryptor.finalize()).decode()


def laid_out(message: bytes, *, app_id: bytes = APP_ID.encode(), length: int | None = None) -> bytes:
    size = len(message) if length is None else length
    clear = b"r" * 16 + size.to_bytes(4, "big") + message + app_id
    padding = 32 - len(clear) % 32
    return clear + bytes((padding,)) * padding


def refusal(b64: str) -> tuple[int, str]:
    with pytest.raises(BadCallback) as caught:
        Cipher(ACCOUNT).decrypt(b64)
    return caught.value.status, caught.value.reason


def test_signatures_equal_the_official_vectors() -> None:
    official = signature("AAAAA", "1714036504", "1514711492")
    plain = signature("demotoken", "1790000000", "1357924680")
    covering_the_body = signature("demotoken", "1790000000", "1357924680", ENCRYPT)

    assert official == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    assert plain == "5ba3a2b3e988b61e8291b13bd6cf81c394c66aa4"
    assert covering_the_body == "14b97aad61f21b6473fadd35851891ceb9e69898"


def test_a_signature_with_strange_characters_is_just_wrong() -> None:
    right = signature("demotoken", "1", "2")

    assert same(right, right)
    assert not same(right.upper(), right)
    assert not same("签名", right)
    assert not same("\ud800", right)
    assert not same("", right)


def test_the_cipher_equals_the_vector_both_ways() -> None:
    cipher = Cipher(ACCOUNT)

    assert cipher.encrypt(MESSAGE, random16=b"0123456789abcdef") == ENCRYPT
    assert cipher.decrypt(ENCRYPT) == MESSAGE


def test_a_folded_ciphertext_is_read_like_one_in_a_line() -> None:
    folded = "\n".join(ENCRYPT[start : start + 76] for start in range(0, len(ENCRYPT), 76))

    assert Cipher(ACCOUNT).decrypt(folded) == MESSAGE


def test_sealing_the_same_twice_looks_different() -> None:
    cipher = Cipher(ACCOUNT)

    assert cipher.encrypt(MESSAGE) != cipher.encrypt(MESSAGE)


@settings(deadline=None)  # a shared machine may pause at any time
@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=300))
def test_wechatpy_reads_what_we_seal_and_we_read_what_it_seals(text: str) -> None:
    cipher, theirs = Cipher(ACCOUNT), WeChatCrypto("demotoken", KEY, APP_ID)

    encrypt = cipher.encrypt(text.encode())
    signed = signature("demotoken", "1790000000", "77", encrypt)
    opened = theirs.decrypt_message({"Encrypt": encrypt}, signed, "1790000000", "77")
    answer = theirs.encrypt_message(text, "77", "1790000000")

    assert opened == text
    assert cipher.decrypt(answer.split("[CDATA[")[1].split("]]")[0]).decode() == text


@settings(deadline=None)  # a shared machine may pause at any time
@given(st.binary(max_size=200))
def test_every_length_survives_the_padding(message: bytes) -> None:
    cipher = Cipher(ACCOUNT)

    assert cipher.decrypt(cipher.encrypt(message)) == message


@pytest.mark.parametrize(
    ("b64", "expected"),
    [
        ("", (400, "bad-ciphertext")),
        ("%%%%", (400, "bad-base64")),
        ("密文", (400, "bad-base64")),
        (ENCRYPT[:-1], (400, "bad-base64")),
        (ENCRYPT[:-4], (400, "bad-ciphertext")),
        (ENCRYPT[:64], (400, "bad-padding")),
        (sealed(b"\0" * 32), (400, "bad-padding")),
        (sealed(b"\x21" * 64), (400, "bad-padding")),
        (sealed(b"r" * 31 + b"\x20"), (400, "bad-padding")),
        (sealed(laid_out(MESSAGE)[:-2] + b"\0" + laid_out(MESSAGE)[-1:]), (400, "bad-padding")),
        (sealed(laid_out(b"hello", length=2**31)), (400, "bad-length")),
        (sealed(laid_out(b"hello", length=4)), (403, "other-appid")),
        (sealed(laid_out(b"hello", app_id=b"wxsomebodyelse")), (403, "other-appid")),
        (sealed(laid_out(b"hello", app_id=b"")), (403, "other-appid")),
        (sealed(laid_out(b"hello", app_id=APP_ID.encode() + b"x")), (403, "other-appid")),
    ],
)
def test_a_wrong_ciphertext_is_refused_by_name(b64: str, expected: tuple[int, str]) -> None:
    assert refusal(b64) == expected


@settings(deadline=None)  # a shared machine may pause at any time
@given(st.binary(max_size=256))
def test_no_ciphertext_whatever_does_more_than_be_refused(noise: bytes) -> None:
    status, _ = refusal(base64.b64encode(noise).decode())

    assert status in (400, 403)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"aes_key": KEY[:-1]}, "43 位"),
        ({"aes_key": KEY[:-1] + "="}, "43 位"),
        ({"aes_key": KEY + "\n"}, "43 位"),
        ({"aes_key": ""}, "43 位"),
        ({"mode": Mode.PLAIN, "aes_key": "short"}, "43 位"),
        ({"app_id": ""}, "AppID"),
        ({"token": ""}, "Token"),
        ({"token": "口令"}, "Token"),
        ({"max_skew_seconds": 0}, "0 秒"),
    ],
)
def test_wrong_settings_say_what_would_be_right(wrong: dict[str, Any], said: str) -> None:
    right: dict[str, Any] = {"app_id": APP_ID, "token": "demotoken", "aes_key": KEY}

    with pytest.raises(ValueError, match=said):
        Account(**({**right, "mode": Mode.SAFE} | wrong))


def test_plain_mode_needs_no_key_and_xml_is_the_usual_format() -> None:
    account = Account(APP_ID, "demotoken", "", Mode.PLAIN)

    assert account.format is Format.XML
    with pytest.raises(ValueError, match="43 位"):
        Cipher(account)


def test_secrets_stay_out_of_what_is_printed() -> None:
    assert "demotoken" not in repr(ACCOUNT)
    assert KEY not in repr(ACCOUNT)
