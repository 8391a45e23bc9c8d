"""Reading the service's answer to a push, as strictly as WeChat does.

Anything that is not exactly an accepted answer raises `BrokenReply` with the rule in words;
the person then reads the fault notice.
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import Any

from sandbox.crypto import CipherError, MessageCipher, same, signature
from sandbox.pushes import Push
from sandbox.store import Database

FAULT_NOTICE = "该公众号提供的服务出现故障，请稍后再试"
TEXT_BYTES = 2048
EVENT_ARTICLES = 8
MESSAGE_ARTICLES = 1


class BrokenReply(Exception):
    """WeChat would not take this answer; the text is the broken rule."""


@dataclass(frozen=True)
class Reply:
    """An accepted answer. `type` is empty when the service chose to say nothing."""

    type: str = ""
    content: dict[str, Any] = field(default_factory=dict)
    xml: str = ""


@dataclass(frozen=True)
class Reader:
    """Knows the account whose answers it reads."""

    gh_id: str
    token: str
    mode: str
    cipher: MessageCipher
    db: Database | None  # None: whether a media id was ever uploaded is not asked

    def read(self, push: Push, status: int, body: bytes) -> Reply:
        """The reply inside an HTTP answer.

        Raises:
            BrokenReply: what a user would see as the fault notice.
        """
        if status != 200:
            raise BrokenReply(f"HTTP 状态是 {status}，应为 200")
        if body in (b"", b"success"):
            return Reply()
        root = _parsed(body)
        xml = body.decode(errors="replace")
        if root.find("Encrypt") is not None:
            root, xml = self._opened(root)
        elif self.mode == "safe":
            raise BrokenReply("安全模式下回复必须加密")
        self._check_envelope(push, root)
        kind = _text(root, "MsgType")
        content = self._content(push, kind, root)
        return Reply(kind, content, xml)

    def _opened(self, outer: ET.Element) -> tuple[ET.Element, str]:
        if self.mode == "plain":
            raise BrokenReply("明文模式下回复不应加密")
        encrypted = _text(outer, "Encrypt")
        expected = signature(self.token, _text(outer, "TimeStamp"), _text(outer, "Nonce"), encrypted)
        if not same(expected, _text(outer, "MsgSignature")):
            raise BrokenReply("回复的 MsgSignature 不正确")
        try:
            message = self.cipher.decrypt(encrypted)
        except CipherError as error:
            raise BrokenReply(f"回复无法解密：{error}") from error
        return _parsed(message), message.decode(errors="replace")

    def _check_envelope(self, push: Push, root: ET.Element) -> None:
        if _text(root, "ToUserName") != push.openid:
            raise BrokenReply("ToUserName 应为用户的 openid")
        if _text(root, "FromUserName") != self.gh_id:
            raise BrokenReply(f"FromUserName 应为公众号的原始ID {self.gh_id}")
        if not re.fullmatch(r"\d{1,19}", _text(root, "CreateTime")):
            raise BrokenReply("CreateTime 应为整数秒")

    def _content(self, push: Push, kind: str, root: ET.Element) -> dict[str, Any]:
        if kind == "text":
            return {"text": _checked_text(root)}
        if kind in ("image", "voice"):
            return {"media_id": self._media(root, f"{kind.capitalize()}/MediaId")}
        if kind == "video":
            title, description = _text(root, "Video/Title"), _text(root, "Video/Description")
            media_id = self._media(root, "Video/MediaId")
            return {"media_id": media_id, "title": title, "description": description}
        if kind == "music":
            return self._music(root)
        if kind == "news":
            return {"articles": _articles(push, root)}
        if kind == "transfer_customer_service":
            return {"account": _text(root, "TransInfo/KfAccount")}
        raise BrokenReply(f"MsgType「{kind}」不是被动回复的类型")

    def _music(self, root: ET.Element) -> dict[str, Any]:
        return {
            "title": _text(root, "Music/Title"),
            "description": _text(root, "Music/Description"),
            "url": _text(root, "Music/HQMusicUrl") or _text(root, "Music/MusicUrl"),
            "thumb_media_id": self._media(root, "Music/ThumbMediaId"),
        }

    def _media(self, root: ET.Element, path: str) -> str:
        media_id = _text(root, path)
        if not media_id:
            raise BrokenReply(f"缺少 {path}")
        if self.db and not self.db.count("select count(*) from media where id = ?", media_id):
            raise BrokenReply(f"{path} 不是上传过的素材")
        return media_id


def _parsed(body: bytes) -> ET.Element:
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise BrokenReply("回复不应含 DOCTYPE")
    try:
        root = ET.fromstring(body)  # noqa: S314  (no entities left, and from our own service)
    except (ET.ParseError, ValueError, LookupError) as error:
        raise BrokenReply(f"回复不是合法的 XML：{error}") from error
    if root.tag != "xml":
        raise BrokenReply(f"根元素应为 xml，现为 {root.tag}")
    return root


def _text(root: ET.Element, path: str) -> str:
    return root.findtext(path) or ""


def _checked_text(root: ET.Element) -> str:
    content = _text(root, "Content")
    if not content:
        raise BrokenReply("文字回复的 Content 为空")
    size = len(content.encode())
    if size > TEXT_BYTES:
        raise BrokenReply(f"文字回复有 {size} 字节，上限 {TEXT_BYTES}")
    return content


def _articles(push: Push, root: ET.Element) -> list[dict[str, str]]:
    items = root.findall("Articles/item")
    most = MESSAGE_ARTICLES if push.is_message else EVENT_ARTICLES
    if not 1 <= len(items) <= most:
        raise BrokenReply(f"这里的图文回复应有 1 至 {most} 条，现有 {len(items)} 条")
    if _text(root, "ArticleCount") != str(len(items)):
        raise BrokenReply("ArticleCount 与 item 的条数不一致")
    names = {"title": "Title", "description": "Description", "picture": "PicUrl", "url": "Url"}
    articles = [{key: _text(item, name) for key, name in names.items()} for item in items]
    if not all(article["title"] for article in articles):
        raise BrokenReply("图文回复的每条都应有 Title")
    return articles
