"""Handlers that stand at a gate until a test opens it, so that an answer comes too late without waiting."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa

from app.database import Database
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import outbox
from app.wechat.replies import Article, News, Reply, Text
from models import Counter, Message, Outbox
from tests.conftest import FakeClock
from tests.mailing import text
from tests.talking import Speaker, Talk, talking

MENUS = """
version: 1
account: 测试工会
menu:
  - name: 服务
    items:
      - {name: 查询, do: slow.look_up}
keywords:
  - {say: [查询], do: slow.look_up}
  - {say: [登记], do: slow.book}
  - {say: [新闻], do: slow.news}
  - {say: [你好], reply: 您好。}
fallback: slow.look_up
"""


@dataclass
class Gate:
    """Holds slow handlers until it is opened."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    calls: int = 0

    async def pass_through(self) -> None:
        self.calls += 1
        self.reached.set()
        await self.open.wait()


def slow(gate: Gate) -> Router:
    router = Router("slow")

    @router.on("slow.look_up", title="查询")
    async def look_up(chat: Chat) -> Reply:
        await gate.pass_through()
        return Text(f"「{chat.text}」查到了。")

    @router.on("slow.book", title="登记")
    async def book(chat: Chat) -> Reply:
        await gate.pass_through()
        chat.session.add(Counter(series="T", year=2026, value=1))
        outbox.add(
            chat.session, "slow.receipt", key="receipt", to=chat.person.id, payload=text("凭证"), now=chat.at
        )
        await chat.session.flush()
        return Text("登记好了。")

    @router.on("slow.news", title="新闻")
    async def news(chat: Chat) -> Reply:
        await gate.pass_through()
        return News(tuple(Article(f"新闻{n}", "", "", f"https://u/{n}") for n in (1, 2)))

    return router


async def asks_in_vain(who: Speaker, gate: Gate, words: str) -> str:
    """Say `words` to a slow handler and let the four seconds pass; returns what was answered then."""
    gate.reached.clear()
    gate.open.clear()
    push = asyncio.create_task(who.says(words))
    await gate.reached.wait()
    who.talk.clock.advance(4)
    return await push


async def finishes(talk: Talk, gate: Gate) -> None:
    gate.open.set()
    await talk.engine.settle()


async def only_message(database: Database) -> Message:
    async with database.reading() as session:
        return (await session.scalars(sa.select(Message).order_by(Message.id).limit(1))).one()


async def rows(database: Database) -> list[Outbox]:
    async with database.reading() as session:
        return list(await session.scalars(sa.select(Outbox).order_by(Outbox.id)))


# --- fixtures; a test file binds those it wants -------------------------------------------------------------


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def talk(database: Database, clock: FakeClock, gate: Gate) -> AsyncIterator[Talk]:
    async with talking(database, clock, [slow(gate)], MENUS) as town:
        yield town
        gate.open.set()
