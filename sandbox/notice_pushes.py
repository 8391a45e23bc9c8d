"""The three events of subscription notices, as section 2.4 writes them."""

from collections.abc import Mapping

from sandbox.pushes import Pair, Push, event


def popup_answered(openid: str, answers: Mapping[str, str], scene: int) -> Push:
    """`answers`: template id to accept or reject, for each the popup asked about."""
    items: list[Pair] = [
        (
            "List",
            [("TemplateId", template_id), ("SubscribeStatusString", status), ("PopupScene", scene)],
        )
        for template_id, status in answers.items()
    ]
    label = "订阅弹窗：" + "、".join("允许" if one == "accept" else "拒绝" for one in answers.values())
    return event(openid, "subscribe_msg_popup_event", ("SubscribeMsgPopupEvent", items), label=label)


def switched_off(openid: str, template_id: str) -> Push:
    item: list[Pair] = [("TemplateId", template_id), ("SubscribeStatusString", "reject")]
    changed: list[Pair] = [("List", item)]
    return event(
        openid, "subscribe_msg_change_event", ("SubscribeMsgChangeEvent", changed), label="关闭订阅通知"
    )


def sent(openid: str, template_id: str, msgid: int, code: int, status: str) -> Push:
    item: list[Pair] = [
        ("TemplateId", template_id),
        ("MsgID", msgid),
        ("ErrorCode", code),
        ("ErrorStatus", status),
    ]
    done: list[Pair] = [("List", item)]
    return event(
        openid, "subscribe_msg_sent_event", ("SubscribeMsgSentEvent", done), label=f"订阅通知结果 {status}"
    )
