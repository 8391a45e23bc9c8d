"""退订: no campaigns any more, nor the weekly digest; and wanting them again. One's own matters are told."""

from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import campaign_rows
from app.wechat.replies import Reply, Text
from handlers import lines

router = Router("campaigns")

AGAIN = lines.go("恢复接收", "campaigns.want")
WEEKLY = lines.go("订阅周报", "digests.want")
OUT = lines.go("退订", "campaigns.refuse")


@router.on("campaigns.refuse", title="退订群发")
async def refuse(chat: Chat) -> Reply:
    """Twice is no error."""
    await campaign_rows.refuse(chat.session, chat.person.person_id, chat.at)
    return Text(
        f"已退订，以后不再给您群发消息，每周精选也不发了。您自己的事（报名、留言、预约）还会通知您。\n{AGAIN}"
    )


@router.on("campaigns.want", title="恢复接收群发")
async def want(chat: Chat) -> Reply:
    await campaign_rows.want_again(chat.session, chat.person.person_id)
    return Text(f"好的，工会的群发消息会再发给您。每周精选要另外订阅。\n{WEEKLY}　{OUT}")
