"""Reading the service's answer to a push of the mini-program.

Taken are `success`, nothing, or an encrypted reply; but nobody reads a reply there: what a person shall
see goes out as a customer message. Only handing over to human staff has an effect.
"""

import json
import re

from sandbox.config import App
from sandbox.crypto import CipherError, MessageCipher, same, signature
from sandbox.pushes import Push
from sandbox.replies import BrokenReply, Reply, parsed

FAULT_NOTICE = "该小程序提供的服务出现故障，请稍后再试"
HANDED_OVER = "transfer_customer_service"


def read(app: App, mode: str, cipher: MessageCipher | None, push: Push, status: int, body: bytes) -> Reply:
    """The answer of the service.

    Raises:
        BrokenReply: what the platform would not take.
    """
    if status != 200:
        raise BrokenReply(f"HTTP 状态是 {status}，应为 200")
    if body in (b"", b"success"):
        return Reply()
    fields, text = _fields(app.format, body), body.decode(errors="replace")
    if "Encrypt" in fields:
        if mode == "plain" or cipher is None:
            raise BrokenReply("明文模式下回复不应加密")
        message = _opened(app, cipher, fields)
        fields, text = _fields(app.format, message), message.decode(errors="replace")
    elif mode == "safe":
        raise BrokenReply("安全模式下回复必须加密")
    _check_envelope(app, push, fields)
    if fields.get("MsgType") == HANDED_OVER:
        return Reply(HANDED_OVER, {"account": ""}, text)
    return Reply(xml=text, rule="小程序里看不到被动回复，给用户的话应用客服消息发送")


def _fields(form: str, body: bytes) -> dict[str, str]:
    """The outermost fields, as text."""
    if form == "xml":
        return {child.tag: child.text or "" for child in parsed(body)}
    try:
        found = json.loads(body)
    except ValueError as error:
        raise BrokenReply("回复不是合法的 JSON") from error
    if not isinstance(found, dict):
        raise BrokenReply("回复应是 JSON 对象")
    return {name: str(value) for name, value in found.items()}


def _opened(app: App, cipher: MessageCipher, outer: dict[str, str]) -> bytes:
    signed = (outer.get("TimeStamp", ""), outer.get("Nonce", ""), outer["Encrypt"])
    if not same(signature(app.token, *signed), outer.get("MsgSignature", "")):
        raise BrokenReply("回复的 MsgSignature 不正确")
    try:
        return cipher.decrypt(outer["Encrypt"])
    except CipherError as error:
        raise BrokenReply(f"回复无法解密：{error}") from error


def _check_envelope(app: App, push: Push, fields: dict[str, str]) -> None:
    if fields.get("ToUserName") != push.openid:
        raise BrokenReply("ToUserName 应为用户的 openid")
    if fields.get("FromUserName") != app.gh_id:
        raise BrokenReply(f"FromUserName 应为小程序的原始ID {app.gh_id}")
    if not re.fullmatch(r"\d{1,19}", fields.get("CreateTime", "")):
        raise BrokenReply("CreateTime 应为整数秒")
    if not fields.get("MsgType"):
        raise BrokenReply("缺少 MsgType")
