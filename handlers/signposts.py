"""Where things are done: a signpost's words and the lines to tap."""

from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.knowledge import Signpost
from app.services.library import Library
from app.wechat.replies import Reply, Text
from handlers import answering, lines


def make_router(library: Library) -> Router:
    router = Router("signposts")

    @router.on("signposts.show", title="看怎么办", args=("sign",))
    async def show(chat: Chat) -> Reply:
        sign = library.find(Signpost, chat.args.get("sign", ""))
        if sign is None:
            return Text(f"这一条已经调整。看看别的：{lines.HELP}")
        return Text(answering.in_words(sign))

    return router
