"""每周精选 by chat: asking for it, asking for no more, and reading this week's now."""

from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import article_pictures, articles, digest_reading, digests
from app.services.digests import Moment
from app.wechat.replies import Article as Card
from app.wechat.replies import News, Reply, Text
from handlers import lines
from models import Article

CARDS = 8  # what one answer to a menu tap may show; to a text it is one that names the others
READ = lines.go("本周精选", "digests.show")
WANT = lines.go("订阅周报", "digests.want")
STOP = lines.go("退订周报", "digests.stop")
NEWS = lines.go("工会动态", "news.latest")


def make_router(public_url: str, moment: Moment) -> Router:
    router = Router("digests")

    @router.on("digests.want", title="订阅周报")
    async def want(chat: Chat) -> Reply:
        """Twice is no error."""
        person_id = chat.person.person_id
        if await digests.is_wanted(chat.session, person_id):
            return Text(f"您已经订阅了每周精选，{moment.words}发给您。\n{READ}　{STOP}")
        await digests.want(chat.session, person_id, "chat", chat.at)
        return Text(
            f"已订阅每周精选：{moment.words}，挑几篇您没看过的新文章发给您，没有就不发。"
            "微信只让我们发给 48 小时内说过话的人；想一直收到，请在网页「我的 → 工会消息」点一次同意。\n"
            f"{READ}　{STOP}"
        )

    @router.on("digests.stop", title="退订周报")
    async def stop(chat: Chat) -> Reply:
        person_id = chat.person.person_id
        if not await digests.is_wanted(chat.session, person_id):
            return Text(f"您没有订阅每周精选，不会发给您。\n{READ}　{WANT}")
        await digests.stop(chat.session, person_id, chat.at)
        return Text(f"已退订，每周精选不再发给您。想看随时回复「本周精选」。\n{WANT}")

    @router.on("digests.show", title="本周精选")
    async def show(chat: Chat) -> Reply:
        """His own of this week, else what it would be now."""
        picked = await digest_reading.this_week(chat.session, chat.person.person_id, chat.at, CARDS)
        if not picked:
            return Text(f"最近七天没有您没看过的新文章。\n{NEWS}")
        found = await articles.by_keys(chat.session, [each.key for each in picked])
        return News(
            tuple(
                Card(each.title, each.reason, _picture(found.get(each.key)), f"{public_url}/news/{each.key}")
                for each in picked
            )
        )

    def _picture(article: Article | None) -> str:
        return "" if article is None else article.cover or article_pictures.shared(article, public_url)

    return router
