"""Handlers that write share a transaction: one commit for all, and each one's failure is undone alone."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
import sqlalchemy as sa
import structlog

from app.database import Database
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.errors import DomainError
from app.jobs.deliveries import Sender
from app.services.numbers import next_number
from app.wechat.callback import NoAnswer
from app.wechat.replies import Reply, Text
from models import Counter, Message, MessageState
from tests import mailing, slowness
from tests.conftest import FakeClock
from tests.mailing import Mailbox
from tests.slowness import Gate
from tests.talking import Speaker, Talk, talking

MENUS = """
version: 1
account: 测试工会
menu:
  - name: 服务
    items:
      - {name: 记一次, do: book.note}
keywords:
  - {say: [记], do: book.note}
  - {say: [反悔], do: book.second_thoughts}
  - {say: [满员], do: book.full}
  - {say: [吞错], do: book.swallows}
  - {say: [等门], do: book.waits}
  - {say: [取号], do: book.number}
  - {say: [取号不要], do: book.number_unwanted}
fallback: book.note
"""
log = structlog.get_logger("book")
gate = slowness.gate
mailbox, client, sender = mailing.mailbox, mailing.client, mailing.sender


def book(gate: Gate) -> Router:
    router = Router("book")

    async def noted(chat: Chat, series: str) -> None:
        chat.session.add(Counter(series=series, year=2026, value=1))
        await chat.session.flush()

    @router.on("book.note", title="记一次")
    async def note(chat: Chat) -> Reply:
        await noted(chat, chat.person.openid[5:10])
        log.info("noted")
        return Text("记下了。")

    @router.on("book.second_thoughts", title="写了又不准")
    async def second_thoughts(chat: Chat) -> Reply:
        await noted(chat, "X")
        raise DomainError("还是不行。")

    @router.on("book.full", title="不准")
    async def full(chat: Chat) -> Reply:
        await chat.session.execute(sa.select(Counter).with_for_update())
        raise DomainError("已经满员。")

    @router.on("book.swallows", title="吞掉数据库的错")
    async def swallows(chat: Chat) -> Reply:
        await noted(chat, "Y")
        try:
            await chat.session.execute(sa.text("INSERT INTO nowhere VALUES (1)"))
        except sa.exc.SQLAlchemyError:
            return Text("装作没事。")
        return Text("不会到这里。")

    @router.on("book.number", title="取号")
    async def number(chat: Chat) -> Reply:
        return Text(await next_number(chat.session, "LY", chat.at))

    @router.on("book.number_unwanted", title="取了又不准")
    async def number_unwanted(chat: Chat) -> Reply:
        await next_number(chat.session, "LY", chat.at)
        raise DomainError("不给号。")

    @router.on("book.waits", title="等门")
    async def waits(chat: Chat) -> Reply:
        await noted(chat, "W")
        await gate.pass_through()
        return Text("门开了。")

    return router


@pytest.fixture
async def talk(database: Database, clock: FakeClock, gate: Gate) -> AsyncIterator[Talk]:
    async with talking(database, clock, [book(gate)], MENUS) as town:
        yield town
        gate.open.set()


@pytest.fixture
def commits(database: Database) -> list[object]:
    made: list[object] = []
    sa.event.listen(database.writer.sync_engine, "commit", made.append)
    return made


async def known(talk: Talk, *names: str) -> list[Speaker]:
    """People who are met already, so that they come in the same turn of the loop."""
    people = [await talk.person(name) for name in names]
    for person in people:
        await talk.engine.answer(person.incoming("event", "<Event>subscribe</Event>", event=True), 1)
    return people


async def together(people: Sequence[Speaker], *words: str) -> list[str]:
    return list(await asyncio.gather(*(who.says(each) for who, each in zip(people, words, strict=True))))


async def series(database: Database) -> set[str]:
    async with database.reading() as session:
        return set(await session.scalars(sa.select(Counter.series)))


async def test_those_who_write_at_once_are_stored_by_one_commit(talk: Talk, commits: list[object]) -> None:
    people = await known(talk, *"一二三四五")
    commits.clear()

    assert await together(people, *["记"] * 5) == ["记下了。"] * 5

    assert len(commits) == 1
    assert len(await series(talk.database)) == 5


async def test_a_no_after_writing_is_undone_and_takes_nobody_along(talk: Talk) -> None:
    people = await known(talk, *"一二三")

    said = await together(people, "记", "反悔", "记")

    assert said == ["记下了。", "还是不行。", "记下了。"]
    assert await series(talk.database) == {people[0].openid[5:10], people[2].openid[5:10]}


async def test_a_number_that_was_refused_is_the_next_ones(talk: Talk) -> None:
    """It was counted in memory only, after the first one: it must not be lost with the refusal."""
    people = await known(talk, *"一二三四")

    said = await together(people, "取号", "取号不要", "取号", "取号")

    assert said[1] == "不给号。"
    assert sorted(said[:1] + said[2:]) == [f"LY-2026-{n:04d}" for n in (1, 2, 3)]
    assert await together(people[:1], "取号") == ["LY-2026-0004"]


async def test_a_no_before_writing_parts_nobody(talk: Talk, commits: list[object]) -> None:
    people = await known(talk, *"一二三")
    commits.clear()

    assert await together(people, "记", "满员", "记") == ["记下了。", "已经满员。", "记下了。"]
    assert len(commits) == 1


async def test_an_error_of_the_database_that_a_handler_swallowed_hurts_only_him(talk: Talk) -> None:
    people = await known(talk, *"一二三")

    said = await together(people, "记", "吞错", "记")

    assert (said[0], said[2]) == ("记下了。", "记下了。")
    assert people[0].openid[5:10] in await series(talk.database)
    assert said[1] == ("装作没事。" if talk.database.is_sqlite else said[1])
    if not talk.database.is_sqlite:  # its transaction was lost, whatever it says
        assert "出了点问题" in said[1]
        assert "Y" not in await series(talk.database)


async def test_nobody_is_told_before_the_commit(talk: Talk, gate: Gate) -> None:
    first, second = await known(talk, "一", "二")
    early, late = asyncio.create_task(first.says("记")), asyncio.create_task(second.says("等门"))
    await gate.reached.wait()

    assert not early.done()
    assert await series(talk.database) == set()
    gate.open.set()
    assert (await early, await late) == ("记下了。", "门开了。")


async def test_who_gave_up_waiting_gets_the_answer_as_a_message(
    talk: Talk, gate: Gate, sender: Sender, mailbox: Mailbox
) -> None:
    """WeChat asked three times while the transaction was under way, and heard nothing."""
    (li,) = await known(talk, "李娜")
    push = li.incoming("text", "<Content>等门</Content>")
    for _ in range(3):
        asked = asyncio.create_task(li.pushes(push))
        await asyncio.sleep(0)  # the push is under way
        await gate.reached.wait()
        talk.clock.advance(4.9)
        with pytest.raises(NoAnswer):
            await asked

    gate.open.set()
    await talk.engine.settle()
    await sender.send_due()

    assert mailbox.texts == ["门开了。"]
    assert await series(talk.database) == {"W"}
    assert await li.pushes(push) == ""
    async with talk.database.reading() as session:
        assert (await session.scalars(sa.select(Message.state).order_by(Message.id.desc()))).first() in (
            MessageState.DEFERRED,
            MessageState.DELIVERED,
        )


async def test_what_a_handler_logs_carries_the_id_of_its_message(talk: Talk) -> None:
    people = await known(talk, *"一二")
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await together(people, "记", "记")

    async with talk.database.reading() as session:
        kept = set(await session.scalars(sa.select(Message.request_id).where(Message.kind == "text")))
    assert {line["request_id"] for line in lines if line["event"] == "noted"} == kept
    assert len(kept) == 2
