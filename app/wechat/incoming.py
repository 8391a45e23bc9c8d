"""What came in: one callback body, parsed, named and given the key it is known by.

Unknown types and fields are kept and do no harm. Verifying and decrypting is `callback`'s.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from app.wechat import vocabulary
from app.wechat.crypto import Account, BadCallback, Format
from app.wechat.xml import parse_json, parse_xml

MAX_KEY = 191  # characters; the widest unique column every database takes
_MAX_NAME = 64  # characters of an openid, an original id or a type: twice what is seen
_MAX_TIME_DIGITS = 11
# WeChat's own words in place of what it does not pass on, such as animated stickers.
_NOT_SHOWN = "【收到不支持的消息类型，暂无法显示】"

# Events a person causes in our chat or menus. All others (results of jobs, certification,
# audits, personal-data notices, whatever comes next) may name a helper account as sender, and
# must create no follower.
_PERSONAL_EVENTS = (
    "subscribe unsubscribe scan location click view view_miniprogram scancode_push"
    " scancode_waitmsg pic_sysphoto pic_photo_or_album pic_weixin location_select"
    " subscribe_msg_popup_event subscribe_msg_change_event kf_create_session kf_close_session"
    " kf_switch_session user_enter_tempsession user_get_card user_gifting_card user_del_card"
    " user_consume_card user_pay_from_pay_cell user_view_card user_enter_session_from_card"
    " update_member_card submit_membercard_user_info"
)
_BY_A_PERSON = frozenset(_PERSONAL_EVENTS.split())
_PERSONAL_DATA = frozenset(
    ("user_info_modified", "user_authorization_revoke", "user_authorization_cancellation")
)
# What tells two events apart that one sender caused in one second.
_TELLING = (
    "trace_id",
    "MsgID",
    "MsgId",
    "TemplateId",
    "SubscribeStatusString",
    "publish_id",
    "OpenID",
    "openid",
    "RevokeInfo",
    "KfAccount",
    "ToKfAccount",
    "UserCardCode",
    "OrderId",
)
_NESTED = {
    "publishjobfinish": "PublishEventInfo",
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}
# Where a person's own words and choices stand, at whatever depth; the rest of a push are ids and numbers.
_SAID = frozenset(("Content", "Recognition", "Label", "EventKey", "Title", "Url"))


class Incoming(NamedTuple):
    """A message or an event. What a person wrote or is stays out of `repr`, hence of logs."""

    app_id: str
    to: str  # ToUserName, our original id gh_…
    openid: str  # FromUserName; for notices not a person, see is_person
    created_at: int  # Unix seconds, by WeChat's clock
    type: str  # MsgType as sent
    event: str  # Event as sent; "" for messages
    event_key: str
    msg_id: str
    fields: Mapping[str, Any]  # everything sent: texts, dicts, lists
    key: str  # the same for every retry of the same thing
    raw: bytes  # the decrypted body

    def __repr__(self) -> str:
        return f"Incoming(to={self.to!r}, kind={self.kind!r}, msg_id={self.msg_id!r})"

    @property
    def kind(self) -> str:
        """`text`, `image`, …, `event.click`: lower case, as WeChat mixes cases."""
        if self.event:
            return f"event.{self.event.lower()}"
        return self.type.lower()

    @property
    def is_event(self) -> bool:
        return self.type.lower() == "event"

    @property
    def text(self) -> str:
        """What the person said: typed, tapped, or recognised from a voice message; "" for stickers."""
        kind = self.type.lower()
        if kind == "text":
            content = _text(self.fields, "Content")
            return "" if content == _NOT_SHOWN else content
        return _text(self.fields, "Recognition") if kind == "voice" else ""

    @property
    def menu_choice(self) -> str:
        """The id of a tapped `weixin://bizmsgmenu` line; forgeable, so check it."""
        return _text(self.fields, "bizmsgmenuid")

    @property
    def scene(self) -> str:
        """The scene of the QR code that led here, or ""."""
        event = self.event.lower()
        if event == "scan":
            return self.event_key
        if event == "subscribe" and self.event_key.startswith("qrscene_"):
            return self.event_key.removeprefix("qrscene_")
        return ""

    @property
    def subject_openid(self) -> str:
        """Whom it is about: personal-data notices come from a push account about a person."""
        if self.event.lower() in _PERSONAL_DATA:
            return _text(self.fields, "OpenID") or _text(self.fields, "openid") or self.openid
        return self.openid

    @property
    def is_person(self) -> bool:
        """Whether `openid` is someone who may become a follower."""
        return not self.is_event or self.event.lower() in _BY_A_PERSON

    @property
    def entries(self) -> tuple[Mapping[str, Any], ...]:
        """The `List` of a subscribe_msg_* event, wherever this format puts it."""
        holder = self.fields.get(_NESTED.get(self.event.lower(), ""))
        found = (holder if isinstance(holder, Mapping) else self.fields).get("List", ())
        found = found if isinstance(found, list | tuple) else (found,)
        return tuple(entry for entry in found if isinstance(entry, Mapping))

    @property
    def message(self) -> Any:
        """wechatpy's object for this type, built when asked for."""
        return vocabulary.build(self.fields)


def parse(account: Account, raw: bytes) -> Incoming:
    """Parse a decrypted body, fresh or stored.

    Raises:
        BadCallback: 400, for whatever WeChat would not send.
    """
    fields = parse_json(raw) if account.format is Format.JSON else parse_xml(raw)
    openid = _name(fields, "FromUserName")
    created_at = _created_at(fields)
    kind = _name(fields, "MsgType")
    # Only an event has one; a message with an element of that name stays a message.
    is_event = kind.lower() == "event"
    event = _name(fields, "Event") if is_event and "Event" in fields else ""
    event_key = _text(fields, "EventKey")
    msg_id = _text(fields, "MsgId")
    if is_event:
        key = _event_key(fields, created_at, openid, event, event_key)
    else:
        key = _message_key(msg_id, openid, raw)
    return Incoming(
        account.app_id,
        _name(fields, "ToUserName"),
        openid,
        created_at,
        kind,
        event,
        event_key,
        msg_id,
        fields,
        key,
        raw,
    )


incoming_from_raw = parse  # what was stored is what was decrypted: it runs again the same way


def fields_of(body: str) -> dict[str, Any]:
    """What stands in a body that the callback checked and kept, of whichever account: XML or JSON.

    Raises:
        BadCallback: 400, for whatever was not kept by it.
    """
    read = parse_json if body.lstrip().startswith("{") else parse_xml
    return read(body.encode())


def words_in(body: str) -> str:
    """What the person wrote, said, tapped or pointed at, for himself to read; "" for a bare picture.

    A body that is none is returned as it is: it is his, and what was kept is not withheld.
    """
    try:
        return " ".join(_said(fields_of(body)))
    except BadCallback:
        return body


def _said(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        for each in value if isinstance(value, list) else (value,):
            if isinstance(each, Mapping):
                yield from _said(each)
            elif name in _SAID and each and each != _NOT_SHOWN:
                yield each


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""


def _name(fields: Mapping[str, Any], name: str) -> str:
    value = _text(fields, name).strip()
    if not value or len(value) > _MAX_NAME or not value.isprintable():
        raise BadCallback(400, "bad-field" if value else "missing-field")
    return value


def _created_at(fields: Mapping[str, Any]) -> int:
    value = _text(fields, "CreateTime").strip()
    if not value:
        raise BadCallback(400, "missing-field")
    if not (value.isascii() and value.isdigit() and len(value) <= _MAX_TIME_DIGITS):
        raise BadCallback(400, "bad-field")
    return int(value)


def _message_key(msg_id: str, openid: str, raw: bytes) -> str:
    # MsgId alone loses messages: WeChat has given one to two people. It stands first because
    # it grows, so that new rows land at the end of the index.
    if not (msg_id.isascii() and msg_id.isdigit()):
        msg_id = sha256(raw).hexdigest()[:40]
    return _fitting(f"m|{msg_id}|{openid}")


def _event_key(fields: Mapping[str, Any], created_at: int, openid: str, event: str, event_key: str) -> str:
    key = f"e|{created_at}|{openid}|{event}|{event_key}"
    for name in _TELLING:
        if value := _text(fields, name):
            key += f"|{value}"
    nested = fields.get(_NESTED.get(event.lower(), ""))
    if nested or "List" in fields:
        key += _listed(nested if isinstance(nested, Mapping) else fields)
    return _fitting(key)


def _listed(holder: Mapping[str, Any]) -> str:
    """What tells apart two results that differ only further down."""
    found = holder.get("List", holder)
    entries = found if isinstance(found, list) else [found]
    return "".join(
        f"|{value}"
        for entry in entries
        if isinstance(entry, Mapping)
        for name in _TELLING
        if (value := _text(entry, name))
    )


def _fitting(key: str) -> str:
    if len(key) <= MAX_KEY:
        return key
    return key[: MAX_KEY - 41] + "~" + sha256(key.encode()).hexdigest()[:40]
