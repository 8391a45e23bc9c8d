"""What this account is, what becomes of what people tell it, and what it does not replace."""

from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.wechat.replies import Reply, Text
from handlers import lines

router = Router("about")

ABOUT = "\n".join(
    (
        "这里是供电工会的公众号：解答用电安全，接收职工和客户的留言，也可以找工作人员。",
        "留言和电话加密保存，只用来办您的事；匿名留言，工作人员看不到您是谁。",
        "这里不代替 110、119、120，用电报修请打 95598。",
        lines.HELP,
        lines.HOTLINES,
        lines.PRIVACY,
    )
)


@router.on("about.show", title="关于我们")
async def show(chat: Chat) -> Reply:
    return Text(ABOUT)
