"""Broadcasts by chat: what is on or comes next as a card, and what can be watched again."""

from app.clock import spoken
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import lives
from app.services.addresses import page
from app.wechat.replies import Article, News, Reply, Text, fit
from handlers import lines
from models import LiveSession

router = Router("lives")

CARDS = 8  # what one answer to a menu tap may show; to a text it is one that names the others


@router.on("lives.next", title="直播")
async def next_live(chat: Chat) -> Reply:
    found = list(await lives.list_ahead(chat.session, chat.at, CARDS))
    found += await lives.list_replays(chat.session, chat.at, CARDS - len(found))
    if not found:
        return Text(f"近期没有直播，有了会放在这里。\n{lines.ACTIVITIES}")
    if not page("/lives"):
        return Text(
            fit("\n".join(["直播，请在网页「服务」里打开：", *(_line(each, chat) for each in found)]))
        )
    return News(
        tuple(
            Article(
                title=f"{each.title}（{each.phase(chat.at).label}）",
                description=f"{spoken(each.starts_at, chat.at)}　{each.about}".strip(),
                picture=page(f"/lives/{each.public_id}/cover?of={each.cover}") if each.cover else "",
                url=page(f"/lives/{each.public_id}"),
            )
            for each in found
        )
    )


def _line(live: LiveSession, chat: Chat) -> str:
    return f"{live.title} {live.phase(chat.at).label}（{spoken(live.starts_at, chat.at)}）"
