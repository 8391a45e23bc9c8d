"""A mini-program's session keys: what signs and seals the data its phones hand us (section 12).

A key never leaves the server and is never printed. Today's log-in and phone number need none of this; it is
for data sealed the older way. Not here: getting, checking and renewing a key - `client.logins`.
"""

import binascii
import hashlib
import hmac
import json
from base64 import b64decode
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK: Final = 16  # bytes; for callbacks WeChat pads to 32
RECENT_SECONDS: Final = 600.0


class BadUserData(Exception):
    """What a phone handed us is not WeChat's, not for us, or not of this session.

    `reason` is a short code for the log, free of anything the sender wrote.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SessionKey:
    """Base64, as WeChat tells it. `value` is for storing encrypted and for nothing else."""

    value: str = field(repr=False)

    def proof(self) -> str:
        """Shows WeChat that we have the key: hex HMAC-SHA256 over the empty string."""
        return hmac.new(self.value.encode(), b"", hashlib.sha256).hexdigest()

    def signed(self, raw_data: str, signature: str) -> bool:
        """Whether `signature` (hex SHA-1) is WeChat's for `raw_data`, exactly as the phone had it."""
        expected = hashlib.sha1((raw_data + self.value).encode("utf-8", "replace"), usedforsecurity=False)
        return hmac.compare_digest(expected.hexdigest().encode(), signature.encode("utf-8", "replace"))

    def open(
        self,
        encrypted_data: str,
        iv: str,
        *,
        app_id: str,
        now: float,
        recent_seconds: float = RECENT_SECONDS,
    ) -> dict[str, Any]:
        """What `encryptedData` and `iv` (both base64) hold: AES-128-CBC, PKCS#7 to 16 bytes, a JSON object.

        `now` is unix seconds.

        Raises:
            BadUserData: "base64", "length", "padding" or "json": not sealed with this key, which a
                newer log-in may have replaced; "appid": meant for another mini-program; "age": not of
                the last `recent_seconds`, or of the future.
        """
        opened = _load(_decrypt(_decode(self.value), _decode(iv), _decode(encrypted_data)))
        watermark = opened.get("watermark")
        if not isinstance(watermark, dict) or watermark.get("appid") != app_id:
            raise BadUserData("appid")
        sealed_at = watermark.get("timestamp")
        if not isinstance(sealed_at, int | float) or abs(now - sealed_at) > recent_seconds:
            raise BadUserData("age")
        return opened


def _decode(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadUserData("base64") from None


def _decrypt(key: bytes, iv: bytes, sealed: bytes) -> bytes:
    if len(key) != _BLOCK or len(iv) != _BLOCK or not sealed or len(sealed) % _BLOCK:
        raise BadUserData("length")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    padded = decryptor.update(sealed) + decryptor.finalize()
    count = padded[-1]
    if not 1 <= count <= _BLOCK or padded[-count:] != bytes([count]) * count:
        raise BadUserData("padding")
    return padded[:-count]


def _load(text: bytes) -> dict[str, Any]:
    try:
        opened = json.loads(text)
    except (ValueError, RecursionError):
        raise BadUserData("json") from None
    if not isinstance(opened, dict):
        raise BadUserData("json")
    return opened
