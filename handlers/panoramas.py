"""Panoramas by chat: a card for each, which opens the page where one looks around."""

from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import panoramas
from app.services.addresses import page
from app.wechat.replies import Article, News, Reply, Text
from handlers import lines

router = Router("panoramas")

CARDS = 8  # what one answer to a menu tap may show; to a text it is one that names the others


@router.on("panoramas.list", title="全景")
async def list_panoramas(chat: Chat) -> Reply:
    tours = await panoramas.list_shown(chat.session, CARDS)
    if not tours:
        return Text(f"还没有全景，拍好的活动和场所会放在这里。\n{lines.ACTIVITIES}")
    if not page("/panoramas"):
        names = "\n".join(each.title for each in tours)
        return Text(f"这些地方有全景，请在网页「服务」的「全景」里看：\n{names}")
    pictures = await panoramas.pictures_of(chat.session, tours)
    return News(
        tuple(
            Article(
                title=each.title,
                description=each.about or "转一转，四面都看得到",
                picture=page(f"/panoramas/{each.public_id}/pictures/{pictures[each.id].public_id}/preview")
                if each.id in pictures
                else "",
                url=page(f"/panoramas/{each.public_id}"),
            )
            for each in tours
        )
    )
