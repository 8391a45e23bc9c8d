"""How a lawyer's words reach the member: at once, with the next reply, or on request."""

from collections.abc import AsyncIterator

import pytest

from app.database import Database
from app.jobs import case_clocks as job
from app.jobs.deliveries import Sender
from app.services import case_work, consultation_work
from tests import mailing
from tests.conftest import FakeClock
from tests.mailing import Mailbox
from tests.talking import Talk
from tests.test_handlers_legal_aid import NUMBER, consults, says
from tests.town import our_town

mailbox, client, sender = mailing.mailbox, mailing.client, mailing.sender
DAY = 86400


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def answers(talk: Talk, text: str) -> None:
    async with talk.database.transaction() as session:
        await case_work.answer(session, NUMBER, text, "张律师", talk.clock.now())


async def asks(talk: Talk, text: str) -> None:
    async with talk.database.transaction() as session:
        await consultation_work.ask(session, NUMBER, text, "张律师", talk.clock.now())


async def test_question_and_answer_are_sent_to_who_was_here_lately(
    talk: Talk, sender: Sender, mailbox: Mailbox
) -> None:
    li = await talk.person("李娜")
    await consults(li)

    await asks(talk, "合同是哪年签的？")
    await sender.send_due()
    await says(li, "补充咨询", "2019 年", "完成")
    await answers(talk, "可以申请仲裁。")
    await sender.send_due()

    assert mailbox.texts == [
        f"您的法律咨询 {NUMBER}，律师想再问您：\n合同是哪年签的？\n"
        "请回复「补充咨询」告诉律师，可以发文字、图片或语音。",
        f"您的法律咨询 {NUMBER} 有答复了：\n可以申请仲裁。\n以承办律师、仲裁机构的意见为准。",
    ]


async def test_an_answer_that_comes_too_late_opens_the_next_reply(
    talk: Talk, sender: Sender, mailbox: Mailbox
) -> None:
    li = await talk.person("李娜")
    await consults(li)
    talk.clock.advance(3 * DAY)
    await answers(talk, "可以申请仲裁。")
    await sender.send_due()

    told = await li.says("谢谢")

    assert mailbox.texts == []
    assert told.startswith(f"您的法律咨询 {NUMBER} 有答复了：\n可以申请仲裁。\n以承办律师")
    assert "有答复了" not in await li.says("谢谢")


async def test_a_long_one_points_to_where_it_can_be_read(talk: Talk, sender: Sender) -> None:
    li = await talk.person("李娜")
    await consults(li)
    talk.clock.advance(3 * DAY)
    await answers(talk, "答" * 600)
    await sender.send_due()

    told = await li.says("人工")

    assert told.startswith(f"您的法律咨询 {NUMBER} 有答复了，内容较长，请回复「我的咨询」点编号看全文。")
    await li.says("我的咨询")
    assert "答" * 600 in await li.taps(NUMBER)


async def test_a_reminder_opens_the_next_reply_with_the_question(talk: Talk, sender: Sender) -> None:
    """After a week of silence WeChat lets us send nothing."""
    li = await talk.person("李娜")
    await consults(li)
    talk.clock.advance(3 * DAY)
    await asks(talk, "合同是哪年签的？")
    await sender.send_due()
    talk.clock.advance(7 * DAY)
    await job.run(talk.database, talk.clock)
    await sender.send_due()

    told = [await li.says("谢谢") for _ in range(2)]

    assert "律师想再问您：\n合同是哪年签的？" in told[0]
    assert f"{NUMBER} 还等您补充" in told[0], "what is owed about one case is told at once"
    assert told[1].startswith("不客气")


async def test_what_ended_meanwhile_is_not_asked_any_more(talk: Talk, sender: Sender) -> None:
    li = await talk.person("李娜")
    await consults(li)
    talk.clock.advance(3 * DAY)
    await asks(talk, "合同是哪年签的？")
    await sender.send_due()
    for _ in range(2):
        talk.clock.advance(7 * DAY)
        await job.run(talk.database, talk.clock)
        await sender.send_due()

    told = [await li.says("谢谢") for _ in range(2)]

    assert told[0].startswith(f"您的法律咨询 {NUMBER} 14 天没有收到补充，先办结了。")
    assert told[1].startswith("不客气")
    assert "重新办理" in await says(li, "补充咨询", "2019 年", "完成")
