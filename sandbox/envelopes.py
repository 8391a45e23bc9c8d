"""One push as it goes over the wire: the body in the account's mode, and the query that signs it."""

import secrets

from sandbox.config import Config
from sandbox.crypto import MessageCipher, signature
from sandbox.pushes import to_xml


def sealed(config: Config, cipher: MessageCipher, xml: str) -> tuple[bytes, str]:
    """The body, and its cipher text for `msg_signature`."""
    if config.mode == "plain":
        return xml.encode(), ""
    encrypted = cipher.encrypt(xml.encode())
    if config.mode == "safe":
        body = to_xml([("xml", [("ToUserName", config.gh_id), ("Encrypt", encrypted)])])
    else:
        body = xml.removesuffix("</xml>") + to_xml([("Encrypt", encrypted)]) + "</xml>"
    return body.encode(), encrypted


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
