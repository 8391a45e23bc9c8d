"""When a person will hear of what staff did with a case, in words for those staff."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import deliveries
from app.services.deliveries import Obstacle
from models import Case, Outbox

_SENDING = "这就送到本人的微信。"
_WAITING = {
    Obstacle.NO_WINDOW: "本人 48 小时内没有来过，微信不让主动发；下次来说话时，开头就会看到。",
    Obstacle.LAST: "这一轮只剩最后一条能发，等您半分钟，接着写的合成一条一起送到本人的微信。",
    Obstacle.SPENT: "这两天主动发的条数已用完；本人下次来说话时，开头就会看到。",
    Obstacle.NO_RIGHT: "账号未认证，不能主动发；本人下次来说话时，开头就会看到。",
    Obstacle.NOT_FOLLOWING: "本人已取消关注；再次关注时就会看到。",
    Obstacle.NO_OPENID: "本人没有关注公众号，收不到，请打电话告诉；以后来说话时就会看到。",
}
# Whether somebody was here lately would be a hint of who it is.
_UNNAMED = "能马上送到就马上送，不能就等本人下次来说话时，开头就会看到。"


async def told(
    session: AsyncSession,
    case: Case,
    notice: Outbox,
    done: str,
    now: datetime,
    *,
    app_id: str,
    customer_messages: bool,
) -> str:
    """What was done (`done`: 已答复, 已问本人 …), and when the person will hear of it.

    `app_id` is the official account's; `customer_messages` tells whether it may send them.
    """
    if case.anonymous:
        return f"{case.number} {done}。{_UNNAMED}"
    obstacle = await deliveries.obstacle(
        session, notice, now, app_id=app_id, customer_messages=customer_messages
    )
    when = f"，{_SENDING}" if obstacle is None else f"。{_WAITING[obstacle]}"
    return f"{case.number} {done}{when}"
