"""What only the mini-program pushes (section 2.7), and the messages written in its chat."""

from dataclasses import replace
from typing import Any

from sandbox import pushes
from sandbox.config import MINIPROGRAM
from sandbox.pushes import Pair, Push, Repeated
from sandbox.world import next_number

PLATFORM = "oPlatform"  # who tells of a finished check; it is nobody's openid


def text(openid: str, content: str) -> Push:
    return from_miniprogram(pushes.text(openid, content))


def image(openid: str, picture_url: str, media_id: str) -> Push:
    return from_miniprogram(pushes.image(openid, picture_url, media_id))


def page(openid: str, title: str, app_id: str, path: str, thumb_url: str, thumb_id: str) -> Push:
    """The card of a page that the person sends along."""
    fields: tuple[Pair, ...] = (
        ("MsgId", next_number()),
        ("Title", title),
        ("AppId", app_id),
        ("PagePath", path),
        ("ThumbUrl", thumb_url),
        ("ThumbMediaId", thumb_id),
    )
    return from_miniprogram(Push(openid, "miniprogrampage", fields, f"卡片「{title[:20]}」"))


def session_entered(openid: str, session_from: str) -> Push:
    push = pushes.event(
        openid, "user_enter_tempsession", ("SessionFrom", session_from), label=f"进入会话「{session_from}」"
    )
    return from_miniprogram(push)


def media_checked(app_id: str, trace_id: str, finding: dict[str, Any] | None) -> Push:
    """The end of a media check; without a finding the file could not be fetched."""
    head: list[Pair] = [("appid", app_id), ("trace_id", trace_id), ("version", 2)]
    if finding is None:
        tail: list[Pair] = [("detail", Repeated()), ("errcode", -1008), ("errmsg", "media download fail")]
    else:
        result: list[Pair] = [("suggest", finding["suggest"]), ("label", finding["label"])]
        detail: list[Pair] = [("strategy", "content_model"), ("errcode", 0), *result, ("prob", 90)]
        tail = [("detail", Repeated([detail])), ("errcode", 0), ("errmsg", "ok"), ("result", result)]
    push = pushes.event(PLATFORM, "wxa_media_check", *head, *tail, label="内容检测结果")
    return from_miniprogram(push)


def from_miniprogram(push: Push) -> Push:
    # The panel shows both apps in one list.
    return replace(push, app=MINIPROGRAM, label=f"小程序：{push.label}")
