"""Sending: within WeChat's windows, to the right openid, at an hour that suits."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import SHANGHAI
from app.database import Database
from app.jobs.deliveries import Sender
from app.services import deliveries
from app.wechat.client import WeChatClient
from models import DeliveryState, Follower, Outbox, Way
from tests import mailing
from tests.conftest import FakeClock
from tests.mailing import (
    Mailbox,
    another_account,
    client_of,
    facts_of,
    follower,
    post,
    row_of,
    sender_of,
)

mailbox, client, sender, li = mailing.mailbox, mailing.client, mailing.sender, mailing.li


# --- the usual case -----------------------------------------------------------------------------------------


async def test_a_due_row_is_sent_and_settled(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, li: Follower
) -> None:
    row_id = await post(database, li, clock, text="您的留言有了答复。")

    assert await sender.send_due() == 1

    (message,) = mailbox.sent
    assert (message["touser"], message["text"]["content"]) == ("oLi", "您的留言有了答复。")
    row = await row_of(database, row_id)
    assert (row.state, row.way, row.tries) == (DeliveryState.DELIVERED, Way.CUSTOMER_MESSAGE, 1)
    assert (row.lease_token, row.lease_until, row.settled_at) == (None, None, clock.now())
    assert await sender.send_due() == 0


async def test_rows_go_out_in_the_order_they_are_due(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, li: Follower
) -> None:
    await post(database, li, clock, text="后天", due_at=clock.now() + timedelta(days=2))
    await post(database, li, clock, text="第二", due_at=clock.now() - timedelta(minutes=1))
    await post(database, li, clock, text="第一", due_at=clock.now() - timedelta(minutes=2))

    await sender.send_due()

    assert mailbox.texts == ["第一", "第二"]


async def test_looking_for_nothing_takes_no_lock(
    database: Database, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> Any:
        raise AssertionError("a writing transaction was opened")

    monkeypatch.setattr(database, "transaction", refused)

    assert await sender.send_due() == 0


async def test_due_rows_are_found_by_their_index(database: Database, clock: FakeClock) -> None:
    """With a million settled rows a look may not read them all."""
    statement = sa.select(Outbox.id).where(*deliveries._due(clock.now(), clock.now(), "wx"))
    told = statement.order_by(Outbox.due_at).compile(
        database.reader.sync_engine, compile_kwargs={"literal_binds": True}
    )
    async with database.transaction() as session:
        if not database.is_sqlite:  # an empty table is read whole whatever indexes it has
            await session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        words = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        plan = str((await session.execute(sa.text(f"{words} {told}"))).all())
    assert "ix_outbox_due" in plan


# --- windows ------------------------------------------------------------------------------------------------


async def test_five_messages_within_48_hours_and_no_more(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, li: Follower
) -> None:
    rows = [await post(database, li, clock, text=f"第 {n} 条") for n in range(1, 7)]

    await sender.send_due()

    assert mailbox.texts == [f"第 {n} 条" for n in range(1, 6)]
    last = await row_of(database, rows[-1])
    assert (last.state, last.reason, last.tries) == (DeliveryState.OWED, "no open window", 0)
    assert await sender.send_due() == 0  # it waits for the person, not for the next look


async def test_a_tap_allows_three_within_a_minute_before_the_others_are_used(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox
) -> None:
    wang = await follower(database, "oWang", clock.now(), acted_at=clock.now())
    for n in range(4):
        await post(database, wang, clock, text=str(n))

    await sender.send_due()

    facts = await facts_of(database, wang)
    assert (facts.acted_used, facts.spoke_used, len(mailbox.sent)) == (3, 1, 4)


@pytest.mark.parametrize(
    ("facts", "later", "arrives"),
    [
        ({}, 48 * 3600 - 1, True),
        ({}, 48 * 3600, False),
        ({"spoke_at": None}, 0, False),
        ({"spoke_at": None, "tapped": True}, 59, True),
        ({"spoke_at": None, "tapped": True}, 60, False),
    ],
)
async def test_a_window_closes_to_the_second(
    database: Database,
    clock: FakeClock,
    sender: Sender,
    mailbox: Mailbox,
    facts: dict[str, Any],
    later: float,
    arrives: bool,
) -> None:
    if facts.pop("tapped", False):
        facts["acted_at"] = clock.now()
    wang = await follower(database, "oWang", clock.now(), **facts)
    clock.advance(later)
    await post(database, wang, clock)

    await sender.send_due()

    assert bool(mailbox.sent) is arrives


@pytest.mark.parametrize("by_tap", [True, False])
async def test_what_was_not_sent_gives_its_place_back_to_the_window_it_came_from(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, by_tap: bool
) -> None:
    facts = {"acted_at": clock.now() if by_tap else None, "acted_used": 1, "spoke_used": 2}
    wang = await follower(database, "oWang", clock.now(), **facts)
    await post(database, wang, clock)
    mailbox.answers = [-1]

    await sender.send_due()

    left = await facts_of(database, wang)
    assert (left.acted_used, left.spoke_used) == (1, 2)


async def test_no_place_is_given_back_to_a_window_the_person_opened_since(
    database: Database, clock: FakeClock, mailbox: Mailbox, client: WeChatClient, li: Follower
) -> None:
    await post(database, li, clock)

    class Speaking(Mailbox):
        async def __call__(self, request: Any) -> Any:
            if "custom" in request.url.path:  # meanwhile she writes again, and one answer went out
                async with database.transaction() as session:
                    facts = {"spoke_at": clock.now() + timedelta(seconds=5), "spoke_used": 1}
                    await session.execute(sa.update(Follower).values(facts))
            return await super().__call__(request)

    speaking = Speaking()
    speaking.answers = [-1]
    async with client_of(speaking, clock) as other:
        await sender_of(database, other, clock).send_due()

    assert (await facts_of(database, li)).spoke_used == 1


@pytest.mark.parametrize("errcode", [45015, 45047])
async def test_wechat_knows_its_windows_better(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, li: Follower, errcode: int
) -> None:
    first = await post(database, li, clock, text="一")
    second = await post(database, li, clock, text="二")
    mailbox.answers = [errcode]

    await sender.send_due()

    assert mailbox.tried == 1  # the second is not even tried
    assert {(await row_of(database, each)).state for each in (first, second)} == {DeliveryState.OWED}


async def test_without_the_right_nothing_is_sent(
    database: Database, clock: FakeClock, client: WeChatClient, mailbox: Mailbox, li: Follower
) -> None:
    row_id = await post(database, li, clock)

    await sender_of(database, client, clock, customer_messages=False).send_due()

    assert mailbox.tried == 0
    assert (await row_of(database, row_id)).state is DeliveryState.OWED


# --- to whom ------------------------------------------------------------------------------------------------


async def test_news_for_somebody_we_cannot_reach_are_over(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox
) -> None:
    elsewhere = await follower(database, "oMini", clock.now(), account_id=await another_account(database))
    left = await follower(database, "oLeft", clock.now(), subscribed=False)
    rows = [
        await post(database, elsewhere, clock, text="没有公众号的人", kind="activities.news"),
        await post(database, left, clock, text="取消了关注", kind="activities.news"),
        await post(database, None, clock, text="没有人"),
    ]

    await sender.send_due()

    assert mailbox.tried == 0
    settled = [await row_of(database, each) for each in rows]
    assert {(row.state, row.way) for row in settled} == {(DeliveryState.SKIPPED, Way.PORTAL)}
    assert [row.reason for row in settled] == [
        "no openid on this account",
        "not following",
        "no openid on this account",
    ]


async def test_of_two_openids_the_one_that_spoke_last_is_told(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, li: Follower
) -> None:
    newer = await follower(database, "oNewer", clock.now() + timedelta(seconds=1))
    async with database.transaction() as session:
        await session.execute(
            sa.update(Follower).where(Follower.id == newer.id).values(person_id=li.person_id)
        )
    await post(database, li, clock, text="随便哪个")
    await post(database, li, clock, text="这一个", follower_id=li.id)

    await sender.send_due()

    assert [(m["touser"], m["text"]["content"]) for m in mailbox.sent] == [
        ("oNewer", "随便哪个"),
        ("oLi", "这一个"),
    ]


@pytest.mark.parametrize("errcode", [43004, 48002, 50005, 40003])
async def test_whoever_is_gone_is_left_alone_until_he_acts_again(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, li: Follower, errcode: int
) -> None:
    first, second = await post(database, li, clock, text="一"), await post(database, li, clock, text="二")
    mailbox.answers = [errcode]

    await sender.send_due()

    assert mailbox.tried == 1
    assert not (await facts_of(database, li)).subscribed
    assert (await row_of(database, first)).state is DeliveryState.OWED
    assert (await row_of(database, second)).reason == "not following"


# --- quiet hours --------------------------------------------------------------------------------------------


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 23, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("moment", "given", "morning"),
    [
        (at(20, 59), {"kind": "activities.news"}, None),
        (at(21), {"kind": "activities.news"}, at(8) + timedelta(days=1)),
        (at(7, 59), {"kind": "activities.news"}, at(8)),
        (at(8), {"kind": "activities.news"}, None),
        (at(23), {"kind": "cases.answered"}, None),
        (at(23), {"kind": "crisis.reply", "urgent": True}, None),
    ],
)
async def test_quiet_hours_hold_back_what_can_wait(
    database: Database,
    clock: FakeClock,
    sender: Sender,
    mailbox: Mailbox,
    moment: datetime,
    given: dict[str, Any],
    morning: datetime | None,
) -> None:
    clock.set(moment)
    wang = await follower(database, "oWang", clock.now())
    row_id = await post(database, wang, clock, **given)

    await sender.send_due()

    assert bool(mailbox.sent) is (morning is None)
    row = await row_of(database, row_id)
    if morning is not None:
        assert (row.state, row.due_at, row.tries) == (DeliveryState.QUEUED, morning, 0)
        clock.set(morning)
        await sender.send_due()
        assert len(mailbox.sent) == 1
