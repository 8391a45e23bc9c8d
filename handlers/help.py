"""What can be done here, asked for or not: whoever greets reads it too."""

from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.wechat.replies import Reply, Text
from handlers import lines

router = Router("help")

HELP = "\n".join(
    (
        "用电安全、劳动权益的事，直接打字或说话问我，例如「插座冒火花怎么办」「年假有几天」。也可以点：",
        lines.SAFETY,
        lines.LAW,
        lines.TODAY,
        lines.COMPLAIN,
        lines.LEAVE,
        lines.MINE,
        lines.LEGAL_AID,
        lines.COUNSELLING,
        lines.HEALTH,
        lines.DESK,
        lines.HOTLINES,
        "办到一半：回复「上一步」改回答，「取消」退出，「继续」接着办。",
    )
)


@router.on("help.show", title="使用帮助")
async def show(chat: Chat) -> Reply:
    return Text(HELP)


@router.on("help.greet", title="问候")
async def greet(chat: Chat) -> Reply:
    return Text(f"您好，请说。\n{HELP}")
