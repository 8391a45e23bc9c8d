"""Several answers to one case travel as one message: in their order, each whole, none twice and none lost."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.database import Database
from app.jobs.deliveries import Sender
from app.services import deliveries, outbox, parcels
from app.wechat.client import WeChatClient
from models import DeliveryState, Follower, Outbox
from models.sealing import Keyring, use_keyring
from tests import mailing
from tests.conftest import TEST_LOOKUP, FakeClock
from tests.mailing import UNSENT, Mailbox, facts_of, follower, post, row_of, sender_of

mailbox, client, sender, li = mailing.mailbox, mailing.client, mailing.sender, mailing.li

HEADING = "您的留言 LY-2026-0001 有答复了：\n"
CASE, OTHER = (f"case-told:{digit * 64}:" for digit in "ab")


class Killed(BaseException):
    """The process dies here."""


class Answers:
    """Staff write to Li's case, one answer after another."""

    def __init__(self, database: Database, clock: FakeClock, to: Follower) -> None:
        self.database, self.clock, self.to = database, clock, to
        self.ids: list[int] = []

    async def write(self, words: str, *, about: str = CASE, **given: Any) -> int:
        key = f"{about}{len(self.ids)}"
        text = {"text": HEADING + words} if "payload" not in given else {}
        self.ids.append(await post(self.database, self.to, self.clock, key=key, **text, **given))
        return self.ids[-1]

    async def rows(self) -> list[Outbox]:
        return [await row_of(self.database, each) for each in self.ids]

    async def states(self) -> list[DeliveryState]:
        states = sa.select(Outbox.state).where(Outbox.id.in_(self.ids)).order_by(Outbox.id)
        async with self.database.reading() as session:
            return list(await session.scalars(states))


@pytest.fixture
async def answers(database: Database, clock: FakeClock, li: Follower) -> Answers:
    return Answers(database, clock, li)


# --- one message --------------------------------------------------------------------------------------------


async def test_what_waits_for_one_case_goes_as_one_message_in_its_order(
    answers: Answers, sender: Sender, mailbox: Mailbox
) -> None:
    for words in ("灯换好了。", "门也修好了。", "钥匙在门卫室。"):
        await answers.write(words)

    await sender.send_due()

    assert mailbox.texts == [HEADING + "灯换好了。\n\n门也修好了。\n\n钥匙在门卫室。"]
    rows = await answers.rows()
    assert {row.state for row in rows} == {DeliveryState.DELIVERED}
    assert len({row.settled_at for row in rows}) == 1
    assert (await facts_of(answers.database, answers.to)).spoke_used == 1
    assert await sender.send_due() == 0


async def test_two_cases_are_two_messages(answers: Answers, sender: Sender, mailbox: Mailbox) -> None:
    await answers.write("灯换好了。")
    await answers.write("工资补了。", about=OTHER)
    await answers.write("门也修好了。")

    await sender.send_due()

    assert mailbox.texts == [HEADING + "灯换好了。\n\n门也修好了。", HEADING + "工资补了。"]


async def test_what_another_person_is_told_stays_apart(
    answers: Answers, sender: Sender, mailbox: Mailbox
) -> None:
    await answers.write("灯换好了。")
    answers.to = await follower(answers.database, "oWang", answers.clock.now())
    await answers.write("门也修好了。")

    await sender.send_due()

    assert [message["touser"] for message in mailbox.sent] == ["oLi", "oWang"]


async def test_one_message_holds_whole_answers_and_the_rest_goes_with_the_next(
    answers: Answers, sender: Sender, mailbox: Mailbox
) -> None:
    for char in "甲乙丙":
        await answers.write(char * 300)

    await sender.send_due()

    assert mailbox.texts == [HEADING + "甲" * 300 + "\n\n" + "乙" * 300, HEADING + "丙" * 300]
    assert all(len(text.encode()) <= parcels.TEXT_BYTES for text in mailbox.texts)


async def test_a_picture_goes_apart_and_keeps_its_place(
    answers: Answers, sender: Sender, mailbox: Mailbox
) -> None:
    await answers.write("灯换好了。")
    await answers.write("", payload={"type": "image", "media_id": "m1"})
    await answers.write("门也修好了。")

    await sender.send_due()

    assert [message["msgtype"] for message in mailbox.sent] == ["text", "image", "text"]
    assert mailbox.texts == [HEADING + "灯换好了。", HEADING + "门也修好了。"]


def test_another_heading_is_said_too() -> None:
    asked = "您的留言 LY-2026-0001，律师想再问您：\n哪天的事？"
    assert outbox.joined([HEADING + "一", HEADING + "二", asked]) == f"{HEADING}一\n\n二\n\n{asked}"


# --- what goes wrong ----------------------------------------------------------------------------------------


async def test_a_sender_killed_between_lease_and_settling_leaves_all_of_them_unknown(
    answers: Answers, client: WeChatClient, mailbox: Mailbox
) -> None:
    await answers.write("灯换好了。")
    await answers.write("门也修好了。")
    mailbox.answers = [Killed()]
    with suppress(Killed):
        await sender_of(answers.database, client, answers.clock).send_due()
    survivor = sender_of(answers.database, client, answers.clock)
    third = await answers.write("钥匙在门卫室。")

    await survivor.send_due()
    assert mailbox.sent == []  # an earlier one may be on its way still
    answers.clock.advance(deliveries.LEASE.total_seconds())
    await survivor.send_due()

    assert (await answers.states())[:2] == [DeliveryState.UNKNOWN] * 2
    assert (await row_of(answers.database, third)).state is DeliveryState.DELIVERED
    assert mailbox.texts == [HEADING + "钥匙在门卫室。"]  # nothing twice


async def test_a_sender_killed_before_it_leased_loses_nothing(
    answers: Answers, client: WeChatClient, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await answers.write("灯换好了。")
    await answers.write("门也修好了。")

    async def dies(*given: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patched, suppress(Killed):
        patched.setattr(parcels, "_waiting", dies)
        await sender_of(answers.database, client, answers.clock).send_due()
    assert await answers.states() == [DeliveryState.QUEUED] * 2

    await sender_of(answers.database, client, answers.clock).send_due()

    assert mailbox.texts == [HEADING + "灯换好了。\n\n门也修好了。"]


async def test_what_did_not_leave_goes_with_what_is_written_meanwhile(
    answers: Answers, sender: Sender, mailbox: Mailbox
) -> None:
    mailbox.answers = [UNSENT, UNSENT, UNSENT, UNSENT, UNSENT]
    await answers.write("灯换好了。")
    await sender.send_due()
    assert await answers.states() == [DeliveryState.FAILED_RETRY]
    mailbox.answers = []
    await answers.write("门也修好了。")

    await sender.send_due()

    assert mailbox.texts == [HEADING + "灯换好了。\n\n门也修好了。"]
    assert (await facts_of(answers.database, answers.to)).spoke_used == 1


async def test_a_refused_message_gives_back_one_place(
    answers: Answers, sender: Sender, mailbox: Mailbox
) -> None:
    async with answers.database.transaction() as session:
        (await session.get_one(Follower, answers.to.id)).spoke_used = 2
    await answers.write("灯换好了。")
    await answers.write("门也修好了。")
    mailbox.answers = [40008]

    await sender.send_due()

    assert (await facts_of(answers.database, answers.to)).spoke_used == 2
    assert await answers.states() == [DeliveryState.OWED] * 2


async def test_one_that_no_key_opens_keeps_no_other_back(
    answers: Answers, sender: Sender, mailbox: Mailbox
) -> None:
    await answers.write("灯换好了。")
    use_keyring(Keyring({"k9": b"\x09" * 32}, TEST_LOOKUP))
    await answers.write("门也修好了。")

    await sender.send_due()

    assert mailbox.texts == [HEADING + "门也修好了。"]
    assert await answers.states() == [DeliveryState.FAILED, DeliveryState.DELIVERED]


async def test_spent_they_are_owed_and_come_with_the_next_that_can_be_sent(
    answers: Answers, sender: Sender, mailbox: Mailbox
) -> None:
    mailbox.answers = [45047]
    await answers.write("灯换好了。")
    await answers.write("门也修好了。")
    await sender.send_due()
    assert await answers.states() == [DeliveryState.OWED] * 2
    async with answers.database.transaction() as session:  # the person wrote, and the reply was a picture
        facts = await session.get_one(Follower, answers.to.id)
        facts.spoke_used, seen = 0, facts.version
    await answers.write("钥匙在门卫室。")

    await sender.send_due()

    assert mailbox.texts == [HEADING + "灯换好了。\n\n门也修好了。\n\n钥匙在门卫室。"]
    assert await answers.states() == [DeliveryState.DELIVERED] * 3
    assert (await facts_of(answers.database, answers.to)).version > seen  # who was telling them looks again


# --- the last message of a window ---------------------------------------------------------------------------


@pytest.fixture
async def last(answers: Answers) -> Answers:
    """One message is left of the five."""
    async with answers.database.transaction() as session:
        (await session.get_one(Follower, answers.to.id)).spoke_used = 4
    return answers


async def test_the_last_message_of_a_window_waits_for_what_is_added(
    last: Answers, sender: Sender, mailbox: Mailbox
) -> None:
    await last.write("灯换好了。")
    await sender.send_due()
    last.clock.advance(20)
    await last.write("门也修好了。")
    await sender.send_due()
    last.clock.advance(29)
    await sender.send_due()
    assert mailbox.sent == []

    last.clock.advance(1)
    await sender.send_due()

    assert mailbox.texts == [HEADING + "灯换好了。\n\n门也修好了。"]


async def test_it_does_not_wait_for_ever(last: Answers, sender: Sender, mailbox: Mailbox) -> None:
    started = last.clock.now()
    while not mailbox.sent:
        await last.write("还有一句。")
        await sender.send_due()
        last.clock.advance(20)

    assert last.clock.now() - started <= parcels.AT_MOST + timedelta(seconds=20)
    assert mailbox.texts == [HEADING + "\n\n".join(["还有一句。"] * 7)]


async def test_an_urgent_one_does_not_wait(last: Answers, sender: Sender, mailbox: Mailbox) -> None:
    await last.write("马上离开那里。", urgent=True)

    await sender.send_due()

    assert len(mailbox.sent) == 1
