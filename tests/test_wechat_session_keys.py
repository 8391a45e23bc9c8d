"""What a mini-program's session key proves and opens, and what it refuses."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from app.wechat.session_keys import BadUserData, SessionKey

APP = "wx4f4bc4dec97d474b"
AT = 1_477_314_187
KEY = SessionKey("tiihtNczf5v6AKRyjwEUhQ==")
IV = "r7BXXKkLb8qrSNn05n0qiA=="
# With these two, what WeChat's own sample opens; and what its page on signatures signs.
SAMPLE = (
    "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+"
    "3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6"
    "/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs"
    "8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns"
    "/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG"
    "20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew=="
)
SIGNED_BY = SessionKey("HyVFkGl5F5OQWJZZaNzBBg==")
RAW = (
    '{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong",'
    '"country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol'
    '6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}'
)
SIGNATURE = "75e81ceda165f4ffa64f4068af58c64b8f54b88c"


def seal(content: Any, *, key: str = KEY.value, pad_to: int = 16) -> str:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    count = pad_to - len(text) % pad_to
    encryptor = Cipher(algorithms.AES(base64.b64decode(key)), modes.CBC(base64.b64decode(IV))).encryptor()
    sealed = encryptor.update(text + bytes([count]) * count) + encryptor.finalize()
    return base64.b64encode(sealed).decode()


def watermark(app_id: str = APP, at: float = AT) -> dict[str, Any]:
    return {"openId": "oGZUI0egBJY1zhBYw2KhdUfwVJJE", "watermark": {"appid": app_id, "timestamp": at}}


def opened(sealed: str, *, iv: str = IV, key: SessionKey = KEY, now: float = AT) -> dict[str, Any]:
    return key.open(sealed, iv, app_id=APP, now=now)


def test_the_official_sample_opens() -> None:
    sample = opened(SAMPLE)

    assert (sample["openId"], sample["nickName"]) == ("oGZUI0egBJY1zhBYw2KhdUfwVJJE", "Band")
    assert sample["watermark"] == {"timestamp": AT, "appid": APP}


def test_a_text_that_fills_its_blocks_has_a_whole_block_of_padding() -> None:
    for spaces in range(16):
        text = json.dumps(watermark()).encode() + b" " * spaces
        assert opened(seal(text)) == watermark()


@pytest.mark.parametrize("late", [-600, 0, 600])
def test_data_of_the_last_ten_minutes_is_taken(late: int) -> None:
    assert opened(seal(watermark()), now=AT + late)


@pytest.mark.parametrize(
    ("sealed", "iv", "reason"),
    [
        ("%%%", IV, "base64"),
        ("字", IV, "base64"),
        (seal(watermark()), "%%%", "base64"),
        ("", IV, "length"),
        (base64.b64encode(b"x" * 17).decode(), IV, "length"),
        (seal(watermark()), base64.b64encode(b"x" * 15).decode(), "length"),
        (seal(watermark(), key=base64.b64encode(b"another 16 bytes").decode()), IV, "padding"),
        (seal(b"x" * 31, pad_to=32), IV, "json"),
        (seal(b"[1]"), IV, "json"),
        (seal(b"\xff\xfe"), IV, "json"),
        (seal({"openId": "o"}), IV, "appid"),
        (seal({"watermark": "x"}), IV, "appid"),
        (seal(watermark("wxother")), IV, "appid"),
        (seal(watermark(at=AT - 601)), IV, "age"),
        (seal(watermark(at=AT + 601)), IV, "age"),
        (seal({"watermark": {"appid": APP, "timestamp": "1"}}), IV, "age"),
    ],
    ids=[f"case-{n}" for n in range(16)],
)
def test_anything_else_is_refused_for_a_reason_without_the_sender_s_words(
    sealed: str, iv: str, reason: str
) -> None:
    with pytest.raises(BadUserData) as caught:
        opened(sealed, iv=iv)

    assert caught.value.reason == str(caught.value) == reason


def test_padding_as_callbacks_have_it_is_refused() -> None:
    """32 bytes there, 16 here."""
    text = json.dumps(watermark()).encode()
    text += b" " * (-len(text) % 32)

    with pytest.raises(BadUserData, match="padding"):
        opened(seal(text, pad_to=32))


def test_a_key_that_is_none_opens_nothing() -> None:
    with pytest.raises(BadUserData, match="length"):
        opened(seal(watermark()), key=SessionKey("AAAA"))


def test_raw_data_is_believed_by_its_signature_alone() -> None:
    assert SIGNED_BY.signed(RAW, SIGNATURE)
    assert not SIGNED_BY.signed(RAW + " ", SIGNATURE)
    assert not KEY.signed(RAW, SIGNATURE)
    assert not SIGNED_BY.signed(RAW, "字")
    assert not SIGNED_BY.signed(RAW, "")


def test_the_proof_is_over_nothing_at_all() -> None:
    expected = hmac.new(b"tiihtNczf5v6AKRyjwEUhQ==", b"", hashlib.sha256).hexdigest()

    assert KEY.proof() == expected


def test_a_key_shows_itself_to_nobody() -> None:
    assert KEY.value not in f"{KEY} {KEY!r} {[KEY]}"
