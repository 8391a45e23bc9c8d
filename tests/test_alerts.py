"""Alerts ring until somebody on duty has taken them, and silence about them is loud."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from app import metrics
from app.database import Database
from app.jobs.alerts import Bell
from app.services import crisis
from app.wechat.client import WeChatClient
from models import CrisisAlert
from tests.conftest import FakeClock
from tests.mailing import LOST, Mailbox, client_of, follower

ON_DUTY = ("oDuty1", "oDuty2")
WORDS = "我不想活了"
CLOSED = 45015


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
async def client(mailbox: Mailbox, clock: FakeClock) -> AsyncIterator[WeChatClient]:
    async with client_of(mailbox, clock) as opened:
        yield opened


@pytest.fixture
def bell(database: Database, client: WeChatClient, clock: FakeClock) -> Bell:
    return Bell(database, client, clock, ON_DUTY)


@pytest.fixture
def log_lines() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


@pytest.fixture
async def alert(database: Database, clock: FakeClock) -> int:
    """Somebody has just written words that frighten."""
    return await arrives(database, clock, "m1")


async def arrives(database: Database, clock: FakeClock, key: str) -> int:
    person = await follower(database, f"o{key}", clock.now())
    async with database.transaction() as session:
        await crisis.alert(session, person.person_id, key, "chat", WORDS, clock.now())
        found = await session.scalar(sa.select(CrisisAlert.id).where(CrisisAlert.key == key))
    assert found is not None
    return found


async def state_of(database: Database, alert: int) -> CrisisAlert:
    async with database.reading() as session:
        return await session.get_one(CrisisAlert, alert)


def errors(lines: list[Any]) -> list[str]:
    return [line["event"] for line in lines if line["log_level"] == "error"]


def unreached() -> float:
    for line in metrics.render().decode().splitlines():
        if line.startswith("gonghui_crisis_alerts_unreached "):
            return float(line.split()[1])
    raise AssertionError("no such figure")


async def test_everybody_on_duty_is_told_at_once_and_the_words_stay_unsaid(
    database: Database, clock: FakeClock, bell: Bell, mailbox: Mailbox, alert: int
) -> None:
    assert await bell.ring() == 1

    assert sorted(message["touser"] for message in mailbox.sent) == list(ON_DUTY)
    text = mailbox.texts[0]
    assert text.startswith("【紧急】今天 12:00 有职工在聊天中流露出伤害自己的念头（第 1 次提醒）")
    assert "我来处理" in text
    assert WORDS not in text
    row = await state_of(database, alert)
    assert (row.rounds, row.reached_at, row.lease_token) == (1, clock.now(), None)


async def test_it_rings_every_five_minutes_until_somebody_takes_it(
    database: Database, clock: FakeClock, bell: Bell, mailbox: Mailbox, alert: int
) -> None:
    await bell.ring()
    clock.advance(299)
    assert await bell.ring() == 0
    clock.advance(1)
    assert await bell.ring() == 1
    assert "第 2 次提醒" in mailbox.texts[-1]

    async with database.transaction() as session:
        await crisis.take(session, alert, "张伟", clock.now())
    clock.advance(3600)

    assert await bell.ring() == 0
    assert len(mailbox.sent) == 4


async def test_one_of_two_reached_is_enough_to_stay_calm(
    database: Database, clock: FakeClock, bell: Bell, mailbox: Mailbox, alert: int, log_lines: list[Any]
) -> None:
    mailbox.answers = [CLOSED]
    await bell.ring()
    clock.advance(61)
    await bell.ring()

    assert (await state_of(database, alert)).reached_at is not None
    assert errors(log_lines) == []
    assert unreached() == 0


async def test_closed_windows_are_tried_soon_again_and_said_loudly_after_a_minute(
    database: Database, clock: FakeClock, bell: Bell, mailbox: Mailbox, alert: int, log_lines: list[Any]
) -> None:
    mailbox.answers = [CLOSED] * 1000
    for _ in range(11):  # rounds come every five seconds
        await bell.ring()
        clock.advance(5)
    assert (await state_of(database, alert)).rounds == 4
    assert errors(log_lines) == []

    clock.advance(5)
    await bell.ring()

    assert errors(log_lines) == ["crisis_alert_reached_nobody"]
    assert log_lines[-1]["on_duty"] == 2
    assert unreached() == 1


async def test_what_nobody_heard_is_said_every_five_minutes_not_every_five_seconds(
    clock: FakeClock, bell: Bell, mailbox: Mailbox, alert: int, log_lines: list[Any]
) -> None:
    mailbox.answers = [CLOSED] * 1000
    clock.advance(60)
    for _ in range(20 * 60 // 5):
        await bell.ring()
        clock.advance(5)

    assert errors(log_lines) == ["crisis_alert_reached_nobody"] * 4
    assert mailbox.tried == 4 * len(ON_DUTY)


async def test_with_nobody_on_duty_it_is_said_all_the_same(
    database: Database, clock: FakeClock, client: WeChatClient, alert: int, log_lines: list[Any]
) -> None:
    bell = Bell(database, client, clock, ())
    await bell.ring()
    clock.advance(61)
    await bell.ring()

    assert errors(log_lines) == ["crisis_alert_reached_nobody"]
    assert log_lines[-1]["on_duty"] == 0


async def test_windows_that_close_after_the_first_rounds_are_loud_too(
    clock: FakeClock, bell: Bell, mailbox: Mailbox, alert: int, log_lines: list[Any]
) -> None:
    await bell.ring()
    mailbox.answers = [45047, 45047]
    clock.advance(300)
    await bell.ring()

    assert errors(log_lines) == ["crisis_alert_heard_no_more"]


async def test_once_heard_the_figure_falls_again(
    database: Database, clock: FakeClock, bell: Bell, mailbox: Mailbox, alert: int
) -> None:
    mailbox.answers = [CLOSED] * 2
    clock.advance(61)
    await bell.ring()
    assert unreached() == 1

    clock.advance(300)
    await bell.ring()

    assert unreached() == 0


async def test_a_message_that_may_have_arrived_counts_as_unheard(
    database: Database, bell: Bell, mailbox: Mailbox, alert: int
) -> None:
    mailbox.answers = [LOST, LOST]

    await bell.ring()

    assert (await state_of(database, alert)).reached_at is None


async def test_two_processes_ring_a_round_once(
    database: Database, database_url: str, clock: FakeClock, client: WeChatClient, mailbox: Mailbox
) -> None:
    for n in range(4):
        await arrives(database, clock, f"m{n}")
    other = Database(database_url)
    try:
        bells = [Bell(each, client, clock, ON_DUTY) for each in (database, other)]
        counts = await asyncio.gather(*(bell.ring() for bell in bells))
    finally:
        await other.close()

    assert sum(counts) == 4
    assert len(mailbox.sent) == 8


async def test_a_bell_that_dies_while_ringing_is_followed_by_another(
    database: Database, clock: FakeClock, bell: Bell, mailbox: Mailbox, alert: int
) -> None:
    class Killed(BaseException):
        pass

    mailbox.answers = [Killed()]
    with suppress(Killed):
        await bell.ring()
    mailbox.sent.clear()
    mailbox.answers.clear()

    clock.advance(59)
    assert await bell.ring() == 0
    clock.advance(1)
    assert await bell.ring() == 1
    assert len(mailbox.sent) == len(ON_DUTY)


async def test_a_slow_bell_does_not_undo_what_another_did(
    database: Database, clock: FakeClock, mailbox: Mailbox, client: WeChatClient, alert: int
) -> None:
    class Slow(Mailbox):
        async def __call__(self, request: Any) -> Any:
            if "custom" in request.url.path and not self.tried:
                self.tried += 1
                clock.advance(61)  # its lease is over: the other rings
                await Bell(database, client, clock, ON_DUTY).ring()
            return await super().__call__(request)

    async with client_of(Slow(), clock) as slow_client:
        await Bell(database, slow_client, clock, ("oDuty1",)).ring()

    assert (await state_of(database, alert)).rounds == 1
    assert len(mailbox.sent) == 2
