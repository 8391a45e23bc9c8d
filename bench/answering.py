"""Answers every push at once, with one sealed text per person made beforehand: something to put load on.

With `BENCH_SILENT` set it answers `success` and nothing else.
"""

import os
import re
import time
from functools import cache
from typing import Any

from app.wechat.crypto import Account, Cipher, Mode, signature

OPENID = re.compile(rb"openid=(\w+)")
SILENT = bool(os.environ.get("BENCH_SILENT"))
US = os.environ["BENCH_GH_ID"]
ACCOUNT = Account(
    app_id=os.environ["BENCH_APP_ID"],
    token=os.environ["BENCH_TOKEN"],
    aes_key=os.environ["BENCH_AES_KEY"],
    mode=Mode.SAFE,
)
CIPHER = Cipher(ACCOUNT)


@cache
def reply(openid: str) -> bytes:
    now = str(int(time.time()))
    clear = (
        f"<xml><ToUserName>{openid}</ToUserName><FromUserName>{US}</FromUserName>"
        f"<CreateTime>{now}</CreateTime><MsgType>text</MsgType><Content>好的，已经记下。</Content></xml>"
    )
    sealed = CIPHER.encrypt(clear.encode())
    return (
        f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt>"
        f"<MsgSignature><![CDATA[{signature(ACCOUNT.token, now, '77', sealed)}]]></MsgSignature>"
        f"<TimeStamp>{now}</TimeStamp><Nonce><![CDATA[77]]></Nonce></xml>"
    ).encode()


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    await receive()
    found = OPENID.search(scope["query_string"])
    body = reply(found[1].decode()) if found and not SILENT else b"success"
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
