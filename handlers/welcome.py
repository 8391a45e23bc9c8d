"""The first words to somebody who follows, by himself or through a QR code."""

from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.wechat.replies import Reply, Text
from handlers import lines, posters

router = Router("welcome")

WELCOME = "\n".join(
    (
        "您好，感谢关注供电工会。",
        "用电安全、劳动权益的事直接发给我就行，例如「插座冒火花怎么办」「年假有几天」。您还可以：",
        lines.TODAY,
        lines.LEAVE,
        lines.DESK,
        "更多在下面的菜单里。用电急事请打 95598，24 小时有人接听。",
    )
)

# What our QR codes carry: posters name a scene, and it says what opens.
SCENES = {
    "feedback": ("这里可以给工会留言，实名、匿名都行。点下面一行就开始：", lines.LEAVE),
    "safety": ("这里可以查用电安全知识，也可以直接把问题发给我。点下面一行看目录：", lines.SAFETY),
    "desk": ("这里可以找工会的工作人员。点下面一行，我们来联系您：", lines.DESK),
    "hotlines": ("常用的服务电话都在这里，点下面一行查看：", lines.HOTLINES),
}


@router.on("welcome.subscribe", title="欢迎关注")
async def subscribe(chat: Chat) -> Reply:
    return Text(WELCOME)


@router.on("welcome.scan", title="扫码进入")
async def scan(chat: Chat) -> Reply:
    """What the code is for; an unknown one (an old poster) is no reason to turn anybody away."""
    thanks = "您好，感谢关注供电工会。" if chat.incoming.kind == "event.subscribe" else ""
    poster = await posters.opened(chat, thanks)
    if poster is not None:
        return poster
    known = SCENES.get(chat.incoming.scene)
    if known is None:
        return Text(WELCOME)
    words, line = known
    return Text(f"{thanks}{words}\n{line}")
