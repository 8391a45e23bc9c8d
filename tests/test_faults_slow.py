"""Handlers that are slow past the deadline, are killed meanwhile, raise, or reach for the network."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa

from app.assembly import assemble
from app.database import Database, refuse_in_transaction
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import messages
from app.settings import Settings
from app.wechat.api import messages as wire
from app.wechat.callback import NoAnswer
from app.wechat.errors import WeChatError
from app.wechat.incoming import Incoming
from app.wechat.replies import Reply, Text
from models import Counter, Message, MessageState, Outbox
from tests.conftest import FakeClock
from tests.running import SECRET
from tests.servers import PATIENCE
from tests.talking import Speaker, Talk, talking

MENUS = """
version: 1
account: 测试工会
menu:
  - {name: 慢, do: slow.reads}
keywords:
  - {say: [慢慢想], do: slow.reads}
  - {say: [慢慢写], do: slow.writes}
  - {say: [出错], do: slow.breaks}
  - {say: [打电话], do: slow.calls}
  - {say: [值班电话], reply: 值班电话 95598。}
fallback: slow.reads
"""
DEADLINE = 0.3


@dataclass
class World:
    """What the handlers of these stories wait for, and how often they came to their end."""

    entered: asyncio.Event = field(default_factory=asyncio.Event)
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)
    broken: bool = True
    ends: int = 0


def slow(world: World) -> Router:
    router = Router("slow")

    async def write(chat: Chat) -> int:
        row = await chat.session.scalar(sa.select(Counter).where(Counter.series == "T"))
        if row is None:
            row = Counter(series="T", year=2026, value=0)
            chat.session.add(row)
        row.value += 1
        await chat.session.flush()
        return row.value

    async def wait() -> None:
        world.entered.set()
        await world.may_go_on.wait()

    @router.on("slow.reads", title="慢慢想")
    async def reads(chat: Chat) -> Reply:
        await wait()
        world.ends += 1
        return Text(f"想好了，第 {await write(chat)} 次。")

    @router.on("slow.writes", title="慢慢写")
    async def writes(chat: Chat) -> Reply:
        number = await write(chat)
        await wait()
        return Text(f"写好了，第 {number} 次。")

    @router.on("slow.breaks", title="出错")
    async def breaks(chat: Chat) -> Reply:
        number = await write(chat)
        if world.broken:
            raise RuntimeError("a bug")
        return Text(f"这回办成了，第 {number} 次。")

    @router.on("slow.calls", title="打电话")
    async def calls(chat: Chat) -> Reply:
        number = await write(chat)
        refuse_in_transaction("a call")  # as every call of the client does first
        return Text(f"第 {number} 次。")

    return router


@pytest.fixture
def world() -> World:
    return World()


@asynccontextmanager
async def town(database: Database, clock: FakeClock, world: World) -> AsyncIterator[Talk]:
    async with talking(database, clock, [slow(world)], MENUS, reply_seconds=DEADLINE) as talk:
        yield talk


@pytest.fixture
async def talk(database: Database, clock: FakeClock, world: World) -> AsyncIterator[Talk]:
    async with town(database, clock, world) as made:
        yield made


async def counted(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(sa.select(Counter.value).where(Counter.series == "T")) or 0


async def the_message(database: Database) -> Message:
    async with database.reading() as session:
        return (await session.scalars(sa.select(Message))).one()


async def late_answers(database: Database) -> list[object]:
    async with database.reading() as session:
        rows = await session.scalars(sa.select(Outbox).where(Outbox.kind == "dialogue.late_reply"))
        return [row.payload for row in rows]


def pushed(li: Speaker, words: str) -> tuple[Incoming, "asyncio.Task[str]"]:
    push = li.incoming("text", f"<Content>{words}</Content>")
    return push, asyncio.create_task(li.pushes(push))


async def deferred(talk: Talk, world: World, answer: "asyncio.Task[str]") -> None:
    """Until the deadline has passed and WeChat was told `success`."""
    await world.entered.wait()
    talk.clock.advance(DEADLINE + 0.1)
    assert await asyncio.wait_for(answer, PATIENCE) == ""


# --- slow


async def test_a_slow_answer_comes_later_and_once(talk: Talk, world: World) -> None:
    li = await talk.person("李娜")
    push, answer = pushed(li, "慢慢想")

    await deferred(talk, world, answer)
    assert (await the_message(talk.database)).state is MessageState.DEFERRED
    assert await asyncio.wait_for(li.pushes(push), PATIENCE) == ""  # WeChat again, while it is still at work
    world.may_go_on.set()
    await talk.engine.settle()

    assert await li.pushes(push) == ""  # and after
    assert await late_answers(talk.database) == [{"type": "text", "content": "想好了，第 1 次。"}]
    assert await counted(talk.database) == 1
    assert (await the_message(talk.database)).lease_token is None


async def test_a_slow_answer_holds_up_nobody_else(talk: Talk, world: World) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    _, answer = pushed(li, "慢慢想")
    await deferred(talk, world, answer)

    assert await asyncio.wait_for(wang.says("值班电话"), PATIENCE) == "值班电话 95598。"
    world.may_go_on.set()


async def test_a_handler_slow_while_it_writes_is_answered_when_it_is_done(talk: Talk, world: World) -> None:
    li = await talk.person("李娜")
    push, answer = pushed(li, "慢慢写")
    await world.entered.wait()

    talk.clock.advance(4.9)  # its own transaction holds the message: nothing can be promised
    with pytest.raises(NoAnswer):
        await asyncio.wait_for(answer, PATIENCE)
    again = asyncio.create_task(li.pushes(push))
    await asyncio.sleep(0)
    world.may_go_on.set()

    assert await asyncio.wait_for(again, PATIENCE) == "写好了，第 1 次。"
    assert await counted(talk.database) == 1
    assert await late_answers(talk.database) == []


async def test_a_handler_slow_while_it_writes_keeps_no_reader_waiting(
    postgres_url: str, clock: FakeClock, world: World
) -> None:
    # On PostgreSQL alone: SQLite has one writer anyway.
    async with (
        another_process_on(sa.make_url(postgres_url)) as database,
        town(database, clock, world) as talk,
    ):
        li, wang = await talk.person("李娜"), await talk.person("王强")
        await wang.says("值班电话")
        _, answer = pushed(li, "慢慢写")
        await world.entered.wait()
        talk.clock.advance(DEADLINE + 0.1)
        await asyncio.sleep(0.1)  # the deadline is looked at every 0.05 s

        assert await asyncio.wait_for(wang.says("值班电话"), PATIENCE) == "值班电话 95598。"

        world.may_go_on.set()
        assert await answer == "写好了，第 1 次。"


async def test_what_a_killed_process_had_deferred_is_done_by_another(
    database: Database, clock: FakeClock, world: World
) -> None:
    async with (
        another_process_on(database.url) as second,
        town(database, clock, world) as doomed,
        town(second, clock, world) as other,
    ):
        li = await doomed.person("李娜")
        push, answer = pushed(li, "慢慢想")
        await deferred(doomed, world, answer)
        kill(doomed)
        world.may_go_on.set()

        assert await other.sweep.run() == 0  # its lease still runs
        clock.advance(61)
        assert await other.sweep.run() == 1

        assert await late_answers(database) == [{"type": "text", "content": "想好了，第 1 次。"}]
        assert await counted(database) == 1
        assert await li.pushes(push) == ""
        assert await other.sweep.run() == 0


async def test_who_was_only_thought_dead_changes_nothing_any_more(
    database: Database, clock: FakeClock, world: World
) -> None:
    async with (
        another_process_on(database.url) as second,
        town(database, clock, world) as slow_one,
        town(second, clock, world) as other,
    ):
        li = await slow_one.person("李娜")
        _, answer = pushed(li, "慢慢想")
        await deferred(slow_one, world, answer)
        clock.advance(61)
        taken = asyncio.create_task(other.sweep.run())
        world.entered.clear()
        if await still_waiting(taken, world):
            world.may_go_on.set()  # both end now

        assert await taken == 1
        await slow_one.engine.settle()
        assert world.ends >= 2
        assert await late_answers(database) == [{"type": "text", "content": "想好了，第 1 次。"}]
        assert await counted(database) == 1


@asynccontextmanager
async def another_process_on(url: sa.URL) -> AsyncIterator[Database]:
    """Another process's engines on the same database."""
    opened = Database(url.render_as_string(hide_password=False))
    yield opened
    await opened.close()


async def still_waiting(task: "asyncio.Task[int]", world: World) -> bool:
    """Whether the handler was entered again before the task ended."""
    entered = asyncio.create_task(world.entered.wait())
    await asyncio.wait({task, entered}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    return not task.done() and entered.done()


def kill(talk: Talk) -> None:
    """End the engine as a killed process ends: what it was at stops where it stands."""
    for task in list(talk.engine._tasks):
        task.cancel()


# --- broken


async def test_a_bug_is_answered_calmly_and_a_retry_answers_late(talk: Talk, world: World) -> None:
    li = await talk.person("李娜")
    assert "出了点问题" in await li.says("出错")
    failed = await the_message(talk.database)
    assert failed.state is MessageState.FAILED
    assert await counted(talk.database) == 0

    world.broken = False
    async with talk.database.transaction() as session:
        (verdict,) = await messages.queue_again(session, failed.id, talk.clock.real_now())
    assert verdict.queued
    assert await talk.sweep.run() == 1

    assert await late_answers(talk.database) == [{"type": "text", "content": "这回办成了，第 1 次。"}]
    assert await counted(talk.database) == 1
    assert (await the_message(talk.database)).state is MessageState.DEFERRED


# --- the network


async def test_a_handler_that_writes_and_then_calls_is_stopped(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert "出了点问题" in await li.says("打电话")

    assert (await the_message(talk.database)).state is MessageState.FAILED
    assert await counted(talk.database) == 0


async def test_no_call_to_wechat_leaves_while_a_transaction_writes(sqlite_url: str) -> None:
    heard: list[str] = []

    async def wechat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append((await reader.readline()).decode())
        writer.close()

    server = await asyncio.start_server(wechat, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = Settings(
        secret_key=SECRET,
        database_url=sqlite_url,
        wechat_api_url=f"http://127.0.0.1:{port}",
    )
    async with server, assemble(settings) as house:
        text = wire.CustomerMessage("oTest", wire.Text("您好"))
        async with house.database.transaction() as session:
            await session.execute(sa.text("SELECT 1"))
            with pytest.raises(RuntimeError, match="inside a writing transaction"):
                await house.wechat.messages.send(text)
        assert heard == []
        with pytest.raises(WeChatError):
            await house.wechat.messages.send(text)
    assert heard
