"""A handler writes however it does it: what is only added to the session, and never flushed, is kept too."""

import sqlalchemy as sa

from app.database import Database
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.wechat.replies import Reply, Text
from models import Counter
from tests.conftest import FakeClock
from tests.talking import talking

MENUS = """
version: 1
account: 测试
menu:
  - {name: 记一笔, do: notes.add}
fallback: notes.add
"""


async def test_what_is_added_without_a_flush_is_kept(database: Database, clock: FakeClock) -> None:
    router = Router("notes")

    @router.on("notes.add", title="记一笔")
    async def add(chat: Chat) -> Reply:
        chat.session.add(Counter(series="T", year=2026, value=1))
        return Text("记下了。")

    async with talking(database, clock, [router], MENUS) as talk:
        li = await talk.person("李娜")

        assert await li.says("记一笔") == "记下了。"

        async with talk.database.reading() as session:
            assert await session.scalar(sa.select(Counter.value)) == 1


async def test_what_is_changed_without_a_flush_is_kept(database: Database, clock: FakeClock) -> None:
    router = Router("notes")

    @router.on("notes.add", title="记一笔")
    async def add(chat: Chat) -> Reply:
        row = (await chat.session.scalars(sa.select(Counter))).one()
        row.value += 1
        return Text("记下了。")

    async with talking(database, clock, [router], MENUS) as talk:
        async with talk.database.transaction() as session:
            session.add(Counter(series="T", year=2026, value=1))
        li = await talk.person("李娜")

        await li.says("记一笔")

        async with talk.database.reading() as session:
            assert await session.scalar(sa.select(Counter.value)) == 2
