"""Many answers are late at once: what comes now is still answered in time."""

import asyncio
from dataclasses import dataclass, field

from app.database import Database
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.wechat.replies import Reply, Text
from models import Counter
from tests.conftest import FakeClock
from tests.talking import talking

MENUS = """
version: 1
account: 测试工会
menu:
  - name: 服务
    items:
      - {name: 登记, do: crowd.book}
keywords:
  - {say: [登记], do: crowd.book}
fallback: crowd.book
"""
LATE = 30


@dataclass
class Book:
    """Who is late already waits at the door with a transaction in hand; who comes now walks through."""

    late: set[int] = field(default_factory=set)
    all_late_have_come: asyncio.Event = field(default_factory=asyncio.Event)
    door: asyncio.Event = field(default_factory=asyncio.Event)
    written: list[int] = field(default_factory=list)

    def router(self) -> Router:
        router = Router("crowd")

        @router.on("crowd.book", title="登记")
        async def book(chat: Chat) -> Reply:
            if not self.all_late_have_come.is_set():
                self.late.add(chat.person.id)
            if len(self.late) == LATE:
                self.all_late_have_come.set()
            chat.session.add(Counter(series=str(chat.person.id), year=2026, value=1))
            await chat.session.flush()
            if chat.person.id in self.late:
                await self.door.wait()
            self.written.append(chat.person.id)
            return Text("登记好了。")

        return router


async def test_who_comes_now_waits_for_few_of_those_who_are_late_already(
    database: Database, clock: FakeClock
) -> None:
    book = Book()
    async with talking(database, clock, [book.router()], MENUS) as talk:
        late = [await talk.person(f"第{number}位") for number in range(LATE)]
        pushes = [each.incoming("text", "<Content>登记</Content>") for each in late]
        told = [talk.engine.answer(push, talk.account_id, passive=False) for push in pushes]
        assert set(await asyncio.gather(*told)) == {b"success"}  # their answers follow
        await book.all_late_have_come.wait()
        li = await talk.person("李娜")

        answer = asyncio.create_task(li.says("登记"))
        if database.is_sqlite:  # one writer at a time: she must wait for the one who is in the middle of it
            book.door.set()

        assert await answer == "登记好了。"
        before_her = next(n for n, person in enumerate(book.written) if person not in book.late)
        assert before_her < 10 if database.is_sqlite else before_her == 0
        book.door.set()
        await talk.engine.settle()
        assert len(book.written) == LATE + 1  # and nobody was forgotten
