"""What became of a row: settled by what WeChat said, sent once whoever races or dies."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import SHANGHAI
from app.database import Database
from app.jobs.deliveries import Sender, content_of
from app.services import deliveries, delivery_ends
from app.wechat.api import messages as wire
from app.wechat.client import WeChatClient
from app.wechat.replies import Article, Image, Music, News, Nothing, Text, Transfer, Video, Voice, to_store
from models import DeliveryState, Follower, Outbox
from models.sealing import Keyring, use_keyring
from tests import mailing
from tests.conftest import TEST_LOOKUP, FakeClock
from tests.mailing import (
    LOST,
    UNSENT,
    Mailbox,
    client_of,
    facts_of,
    follower,
    post,
    row_of,
    sender_of,
)

mailbox, client, sender, li = mailing.mailbox, mailing.client, mailing.sender, mailing.li


# --- what WeChat may say ------------------------------------------------------------------------------------


async def test_a_busy_wechat_is_tried_again_ever_more_rarely_and_given_up_in_the_end(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, li: Follower
) -> None:
    row_id = await post(database, li, clock, kind="activities.news")
    mailbox.answers = [-1] * 20
    pauses: list[float] = []
    while (row := await row_of(database, row_id)).state in (DeliveryState.QUEUED, DeliveryState.FAILED_RETRY):
        if row.tries:
            pauses.append((row.due_at - clock.now()).total_seconds())
        clock.set(row.due_at)
        await sender.send_due()

    assert row.state is DeliveryState.FAILED
    assert pauses[:5] == [10, 60, 300, 1800, 1800]
    assert sum(pauses) > 3 * 3600  # an outage of an hour loses nothing
    assert (await facts_of(database, li)).spoke_used == 0


async def test_after_a_short_outage_everything_arrives(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, li: Follower
) -> None:
    await post(database, li, clock)
    mailbox.answers = [UNSENT, UNSENT]  # the client itself tries twice what cannot have arrived

    await sender.send_due()
    assert mailbox.sent == []
    clock.advance(10)
    await sender.send_due()

    assert len(mailbox.sent) == 1


async def test_a_spent_quota_waits_for_midnight(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, li: Follower
) -> None:
    row_id = await post(database, li, clock)
    mailbox.answers = [45009]

    await sender.send_due()

    assert (await row_of(database, row_id)).due_at == datetime(2026, 11, 24, tzinfo=SHANGHAI)


async def test_what_an_operator_must_put_right_waits_for_him(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, li: Follower
) -> None:
    row_id = await post(database, li, clock)
    mailbox.answers = [48001, 89506]

    await sender.send_due()
    row = await row_of(database, row_id)
    assert (row.state, row.due_at) == (DeliveryState.FAILED_RETRY, clock.now() + timedelta(minutes=5))
    clock.set(row.due_at)
    await sender.send_due()
    assert (await row_of(database, row_id)).due_at == clock.now() + timedelta(days=1)  # as WeChat said


async def test_our_mistake_is_not_repeated_and_costs_no_place(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, li: Follower
) -> None:
    row_id = await post(database, li, clock, kind="activities.news")
    mailbox.answers = [45002]

    await sender.send_due()

    row = await row_of(database, row_id)
    assert row.state is DeliveryState.FAILED
    assert "45002" in row.reason
    assert (await facts_of(database, li)).spoke_used == 0


async def test_an_answer_lost_on_the_way_is_never_followed_by_a_second_message(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, li: Follower
) -> None:
    row_id = await post(database, li, clock)
    mailbox.answers = [LOST]

    await sender.send_due()
    clock.advance(3600)
    await sender.send_due()

    assert mailbox.tried == 1
    assert (await row_of(database, row_id)).state is DeliveryState.UNKNOWN


@pytest.mark.parametrize("payload", [None, {"type": "?"}, {"type": "text"}, ["text"]])
async def test_a_row_that_cannot_be_read_fails_alone(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, li: Follower, payload: Any
) -> None:
    broken = await post(database, li, clock, text="坏的", payload=payload)
    await post(database, li, clock, text="好的")

    await sender.send_due()

    assert (await row_of(database, broken)).state is DeliveryState.FAILED
    assert mailbox.texts == ["好的"]


async def test_words_that_no_key_opens_stop_nobody_else(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, keyring: Keyring, li: Follower
) -> None:
    use_keyring(Keyring({"gone": b"g" * 32}, TEST_LOOKUP))
    await post(database, li, clock, text="旧钥匙封的")
    use_keyring(keyring)
    await post(database, li, clock, text="现在的")

    await sender.send_due()

    assert mailbox.texts == ["现在的"]
    async with database.reading() as session:
        states = (await session.scalars(sa.select(Outbox.state).order_by(Outbox.id))).all()
    assert states == [DeliveryState.FAILED, DeliveryState.DELIVERED]


async def test_an_urgent_one_that_did_not_arrive_is_said_loudly(
    database: Database, clock: FakeClock, sender: Sender, log_lines: list[dict[str, Any]]
) -> None:
    wang = await follower(database, "oWang", clock.now() - timedelta(days=3))
    await post(database, wang, clock, kind="crisis.reply", urgent=True)
    await post(database, wang, clock, text="不急的")

    await sender.send_due()

    loud = [line for line in log_lines if line["log_level"] == "error"]
    assert [(line["event"], line["kind"]) for line in loud] == [("urgent_not_delivered", "crisis.reply")]


@pytest.fixture
def log_lines() -> Any:
    from structlog.testing import capture_logs

    with capture_logs() as lines:
        yield lines


# --- twice at once, and cut off -----------------------------------------------------------------------------


async def test_two_holders_that_race_send_each_row_once(
    database: Database, database_url: str, clock: FakeClock, client: WeChatClient, mailbox: Mailbox
) -> None:
    people = [await follower(database, f"o{n}", clock.now()) for n in range(8)]
    for each in people:
        await post(database, each, clock, text=each.openid)
    other = Database(database_url)  # another process's connections
    try:
        senders = (sender_of(database, client, clock), sender_of(other, client, clock))
        counts = await asyncio.gather(*(each.send_due() for each in senders for _ in range(2)))
    finally:
        await other.close()

    assert sorted(mailbox.texts) == sorted(each.openid for each in people)
    assert sum(counts) == len(people)


class Killed(BaseException):
    """The process dies here."""


async def test_a_sender_killed_between_lease_and_settling_leaves_the_outcome_unknown(
    database: Database, clock: FakeClock, client: WeChatClient, mailbox: Mailbox, li: Follower
) -> None:
    row_id = await post(database, li, clock)
    mailbox.answers = [Killed()]
    with suppress(Killed):
        await sender_of(database, client, clock).send_due()

    survivor = sender_of(database, client, clock)
    clock.advance(deliveries.LEASE.total_seconds() - 1)
    assert await survivor.send_due() == 0  # he may still be at it
    clock.advance(1)
    await survivor.send_due()

    row = await row_of(database, row_id)
    assert (row.state, row.reason) == (DeliveryState.UNKNOWN, "the sender was cut off")
    clock.advance(86400)
    assert await survivor.send_due() == 0
    assert mailbox.tried == 1


async def test_told_to_stop_a_sender_finishes_what_it_has_begun(
    database: Database, clock: FakeClock, li: Follower
) -> None:
    reached, may_answer = asyncio.Event(), asyncio.Event()

    class Slow(Mailbox):
        async def __call__(self, request: Any) -> Any:
            if "custom" in request.url.path:
                reached.set()
                await may_answer.wait()
            return await super().__call__(request)

    first, second = await post(database, li, clock, text="一"), await post(database, li, clock, text="二")
    slow = Slow()
    async with client_of(slow, clock) as client:
        task = asyncio.create_task(sender_of(database, client, clock).send_due())
        await reached.wait()
        task.cancel()
        may_answer.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert (await row_of(database, first)).state is DeliveryState.DELIVERED
    assert (await row_of(database, second)).state is DeliveryState.QUEUED
    assert slow.texts == ["一"]


async def test_a_database_away_for_seconds_does_not_make_a_delivery_unknown(
    database: Database,
    clock: FakeClock,
    sender: Sender,
    mailbox: Mailbox,
    li: Follower,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row_id = await post(database, li, clock)
    away = [3]
    held = delivery_ends.held

    async def unsure(*given: Any) -> Any:
        if away[0]:
            away[0] -= 1
            raise sa.exc.OperationalError("SELECT", {}, Exception("away"))
        return await held(*given)

    monkeypatch.setattr(delivery_ends, "held", unsure)

    await sender.send_due()

    assert len(mailbox.sent) == 1
    assert (await row_of(database, row_id)).state is DeliveryState.DELIVERED


# --- how a reply looks as a customer message ----------------------------------------------------------------

ARTICLES = tuple(Article(f"标题{n}", "说明", "http://p", f"https://u/{n}") for n in (1, 2, 3))


def test_of_several_articles_the_first_goes_and_names_the_others() -> None:
    news = content_of(to_store(News(ARTICLES)))

    assert isinstance(news, wire.News)
    assert (news.title, news.url) == ("标题1", "https://u/1")
    assert news.description == "说明\n另有：《标题2》、《标题3》"


def test_an_article_that_leads_nowhere_goes_as_text() -> None:
    assert content_of(to_store(News((Article("标题", "说明", "", ""),)))) == wire.Text("标题\n说明")


def test_a_text_that_is_too_long_is_shortened_at_a_sentence() -> None:
    shortened = content_of(to_store(Text("先断电。" * 400)))

    assert isinstance(shortened, wire.Text)
    shortened.check()
    assert shortened.content.endswith("。…")


@pytest.mark.parametrize(
    ("reply", "sent"),
    [
        (Image("m"), wire.Image("m")),
        (Voice("m"), wire.Voice("m")),
        (Music("t", "曲", "词", "http://u"), wire.Music("曲", "词", "http://u", "t")),
        (Transfer(), wire.Text("您的消息已收到。")),
        (Nothing(), wire.Text("您的消息已收到。")),
    ],
)
def test_other_replies_keep_their_kind(reply: Any, sent: wire.Content) -> None:
    assert content_of(to_store(reply)) == sent


def test_a_video_has_no_cover_and_is_apologised_for() -> None:
    assert isinstance(content_of(to_store(Video("m"))), wire.Text)


async def test_a_picture_that_died_at_wechat_becomes_a_sentence(
    database: Database, clock: FakeClock, sender: Sender, mailbox: Mailbox, li: Follower
) -> None:
    row_id = await post(database, li, clock, payload=to_store(Image("media-of-last-week")))
    mailbox.answers = [40007]

    await sender.send_due()

    assert "现在发不出来" in mailbox.texts[0]
    assert (await row_of(database, row_id)).state is DeliveryState.DELIVERED
    assert (await facts_of(database, li)).spoke_used == 1
