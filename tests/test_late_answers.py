"""Answers that came too late for the callback: they follow as customer messages, or open the next reply."""

import asyncio

import pytest
import sqlalchemy as sa

from app.dialogue.engine import ATTEMPTS
from app.dialogue.journal import Entry, Written
from app.jobs.deliveries import Sender
from models import Counter, DeliveryState, Follower, MessageState
from tests import mailing, slowness
from tests.mailing import LOST, Mailbox
from tests.slowness import Gate, asks_in_vain, finishes, only_message, rows
from tests.talking import Speaker, Talk

gate, talk = slowness.gate, slowness.talk
mailbox, client, sender = mailing.mailbox, mailing.client, mailing.sender


# --- it follows ---------------------------------------------------------------------------------------------


async def test_an_answer_past_the_deadline_follows_as_a_customer_message(
    talk: Talk, gate: Gate, sender: Sender, mailbox: Mailbox
) -> None:
    li = await talk.person("李娜")
    assert await asks_in_vain(li, gate, "查询") == ""
    assert (await only_message(talk.database)).state is MessageState.DEFERRED

    await finishes(talk, gate)
    await sender.send_due()

    assert [(m["touser"], m["text"]["content"]) for m in mailbox.sent] == [(li.openid, "「查询」查到了。")]
    assert (await only_message(talk.database)).state is MessageState.DELIVERED
    assert await li.says("你好") == "您好。"


async def test_every_retry_of_the_push_gets_the_same_success(
    talk: Talk, gate: Gate, sender: Sender, mailbox: Mailbox
) -> None:
    li = await talk.person("李娜")
    push = li.incoming("text", "<Content>查询</Content>")
    first = asyncio.create_task(li.pushes(push))
    await gate.reached.wait()
    talk.clock.advance(4)

    assert await first == ""
    assert await li.pushes(push) == ""
    await finishes(talk, gate)
    assert await li.pushes(push) == ""
    await sender.send_due()
    assert await li.pushes(push) == ""
    assert (gate.calls, len(mailbox.sent)) == (1, 1)


async def test_what_a_late_handler_wrote_is_kept_once(
    talk: Talk, gate: Gate, sender: Sender, mailbox: Mailbox
) -> None:
    li = await talk.person("李娜")
    await asks_in_vain(li, gate, "登记")
    await finishes(talk, gate)
    await sender.send_due()

    async with talk.database.reading() as session:
        assert (await session.scalars(sa.select(Counter.value))).all() == [1]
    assert "登记好了。" in mailbox.texts


async def test_of_two_articles_the_first_follows(
    talk: Talk, gate: Gate, sender: Sender, mailbox: Mailbox
) -> None:
    li = await talk.person("李娜")
    await asks_in_vain(li, gate, "新闻")
    await finishes(talk, gate)
    await sender.send_due()

    (article,) = mailbox.sent[0]["news"]["articles"]
    assert (article["title"], article["description"]) == ("新闻1", "另有：《新闻2》")


async def test_a_late_answer_is_not_held_back_at_night(
    talk: Talk, gate: Gate, sender: Sender, mailbox: Mailbox
) -> None:
    talk.clock.advance(11 * 3600)  # 23:00
    li = await talk.person("李娜")
    await asks_in_vain(li, gate, "查询")
    await finishes(talk, gate)
    await sender.send_due()

    assert len(mailbox.sent) == 1


async def test_with_whom_others_are_always_quicker_is_answered_late(
    talk: Talk, sender: Sender, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    li = await talk.person("李娜")
    await li.says("你好")
    write, tries = talk.groups.write, 0

    async def overtaken(entry: Entry) -> Written:
        nonlocal tries
        if entry.state is MessageState.ANSWERED:  # another process writes for this person first
            tries += 1
            async with talk.database.transaction() as session:
                await session.execute(sa.update(Follower).values(version=Follower.version + 1))
        return await write(entry)

    monkeypatch.setattr(talk.groups, "write", overtaken)
    assert await li.says("你好") == ""
    assert tries == ATTEMPTS

    monkeypatch.undo()
    assert await talk.sweep.run() == 1
    await sender.send_due()
    assert mailbox.texts == ["您好。"]


# --- it may not be sent -------------------------------------------------------------------------------------


async def owes(talk: Talk, gate: Gate, sender: Sender, mailbox: Mailbox, words: str = "查询") -> Speaker:
    """A person whose late answer WeChat would not take."""
    li = await talk.person("李娜")
    await asks_in_vain(li, gate, words)
    await finishes(talk, gate)
    mailbox.answers = [45015]
    await sender.send_due()
    return li


async def test_an_answer_that_may_not_be_sent_opens_the_next_reply_once(
    talk: Talk, gate: Gate, sender: Sender, mailbox: Mailbox
) -> None:
    li = await owes(talk, gate, sender, mailbox)
    assert (await only_message(talk.database)).state is MessageState.UNDELIVERABLE

    assert await li.says("你好") == "您刚才问的，答复如下：\n「查询」查到了。\n——————\n您好。"
    assert (await only_message(talk.database)).state is MessageState.DELIVERED
    assert await li.says("你好") == "您好。"
    assert mailbox.sent == []


async def test_the_opened_reply_is_the_same_when_its_push_comes_again(
    talk: Talk, gate: Gate, sender: Sender, mailbox: Mailbox
) -> None:
    li = await owes(talk, gate, sender, mailbox)
    push = li.incoming("text", "<Content>你好</Content>")

    first = await li.pushes(push)

    assert first.startswith("您刚才问的")
    assert await li.pushes(push) == first


async def test_an_answer_is_opened_by_a_reply_that_writes_too(
    talk: Talk, gate: Gate, sender: Sender, mailbox: Mailbox
) -> None:
    li = await owes(talk, gate, sender, mailbox)

    assert (await li.says("登记")).startswith("您刚才问的，答复如下：\n「查询」查到了。")
    assert await li.says("你好") == "您好。"


async def test_somebody_else_reads_nothing_of_it(
    talk: Talk, gate: Gate, sender: Sender, mailbox: Mailbox
) -> None:
    await owes(talk, gate, sender, mailbox)
    wang = await talk.person("王强")

    assert await wang.says("你好") == "您好。"


async def test_two_owed_answers_open_two_replies(
    talk: Talk, gate: Gate, sender: Sender, mailbox: Mailbox
) -> None:
    li = await talk.person("李娜")
    for words in ("查询 一", "查询 二"):
        await asks_in_vain(li, gate, words)
        await finishes(talk, gate)
    mailbox.answers = [45015, 45015]
    await sender.send_due()

    assert "「查询 一」查到了" in await li.says("你好")
    assert "「查询 二」查到了" in await li.says("你好")
    assert await li.says("你好") == "您好。"


async def test_one_that_may_have_arrived_is_not_said_again(
    talk: Talk, gate: Gate, sender: Sender, mailbox: Mailbox
) -> None:
    li = await talk.person("李娜")
    await asks_in_vain(li, gate, "查询")
    await finishes(talk, gate)
    mailbox.answers = [LOST]
    await sender.send_due()

    assert await li.says("你好") == "您好。"
    assert [row.state for row in await rows(talk.database)] == [DeliveryState.UNKNOWN]


async def test_whoever_left_meanwhile_is_not_written_to(
    talk: Talk, gate: Gate, sender: Sender, mailbox: Mailbox
) -> None:
    li = await talk.person("李娜")
    await asks_in_vain(li, gate, "查询")
    await finishes(talk, gate)
    await li.leaves()

    await sender.send_due()

    assert mailbox.tried == 0
    assert (await only_message(talk.database)).state is MessageState.UNDELIVERABLE


async def test_a_late_answer_counts_in_the_window_it_used(
    talk: Talk, gate: Gate, sender: Sender, mailbox: Mailbox
) -> None:
    li = await talk.person("李娜")
    await asks_in_vain(li, gate, "查询")
    await finishes(talk, gate)
    await sender.send_due()

    async with talk.database.reading() as session:
        facts = (await session.scalars(sa.select(Follower).where(Follower.openid == li.openid))).one()
    assert facts.spoke_used == 1
