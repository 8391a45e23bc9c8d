"""我的积分 by chat: what somebody earned by coming, this year and for what."""

from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import points
from app.services.addresses import page
from app.wechat.replies import Reply, Text, fit
from handlers import lines

router = Router("points")

SHOWN = 8


@router.on("points.mine", title="我的积分")
async def mine(chat: Chat) -> Reply:
    earned = await points.of_person(chat.session, chat.person.person_id)
    if not earned:
        return Text(f"还没有积分。记积分的活动，签到以后积分在这里。\n{lines.ACTIVITIES}")
    this_year, total = points.this_year(earned, chat.at), points.total(earned)
    besides = f"，一共 {total} 分" if total != this_year else ""
    rows = [f"{lines.day(each.at)}　{each.title}　+{each.points}" for each in earned[:SHOWN]]
    address = page("/me/points")
    more = [f'<a href="{address}">全部 {len(earned)} 条</a>'] if address and len(earned) > SHOWN else []
    lead = f"今年的积分：{this_year} 分{besides}"
    return Text(fit("\n".join([lead, *rows, *more, lines.MY_SIGN_UPS])))
