"""Telephone numbers by chat."""

from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services.hotlines import Subject
from app.services.hotlines import lines as hotline_lines
from app.wechat.replies import Reply, Text

router = Router("hotlines")

ALL = "\n".join(
    (
        "有危险先打：" + hotline_lines(Subject.DANGER),
        "",
        "【用电】",
        hotline_lines(Subject.ELECTRICITY),
        "【职工权益】",
        hotline_lines(Subject.UNION, Subject.LAW),
        "【心理】",
        hotline_lines(Subject.MIND),
        "【政府】",
        hotline_lines(Subject.GOVERNMENT),
    )
)


@router.on("hotlines.show", title="服务电话")
async def show(chat: Chat) -> Reply:
    return Text(ALL)
