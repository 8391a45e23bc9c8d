"""The three events of subscription notices, as section 2.4 writes them."""

from collections.abc import Mapping
from dataclasses import replace

from sandbox.pushes import Fields, Push, Repeated, event


def popup_answered(openid: str, answers: Mapping[str, str], scene: int) -> Push:
    """`answers`: template id to accept or reject, for each the popup asked about."""
    items: list[Fields] = [
        [("TemplateId", template_id), ("SubscribeStatusString", status), ("PopupScene", scene)]
        for template_id, status in answers.items()
    ]
    label = "订阅弹窗：" + "、".join("允许" if one == "accept" else "拒绝" for one in answers.values())
    return _event(openid, "subscribe_msg_popup_event", "SubscribeMsgPopupEvent", items, label)


def switched_off(openid: str, template_id: str) -> Push:
    item: Fields = [("TemplateId", template_id), ("SubscribeStatusString", "reject")]
    return _event(openid, "subscribe_msg_change_event", "SubscribeMsgChangeEvent", [item], "关闭订阅通知")


def sent(openid: str, template_id: str, msgid: int, code: int, status: str) -> Push:
    item: Fields = [
        ("TemplateId", template_id),
        ("MsgID", msgid),
        ("ErrorCode", code),
        ("ErrorStatus", status),
    ]
    label = f"订阅通知结果 {status}"
    return _event(openid, "subscribe_msg_sent_event", "SubscribeMsgSentEvent", [item], label)


def _event(openid: str, name: str, wrapper: str, items: list[Fields], label: str) -> Push:
    return event(openid, name, (wrapper, [("List", Repeated(items))]), label=label)


def unwrapped(push: Push) -> Push:
    """As JSON has it: the list stands at the top (section 1.6)."""
    *head, (_, inner) = push.fields
    assert not isinstance(inner, str | int | Repeated)
    return replace(push, fields=(*head, *inner))
