"""People on duty take an alert by tapping its line; nobody else can."""

from collections.abc import Collection

from app.clock import spoken
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.errors import NotFound
from app.services import crisis
from app.wechat.replies import Reply, Text, fit


def make_router(on_duty: Collection[str]) -> Router:
    """`on_duty`: the openids that alerts go to."""
    router = Router("crisis")

    @router.on("crisis.take", title="接手紧急提醒", args=("alert",))
    async def take(chat: Chat) -> Reply:
        """The words that caused the alert are shown only here, to the one who takes it."""
        number = chat.args.get("alert", "")
        if chat.person.openid not in on_duty or not (number.isascii() and number.isdigit()):
            raise NotFound("没有找到这条提醒。")
        alert = await crisis.take(chat.session, int(number[:18]), _name(chat), chat.at)
        return Text(
            fit(
                f"提醒 {alert.id} 由您接手，不再重复提醒。\n"
                f"{spoken(alert.created_at, chat.at)} 的原话：{alert.excerpt or '（没有文字）'}\n"
                "请马上想办法联系本人；有现实危险时，打 110 或 120，并通知家人。"
            )
        )

    return router


def _name(chat: Chat) -> str:
    return f"值班微信…{chat.person.openid[-6:]}"
