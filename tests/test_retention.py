"""What is forgotten and when; keys, states and times stay."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import SHANGHAI
from app.database import Database
from app.jobs import retention as job
from app.services import confidential, questions, retention
from app.services.forgetting import Rule
from models import (
    Account,
    AccountKind,
    AlertState,
    CrisisAlert,
    DeliveryState,
    Dialogue,
    DialogueState,
    FileState,
    Follower,
    FollowerTag,
    MediaFetch,
    Message,
    MessageState,
    Outbox,
    Person,
    StoredFile,
)
from models.base import Base
from tests.conftest import NOON, FakeClock

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
MIDNIGHT = datetime(2026, 11, 23, tzinfo=SHANGHAI)
HALF_A_YEAR = timedelta(days=180)


class Make:
    """Rows with what a story leaves out filled in."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._count = 0
        self.account_id = 0

    async def row(self, row: Base) -> int:
        async with self._database.transaction() as session:
            session.add(row)
            await session.flush()
            return row.id

    async def follower(self, **more: Any) -> int:
        self._count += 1
        if not self.account_id:
            self.account_id = await self.row(Account(app_id="wx1", kind=AccountKind.OFFICIAL))
        person_id = await self.row(Person(created_at=NOON))
        return await self.row(
            Follower(account_id=self.account_id, openid=f"o{self._count}", person_id=person_id, **more)
        )

    async def dialogue(self, follower_id: int, ref: str, state: DialogueState, **more: Any) -> int:
        facts: dict[str, Any] = {
            "flow": "feedback.leave",
            "version": 1,
            "args": {"topic": "life"},
            "answers": [["story", "家里的事"]],
            "pending": {"key": "ok"},
            "started_at": NOON,
            "updated_at": NOON,
            "expires_at": NOON + DAY,
        }
        return await self.row(Dialogue(ref=ref, follower_id=follower_id, state=state, **(facts | more)))

    async def message(self, follower_id: int, **more: Any) -> int:
        self._count += 1
        facts: dict[str, Any] = {
            "kind": "text",
            "state": MessageState.ANSWERED,
            "rule": "fallback",
            "request_id": f"r{self._count}",
            "received_at": NOON,
            "answered_at": NOON,
            "body": "<xml>家里的事</xml>",
            "reply": {"type": "text", "content": "收到"},
        }
        facts["key"] = f"k{self._count}"
        return await self.row(Message(account_id=self.account_id, follower_id=follower_id, **(facts | more)))

    async def effect(self, state: DeliveryState = DeliveryState.DELIVERED, **more: Any) -> int:
        self._count += 1
        facts: dict[str, Any] = {
            "kind": "dialogue.late_reply",
            "payload": {"type": "text", "content": "答复"},
            "created_at": NOON,
            "due_at": NOON,
        }
        if state is DeliveryState.DELIVERED:
            facts["settled_at"] = NOON
        return await self.row(Outbox(key=f"e{self._count}", state=state, **(facts | more)))


@pytest.fixture
async def make(database: Database) -> AsyncIterator[Make]:
    yield Make(database)


async def get(database: Database, kind: type[Any], row_id: int) -> Any:
    async with database.reading() as session:
        return await session.get(kind, row_id)


# --- dialogues that ran out of time


@pytest.mark.parametrize("state", [DialogueState.OPEN, DialogueState.SUSPENDED])
async def test_a_dialogue_nobody_went_on_with_becomes_a_draft_for_seven_days(
    database: Database, make: Make, clock: FakeClock, state: DialogueState
) -> None:
    li = await make.follower()
    dialogue = await make.dialogue(li, "a", state)

    clock.advance(DAY.total_seconds() - 1)
    await job.run(database, clock)
    assert (await get(database, Dialogue, dialogue)).state is state

    clock.advance(1)
    await job.run(database, clock)
    draft = await get(database, Dialogue, dialogue)
    assert (draft.state, draft.expires_at) == (DialogueState.DRAFT, NOON + 8 * DAY)
    assert draft.answers == [["story", "家里的事"]]


async def test_one_person_may_have_several_drafts_and_open_something_new(
    database: Database, make: Make, clock: FakeClock
) -> None:
    li = await make.follower()
    await make.dialogue(li, "old", DialogueState.DRAFT, expires_at=NOON + 8 * DAY)
    await make.dialogue(li, "open", DialogueState.OPEN)
    await make.dialogue(li, "suspended", DialogueState.SUSPENDED)
    clock.advance(DAY.total_seconds())

    assert await job.run(database, clock) == 2

    await make.dialogue(li, "new", DialogueState.OPEN)  # the place of the one open dialogue is free
    async with database.reading() as session:
        drafts = sa.select(Dialogue.ref).where(Dialogue.state == DialogueState.DRAFT)
        assert set(await session.scalars(drafts)) == {"old", "open", "suspended"}


async def test_a_draft_is_deleted_with_its_answers_after_seven_days(
    database: Database, make: Make, clock: FakeClock
) -> None:
    li = await make.follower()
    dialogue = await make.dialogue(li, "a", DialogueState.OPEN)
    message = await make.message(li, dialogue_ref="a")
    clock.advance(DAY.total_seconds())
    await job.run(database, clock)

    clock.advance((7 * DAY).total_seconds() - 1)
    await job.run(database, clock)
    assert await get(database, Dialogue, dialogue) is not None

    clock.advance(job.DEEP_EVERY)
    await job.run(database, clock)
    assert await get(database, Dialogue, dialogue) is None
    assert (
        await get(database, Message, message)
    ).body == "<xml>家里的事</xml>"  # an ordinary one has 180 days


async def test_a_draft_that_was_put_aside_by_something_newer_has_its_seven_days_too(
    database: Database, make: Make, clock: FakeClock
) -> None:
    li = await make.follower()
    dialogue = await make.dialogue(li, "a", DialogueState.DRAFT, expires_at=NOON + DAY, updated_at=NOON)

    clock.advance((6 * DAY).total_seconds())
    await job.run(database, clock)
    assert await get(database, Dialogue, dialogue) is not None

    clock.advance(DAY.total_seconds())
    await job.run(database, clock)
    assert await get(database, Dialogue, dialogue) is None


async def test_a_dialogue_gone_on_with_in_the_last_moment_stays_open(
    database: Database, make: Make, clock: FakeClock
) -> None:
    li = await make.follower()
    dialogue = await make.dialogue(li, "a", DialogueState.OPEN)
    clock.advance(DAY.total_seconds())
    async with database.reading() as session:
        found = list(await session.scalars(retention.expire_open.find(clock.now(), 10)))

    async with database.transaction() as session:  # the answer comes between looking and acting
        await session.execute(sa.update(Dialogue).values(expires_at=clock.now() + DAY))
    async with database.transaction() as session:
        assert await retention.expire_open.act(session, found, clock.now()) == 0

    assert (await get(database, Dialogue, dialogue)).state is DialogueState.OPEN


# --- confidential talks


async def talk(make: Make, ended_at: datetime | None = NOON, **more: Any) -> tuple[int, int, int]:
    """A confidential dialogue of one message and a late answer, over at noon."""
    li = await make.follower()
    state = more.pop("state", DialogueState.ENDED)
    dialogue = await make.dialogue(li, "secret", state, confidential=True, ended_at=ended_at)
    message = await make.message(li, dialogue_ref="secret", **more)
    effect = await make.effect(message_id=message)
    return dialogue, message, effect


async def test_ten_minutes_after_a_confidential_talk_its_words_are_gone(
    database: Database, make: Make, clock: FakeClock
) -> None:
    dialogue, message, effect = await talk(make)
    other = await make.message(await make.follower(), dialogue_ref="other")

    clock.advance(600 - 1)
    await job.run(database, clock)
    assert (await get(database, Message, message)).body is not None

    clock.advance(1)
    await job.run(database, clock)
    said = await get(database, Message, message)
    assert (said.body, said.reply, said.rule) == (None, None, "保密对话")
    assert (said.state, said.kind, said.received_at, said.answered_at) == (
        MessageState.ANSWERED,
        "text",
        MIDNIGHT,
        MIDNIGHT,
    )
    assert (said.follower_id, said.dialogue_ref, said.request_id) == (None, None, "")
    assert said.key.startswith("x|")
    assert await get(database, Dialogue, dialogue) is None
    assert await get(database, Outbox, effect) is None
    assert (await get(database, Message, other)).body is not None


async def test_two_talks_of_the_same_words_keep_their_places_in_the_journal(
    database: Database, make: Make, clock: FakeClock
) -> None:
    await talk(make)
    li = await make.follower()
    for n in range(3):
        await make.message(li, dialogue_ref="secret", key=f"m|{n}|o1")
    clock.advance(600)

    await job.run(database, clock)

    async with database.reading() as session:
        keys = (await session.scalars(sa.select(Message.key))).all()
    assert len(set(keys)) == 4
    assert not [key for key in keys if "o1" in key]


async def test_who_was_told_is_forgotten_ten_minutes_later(
    database: Database, make: Make, clock: FakeClock
) -> None:
    await make.follower()
    facts: dict[str, Any] = {"kind": "cases.answered", "person_id": 1, "follower_id": 1}
    told = await make.effect(confidential=True, **facts)
    waiting = await make.effect(DeliveryState.QUEUED, confidential=True, **facts)
    other = await make.effect(**facts)

    clock.advance(600 - 1)
    await job.run(database, clock)
    assert (await get(database, Outbox, told)).person_id == 1

    clock.advance(1)
    await job.run(database, clock)
    row = await get(database, Outbox, told)
    assert (row.person_id, row.follower_id, row.payload) == (None, None, None)
    assert (row.key, row.state) == ("e2", DeliveryState.DELIVERED)
    assert (await get(database, Outbox, waiting)).payload is not None
    assert (await get(database, Outbox, other)).person_id == 1


async def test_an_ordinary_talk_keeps_its_words(database: Database, make: Make, clock: FakeClock) -> None:
    li = await make.follower()
    dialogue = await make.dialogue(li, "plain", DialogueState.ENDED, ended_at=NOON)
    message = await make.message(li, dialogue_ref="plain")
    clock.advance(3600)

    await job.run(database, clock)

    assert (await get(database, Message, message)).body is not None
    assert (await get(database, Dialogue, dialogue)).answers is not None


async def test_an_open_confidential_talk_is_not_disturbed(
    database: Database, make: Make, clock: FakeClock
) -> None:
    dialogue, message, _ = await talk(make, ended_at=None, state=DialogueState.OPEN)
    clock.advance(3600)

    await job.run(database, clock)

    assert (await get(database, Message, message)).body is not None
    assert (await get(database, Dialogue, dialogue)).answers is not None


async def test_an_answer_still_on_its_way_is_sent_first_and_emptied_then(
    database: Database, make: Make, clock: FakeClock
) -> None:
    dialogue, message, effect = await talk(make)
    async with database.transaction() as session:
        await session.execute(sa.update(Outbox).values(state=DeliveryState.QUEUED, settled_at=None))
    clock.advance(600)

    await job.run(database, clock)
    assert (await get(database, Outbox, effect)).payload is not None
    assert (await get(database, Message, message)).body is None  # all else goes in time
    assert (await get(database, Dialogue, dialogue)).answers is None

    async with database.transaction() as session:
        await session.execute(sa.update(Outbox).values(state=DeliveryState.DELIVERED))
    clock.advance(60)
    await job.run(database, clock)
    assert await get(database, Outbox, effect) is None
    assert await get(database, Dialogue, dialogue) is None
    assert (await get(database, Message, message)).follower_id is None


async def test_a_message_still_at_work_keeps_its_words_until_it_is_settled(
    database: Database, make: Make, clock: FakeClock
) -> None:
    dialogue, message, _ = await talk(make)
    async with database.transaction() as session:
        await session.execute(sa.update(Message).values(state=MessageState.RECEIVED))
    clock.advance(600)

    await job.run(database, clock)
    assert (await get(database, Message, message)).body is not None

    async with database.transaction() as session:
        await session.execute(sa.update(Message).values(state=MessageState.DELIVERED))
    clock.advance(60)
    await job.run(database, clock)
    assert (await get(database, Message, message)).body is None
    assert await get(database, Dialogue, dialogue) is None


async def test_who_left_in_the_middle_of_a_confidential_talk_leaves_no_words(
    database: Database, make: Make, clock: FakeClock
) -> None:
    dialogue, message, _ = await talk(make, ended_at=None)  # closed without a time of ending
    clock.advance(job.DEEP_EVERY)

    await job.run(database, clock)

    assert (await get(database, Message, message)).body is None
    assert await get(database, Dialogue, dialogue) is None


async def test_a_confidential_draft_takes_the_words_of_its_messages_along(
    database: Database, make: Make, clock: FakeClock
) -> None:
    dialogue, message, effect = await talk(make, ended_at=None, state=DialogueState.DRAFT)
    clock.advance((7 * DAY).total_seconds())

    await job.run(database, clock)

    said = await get(database, Message, message)
    assert await get(database, Dialogue, dialogue) is None
    assert (said.body, said.reply, said.rule, said.follower_id) == (None, None, "保密对话", None)
    assert await get(database, Outbox, effect) is None


# --- everything after 180 days


async def test_after_180_days_words_go_and_key_and_times_stay(
    database: Database, make: Make, clock: FakeClock
) -> None:
    li = await make.follower()
    dialogue = await make.dialogue(li, "done", DialogueState.ENDED, ended_at=NOON)
    message = await make.message(li, dialogue_ref="done")
    effect = await make.effect(message_id=message)
    younger = await make.message(li, received_at=NOON + DAY)

    clock.advance(HALF_A_YEAR.total_seconds() - 1)
    await job.run(database, clock)
    assert (await get(database, Message, message)).body is not None

    clock.advance(job.DEEP_EVERY)
    await job.run(database, clock)
    said, over = await get(database, Message, message), await get(database, Dialogue, dialogue)
    assert (said.body, said.reply) == (None, None)
    assert (said.rule, said.received_at, said.answered_at) == ("fallback", NOON, NOON)
    assert (over.args, over.answers, over.pending) == (None, None, None)
    assert (await get(database, Outbox, effect)).payload is None
    assert (await get(database, Message, younger)).body is not None


async def test_an_effect_that_is_not_settled_keeps_what_must_be_sent(
    database: Database, make: Make, clock: FakeClock
) -> None:
    effect = await make.effect(DeliveryState.FAILED_RETRY)
    clock.advance((2 * HALF_A_YEAR).total_seconds())

    await job.run(database, clock)

    assert (await get(database, Outbox, effect)).payload is not None


async def test_what_was_said_before_an_alert_is_forgotten_and_the_alert_stays(
    database: Database, make: Make, clock: FakeClock
) -> None:
    await make.follower()
    facts = {"person_id": 1, "channel": "chat", "state": AlertState.TAKEN, "due_at": NOON}
    old = await make.row(CrisisAlert(key="a", excerpt="不想活了", created_at=NOON, **facts))
    young = await make.row(CrisisAlert(key="b", excerpt="不想活了", created_at=NOON + DAY, **facts))
    clock.advance(HALF_A_YEAR.total_seconds())

    await job.run(database, clock)

    alert = await get(database, CrisisAlert, old)
    assert (alert.excerpt, alert.person_id, alert.created_at) == (None, 1, NOON)
    assert (await get(database, CrisisAlert, young)).excerpt == "不想活了"


async def test_a_question_nobody_asked_again_for_half_a_year_is_forgotten(
    database: Database, clock: FakeClock
) -> None:
    unanswered = questions.Unanswered()
    for text, at in (("电费怎么交", NOON), ("食堂几点开", NOON), ("食堂几点开", NOON + DAY)):
        unanswered.note(text, at)
    await unanswered.flush(database.transaction)
    clock.advance(HALF_A_YEAR.total_seconds())

    await job.run(database, clock)

    async with database.reading() as session:
        assert [row.text for row in await questions.list_misses(session)] == ["食堂几点开"]


async def test_a_message_stuck_for_half_a_year_has_failed(
    database: Database, make: Make, clock: FakeClock
) -> None:
    message = await make.message(await make.follower(), state=MessageState.DEFERRED, lease_until=NOON)
    clock.advance(HALF_A_YEAR.total_seconds())

    await job.run(database, clock)

    stuck = await get(database, Message, message)
    assert (stuck.state, stuck.body, stuck.lease_until) == (MessageState.FAILED, None, None)


async def test_a_long_history_is_forgotten_in_small_transactions_and_can_be_resumed(
    database: Database, make: Make, clock: FakeClock
) -> None:
    li = await make.follower()
    for _ in range(25):
        await make.message(li)
    for _ in range(5):
        await make.message(li, received_at=NOON + DAY)
    clock.advance(HALF_A_YEAR.total_seconds())
    sizes: list[int] = []

    async def counted(session: Any, ids: Any, now: datetime) -> int:
        sizes.append(len(ids))
        if len(sizes) == 2:
            raise ConnectionError("the database goes away")
        return await retention.empty_messages.act(session, ids, now)

    rule = Rule(
        "counted", Message.id, retention.empty_messages.where, counted, last=retention.empty_messages.last
    )
    with pytest.raises(ConnectionError):
        await job.apply(database, rule, clock.now(), batch=10)
    assert await job.apply(database, rule, clock.now(), batch=10) == 15

    assert sizes == [10, 10, 10, 5]
    async with database.reading() as session:
        full = sa.select(sa.func.count()).where(Message.body.is_not(None))
        assert await session.scalar(full) == 5


async def test_the_search_for_old_messages_does_not_read_to_the_newest(
    database: Database, make: Make, clock: FakeClock
) -> None:
    li = await make.follower()
    old = [await make.message(li, received_at=NOON - HALF_A_YEAR) for _ in range(7)]
    for _ in range(20):
        await make.message(li)

    assert retention.empty_messages.last is not None
    async with database.reading() as session:
        assert await retention.empty_messages.last(session, clock.now()) == old[-1]
        assert await retention.empty_messages.last(session, clock.now() - DAY) == 0
        everything = await retention.empty_messages.last(session, clock.now() + HALF_A_YEAR)
    assert everything == old[-1] + 20


# --- what belongs to nobody


async def test_of_whom_wechat_says_they_are_gone_nothing_is_kept_about_them(
    database: Database, make: Make, clock: FakeClock
) -> None:
    """No event told of it; one that does, deletes at once: `test_leaving`."""
    gone, here = await make.follower(subscribed=False, unionid="u1"), await make.follower(unionid="u2")
    places = [await make.message(each, kind="event.location") for each in (gone, here)]
    for follower_id in (gone, here):
        await make.row(FollowerTag(follower_id=follower_id, name="职工", given_at=NOON))

    await job.run(database, clock)

    async with database.reading() as session:
        assert list(await session.scalars(sa.select(FollowerTag.follower_id))) == [here]
    assert [(await get(database, Message, place)).body is None for place in places] == [True, False]
    assert [(await get(database, Follower, each)).unionid for each in (gone, here)] == [None, "u2"]


async def test_when_somebody_spoke_is_forgotten_once_no_window_hangs_on_it(
    database: Database, make: Make, clock: FakeClock
) -> None:
    li = await make.follower(spoke_at=NOON, acted_at=NOON + DAY)
    wang = await make.follower(spoke_at=NOON + DAY)

    clock.advance((2 * DAY).total_seconds() - 1)
    await job.run(database, clock)
    row = await get(database, Follower, li)
    assert (row.spoke_at, row.acted_at) == (NOON, None)  # a tap opens its window for a minute

    clock.advance(job.DEEP_EVERY)
    await job.run(database, clock)
    assert (await get(database, Follower, li)).spoke_at is None
    assert (await get(database, Follower, wang)).spoke_at == NOON + DAY


async def test_fetched_media_are_remembered_as_long_as_they_could_be_asked_for_again(
    database: Database, make: Make, clock: FakeClock
) -> None:
    await make.follower()
    files = [
        await make.row(StoredFile(kind="image", state=FileState.READY, created_at=NOON)) for _ in range(2)
    ]
    facts = {"account_id": make.account_id, "due_at": NOON}
    done = await make.row(MediaFetch(media_id="done", done=True, file_id=files[0], **facts))
    waiting = await make.row(MediaFetch(media_id="waiting", file_id=files[1], **facts))

    clock.advance((3 * DAY).total_seconds())
    await job.run(database, clock)
    assert await get(database, MediaFetch, done) is not None

    clock.advance(DAY.total_seconds())
    await job.run(database, clock)
    assert await get(database, MediaFetch, done) is None
    assert await get(database, MediaFetch, waiting) is not None
    assert await get(database, StoredFile, files[0]) is not None


async def test_the_whole_history_is_read_once_an_hour_by_one_process(
    database: Database, make: Make, clock: FakeClock
) -> None:
    await job.run(database, clock)
    await make.message(await make.follower(), received_at=NOON - HALF_A_YEAR)

    clock.advance(60)
    assert await job.run(database, clock) == 0
    clock.advance(job.DEEP_EVERY)
    assert await job.run(database, clock) == 1


async def test_rules_that_run_every_minute_read_small_indexes(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    rules = {
        retention.expire_open: "uq_dialogue_open",
        retention.expire_suspended: "uq_dialogue_suspended",
        confidential.forget_told: "ix_outbox_confidential",
    }
    try:
        for rule, index in rules.items():
            query = rule.find(NOON, 10).compile(dialect=database.reader.dialect)
            async with database.reader.connect() as connection:
                plan = await connection.exec_driver_sql(
                    f"EXPLAIN QUERY PLAN {query}", (NOON.isoformat(), 10, 0)
                )
                assert index in str(plan.all())
    finally:
        await database.close()
