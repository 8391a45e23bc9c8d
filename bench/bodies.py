"""Pushes as WeChat sends them in safe mode, encrypted before the clock starts."""

import time
from collections.abc import Iterable, Iterator
from itertools import count

from app.wechat.crypto import Account, Cipher, signature

GH_ID = "gh_4a1b2c3d4e5f"
PATH = "/wechat/callback"
_ids = count(24_590_000_000_000_001)


def openids(number: int, start: int = 0) -> list[str]:
    return [f"oBench{n:022d}" for n in range(start, start + number)]


class Press:
    """Makes whole HTTP requests for one account."""

    def __init__(self, account: Account) -> None:
        self._account, self._cipher = account, Cipher(account)
        self.leaves_in = 0.0  # seconds until what is made next is sent, for those made long before

    def texts(self, people: Iterable[str], text: str, *, choice: str = "") -> Iterator[bytes]:
        """One request per person, each with a MsgId of its own; `choice` is the id of a tapped line."""
        tap = f"<bizmsgmenuid><![CDATA[{choice}]]></bizmsgmenuid>" if choice else ""
        for openid in people:
            yield self._request(openid, "text", f"<Content><![CDATA[{text}]]></Content>{tap}")

    def taps(self, people: Iterable[str], key: str) -> Iterator[bytes]:
        for openid in people:
            event = f"<Event><![CDATA[CLICK]]></Event><EventKey><![CDATA[{key}]]></EventKey>"
            yield self._request(openid, "event", event, message=False)

    def _request(self, openid: str, kind: str, fields: str, *, message: bool = True) -> bytes:
        now = int(time.time() + self.leaves_in)
        number = f"<MsgId>{next(_ids)}</MsgId>" if message else ""
        clear = (
            f"<xml><ToUserName><![CDATA[{GH_ID}]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
            f"<CreateTime>{now}</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>{fields}{number}</xml>"
        )
        sealed = self._cipher.encrypt(clear.encode())
        body = (
            f"<xml><ToUserName><![CDATA[{GH_ID}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        ).encode()
        token, stamp, nonce = self._account.token, str(now), "1357924680"
        query = (
            f"signature={signature(token, stamp, nonce)}&timestamp={stamp}&nonce={nonce}&openid={openid}"
            f"&encrypt_type=aes&msg_signature={signature(token, stamp, nonce, sealed)}"
        )
        head = (
            f"POST {PATH}?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body
