"""Sampled answers are decrypted and read, so that a fast wrong answer is not counted as speed."""

from collections.abc import Iterable
from xml.etree import ElementTree

from app.wechat.crypto import Account, Cipher


def read_answers(account: Account, responses: Iterable[bytes], expect: str) -> None:
    """Raises: AssertionError: an answer is not encrypted for us, or does not say `expect`."""
    cipher = Cipher(account)
    seen = 0
    for response in responses:
        body = response.partition(b"\r\n\r\n")[2]
        if not body.startswith(b"<xml>"):
            raise AssertionError(f"not a reply: {response[:200]!r}")
        sealed = ElementTree.fromstring(body).findtext("Encrypt") or ""
        content = ElementTree.fromstring(cipher.decrypt(sealed)).findtext("Content") or ""
        if expect not in content:
            raise AssertionError(f"expected {expect!r}, read {content!r}")
        seen += 1
    if not seen:
        raise AssertionError("no answer was sampled")
