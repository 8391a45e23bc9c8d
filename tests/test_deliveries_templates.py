"""Rows that go out as template messages: without a window, at any hour, and settled by what WeChat says."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.clock import SHANGHAI
from app.database import Database
from app.jobs.deliveries import Sender
from app.services import notices
from models import DeliveryState, Follower, Way
from tests import mailing
from tests.conftest import FakeClock
from tests.mailing import LOST, Mailbox, facts_of, follower, post, row_of

mailbox, client, sender = mailing.mailbox, mailing.client, mailing.sender
PAYLOAD = {"template_id": "t-1", "data": {"thing1": "有职工流露轻生念头"}}
NIGHT = datetime(2026, 11, 24, 2, 0, tzinfo=SHANGHAI)


@pytest.fixture
async def zhao(database: Database) -> Follower:
    """Has not spoken for long: there is no window."""
    return await follower(database, "o-zhao", NIGHT - timedelta(days=30))


async def test_it_needs_no_window_and_waits_for_no_morning(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, zhao: Follower
) -> None:
    clock.set(NIGHT)
    row_id = await post(database, zhao, clock, kind=notices.TEST, payload=PAYLOAD)

    assert await sender.send_due() == 1

    (sent,) = mailbox.sent
    assert (sent["touser"], sent["template_id"]) == ("o-zhao", "t-1")
    assert sent["data"] == {"thing1": {"value": "有职工流露轻生念头"}}
    assert sent["client_msg_id"] == f"outbox-{row_id}"
    row = await row_of(database, row_id)
    assert (row.state, row.way) == (DeliveryState.DELIVERED, Way.TEMPLATE)
    assert await sender.send_due() == 0


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (LOST, DeliveryState.UNKNOWN),
        (-1, DeliveryState.FAILED_RETRY),
        (43004, DeliveryState.SKIPPED),
        (40037, DeliveryState.FAILED),
        (48001, DeliveryState.FAILED_RETRY),
    ],
)
async def test_what_wechat_says_settles_it_and_no_window_is_touched(
    database: Database,
    clock: FakeClock,
    sender: Sender,
    mailbox: Mailbox,
    zhao: Follower,
    answer: Any,
    state: DeliveryState,
) -> None:
    row_id = await post(database, zhao, clock, kind=notices.TEST, payload=PAYLOAD)
    before = await facts_of(database, zhao)
    mailbox.answers = [answer] * 6  # a call is repeated by the client, and a lost one goes out three times

    await sender.send_due()

    assert (await row_of(database, row_id)).state is state
    after = await facts_of(database, zhao)
    assert (after.spoke_at, after.version) == (before.spoke_at, before.version)


async def test_a_notice_of_unknown_outcome_goes_out_again_under_its_key(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, zhao: Follower
) -> None:
    row_id = await post(database, zhao, clock, kind=notices.TEST, payload=PAYLOAD)
    mailbox.answers = [LOST]

    await sender.send_due()

    assert [each["client_msg_id"] for each in mailbox.sent] == [f"outbox-{row_id}"] * 2
    assert (await row_of(database, row_id)).state is DeliveryState.DELIVERED


@pytest.mark.parametrize(
    ("later", "state", "times"),
    [(timedelta(minutes=2), DeliveryState.DELIVERED, 2), (timedelta(minutes=9), DeliveryState.UNKNOWN, 1)],
)
async def test_a_notice_whose_sender_was_killed_goes_out_again_while_wechat_knows_its_key(
    database: Database,
    clock: FakeClock,
    sender: Sender,
    mailbox: Mailbox,
    zhao: Follower,
    later: timedelta,
    state: DeliveryState,
    times: int,
) -> None:
    row_id = await post(database, zhao, clock, kind=notices.TEST, payload=PAYLOAD)
    mailbox.answers = [asyncio.CancelledError()]  # killed while it waits for WeChat's answer
    with suppress(asyncio.CancelledError):
        await sender.send_due()
    clock.advance(later.total_seconds())

    await sender.send_due()

    assert (await row_of(database, row_id)).state is state
    assert mailbox.tried == times
    assert {each["client_msg_id"] for each in mailbox.sent} <= {f"outbox-{row_id}"}


async def test_who_does_not_follow_gets_none(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox
) -> None:
    gone = await follower(database, "o-gone", NIGHT, subscribed=False)
    row_id = await post(database, gone, clock, kind=notices.TEST, payload=PAYLOAD)

    await sender.send_due()

    assert not mailbox.sent and (await row_of(database, row_id)).state is DeliveryState.SKIPPED
