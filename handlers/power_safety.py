"""Power safety by chat: tips by topic and one for every day. Also the menu file's fallback (`answering`)."""

from app.clock import civil_date
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.knowledge import Tip
from app.services import interests
from app.services.interests import Noticed
from app.services.library import Library
from app.services.questions import Unanswered
from app.wechat.replies import Reply, Text, fit
from handlers import answering, lines
from handlers.browsing import Shelf

SHELF = Shelf(
    Tip,
    topics="power_safety.topics",
    asks="想看哪一类？也可以直接把问题发给我。",
    empty=f"安全用电的内容正在准备。急事请看{lines.HOTLINES}。",
)


def make_router(library: Library, noticed: Noticed, unanswered: Unanswered, public_url: str = "") -> Router:
    router = Router("power_safety")

    @router.on("power_safety.answer", title="用电安全与劳动权益问答")
    async def answer(chat: Chat) -> Reply:
        return await answering.answer(chat, library, unanswered, public_url)

    @router.on("power_safety.show", title="看一条用电安全知识", args=("tip",))
    async def show(chat: Chat) -> Reply:
        tip = library.find(Tip, chat.args.get("tip", ""))
        if tip is None:
            return Text(f"这一条已经调整。看看别的：{lines.SAFETY}")
        chat.once_stored(lambda: noticed.note(chat.person.person_id, interests.of_tip(tip), chat.at))
        return Text(answering.in_words(tip, opened=answering.opened(chat)))

    @router.on("power_safety.topics", title="安全用电", args=SHELF.args)
    async def topics(chat: Chat) -> Reply:
        return Text(SHELF.page(library, chat.args))

    @router.on("power_safety.tip_of_the_day", title="每日一条")
    async def tip_of_the_day(chat: Chat) -> Reply:
        tip = library.of_the_day(civil_date(chat.at))
        if tip is None:
            return Text(f"今天还没有提示。看看服务电话：{lines.HOTLINES}")
        never = "\n".join(f"· {line}" for line in tip.never)
        whole = lines.go("看完整做法", "power_safety.show", tip=tip.id)
        return Text(fit(f"今日安全提示：{tip.title}\n先做：{tip.first}\n{never}\n{whole}　{lines.SAFETY}"))

    return router
