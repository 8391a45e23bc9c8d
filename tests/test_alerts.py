"""Alerts ring until somebody on duty has taken them, and silence about them is loud."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from app import metrics
from app.database import Database
from app.jobs.alerts import Bell
from app.services import coordination, crisis, notices
from app.wechat.client import WeChatClient
from models import AccountKind, CrisisAlert, Follower
from tests.conftest import NOON, FakeClock
from tests.mailing import APP_ID, LOST, Mailbox, client_of, facts_of, follower

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
async def bell(database: Database, client: WeChatClient, clock: FakeClock) -> Bell:
    """People on duty have just written to the account, so that WeChat takes five messages for each."""
    for openid in ON_DUTY:
        await follower(database, openid, clock.now())
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
    assert "回复「接手」" in text
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
    assert mailbox.tried == len(ON_DUTY)  # once closed, only the person can open it


async def test_with_nobody_on_duty_it_is_said_all_the_same(
    database: Database, clock: FakeClock, client: WeChatClient, alert: int, log_lines: list[Any]
) -> None:
    bell = Bell(database, client, clock, ())
    await bell.ring()
    clock.advance(61)
    await bell.ring()

    assert errors(log_lines) == ["crisis_alert_reached_nobody"]
    assert log_lines[-1]["on_duty"] == 0


# --- windows


async def test_repeats_go_round_so_that_the_messages_last(
    clock: FakeClock, bell: Bell, mailbox: Mailbox, alert: int
) -> None:
    for _ in range(8):
        await bell.ring()
        clock.advance(300)

    to = [message["touser"] for message in mailbox.sent]
    assert sorted(to[:2]) == sorted(to[2:4]) == list(ON_DUTY)
    assert to[4:] == ["oDuty1", "oDuty2"] * 3


async def test_when_the_messages_are_spent_it_is_said_and_the_ringing_goes_on(
    database: Database, clock: FakeClock, bell: Bell, mailbox: Mailbox, alert: int, log_lines: list[Any]
) -> None:
    for _ in range(8):  # five for each: two rounds to both, six in turn
        await bell.ring()
        clock.advance(300)
    assert len(mailbox.sent) == mailbox.tried == 10
    assert errors(log_lines) == []

    for _ in range(61):
        await bell.ring()
        clock.advance(5)

    assert errors(log_lines) == ["crisis_alert_heard_no_more"]
    assert unreached() == 1
    assert mailbox.tried == 10  # WeChat is not asked for what it would refuse
    row = await state_of(database, alert)
    assert row.rounds > 8
    assert row.due_at > clock.now() - timedelta(seconds=5)


async def test_who_writes_again_is_rung_again(
    database: Database, clock: FakeClock, bell: Bell, mailbox: Mailbox, alert: int
) -> None:
    async with database.transaction() as session:
        await session.execute(sa.update(Follower).values(spoke_used=5))
    await bell.ring()
    assert mailbox.sent == []

    async with database.transaction() as session:
        said = {"spoke_at": clock.now(), "spoke_used": 0}
        await session.execute(sa.update(Follower).where(Follower.openid == "oDuty2").values(said))
    clock.advance(15)
    await bell.ring()

    assert [message["touser"] for message in mailbox.sent] == ["oDuty2"]
    assert unreached() == 0


async def test_deliveries_and_alerts_count_the_same_messages(
    database: Database, clock: FakeClock, client: WeChatClient, bell: Bell, alert: int
) -> None:
    await bell.ring()

    async with database.reading() as session:
        used = await session.scalars(sa.select(Follower.spoke_used).where(Follower.openid.in_(ON_DUTY)))
    assert list(used) == [1, 1]


@pytest.mark.parametrize(("answer", "used"), [(-1, 0), (CLOSED, 5), (45047, 5), (43004, 1)])
async def test_what_wechat_refused_is_counted_as_it_says(
    database: Database,
    clock: FakeClock,
    client: WeChatClient,
    mailbox: Mailbox,
    alert: int,
    answer: int,
    used: int,
) -> None:
    zhang = await follower(database, "oDuty1", clock.now())
    mailbox.answers = [answer]

    await Bell(database, client, clock, ["oDuty1"]).ring()

    facts = await facts_of(database, zhang)
    assert facts.spoke_used == used
    assert facts.subscribed is (answer != 43004)


async def test_of_somebody_we_never_heard_of_wechat_knows_more(
    database: Database, clock: FakeClock, client: WeChatClient, mailbox: Mailbox, alert: int
) -> None:
    await Bell(database, client, clock, ["oUnknown"]).ring()

    assert [message["touser"] for message in mailbox.sent] == ["oUnknown"]


# --- templates


async def mapped(database: Database) -> None:
    fields = {"thing1": "事由", "time2": "时间", "thing3": "怎么接手"}
    async with database.transaction() as session:
        official = await coordination.account_id(session, APP_ID, AccountKind.OFFICIAL)
        await notices.map_template(session, official, notices.ALERT, "tpl", fields, "张伟", NOON)


def notices_to(mailbox: Mailbox) -> list[str]:
    return [message["touser"] for message in mailbox.sent if "template_id" in message]


async def test_where_no_window_is_open_a_template_tells_them_how_to_take_it(
    database: Database, clock: FakeClock, bell: Bell, mailbox: Mailbox, alert: int, log_lines: list[Any]
) -> None:
    await mapped(database)
    clock.advance(49 * 3600)
    await bell.ring()

    assert sorted(notices_to(mailbox)) == list(ON_DUTY)
    data = {field: each["value"] for field, each in mailbox.sent[0]["data"].items()}
    assert data == {
        "thing1": "有职工流露轻生念头",
        "time2": "2026年11月23日 12:00",
        "thing3": "进公众号回复「接手」",
    }
    assert (await state_of(database, alert)).reached_at == clock.now()
    assert errors(log_lines) == []


async def test_with_a_template_it_rings_for_hours(
    database: Database, clock: FakeClock, bell: Bell, mailbox: Mailbox, alert: int, log_lines: list[Any]
) -> None:
    await mapped(database)
    for _ in range(24):
        await bell.ring()
        clock.advance(300)

    assert notices_to(mailbox) == ["oDuty1", "oDuty2"] * 8
    assert len({message.get("client_msg_id") for message in mailbox.sent[10:]}) == 16
    assert errors(log_lines) == []
    assert unreached() == 0


async def test_an_account_without_the_right_sends_nothing_and_says_so(
    database: Database, clock: FakeClock, client: WeChatClient, mailbox: Mailbox, alert: int, log_lines: Any
) -> None:
    await mapped(database)
    bell = Bell(database, client, clock, ON_DUTY, customer_messages=False, templates=False)
    clock.advance(61)
    await bell.ring()

    assert mailbox.tried == 0
    assert errors(log_lines) == ["crisis_alert_reached_nobody"]


async def test_once_heard_the_figure_falls_again(
    database: Database, clock: FakeClock, bell: Bell, mailbox: Mailbox, alert: int
) -> None:
    mailbox.answers = [-1] * 2  # WeChat is busy
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
    database: Database, clock: FakeClock, client: WeChatClient, mailbox: Mailbox, alert: int
) -> None:
    class Killed(BaseException):
        pass

    bell = Bell(database, client, clock, ["oDuty1"])
    mailbox.answers = [Killed()]
    with suppress(Killed):
        await bell.ring()

    clock.advance(59)
    assert await bell.ring() == 0
    clock.advance(1)
    assert await bell.ring() == 1
    assert len(mailbox.sent) == 1


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
