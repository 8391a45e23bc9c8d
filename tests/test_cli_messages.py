"""`gonghui messages`: failed ones run again where that makes sense; words stay closed unless asked for."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner, Result

from app.cli import messages as cli
from app.database import Database
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.errors import DomainError, NotFound, OperatorError
from app.services import messages
from app.services.messages import Verdict
from app.wechat.replies import Reply, Text
from models import (
    Account,
    AccountKind,
    DeliveryState,
    Dialogue,
    DialogueState,
    Follower,
    Message,
    MessageState,
    Outbox,
    Person,
)
from models.sealing import Keyring, use_keyring
from tests.conftest import NOON, FakeClock
from tests.talking import Talk, talking
from tests.terminal import Terminal

FAILED = MessageState.FAILED


async def message(session: AsyncSession, **more: Any) -> int:
    """A failed message of a follower, with what a story leaves out filled in."""
    number = 1 + (await session.scalar(sa.select(sa.func.count()).select_from(Message)) or 0)
    account = await session.scalar(sa.select(Account.id)) or await _add(
        session, Account(app_id="wx1", kind=AccountKind.OFFICIAL)
    )
    follower = await session.scalar(sa.select(Follower.id)) or await _add(
        session,
        Follower(account_id=account, openid="o1", person_id=await _add(session, Person(created_at=NOON))),
    )
    facts: dict[str, Any] = {
        "kind": "text",
        "state": FAILED,
        "rule": "fallback",
        "request_id": f"r{number}",
        "received_at": NOON,
        "answered_at": NOON,
        "body": "<xml>家里的事</xml>",
        "reply": {"type": "text", "content": "抱歉"},
    }
    row = Message(account_id=account, key=f"k{number}", follower_id=follower, **(facts | more))
    return await _add(session, row)


async def dialogue(session: AsyncSession, state: DialogueState, serial: int) -> None:
    follower = await session.scalar(sa.select(Follower.id))
    times = dict.fromkeys(("started_at", "updated_at", "expires_at"), NOON)
    row = Dialogue(
        ref="d1", follower_id=follower, flow="feedback.leave", version=1, state=state, serial=serial, **times
    )
    await _add(session, row)


async def _add(session: AsyncSession, row: Any) -> int:
    session.add(row)
    await session.flush()
    number: int = row.id
    return number


async def state_of(session: AsyncSession, message_id: int) -> Message:
    return await session.get_one(Message, message_id, populate_existing=True)


# --- which may be run again


async def test_a_failed_message_waits_for_the_sweep(session: AsyncSession) -> None:
    failed = await message(session, tries=6)

    assert await messages.queue_again(session, failed, NOON) == [Verdict(failed, True)]

    row = await state_of(session, failed)
    assert (row.state, row.lease_until, row.lease_token) == (MessageState.RECEIVED, NOON, None)
    assert row.tries == 0  # else the sweep would give it up at once


async def test_all_failed_ones_are_queued_in_the_order_they_came(session: AsyncSession) -> None:
    failed = [await message(session) for _ in range(3)]
    await message(session, state=MessageState.ANSWERED)

    verdicts = await messages.queue_again(session, None, NOON)

    assert verdicts == [Verdict(each, True) for each in failed]
    assert await messages.queue_again(session, None, NOON) == []


async def test_a_message_in_the_question_that_still_stands_open_is_run_again(session: AsyncSession) -> None:
    failed = await message(session, dialogue_ref="d1", dialogue_serial=3)
    await dialogue(session, DialogueState.OPEN, serial=3)

    assert (await messages.queue_again(session, failed, NOON))[0].queued


@pytest.mark.parametrize(
    ("state", "serial", "reason"),
    [
        (DialogueState.OPEN, 4, "往下进行"),
        (DialogueState.SUSPENDED, 3, "搁置"),
        (DialogueState.DRAFT, 3, "搁置"),
        (DialogueState.ENDED, 3, "已经结束"),
        (None, 3, "已经结束"),
    ],
)
async def test_a_dialogue_that_moved_on_takes_no_old_answer(
    session: AsyncSession, state: DialogueState | None, serial: int, reason: str
) -> None:
    failed = await message(session, dialogue_ref="d1", dialogue_serial=3)
    if state is not None:
        await dialogue(session, state, serial)

    [verdict] = await messages.queue_again(session, failed, NOON)

    assert not verdict.queued
    assert reason in verdict.reason
    assert (await state_of(session, failed)).state is FAILED


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"state": MessageState.ANSWERED}, "没有失败（已答复），不用重办。"),
        ({"state": MessageState.RECEIVED}, "没有失败（等待重办），不用重办。"),
        ({"body": None}, "原文已按保存期限清除，无法重办。"),
    ],
)
async def test_each_refusal_says_why(session: AsyncSession, facts: dict[str, Any], reason: str) -> None:
    refused = await message(session, **facts)

    assert await messages.queue_again(session, refused, NOON) == [Verdict(refused, False, reason)]


async def test_an_unknown_number_is_told(session: AsyncSession) -> None:
    assert await messages.queue_again(session, 404, NOON) == [Verdict(404, False, "没有这条消息。")]


async def test_one_that_cannot_be_run_again_does_not_hold_up_the_others(session: AsyncSession) -> None:
    emptied, good = await message(session, body=None), await message(session)
    unreadable = await message(session)
    await session.execute(sa.text("UPDATE message SET body = reply WHERE id = :id"), {"id": unreadable})

    verdicts = {each.message_id: each.queued for each in await messages.queue_again(session, None, NOON)}

    assert verdicts == {emptied: False, good: True, unreadable: True}


async def test_two_operators_at_once_queue_a_message_once(database: Database) -> None:
    async with database.transaction() as session:
        failed = await message(session)

    async def retry() -> list[Verdict]:
        async with database.transaction() as session:
            return await messages.queue_again(session, failed, NOON)

    verdicts = [each for found in await asyncio.gather(retry(), retry()) for each in found]

    assert sorted(each.queued for each in verdicts) == [False, True]


# --- through the engine

MENUS = """
version: 1
account: 测试
menu:
  - {name: 试试, do: trial.go}
greetings: {subscribe: trial.go, scan: trial.go}
fallback: trial.go
"""


@dataclass
class Trial:
    """A handler that is broken until somebody repairs it; `patience` holds it up past the deadline."""

    broken: bool = True
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    patience: asyncio.Event = field(default_factory=asyncio.Event)

    def router(self) -> Router:
        router = Router("trial")

        @router.on("trial.go", title="试试")
        async def go(chat: Chat) -> Reply:
            self.entered.set()
            await self.patience.wait()
            if self.broken:
                raise RuntimeError("a bug")
            return Text("办好了。")

        return router


async def effects(database: Database) -> list[tuple[str, DeliveryState, str]]:
    async with database.reading() as session:
        rows = await session.scalars(sa.select(Outbox).order_by(Outbox.id))
        return [(row.key, row.state, cast("Any", row.payload)["content"]) for row in rows]


async def retry_all(talk: Talk) -> None:
    async with talk.database.transaction() as session:
        verdicts = await messages.queue_again(session, None, talk.clock.real_now())
        assert [each.queued for each in verdicts] == [True]
    await talk.sweep.run()


async def test_after_the_repair_the_person_gets_the_answer_later(
    database: Database, clock: FakeClock
) -> None:
    trial = Trial()
    trial.patience.set()
    async with talking(database, clock, [trial.router()], MENUS) as talk:
        li = await talk.person("李娜")
        assert "没有办成" in await li.says("你好")

        trial.broken = False
        await retry_all(talk)

    assert await effects(database) == [("late:1", DeliveryState.QUEUED, "办好了。")]


async def test_who_was_to_be_told_later_that_it_failed_is_told_only_how_it_went(
    database: Database, clock: FakeClock
) -> None:
    trial = Trial()
    async with talking(database, clock, [trial.router()], MENUS) as talk:
        li = await talk.person("李娜")
        answer = asyncio.create_task(li.says("你好"))
        await trial.entered.wait()
        clock.advance(4.1)
        assert await answer == ""  # WeChat was told `success`; the answer follows
        trial.patience.set()
        await talk.engine.settle()
        [(_, state, words)] = await effects(database)
        assert (state, "没有办成" in words) == (DeliveryState.QUEUED, True)

        trial.broken = False
        await retry_all(talk)

    earlier, later = await effects(database)
    assert earlier[1] is DeliveryState.SKIPPED
    assert later == ("late:1", DeliveryState.QUEUED, "办好了。")


async def test_one_that_fails_again_can_be_tried_again(database: Database, clock: FakeClock) -> None:
    trial = Trial()
    trial.patience.set()
    async with talking(database, clock, [trial.router()], MENUS) as talk:
        await (await talk.person("李娜")).says("你好")
        for _ in range(3):
            await retry_all(talk)
        trial.broken = False
        await retry_all(talk)

    found = await effects(database)
    assert found[-1] == ("late:1", DeliveryState.QUEUED, "办好了。")
    assert {state for _, state, _ in found[:-1]} == {DeliveryState.SKIPPED}


# --- looking


async def test_lists_show_the_newest_first_and_no_words(session: AsyncSession) -> None:
    first, second = await message(session), await message(session, state=MessageState.ANSWERED)
    session.expunge_all()

    assert [row.id for row in await messages.list_messages(session)] == [second, first]
    [failed] = await messages.list_messages(session, state=FAILED)
    assert failed.id == first
    with pytest.raises(sa.exc.InvalidRequestError):
        _ = failed.body


async def test_words_are_opened_only_when_asked_for(session: AsyncSession) -> None:
    number = await message(session)
    session.expunge_all()
    with pytest.raises(sa.exc.InvalidRequestError):
        _ = (await messages.get_message(session, number)).reply
    session.expunge_all()

    assert (await messages.get_message(session, number, words=True)).body == "<xml>家里的事</xml>"
    with pytest.raises(NotFound, match="404"):
        await messages.get_message(session, 404)


# --- the command

KEYS = "m1:" + base64.b64encode(bytes(range(32))).decode()


class Shell(Terminal):
    """`gonghui messages` on a database of this test."""

    def __init__(self, url: str) -> None:
        super().__init__(url, messages=cli.app)

    def __call__(self, *words: str) -> Result:
        return CliRunner().invoke(cli.app, list(words))

    def work(self, work: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
        use_keyring(Keyring.parse(KEYS, "l" * 32))
        return self.within(work)


@pytest.fixture
def gonghui(sqlite_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Shell:
    settings = {
        "SECRET_KEY": "x" * 32,
        "WECHAT_API_URL": "http://127.0.0.1:1",
        "DATABASE_URL": sqlite_url,
        "FILES": str(tmp_path / "files"),
        "ENCRYPTION_KEYS": KEYS,
        "LOOKUP_KEY": "l" * 32,
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"GONGHUI_{name}", value)
    return Shell(sqlite_url)


def test_the_command_queues_what_it_can_and_says_what_it_cannot(gonghui: Shell) -> None:
    good = gonghui.work(message)
    bad = gonghui.work(lambda session: message(session, state=MessageState.ANSWERED))

    result = gonghui("retry", str(good), str(bad))

    assert result.exit_code == 1
    assert f"{good}  已排队重办" in result.output
    assert f"{bad}  没有失败（已答复），不用重办。" in result.output
    assert "已排队 1 条，未重办 1 条。" in result.output


def test_all_and_nothing_to_do_are_both_fine(gonghui: Shell) -> None:
    gonghui.work(message)

    first, second = gonghui("retry", "--all"), gonghui("retry", "--all")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "已排队 1 条" in first.output
    assert second.output.strip() == "没有失败的消息。"


@pytest.mark.parametrize("words", [("retry",), ("retry", "1", "--all")])
def test_what_is_meant_must_be_said(gonghui: Shell, words: tuple[str, ...]) -> None:
    assert isinstance(gonghui(*words).exception, OperatorError)


def test_a_list_and_a_look_show_no_words(gonghui: Shell) -> None:
    number = gonghui.work(message)

    listed, shown = gonghui("list", "--state", "failed"), gonghui("show", str(number))

    assert f"{number}  11-23 12:00:00  处理失败  text  fallback  r1" in listed.output
    assert "家里的事" not in listed.output + shown.output
    assert "--reveal" in shown.output
    assert gonghui("list", "--state", "answered").output.strip() == "没有这样的消息。"


def test_words_are_shown_with_reveal_and_that_is_logged(
    gonghui: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, logged = gonghui.work(message), []
    monkeypatch.setattr(cli.log, "warning", lambda event, **facts: logged.append((event, facts)))

    result = gonghui("show", str(number), "--reveal")

    assert "家里的事" in result.output
    assert logged == [("message_revealed", {"message": number})]


def test_words_under_a_lost_key_are_told_in_one_sentence(
    gonghui: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = gonghui.work(message)
    monkeypatch.setenv("GONGHUI_ENCRYPTION_KEYS", "m2:" + base64.b64encode(bytes(32)).decode())

    error = gonghui("show", str(number), "--reveal").exception

    assert isinstance(error, OperatorError)
    assert "打不开这条消息" in error.message
    assert isinstance(gonghui("show", "404").exception, DomainError)
