"""Every message and event a phone here can cause, as the XML or JSON the platform pushes.

Field names and order follow section 2 of the platform reference; nothing is sent here. What only a
mini-program pushes is in `miniprogram_pushes`.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.config import ACCOUNT, App
from sandbox.world import next_number


class Plain(str):
    """A value WeChat writes without CDATA although it is no integer, such as a coordinate."""

    __slots__ = ()


class Repeated(tuple["Fields", ...]):
    """An element that may come several times: a list in JSON, even of one."""

    __slots__ = ()


Fields = Sequence["Pair"]
Value = str | int | Repeated | Fields
Pair = tuple[str, "Value"]

# A failed answer to these is shown to the person; other events fail in silence.
ANSWERED_EVENTS = {"CLICK", "subscribe", "SCAN", "scancode_waitmsg"}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True)
class Push:
    """One message or event, not yet signed."""

    openid: str
    type: str  # MsgType
    fields: tuple[Pair, ...]
    label: str  # what the developer panel calls it
    app: str = ACCOUNT  # whose push it is

    @property
    def event(self) -> str:
        return next((str(value) for name, value in self.fields if name == "Event"), "")

    @property
    def is_message(self) -> bool:
        return self.type != "event"

    @property
    def shows_faults(self) -> bool:
        return self.is_message or self.event in ANSWERED_EVENTS

    def enveloped(self, app: App, created_at: int) -> list[Pair]:
        """The outermost fields as `app` gets them."""
        envelope: list[Pair] = [
            ("ToUserName", app.gh_id),
            ("FromUserName", self.openid),
            ("CreateTime", created_at),
            ("MsgType", self.type),
        ]
        return [*envelope, *self.fields]


def written(form: str, fields: Fields) -> str:
    """The outermost fields as one body, XML or JSON."""
    return to_json(fields) if form == "json" else to_xml([("xml", fields)])


def to_xml(pairs: Fields) -> str:
    return "".join(
        f"<{name}>{_written(one)}</{name}>"
        for name, value in pairs
        for one in (value if isinstance(value, Repeated) else (value,))
    )


def to_json(pairs: Fields) -> str:
    return json.dumps(_as_object(pairs), ensure_ascii=False, separators=(",", ":"))


def _as_object(pairs: Fields) -> dict[str, Any]:
    def plain(value: Value) -> Any:
        if isinstance(value, str | int):
            return value
        if isinstance(value, Repeated):
            return [_as_object(one) for one in value]
        return _as_object(value)

    return {name: plain(value) for name, value in pairs}


def _written(value: str | int | Fields) -> str:
    if isinstance(value, Plain | int):
        return str(value)
    if isinstance(value, str):
        clean = _CONTROL.sub("", value).replace("]]>", "]]]]><![CDATA[>")
        return f"<![CDATA[{clean}]]>"
    return to_xml(value)


def _message(openid: str, kind: str, label: str, *fields: Pair) -> Push:
    return Push(openid, kind, (*fields, ("MsgId", next_number())), label)


def event(openid: str, name: str, *fields: Pair, label: str = "") -> Push:
    """Any event by name; the ones below know their fields."""
    return Push(openid, "event", (("Event", name), *fields), label or name)


def text(openid: str, content: str, menu_id: str | None = None) -> Push:
    tapped: list[Pair] = [("bizmsgmenuid", Plain(menu_id))] if _is_plain(menu_id) else []
    if menu_id and not tapped:
        tapped = [("bizmsgmenuid", menu_id)]
    return Push(
        openid,
        "text",
        (("Content", content), ("MsgId", next_number()), *tapped),
        f"文字「{content[:20]}」",
    )


def _is_plain(menu_id: str | None) -> bool:
    return menu_id is not None and re.fullmatch(r"\w+", menu_id, re.ASCII) is not None


def image(openid: str, picture_url: str, media_id: str) -> Push:
    return _message(openid, "image", "图片", ("PicUrl", picture_url), ("MediaId", media_id))


def voice(openid: str, media_id: str, media_id_16k: str, recognition: str | None) -> Push:
    """`recognition` None: the account has speech recognition switched off."""
    said: list[Pair] = [] if recognition is None else [("Recognition", recognition)]
    return Push(
        openid,
        "voice",
        (
            ("MediaId", media_id),
            ("Format", "amr"),
            ("MsgId", next_number()),
            ("MediaId16K", media_id_16k),
            *said,
        ),
        f"语音「{recognition[:20]}」" if recognition else "语音",
    )


def video(openid: str, media_id: str, thumb_id: str, *, short: bool = False) -> Push:
    kind = "shortvideo" if short else "video"
    return _message(openid, kind, "视频", ("MediaId", media_id), ("ThumbMediaId", thumb_id))


def location(openid: str, latitude: float, longitude: float, scale: int, label: str) -> Push:
    return _message(
        openid,
        "location",
        f"位置「{label[:20]}」",
        ("Location_X", Plain(f"{latitude:.6f}")),
        ("Location_Y", Plain(f"{longitude:.6f}")),
        ("Scale", scale),
        ("Label", label),
    )


def link(openid: str, title: str, description: str, url: str) -> Push:
    return _message(openid, "link", "链接", ("Title", title), ("Description", description), ("Url", url))


def subscribe(openid: str, scene: str = "", ticket: str = "") -> Push:
    key = f"qrscene_{scene}" if scene else ""
    extra: list[Pair] = [("Ticket", ticket)] if scene else []
    return event(openid, "subscribe", ("EventKey", key), *extra, label="关注")


def unsubscribe(openid: str) -> Push:
    return event(openid, "unsubscribe", ("EventKey", ""), label="取消关注")


def scan(openid: str, scene: str, ticket: str) -> Push:
    label = f"扫码「{scene}」"
    return event(openid, "SCAN", ("EventKey", scene), ("Ticket", ticket), label=label)


def reported_location(openid: str, latitude: float, longitude: float) -> Push:
    return event(
        openid,
        "LOCATION",
        ("Latitude", Plain(f"{latitude:.6f}")),
        ("Longitude", Plain(f"{longitude:.6f}")),
        ("Precision", Plain("40.000000")),
        label="上报位置",
    )


def click(openid: str, key: str, name: str) -> Push:
    return event(openid, "CLICK", ("EventKey", key), label=f"菜单「{name}」")


def view(openid: str, url: str, menu_id: str, name: str) -> Push:
    fields: list[Pair] = [("EventKey", url)]
    if menu_id:
        fields.append(("MenuId", Plain(menu_id)))
    return event(openid, "VIEW", *fields, label=f"菜单「{name}」")


def view_miniprogram(openid: str, path: str, menu_id: str, name: str) -> Push:
    fields: list[Pair] = [("EventKey", path)]
    if menu_id:
        fields.append(("MenuId", Plain(menu_id)))
    return event(openid, "view_miniprogram", *fields, label=f"菜单「{name}」")


def scan_code(openid: str, event_name: str, key: str, result: str, kind: str = "qrcode") -> Push:
    found: list[Pair] = [("ScanType", kind), ("ScanResult", result)]
    return event(openid, event_name, ("EventKey", key), ("ScanCodeInfo", found), label=f"扫一扫「{result}」")


def pictures(openid: str, event_name: str, key: str, md5_sums: list[str]) -> Push:
    items: list[Pair] = [("item", [("PicMd5Sum", one)]) for one in md5_sums]
    sent: list[Pair] = [("Count", len(md5_sums)), ("PicList", items)]
    return event(openid, event_name, ("EventKey", key), ("SendPicsInfo", sent), label="菜单发送图片")


def location_select(openid: str, key: str, latitude: float, longitude: float, label: str) -> Push:
    sent: list[Pair] = [
        ("Location_X", f"{latitude:.6f}"),
        ("Location_Y", f"{longitude:.6f}"),
        ("Scale", "15"),
        ("Label", label),
        ("Poiname", ""),
    ]
    return event(
        openid,
        "location_select",
        ("EventKey", key),
        ("SendLocationInfo", sent),
        label="菜单选择位置",
    )


def template_finished(openid: str, msgid: int, status: str) -> Push:
    return event(
        openid,
        "TEMPLATESENDJOBFINISH",
        ("MsgID", msgid),
        ("Status", status),
        label=f"模板消息结果 {status}",
    )
