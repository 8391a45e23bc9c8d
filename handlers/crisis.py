"""People on duty take an alert and speak to the person behind it; nobody else can.

They tap its line, or say 「接手」 where a template or a phone shows no line.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from app.clock import spoken
from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.errors import DomainError, NotFound
from app.services import alert_cases, crisis, on_duty, permissions
from app.wechat.replies import Reply, Text, fit
from handlers import lines
from models import CrisisAlert

CHOICES = 8
NOTHING = "没有找到这条提醒。"


def make_router(fixed: Collection[str]) -> Router:
    """`fixed`: openids that alerts go to beside those of staff."""
    router = Router("crisis")

    async def who(chat: Chat) -> str:
        """How they are named who may take alerts. Raises: NotFound."""
        staff = await on_duty.find_staff(chat.session, chat.person.person_id)
        if staff is not None:
            return on_duty.name_of(staff)
        if chat.person.openid in fixed:
            return f"值班微信…{chat.person.openid[-6:]}"
        raise NotFound(NOTHING)

    def named(chat: Chat) -> int:
        """The alert a tap names; ids in taps can be made up by anybody."""
        number = chat.args.get("alert", "")
        if not (number.isascii() and number.isdigit()):
            raise NotFound(NOTHING)
        return int(number[:18])

    @router.on("crisis.take", title="接手紧急提醒", args=("alert",))
    async def take(chat: Chat) -> Reply:
        """Without a number it is the one that waits, or a choice of those that do."""
        by = await who(chat)
        if "alert" in chat.args:
            return await _taken(chat, named(chat), by)
        waiting = await crisis.list_alerts(chat.session, limit=CHOICES)
        if not waiting:
            return Text("现在没有等待接手的提醒。")
        return _choice(waiting, chat.at) if len(waiting) > 1 else await _taken(chat, waiting[0].id, by)

    @router.flow("crisis.reply", title="给本人回话", version=1, args=("alert",), confidential=True)
    async def reply(chat: Chat) -> Reply:
        await who(chat)
        alert_id = named(chat)
        words = await chat.ask(
            "words",
            "请写给本人的话，会马上发到他的微信，显示为「工会值班同事」。",
            answers.Words(at_most=crisis.REPLY_LENGTH),
        )
        if words.strip() == crisis.TAKE:  # meant for the next alert, not for this person
            raise DomainError("要接手另一条提醒，请先回复「取消」。", question="words")
        await crisis.reply(chat.session, alert_id, words, chat.at)
        again = lines.go("再说一句", "crisis.reply", alert=str(alert_id))
        return Text(f"已交给微信发送。对方回的话，这里暂时看不到，请打电话或当面跟进。\n{again}")

    return router


async def _taken(chat: Chat, alert_id: int, by: str) -> Reply:
    """The words that caused the alert are shown only here, to the one who takes it."""
    alert = await crisis.take(chat.session, alert_id, by, chat.at)
    staff = await on_duty.find_staff(chat.session, chat.person.person_id)
    standing = None if staff is None else await permissions.standing_of(chat.session, staff)
    where = await alert_cases.line(chat.session, alert, standing)
    return Text(
        fit(
            f"提醒 {alert.id} 由您接手，不再重复提醒。\n"
            f"{spoken(alert.created_at, chat.at)} 的原话：{alert.excerpt or '（没有文字）'}\n"
            + (f"{where}\n" if where else "")
            + "请马上联系本人；有现实危险时，打 110 或 120。\n"
            + lines.go("给本人回话", "crisis.reply", alert=str(alert.id))
        )
    )


def _choice(waiting: Sequence[CrisisAlert], now: datetime) -> Reply:
    to_tap = [
        lines.go(f"{alert.id} 号，{spoken(alert.created_at, now)}", "crisis.take", alert=str(alert.id))
        for alert in waiting
    ]
    return Text("\n".join(["有几条提醒在等人接手，请选一条：", *to_tap]))
