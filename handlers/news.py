"""News by chat: the newest articles as a card that opens on the portal."""

from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import article_pictures, articles, interests
from app.services.channel_marks import Channel, marked
from app.services.interests import Noticed
from app.wechat.replies import Article as Card
from app.wechat.replies import News, Reply, Text
from handlers import lines
from models import ArticleCategory

CARDS = 8  # what one answer to a menu tap may show; to a text it is one that names the others


def make_router(public_url: str, noticed: Noticed) -> Router:
    router = Router("news")

    @router.on("news.latest", title="工会动态", args=("category",))
    async def latest(chat: Chat) -> Reply:
        wanted = chat.args.get("category", "")
        known = wanted in ArticleCategory.__members__.values()
        category = ArticleCategory(wanted) if known else None
        if category is not None:
            interest = interests.of_news(category)
            chat.once_stored(lambda: noticed.note(chat.person.person_id, interest, chat.at))
        found = await articles.list_published(chat.session, chat.at, CARDS, category=category)
        if not found:
            return Text(f"还没有文章，发布后可以在这里看。\n{lines.ACTIVITIES}")
        return News(
            tuple(
                Card(
                    title=each.title,
                    description=each.summary,
                    picture=each.cover or article_pictures.shared(each, public_url),
                    url=marked(f"{public_url}/news/{each.public_id}", Channel.CHAT),
                )
                for each in found
            )
        )

    return router
