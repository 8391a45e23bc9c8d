"""What surrounds a callback body: query, signatures, encryption, both ways.

The encryption mode is the account's setting, never what the request says of itself: a plain
signature does not cover the body, so whoever may choose plain may write any body.
"""

import json
import os
from urllib.parse import unquote_plus

from app.wechat.crypto import Account, BadCallback, Cipher, Format, Mode, same, signature
from app.wechat.xml import parse_json, parse_xml

_MAX_QUERY = 4096  # bytes; WeChat's own is below 300
_MAX_TIME_DIGITS = 11


def read_query(raw: bytes) -> dict[str, str]:
    """The query as names and values; WeChat repeats no parameter, so neither may anyone.

    Raises:
        BadCallback: 400.
    """
    if len(raw) > _MAX_QUERY:
        raise BadCallback(400, "bad-query")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise BadCallback(400, "bad-query") from None
    pairs = [pair.partition("=") for pair in text.split("&") if pair]
    query = {name: value for name, _, value in pairs}
    if "%" in text or "+" in text:
        query = {_decoded(name): _decoded(value) for name, value in query.items()}
    if len(query) != len(pairs):
        raise BadCallback(400, "repeated-parameter")
    return query


def _decoded(value: str) -> str:
    try:
        return unquote_plus(value, errors="strict")
    except UnicodeDecodeError:
        raise BadCallback(400, "bad-query") from None


class Envelope:
    """Opens what WeChat sends to one account and seals what goes back."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._cipher = None if account.mode is Mode.PLAIN else Cipher(account)
        self._json = account.format is Format.JSON

    def check_address(self, query: dict[str, str], now: float) -> str:
        """Judge the GET that saving the console's form causes; return what to echo.

        Raises:
            BadCallback: 403 when it is not WeChat's, or stale.
        """
        self._check_time(query, now)
        self._check_signature(query)
        return query.get("echostr", "")

    def check_query(self, query: dict[str, str], now: float) -> None:
        """Judge what can be judged of a POST before its body is read.

        Raises:
            BadCallback: 403 for a stale time; in plain mode also for a wrong signature, or for
                encryption, which we then have no key to judge.
        """
        self._check_time(query, now)
        # With encryption `encrypt_type` decides nothing: the body is judged by what it holds.
        if self._cipher is None:
            if query.get("encrypt_type", "raw") != "raw":
                raise BadCallback(403, "unexpected-encryption")
            self._check_signature(query)

    def open(self, query: dict[str, str], body: bytes) -> bytes:
        """The body in clear, after `check_query`.

        Raises:
            BadCallback: 400 for what cannot be read, 403 for what cannot be trusted.
        """
        if self._cipher is None:
            return body
        encrypt = (parse_json(body) if self._json else parse_xml(body)).get("Encrypt")
        if not encrypt:
            raise BadCallback(403, "weaker-mode")
        if not isinstance(encrypt, str):
            raise BadCallback(400, "bad-field")
        # This signature covers the body, `signature` does not: it need not even be there.
        parts = (query.get("timestamp", ""), query.get("nonce", ""), encrypt)
        expected = signature(self._account.token, *parts)
        if not same(query.get("msg_signature", ""), expected):
            raise BadCallback(403, "bad-signature")
        return self._cipher.decrypt(encrypt)

    def seal(self, reply: bytes, at: int) -> bytes:
        """The reply as it goes out. In plain mode that is as it is."""
        if self._cipher is None:
            return reply
        encrypt = self._cipher.encrypt(reply)
        nonce = str(int.from_bytes(os.urandom(4), "big"))
        signed = signature(self._account.token, str(at), nonce, encrypt)
        if self._json:
            answer = {
                "Encrypt": encrypt,
                "MsgSignature": signed,
                "TimeStamp": at,
                "Nonce": nonce,
            }
            return json.dumps(answer).encode()
        return (
            f"<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt>"
            f"<MsgSignature><![CDATA[{signed}]]></MsgSignature>"
            f"<TimeStamp>{at}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
        ).encode()

    def _check_time(self, query: dict[str, str], now: float) -> None:
        timestamp = query.get("timestamp", "")
        if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > _MAX_TIME_DIGITS:
            raise BadCallback(403, "bad-timestamp")
        if abs(now - int(timestamp)) > self._account.max_skew_seconds:
            raise BadCallback(403, "stale-timestamp")

    def _check_signature(self, query: dict[str, str]) -> None:
        expected = signature(self._account.token, query.get("timestamp", ""), query.get("nonce", ""))
        if not same(query.get("signature", ""), expected):
            raise BadCallback(403, "bad-signature")
