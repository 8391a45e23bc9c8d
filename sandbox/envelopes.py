"""One push as it goes over the wire: the body in the mode that is set, and the query that signs it."""

import secrets
from typing import NamedTuple

from sandbox.config import App
from sandbox.crypto import MessageCipher, signature
from sandbox.pushes import Pair, written


class Sealed(NamedTuple):
    """A push ready to go."""

    text: str  # in clear
    body: bytes
    encrypted: str  # for `msg_signature`; empty in plain mode


def sealed(app: App, mode: str, cipher: MessageCipher | None, fields: list[Pair]) -> Sealed:
    """The fields in the app's format and in the mode that is set."""
    text = written(app.format, fields)
    if mode == "plain":
        return Sealed(text, text.encode(), "")
    assert cipher is not None
    encrypted = cipher.encrypt(text.encode())
    clear = fields[:1] if mode == "safe" else fields  # the first is ToUserName
    body = written(app.format, [*clear, ("Encrypt", encrypted)])
    return Sealed(text, body.encode(), encrypted)


def signed(token: str, at: int, encrypted: str) -> dict[str, str]:
    """The query of one try; each has a nonce of its own."""
    timestamp, nonce = str(at), str(secrets.randbelow(2**31))
    query = {
        "signature": signature(token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
    }
    if encrypted:
        query["encrypt_type"] = "aes"
        query["msg_signature"] = signature(token, timestamp, nonce, encrypted)
    return query
