"""What most WeChat backends do: FastAPI, wechatpy decrypts, parses, replies, encrypts. It keeps nothing."""

import os

from fastapi import FastAPI, Request, Response
from wechatpy import create_reply, parse_message
from wechatpy.crypto import WeChatCrypto

app = FastAPI()
crypto = WeChatCrypto(os.environ["BENCH_TOKEN"], os.environ["BENCH_AES_KEY"], os.environ["BENCH_APP_ID"])


@app.post("/wechat/callback")
async def callback(request: Request, msg_signature: str, timestamp: str, nonce: str) -> Response:
    clear = crypto.decrypt_message(await request.body(), msg_signature, timestamp, nonce)
    reply = create_reply("供电服务热线 95598，24 小时。", parse_message(clear))
    return Response(crypto.encrypt_message(reply.render(), nonce, timestamp), media_type="text/xml")
