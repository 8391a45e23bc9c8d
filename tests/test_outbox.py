"""Effects that leave us: once under their key, in the transaction of their cause, and nobody told twice."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.database import Database
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.errors import DomainError
from app.services import outbox
from app.wechat.replies import Reply, Text
from models import DeliveryState, Message, MessageState, Outbox, Way
from tests.conftest import FakeClock
from tests.mailing import follower, text
from tests.talking import Talk, talking

MENUS = """
version: 1
account: 测试工会
menu:
  - name: 服务
    items:
      - {name: 报名, do: party.sign_up}
keywords:
  - {say: [报名], do: party.sign_up}
  - {say: [满员], do: party.full}
  - {say: [故障], do: party.broken}
fallback: party.sign_up
"""
REMINDER = timedelta(days=1)


def party(others: list[int]) -> Router:
    """A handler that leaves every kind of row: for the one it answers, for others, for later."""
    router = Router("party")

    async def leave_rows(chat: Chat) -> None:
        def add(name: str, to: int, **options: Any) -> None:
            key = f"{name}:{to}"
            outbox.add(
                chat.session, f"party.{name}", key=key, to=to, payload=text(name), now=chat.at, **options
            )

        add("receipt", chat.person.id)
        add("ticket", chat.person.id, besides_reply=True)
        add("reminder", chat.person.id, due_at=chat.at + REMINDER)
        for other in others:
            add("news", other)
        await chat.session.flush()

    @router.on("party.sign_up", title="报名")
    async def sign_up(chat: Chat) -> Reply:
        await leave_rows(chat)
        return Text("报名成功。")

    @router.on("party.full", title="满员")
    async def full(chat: Chat) -> Reply:
        await leave_rows(chat)
        raise DomainError("已经满员。")

    @router.on("party.broken", title="故障")
    async def broken(chat: Chat) -> Reply:
        await leave_rows(chat)
        raise RuntimeError("a bug")

    return router


@pytest.fixture
def others() -> list[int]:
    return []


@pytest.fixture
async def talk(database: Database, clock: FakeClock, others: list[int]) -> AsyncIterator[Talk]:
    async with talking(database, clock, [party(others)], MENUS) as town:
        yield town


async def rows(database: Database) -> dict[str, Outbox]:
    async with database.reading() as session:
        return {row.kind.removeprefix("party."): row for row in await session.scalars(sa.select(Outbox))}


async def test_the_reply_settles_what_is_for_the_person_it_answers(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert await li.says("报名") == "报名成功。"

    receipt = (await rows(talk.database))["receipt"]
    assert (receipt.state, receipt.way) == (DeliveryState.DELIVERED, Way.PASSIVE)
    assert receipt.settled_at == talk.clock.now()


async def test_what_is_wanted_besides_the_reply_or_due_later_waits(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")

    left = await rows(talk.database)
    assert left["ticket"].state is DeliveryState.QUEUED
    assert left["reminder"].state is DeliveryState.QUEUED
    assert left["reminder"].due_at == talk.clock.now() + REMINDER


async def test_what_is_for_somebody_else_waits(talk: Talk, others: list[int]) -> None:
    wang = await follower(talk.database, "oWang", talk.clock.now())
    others.append(wang.person_id)
    li = await talk.person("李娜")
    await li.says("报名")

    assert (await rows(talk.database))["news"].state is DeliveryState.QUEUED


@pytest.mark.parametrize(("words", "answer"), [("满员", "已经满员。"), ("故障", "出了点问题")])
async def test_what_did_not_happen_leaves_no_row(talk: Talk, words: str, answer: str) -> None:
    li = await talk.person("李娜")

    assert answer in await li.says(words)

    assert await rows(talk.database) == {}


async def test_a_push_that_comes_again_leaves_no_second_row(talk: Talk) -> None:
    li = await talk.person("李娜")
    push = li.incoming("text", "<Content>报名</Content>")
    await li.pushes(push)
    before = {row.id for row in (await rows(talk.database)).values()}

    assert await li.pushes(push) == "报名成功。"
    assert {row.id for row in (await rows(talk.database)).values()} == before


async def test_one_key_is_one_effect_for_ever(database: Database, clock: FakeClock) -> None:
    li = await follower(database, "oLi", clock.now())

    async def add() -> None:
        async with database.transaction() as session:
            outbox.add(session, "party.receipt", key="sign-up:1:1", to=li.person_id, now=clock.now())

    await add()
    with pytest.raises(sa.exc.IntegrityError):
        await add()


async def test_somebody_is_woken_only_when_something_waits(talk: Talk) -> None:
    woken: list[str] = []
    talk.database.on_effects = lambda: woken.append("deliveries")
    li = await follower(talk.database, "oLi", talk.clock.now())

    async with talk.database.transaction() as session:
        outbox.answering(session, li.person_id)
        outbox.add(session, "party.receipt", key="a", to=li.person_id, now=talk.clock.now())
    assert woken == []
    with pytest.raises(ZeroDivisionError):
        async with talk.database.transaction() as session:
            outbox.add(session, "party.receipt", key="b", to=li.person_id, now=talk.clock.now())
            raise ZeroDivisionError
    assert woken == []  # rolled back: nothing is due
    async with talk.database.transaction() as session:
        outbox.add(session, "party.receipt", key="c", to=li.person_id, now=talk.clock.now())
    assert woken == ["deliveries"]


async def test_the_words_of_a_row_are_sealed(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")

    async with talk.database.reading() as session:
        stored = (await session.scalars(sa.text("SELECT payload FROM outbox"))).all()
        (message,) = await session.scalars(sa.select(Message))
    assert all(b"receipt" not in bytes(payload) for payload in stored)
    assert message.state is MessageState.ANSWERED
