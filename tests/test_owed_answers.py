"""Answers of staff that may not be sent: they open the next reply the person reads, once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from app.database import Database
from app.jobs import retention
from app.jobs.deliveries import Sender
from app.services import activities, case_work, cases
from app.wechat.client import WeChatClient
from app.wechat.replies import MAX_TEXT_BYTES
from models import Activity, CaseKind, DeliveryState, Follower, Message, MessageState, Outbox, Way
from models.sealing import Keyring, use_keyring
from tests import mailing, slowness
from tests.conftest import TEST_LOOKUP, FakeClock
from tests.mailing import Mailbox, sender_of
from tests.slowness import Gate, finishes, rows, slow
from tests.talking import Speaker, Talk, talking
from tests.town import our_town

mailbox, client, sender, gate = mailing.mailbox, mailing.client, mailing.sender, slowness.gate

HOURS = 3600
WELCOME = "您好，感谢关注供电工会。"


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def asks(talk: Talk, name: str = "李娜") -> tuple[Speaker, str]:
    """Somebody leaves a message; returns them and its number."""
    who = await talk.person(name)
    await who.says("谢谢")
    return who, await leaves(talk, who)


async def leaves(talk: Talk, who: Speaker, **given: Any) -> str:
    async with talk.database.transaction() as session:
        found = sa.select(Follower).where(Follower.openid == who.openid)
        follower = (await session.scalars(found)).one()
        opened = await cases.open_case(
            session,
            CaseKind.FEEDBACK,
            follower.person_id,
            follower.id,
            topic="safety",
            blocks=[{"type": "text", "text": "三号库的灯坏了"}],
            now=talk.clock.now(),
            **given,
        )
    return opened.number


async def answers(talk: Talk, number: str, text: str = "灯换好了。") -> None:
    async with talk.database.transaction() as session:
        await case_work.answer(session, number, text, "张伟", talk.clock.now())


async def answered_too_late(talk: Talk, sender: Sender) -> tuple[Speaker, str]:
    """Staff answer 49 hours after the person was here."""
    li, number = await asks(talk)
    talk.clock.advance(49 * HOURS)
    await answers(talk, number)
    await sender.send_due()
    return li, number


def opening(number: str, text: str = "灯换好了。") -> str:
    return f"您的留言 {number} 有答复了：\n{text}\n——————\n"


# --- it is told with what the person does next --------------------------------------------------------------


async def test_an_answer_after_49_hours_opens_the_next_reply_once(
    talk: Talk, sender: Sender, mailbox: Mailbox
) -> None:
    li, number = await answered_too_late(talk, sender)
    assert [row.state for row in await rows(talk.database)] == [DeliveryState.OWED]

    told = await li.says("谢谢")

    assert told.startswith(opening(number) + "不客气")
    (row,) = await rows(talk.database)
    assert (row.state, row.way, row.settled_at) == (DeliveryState.DELIVERED, Way.PASSIVE, talk.clock.now())
    assert (await li.says("谢谢")).startswith("不客气")
    await sender.send_due()
    assert mailbox.tried == 0


async def test_two_answers_to_one_case_open_one_reply_in_their_order(talk: Talk, sender: Sender) -> None:
    li, number = await answered_too_late(talk, sender)
    await answers(talk, number, "门也修好了。")
    await sender.send_due()

    assert (await li.says("谢谢")).startswith(opening(number, "灯换好了。\n\n门也修好了。") + "不客气")
    assert [row.way for row in await rows(talk.database)] == [Way.PASSIVE, Way.PASSIVE]
    assert (await li.says("谢谢")).startswith("不客气")


async def test_answers_to_two_cases_open_two_replies(talk: Talk, sender: Sender) -> None:
    li, number = await answered_too_late(talk, sender)
    other = await leaves(talk, li)
    await answers(talk, other, "门也修好了。")
    await sender.send_due()

    assert (await li.says("谢谢")).startswith(opening(number) + "不客气")
    assert (await li.says("谢谢")).startswith(opening(other, "门也修好了。"))
    assert (await li.says("谢谢")).startswith("不客气")


async def test_what_does_not_fit_into_one_reply_waits_for_the_next(talk: Talk, sender: Sender) -> None:
    li, number = await answered_too_late(talk, sender)
    for text in ("甲" * 500, "乙" * 500):
        await answers(talk, number, text)
    await sender.send_due()

    assert (await li.says("谢谢")).startswith(opening(number, "灯换好了。\n\n" + "甲" * 500))
    assert (await li.says("谢谢")).startswith(opening(number, "乙" * 500))


async def test_a_tap_on_the_menu_brings_it_too(talk: Talk, sender: Sender) -> None:
    li, number = await answered_too_late(talk, sender)

    assert (await li.clicks("hotlines.show")).startswith(opening(number))
    assert not (await li.clicks("hotlines.show")).startswith("您的留言")


async def test_so_does_a_scan(talk: Talk, sender: Sender) -> None:
    li, number = await answered_too_late(talk, sender)

    assert (await li.scans("feedback")).startswith(opening(number) + "这里可以给工会留言")


async def test_a_reply_that_writes_brings_it_too(talk: Talk, sender: Sender) -> None:
    li, number = await answered_too_late(talk, sender)

    assert (await li.says("人工")).startswith(opening(number) + "已转给工作人员。")
    assert not (await li.says("人工")).startswith("您的留言")


async def test_that_an_activity_was_called_off_is_told_before_anybody_sets_out(
    talk: Talk, sender: Sender, mailbox: Mailbox
) -> None:
    li = await talk.person("李娜")
    await li.says("报名")
    await li.taps("羽毛球赛")
    await li.taps("报名")
    for answer in ("就我自己", "XL", "跳过", "确认"):
        said = await li.says(answer)
    assert "报名成功" in said
    talk.clock.advance(49 * HOURS)
    async with talk.database.transaction() as session:
        (activity,) = await session.scalars(sa.select(Activity))
        await activities.call_off(
            session, activity.public_id, by="王强", reason="场馆检修", now=talk.clock.now()
        )
    await sender.send_due()

    told = await li.says("谢谢")

    assert told.startswith("很抱歉，「羽毛球赛」（11月30日（周一）14:00）取消了。原因：场馆检修。")
    assert "不客气" in told
    assert mailbox.tried == 0


async def test_what_no_phone_shows_does_not_use_it_up(talk: Talk, sender: Sender) -> None:
    li, number = await answered_too_late(talk, sender)

    for event in ("VIEW", "LOCATION"):
        assert await li._event(event, "<EventKey>https://u</EventKey>") == ""

    assert (await li.says("谢谢")).startswith(opening(number))


async def test_whoever_left_reads_it_when_they_follow_again(
    talk: Talk, sender: Sender, mailbox: Mailbox
) -> None:
    li, number = await asks(talk)
    await li.leaves()
    await answers(talk, number)
    await sender.send_due()

    assert await li.leaves() == ""
    assert (await li.follows()).startswith(opening(number) + WELCOME)
    await li.leaves()
    assert (await li.follows()).startswith(WELCOME)
    assert mailbox.tried == 0


async def test_somebody_else_reads_nothing_of_it(talk: Talk, sender: Sender) -> None:
    await answered_too_late(talk, sender)
    wang = await talk.person("王强")

    assert (await wang.says("谢谢")).startswith("不客气")


# --- other reasons why it may not be sent -------------------------------------------------------------------


async def test_the_sixth_answer_within_48_hours_waits_for_the_next_message(
    talk: Talk, sender: Sender, mailbox: Mailbox
) -> None:
    li, number = await asks(talk)
    for n in range(6):
        await answers(talk, number, f"进展 {n}")
        await sender.send_due()
        talk.clock.advance(60)
        await sender.send_due()
    assert len(mailbox.sent) == 5

    assert (await li.says("谢谢")).startswith(opening(number, "进展 5"))


async def test_an_account_without_the_right_answers_with_the_next_reply(
    talk: Talk, client: WeChatClient, mailbox: Mailbox
) -> None:
    li, number = await asks(talk)
    await answers(talk, number)
    await sender_of(talk.database, client, talk.clock, customer_messages=False).send_due()

    assert (await li.says("谢谢")).startswith(opening(number))
    assert mailbox.tried == 0


@pytest.mark.parametrize("errcode", [45015, 45047, 45002, 43004])
async def test_what_wechat_refuses_is_told_with_the_next_reply(
    talk: Talk, sender: Sender, mailbox: Mailbox, errcode: int
) -> None:
    li, number = await asks(talk)
    await answers(talk, number)
    mailbox.answers = [errcode]
    await sender.send_due()

    assert (await li.says("谢谢")).startswith(opening(number))


async def test_after_hours_of_outage_it_waits_for_the_person_instead(
    talk: Talk, sender: Sender, mailbox: Mailbox
) -> None:
    li, number = await asks(talk)
    await answers(talk, number)
    mailbox.answers = [-1] * 20
    while (row := (await rows(talk.database))[0]).state is not DeliveryState.OWED:
        talk.clock.set(row.due_at)
        await sender.send_due()

    assert (await li.says("谢谢")).startswith(opening(number))


async def test_one_that_may_have_arrived_is_not_told_again(
    talk: Talk, sender: Sender, mailbox: Mailbox
) -> None:
    li, number = await asks(talk)
    await answers(talk, number)
    mailbox.answers = [mailing.LOST]
    await sender.send_due()

    assert (await li.says("谢谢")).startswith("不客气")


@pytest.mark.parametrize("key", ["a lost one", "ours"])
async def test_one_that_nobody_can_read_keeps_nobody_from_being_answered(
    talk: Talk, sender: Sender, keyring: Keyring, key: str
) -> None:
    li, _ = await answered_too_late(talk, sender)
    if key != "ours":
        use_keyring(Keyring({"gone": b"g" * 32}, TEST_LOOKUP))
    async with talk.database.transaction() as session:
        await session.execute(sa.update(Outbox).values(payload={"type": "text"}))
    use_keyring(keyring)

    assert (await li.says("谢谢")).startswith("不客气")


# --- room ---------------------------------------------------------------------------------------------------


async def test_a_long_answer_is_announced_and_can_be_read_in_full(talk: Talk, sender: Sender) -> None:
    li, number = await asks(talk)
    talk.clock.advance(49 * HOURS)
    await answers(talk, number, "修" * 600)
    await sender.send_due()

    told = await li.clicks("help.show")

    assert told.startswith(
        f"您的留言 {number} 有答复了，内容较长，请回复「我的留言」点编号看全文。\n——————\n"
    )
    assert len(li.last.encode()) <= MAX_TEXT_BYTES
    await li.says("我的留言")
    assert "修" * 600 in await li.taps(number)
    assert len(li.last.encode()) <= MAX_TEXT_BYTES


async def test_the_desks_answer_can_be_read_again_without_asking_again(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("人工")
    await answers(talk, "RG-2026-0001", "明天上午来办公室即可。")

    assert "RG-2026-0001 已答复（人工服务，11月23日），答复：明天上午" in await li.says("我的留言")
    assert (await li.taps("RG-2026-0001")).splitlines()[:4] == [
        "RG-2026-0001　已答复",
        "11月23日提交，人工服务，实名",
        "您说：人工",
        "11月23日答复：",
    ]


async def test_it_waits_below_words_about_danger(talk: Talk, sender: Sender) -> None:
    li, number = await answered_too_late(talk, sender)

    assert "120" in (await li.says("有人触电了怎么办")).splitlines()[0]
    assert (await li.says("谢谢")).startswith(opening(number))


# --- what the journal keeps of it ---------------------------------------------------------------------------


async def test_ten_minutes_later_no_message_tells_whose_case_it_was(
    talk: Talk, sender: Sender, mailbox: Mailbox
) -> None:
    li, _ = await asks(talk)
    anonymous = await leaves(talk, li, anonymous=True)
    talk.clock.advance(49 * HOURS)
    await answers(talk, anonymous)
    await sender.send_due()
    await li.clicks("hotlines.show")
    talk.clock.advance(600)

    await retention.run(talk.database, talk.clock)

    async with talk.database.reading() as session:
        replies = await session.scalars(sa.select(Message.reply))
    assert not [reply for reply in replies if anonymous in str(reply)]


async def test_after_half_a_year_nobody_is_told_any_more(
    talk: Talk, sender: Sender, database: Database
) -> None:
    li, _ = await answered_too_late(talk, sender)
    talk.clock.advance(180 * 24 * HOURS)

    await retention.run(database, talk.clock)

    assert [(row.state, row.payload) for row in await rows(database)] == [(DeliveryState.SKIPPED, None)]
    assert (await li.says("谢谢")).startswith("不客气")


# --- twice at once, and cut off -----------------------------------------------------------------------------


async def test_the_same_push_again_is_answered_the_same(talk: Talk, sender: Sender) -> None:
    li, number = await answered_too_late(talk, sender)
    push = li.incoming("text", "<Content>谢谢</Content>")

    first = await li.pushes(push)

    assert first.startswith(opening(number))
    assert await li.pushes(push) == first


async def test_of_messages_to_two_processes_one_is_told_it(
    talk: Talk, sender: Sender, database_url: str, clock: FakeClock
) -> None:
    other_database = Database(database_url)
    async with our_town(other_database, clock) as other:
        for turn in range(5):
            li, number = await asks(talk)
            clock.advance(49 * HOURS)
            await answers(talk, number)
            await sender.send_due()
            there = Speaker(other, li.name, li.openid)
            other._ids = iter(range(100 + 100 * turn, 200 + 100 * turn))  # type: ignore[assignment]

            told = await asyncio.gather(*(each.says("谢谢") for each in (li, there, li, there)))

            assert sum(text.startswith("您的留言") for text in told) == 1
    await other_database.close()


async def test_who_writes_while_it_becomes_owed_reads_it_at_once(
    database: Database, clock: FakeClock, gate: Gate, sender: Sender
) -> None:
    """The message at work had read that nothing was owed, and its window is not open before it is stored."""
    async with talking(database, clock, [slow(gate)], slowness.MENUS) as talk:
        li = await talk.person("李娜")
        await li.says("你好")
        number = await leaves(talk, li)
        clock.advance(49 * HOURS)
        push = asyncio.create_task(li.says("查询"))
        await gate.reached.wait()

        await answers(talk, number)
        await sender.send_due()
        await finishes(talk, gate)

        assert await push == opening(number) + "「查询」查到了。"


async def test_a_bug_does_not_use_it_up(talk: Talk, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    li, number = await answered_too_late(talk, sender)

    async def breaks(*given: Any) -> Any:
        raise LookupError

    with monkeypatch.context() as broken:
        broken.setattr(cases, "list_mine", breaks)
        assert "出了点问题" in await li.says("我的留言")
    async with talk.database.reading() as session:
        states = (await session.scalars(sa.select(Message.state))).all()
    assert MessageState.FAILED in states

    assert (await li.says("谢谢")).startswith(opening(number))
