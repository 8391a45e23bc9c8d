"""Groups of messages: two processes writing the same people's at once, one bad message among good ones."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import pytest
import sqlalchemy as sa

from app.database import Database
from app.dialogue import sqlite_statements
from app.dialogue.groups import Groups, GroupStore
from app.dialogue.journal import Contact, Entry, Question, Snapshot, Speaker, Written
from app.services import coordination
from models import AccountKind, Follower, Message, MessageState
from models.sealing import keyring
from models.types import seal_json
from tests.conftest import FakeClock
from tests.talking import open_store

TEXT = "您好"


class Desk:
    """Makes journal entries as a handled message leaves them."""

    def __init__(self, account_id: int, clock: FakeClock) -> None:
        self.account_id, self.clock = account_id, clock

    def question(self, openid: str, key: str) -> Question:
        return Question(self.account_id, key, openid, is_person=True, at=self.clock.now())

    def entry(self, key: str, speaker: Speaker | None) -> Entry:
        now = self.clock.now()
        return Entry(
            account_id=self.account_id,
            key=key,
            kind="text",
            state=MessageState.ANSWERED,
            request_id=key[-32:],
            received_at=now,
            answered_at=now,
            body=keyring().seal(b"<xml/>", "message.body"),
            reply=seal_json({"type": "text", "content": TEXT}, "message.reply"),
            speaker=speaker,
            contact=Contact.SPOKE if speaker else Contact.NONE,
        )


@pytest.fixture
async def desk(database: Database, clock: FakeClock) -> Desk:
    async with database.transaction() as session:
        return Desk(await coordination.account_id(session, "wx1", AccountKind.OFFICIAL), clock)


@asynccontextmanager
async def stores(database: Database, number: int) -> AsyncIterator[list[GroupStore]]:
    """As many processes' stores on one database."""
    opened = [Database(database.url.render_as_string(hide_password=False)) for _ in range(number)]
    made = [open_store(each) for each in opened]
    try:
        yield made
    finally:
        for store, each in zip(made, opened, strict=True):
            await store.close()
            await each.close()


async def keys_kept(database: Database) -> set[str]:
    async with database.reading() as session:
        return set(await session.scalars(sa.select(Message.key)))


# --- two writers


async def test_two_processes_write_the_same_people_at_once_and_lose_nothing(
    database: Database, desk: Desk
) -> None:
    people = [f"oFault{n:022d}" for n in range(12)]
    dice = random.Random(8)
    rounds = 25

    async def process(name: str, store: GroupStore) -> None:
        for turn in range(rounds):
            left = {f"m|{name}{turn}|{openid}": openid for openid in people}
            while left:  # each takes the people in an order of his own, until all is written
                order = list(left.items())
                dice.shuffle(order)
                seen = await store.read([desk.question(openid, key) for key, openid in order])
                entries = [
                    desk.entry(key, found.speaker) for (key, _), found in zip(order, seen, strict=True)
                ]
                for entry in entries:
                    entry.contact = Contact.ACTED  # each moves the follower on
                for entry, written in zip(entries, await store.write(entries), strict=True):
                    assert written in (Written.OK, Written.STALE), written
                    if written is Written.OK:
                        del left[entry.key]

    async with stores(database, 2) as (first, second), asyncio.timeout(30):
        await asyncio.gather(process("a", first), process("b", second))

    assert len(await keys_kept(database)) == 2 * rounds * len(people)
    async with database.reading() as session:
        versions = (await session.scalars(sa.select(Follower.version))).all()
    assert versions == [2 * rounds] * len(people)  # every message moved its follower on, once


async def test_strangers_met_by_two_processes_at_once_are_one_person_each(
    database: Database, desk: Desk
) -> None:
    people = [f"oFault{n:022d}" for n in range(30)]

    async def meets(store: GroupStore, order: Sequence[str]) -> list[Snapshot]:
        return await store.read([desk.question(openid, f"m|1|{openid}") for openid in order])

    async with stores(database, 2) as (first, second):
        await asyncio.gather(meets(first, people), meets(second, people[::-1]))

    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Follower.id))) == 30


# --- one bad message


async def met(store: GroupStore, desk: Desk, number: int) -> list[Speaker]:
    openids = [f"oFault{n:022d}" for n in range(number)]
    seen = await store.read([desk.question(openid, f"m|0|{openid}") for openid in openids])
    return [snapshot.speaker for snapshot in seen if snapshot.speaker is not None]


async def test_a_poisoned_message_fails_alone(database: Database, desk: Desk) -> None:
    async with stores(database, 1) as (store,):
        speakers = await met(store, desk, 6)
        groups = Groups(store)
        entries = [desk.entry(f"m|{n}|x", speaker) for n, speaker in enumerate(speakers)]
        entries[3].account_id = 4711  # no such account: the database refuses the row

        ends = await asyncio.gather(*(groups.write(each) for each in entries), return_exceptions=True)

    assert [end is Written.OK for end in ends] == [True, True, True, False, True, True]
    assert isinstance(ends[3], Exception)
    assert await keys_kept(database) == {entry.key for entry in entries} - {entries[3].key}


async def test_a_message_too_long_for_its_column_fails_alone(database: Database, desk: Desk) -> None:
    async with stores(database, 1) as (store,):
        speakers = await met(store, desk, 3)
        entries = [desk.entry(f"m|{n}|x", speaker) for n, speaker in enumerate(speakers)]
        entries[0].rule = "长" * 500

        first, *others = await store.write(entries)

    assert others == [Written.OK, Written.OK]
    if database.is_sqlite:  # it keeps texts of any length
        assert first is Written.OK
    else:
        assert isinstance(first, Exception)


async def test_a_follower_who_is_gone_makes_only_his_message_stale(database: Database, desk: Desk) -> None:
    async with stores(database, 1) as (store,):
        speakers = await met(store, desk, 3)
        speakers[1] = speakers[1]._replace(follower_id=4711)
        entries = [desk.entry(f"m|{n}|x", speaker) for n, speaker in enumerate(speakers)]

        assert await store.write(entries) == [Written.OK, Written.STALE, Written.OK]


async def test_a_person_nobody_can_write_down_disturbs_no_others(database: Database, desk: Desk) -> None:
    """What a mini-program's JSON can hold and a database's text cannot."""
    async with stores(database, 1) as (store,):
        groups = Groups(store)
        good = [desk.question(f"oFault{n:022d}", f"m|{n}|x") for n in range(4)]
        bad = desk.question("oFault" + "9" * 22, "e|1|o|click|\ud800")

        ends = await asyncio.gather(
            *(groups.read(each) for each in (*good[:2], bad, *good[2:])), return_exceptions=True
        )

    assert isinstance(ends[2], Exception)
    assert all(isinstance(end, Snapshot) and end.speaker for n, end in enumerate(ends) if n != 2), ends


async def test_ids_that_count_from_the_start_again_are_no_silent_loss(
    postgres_url: str, clock: FakeClock
) -> None:
    """After a restore by hand: whoever cannot be met must not be taken for nobody and get no answer."""
    database = Database(postgres_url)
    async with database.transaction() as session:
        account_id = await coordination.account_id(session, "wx1", AccountKind.OFFICIAL)
    desk = Desk(account_id, clock)
    async with stores(database, 1) as (store,):
        await met(store, desk, 1)
        async with database.transaction() as session:
            await session.execute(sa.text("SELECT setval(pg_get_serial_sequence('person', 'id'), 1, false)"))

        with pytest.raises(asyncpg.UniqueViolationError):
            await store.read([desk.question("oFault" + "8" * 22, "m|8|x")])
    await database.close()


async def test_the_deadline_and_the_answer_in_one_group_are_not_both_kept(
    database: Database, desk: Desk
) -> None:
    async with stores(database, 1) as (store,):
        (speaker,) = await met(store, desk, 1)
        answer, deferral = desk.entry("m|7|x", speaker), desk.entry("m|7|x", None)
        deferral.state, deferral.reply, deferral.answered_at = MessageState.DEFERRED, None, None

        ends = await store.write([answer, deferral])

    assert sorted(str(end) for end in ends) == ["Written.DUPLICATE", "Written.OK"]
    async with database.reading() as session:
        kept = (await session.scalars(sa.select(Message))).one()
    assert (kept.state is MessageState.ANSWERED) == (ends[0] is Written.OK)


async def test_groups_find_their_rows_by_index_though_their_plans_were_made_on_empty_tables(
    database: Database, desk: Desk
) -> None:
    """PostgreSQL keeps a plan; one that reads whole tables would get slower with each message."""
    if database.is_sqlite:
        async with database.reading() as session:
            plan = await session.execute(
                sa.text(
                    "EXPLAIN QUERY PLAN " + sqlite_statements.READ.format(rows="(0, 1, 'm', 'o', '2026')")
                )
            )
            steps = [row[3] for row in plan]
        assert [
            step for step in steps if step.startswith("SCAN") and step[-2:] in (" m", " f", " d", " o")
        ] == []
        return
    async with database.transaction() as session:
        await session.execute(sa.text("SELECT pg_stat_reset()"))
    async with stores(database, 1) as (store,):
        for turn in range(12):
            speakers = await met(store, desk, 3 * (turn + 1))
            await store.write([desk.entry(f"m|{turn}|{n}", who) for n, who in enumerate(speakers)])
    async with database.reading() as session:  # a connection tells what it did when it is closed
        found = await session.execute(
            sa.text(
                "SELECT relname FROM pg_stat_user_tables WHERE seq_scan > 0"
                " AND relname IN ('message', 'follower', 'dialogue', 'outbox')"
            )
        )
        assert found.scalars().all() == []
