"""Who brought an anonymous case cannot be found by somebody who holds the tables and not our keys."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.database import Database
from app.jobs import retention
from app.services import case_work
from app.wechat.incoming import parse
from models import Dialogue, Message
from tests import mailing
from tests.conftest import FakeClock
from tests.mailing import Mailbox, sender_of
from tests.talking import Speaker, Talk, left_behind
from tests.town import our_town

Row = dict[str, Any]
mailbox, client = mailing.mailbox, mailing.client


class Stranger:
    """Somebody who has got hold of every table, as it is stored."""

    def __init__(self, tables: dict[str, tuple[sa.Table, list[Row]]]) -> None:
        self._tables = tables

    @classmethod
    async def looks(cls, database: Database) -> "Stranger":
        def read(connection: sa.Connection) -> dict[str, tuple[sa.Table, list[Row]]]:
            metadata = sa.MetaData()
            metadata.reflect(connection)
            return {
                table.name: (table, [dict(row._mapping) for row in connection.execute(sa.select(table))])
                for table in metadata.sorted_tables
            }

        async with database.reader.connect() as connection:
            return cls(await connection.run_sync(read))

    def rows(self, table: str) -> list[Row]:
        return self._tables[table][1]

    def tells_of(self, who: Speaker) -> Counter[str]:
        """How many rows of each table name this person, by any of the names there are."""
        (follower,) = (row for row in self.rows("follower") if row["openid"] == who.openid)
        ids = {"follower": follower["id"], "person": follower["person_id"]}
        return Counter(
            table.name
            for table, rows in self._tables.values()
            for row in rows
            if any(
                row[column.name] == ids.get(key.column.table.name, "")
                for column in table.columns
                for key in column.foreign_keys
            )
            or any(who.openid in str(value) for value in row.values())
        )

    def places_of(self, moments: set[datetime]) -> set[str]:
        """The columns that hold one of these moments."""
        return {place for place, at in self._times() if at in moments}

    def _times(self) -> Iterator[tuple[str, datetime]]:
        for table, rows in self._tables.values():
            for row in rows:
                for name, value in row.items():
                    if isinstance(value, datetime):
                        yield f"{table.name}.{name}", value.replace(tzinfo=value.tzinfo or UTC)


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def brings_unnamed(li: Speaker) -> set[datetime]:
    """A whole anonymous 留言 with a picture; returns the moments at which its author said something."""
    clock, moments = li.talk.clock, set()

    async def at(step: Any) -> None:
        clock.advance(71)
        moments.add(clock.now())
        await step

    await at(li.clicks("feedback.leave"))  # a tap takes a second more
    moments.add(clock.now())
    await at(li.taps("权益保障"))
    await at(li.says("加班不给钱"))
    await at(li.sends_picture())
    await at(li.says("完成"))
    await at(li.taps("匿名"))
    await at(li.taps("确认"))
    assert "LY-2026-0001" in li.last
    await at(li.says("我的留言"))
    return moments


async def passes(talk: Talk, time: timedelta) -> None:
    talk.clock.advance(time.total_seconds())
    await retention.run(talk.database, talk.clock)


async def test_no_row_that_is_left_names_the_author_of_an_anonymous_case(
    talk: Talk, client: Any, mailbox: Mailbox
) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    for each in (li, wang):
        await each.follows()
        await each.says("插座冒火花怎么办")
    moments = await brings_unnamed(li)
    assert (await Stranger.looks(talk.database)).tells_of(li)["message"] > 2

    talk.clock.advance(3600)
    async with talk.database.transaction() as session:
        await case_work.answer(session, "LY-2026-0001", "已经补发。", "赵敏", talk.clock.now())
    await sender_of(talk.database, client, talk.clock).send_due()
    assert mailbox.sent[0]["touser"] == li.openid  # it found its way all the same
    await passes(talk, timedelta(minutes=10))

    stranger = await Stranger.looks(talk.database)
    assert stranger.tells_of(li) == stranger.tells_of(wang)
    (case,) = stranger.rows("case")
    assert (case["number"], case["anonymous"]) == ("LY-2026-0001", True)
    assert [row["person_id"] for row in stranger.rows("outbox")] == [None]
    assert stranger.places_of(moments) == {"follower.spoke_at"}  # as long as an answer may be sent

    await passes(talk, timedelta(hours=48))

    assert (await Stranger.looks(talk.database)).places_of(moments) == set()


async def test_half_a_message_to_us_leaves_no_name_either(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.follows()
    await li.says("留言")
    await li.taps("权益保障")
    await li.says("加班不给钱")
    await li.says("取消")

    await passes(talk, timedelta(minutes=10))

    assert (await Stranger.looks(talk.database)).tells_of(li) == {"follower": 1, "message": 1}


async def test_words_that_are_handled_after_their_talk_has_ended_are_forgotten_with_it(
    talk: Talk, client: Any
) -> None:
    li = await talk.person("李娜")
    await li.follows()
    await li.says("留言")
    async with talk.database.reading() as session:
        dialogue = (await session.scalars(sa.select(Dialogue))).one()
    late = await left_behind(talk, li, "加班不给钱", dialogue.ref, dialogue.serial)
    await li.says("取消")
    await talk.sweep.run()
    await talk.engine.settle()
    await sender_of(talk.database, client, talk.clock).send_due()

    await passes(talk, timedelta(minutes=10))

    async with talk.database.reading() as session:
        assert (await session.get_one(Message, late)).body is None
    assert (await Stranger.looks(talk.database)).tells_of(li) == {"follower": 1, "message": 1}


async def test_a_case_with_a_name_does_not_lead_to_the_one_without(talk: Talk) -> None:
    """When somebody asked for 人工 stands in the journal, and the same person's digest would lead further."""
    li = await talk.person("李娜")
    await li.says("人工")
    await brings_unnamed(li)

    stranger = await Stranger.looks(talk.database)

    unnamed = {row["id"] for row in stranger.rows("case") if row["anonymous"]}
    digests = {
        row["case_id"] in unnamed: bytes(row["person_digest"]) for row in stranger.rows("case_reporter")
    }
    assert len(digests) == 2
    assert digests[True] != digests[False]
    assert "LY-2026-0001" in await li.says("我的留言")


async def test_a_push_that_comes_again_before_the_names_go_is_still_known(talk: Talk) -> None:
    li = await talk.person("李娜")
    await brings_unnamed(li)
    answer = li.last

    await passes(talk, timedelta(minutes=9, seconds=59))

    await li.pushes(parse(talk.account, li.last_body))
    assert li.last == answer
