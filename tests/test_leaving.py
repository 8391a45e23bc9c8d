"""Who leaves takes along what we knew: interests, places, the id that other accounts share."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
import sqlalchemy as sa

from app.database import Database
from app.dialogue.runs import Run
from app.services import case_work, cases
from models import Dialogue, Follower, FollowerTag, Message
from tests.conftest import FakeClock
from tests.talking import Speaker, Talk
from tests.town import our_town

HERE = "<Location_X>35.5</Location_X><Location_Y>109.2</Location_Y><Scale>16</Scale><Label>电厂路</Label>"
UNSUBSCRIBE = "<Event>unsubscribe</Event><EventKey></EventKey>"


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def known(talk: Talk, name: str) -> Speaker:
    """A follower of whom we know interests, whereabouts and the unionid."""
    who = await talk.person(name)
    await who.follows()
    await who.pushes(who.incoming("location", HERE))
    place = "<Event>LOCATION</Event><Latitude>35.5</Latitude><Longitude>109.2</Longitude>"
    await who.pushes(who.incoming("event", place, event=True))
    async with talk.database.transaction() as session:
        follower = sa.update(Follower).where(Follower.openid == who.openid)
        await session.execute(follower.values(unionid=f"u{who.openid}"))
    await tag(who, "羽毛球", talk.clock.now())
    return who


async def tag(who: Speaker, name: str, at: datetime) -> None:
    async with who.talk.database.transaction() as session:
        found = await session.scalar(sa.select(Follower.id).where(Follower.openid == who.openid))
        session.add(FollowerTag(follower_id=found or 0, name=name, given_at=at))


async def facts(who: Speaker) -> tuple[list[str], str | None, list[str]]:
    """Tags, unionid, and the kinds of the messages whose words are still there."""
    async with who.talk.database.reading() as session:
        follower = (await session.scalars(sa.select(Follower).where(Follower.openid == who.openid))).one()
        tags = sa.select(FollowerTag.name).where(FollowerTag.follower_id == follower.id)
        full = sa.select(Message.kind).where(Message.follower_id == follower.id, Message.body.is_not(None))
        return list(await session.scalars(tags)), follower.unionid, sorted(await session.scalars(full))


async def test_leaving_deletes_interests_places_and_unionid_at_once(talk: Talk) -> None:
    li, wang = await known(talk, "李娜"), await known(talk, "王强")
    before = await facts(wang)
    assert before == (["羽毛球"], f"u{wang.openid}", ["event.location", "event.subscribe", "location"])

    await li.leaves()

    assert await facts(li) == ([], None, ["event.subscribe", "event.unsubscribe"])
    assert await facts(wang) == before


async def test_who_is_back_a_moment_later_starts_anew(talk: Talk) -> None:
    li = await known(talk, "李娜")
    await li.leaves()
    await li.follows()

    assert (await facts(li))[:2] == ([], None)


async def test_a_leaving_told_late_takes_nothing_that_came_after_the_return(talk: Talk) -> None:
    li = await known(talk, "李娜")
    left = Run(li.incoming("event", UNSUBSCRIBE, event=True), talk.account_id, talk.clock.now(), "late")
    talk.clock.advance(30)
    await li.follows()
    await tag(li, "摄影", talk.clock.now())
    await li.pushes(li.incoming("location", HERE))

    await talk.engine.resume(left)

    tags, _, full = await facts(li)
    assert tags == ["摄影"]
    assert full.count("location") == 1
    assert "event.location" not in full


async def test_a_place_that_belongs_to_a_case_stays_with_the_case(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("人工")
    await li.pushes(li.incoming("location", HERE))

    await li.leaves()

    assert "location" not in (await facts(li))[2]
    async with talk.database.reading() as session:
        assert (await session.scalars(sa.select(Dialogue.answers))).all() == [None]
        case = await case_work.get_case(session, "RG-2026-0001")
        thread = await case_work.list_entries(session, case)
    assert "[位置] 电厂路" in [cases.text_of(entry) for entry in thread]
