"""Labour law by chat: answers by topic. Questions in people's own words are searched by `answering`."""

from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.knowledge import LawAnswer
from app.services.library import Library
from app.wechat.replies import Reply, Text
from handlers import answering, lines
from handlers.browsing import Shelf

SHELF = Shelf(
    LawAnswer,
    topics="labour_law.topics",
    asks="想看哪一类？也可以直接问我，例如「试用期最长几个月」。",
    empty=f"劳动权益的内容正在准备。有事请点{lines.LEAVE}。",
)


def make_router(library: Library) -> Router:
    router = Router("labour_law")

    @router.on("labour_law.topics", title="劳动权益", args=SHELF.args)
    async def topics(chat: Chat) -> Reply:
        return Text(SHELF.page(library, chat.args))

    @router.on("labour_law.show", title="看一条劳动权益", args=("answer",))
    async def show(chat: Chat) -> Reply:
        law = library.find(LawAnswer, chat.args.get("answer", ""))
        if law is None:
            return Text(f"这一条已经调整。看看别的：{lines.LAW}")
        return Text(answering.in_words(law, opened=answering.opened(chat)))

    return router
