"""wechatpy's message and event classes, as the words for what came in.

Here are the dispatch by type, as wechatpy's own parser has it but fed from fields we parsed,
and the classes it lacks. The only module that imports wechatpy, which is untyped.
"""

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


@contextmanager
def _without_its_clients() -> Iterator[None]:
    """Load modules of wechatpy without its `__init__`, which loads clients that we do not use and `requests`.

    That is 6 MB in every process. Who imports wechatpy later gets the whole.
    """
    spec = importlib.util.find_spec("wechatpy") if "wechatpy" not in sys.modules else None
    if spec is not None:
        sys.modules["wechatpy"] = importlib.util.module_from_spec(spec)
    yield
    if spec is not None:
        del sys.modules["wechatpy"]


with _without_its_clients():
    from wechatpy.events import EVENT_TYPES, BaseEvent, register_event
    from wechatpy.fields import BaseField, StringField
    from wechatpy.messages import MESSAGE_TYPES, BaseMessage, UnknownMessage, register_message


def _event(event: str, **fields: BaseField) -> None:
    register_event(event)(type(f"{event}_event", (BaseEvent,), {"event": event, **fields}))


_event("publishjobfinish", info=BaseField("PublishEventInfo", {}))
_event("subscribe_msg_popup_event", result=BaseField("SubscribeMsgPopupEvent", {}))
_event("subscribe_msg_change_event", result=BaseField("SubscribeMsgChangeEvent", {}))
_event("subscribe_msg_sent_event", result=BaseField("SubscribeMsgSentEvent", {}))
for _name in (
    "user_info_modified",
    "user_authorization_revoke",
    "user_authorization_cancellation",
):
    # Both spellings are seen; `Incoming.subject_openid` reads either.
    _event(
        _name,
        open_id=StringField("OpenID"),
        union_id=StringField("UnionID"),
        revoke_info=StringField("RevokeInfo"),
    )


class _File(BaseMessage):  # type: ignore[misc]
    """A file sent in the chat; it cannot be downloaded, only acknowledged."""

    type = "file"
    title = StringField("Title")
    description = StringField("Description")
    key = StringField("FileKey")
    md5 = StringField("FileMd5")


register_message("file")(_File)


def build(fields: Mapping[str, Any]) -> Any:
    """The wechatpy object for these fields; `UnknownMessage` for a type it does not know."""
    data = _as_wechatpy(fields)
    kind = str(data.get("MsgType") or "").lower()
    if kind != "event" and not kind.startswith("device_"):
        return MESSAGE_TYPES.get(kind, UnknownMessage)(data)
    event = str(data.get("Event") or "").lower()
    if kind != "event":
        event = f"device_{event}" if event else kind
    elif event == "subscribe":
        event = _subscription(data)
    return EVENT_TYPES.get(event, UnknownMessage)(data)


def _subscription(data: dict[str, Any]) -> str:
    """Following by a QR code is a type of its own in wechatpy, with the bare scene as key."""
    key = str(data.get("EventKey") or "")
    if key.startswith(("scanbarcode|", "scanimage|")):
        data["Event"] = "subscribe_scan_product"
    elif key.startswith("qrscene_"):
        data["Event"] = "subscribe_scan"
        data["EventKey"] = key.removeprefix("qrscene_")
    return str(data["Event"]).lower()


def _as_wechatpy(value: Any) -> Any:
    """wechatpy has None for what is empty, and no blanks around a value."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, Mapping):
        return {name: _as_wechatpy(item) for name, item in value.items()}
    return [_as_wechatpy(item) for item in value]
