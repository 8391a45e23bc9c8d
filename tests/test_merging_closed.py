"""Two persons turn out to be one when one of them has closed the account: nothing of his comes back, nothing
of the other is lost. Closing takes the unionid along, so that only who is met anew can be joined."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.database import Database
from app.services import (
    cases,
    closing,
    customer_accounts,
    exports,
    followers,
    interests,
    members,
    merging,
    packing,
    people_lists,
    sign_ups,
)
from app.services.interests import Noticed
from app.wechat.incoming import words_in
from models import CaseKind, Follower, Interest, MergeState, Person, PersonMerge, SignUpState
from tests import making
from tests.conftest import NOON, FakeClock
from tests.talking import Talk
from tests.test_merging import applicant, entry_of, two
from tests.town import our_town
from tests.whole_life import does_everything, person_of, signs_up

WORDS = [{"type": "text", "text": "更衣室的灯坏了"}]


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def all_of(talk: Talk, person_id: int) -> str:
    async with talk.database.reading() as session:
        return packing.as_json(await exports.gather(session, person_id, words_in))


async def learns(talk: Talk, openid: str) -> None:
    """WeChat tells the unionid of whoever has this openid now."""
    async with talk.database.reading() as session:
        row = (await session.scalars(sa.select(Follower.id).where(Follower.openid == openid))).one()
    await merging.learn_unionid(talk.database, row, "u1", talk.clock.now())


async def test_who_is_met_anew_is_joined_without_what_was_closed(talk: Talk) -> None:
    li, again = await talk.person("李娜"), await talk.person("李娜在另一处")
    await does_everything(li)
    assert "报名" in await signs_up(again)
    await again.says("路灯不亮了")
    before, now = await person_of(talk, li.openid), talk.clock.now()
    await learns(talk, li.openid)
    async with talk.database.transaction() as session:
        await closing.close(session, before, channel="portal", now=now)

    for openid in (again.openid, li.openid):
        await learns(talk, openid)

    stays = await person_of(talk, again.openid)
    assert await person_of(talk, li.openid) == stays != before
    kept = await all_of(talk, stays)
    assert "路灯不亮了" in kept and kept.count('"activity": "羽毛球赛"') == 1
    for gone in ("食堂的菜太咸了", "我们供电公司", "13812345678", "插座冒火花", "LY-2026", "FL-2026"):
        assert gone not in kept
    async with talk.database.reading() as session:
        closed = await session.get_one(Person, before)
        assert (closed.merged_into_id, closed.closed_at is not None) == (None, True)
    assert "您还没有绑定工号" in await li.says("会员信息")


async def has_much(session: AsyncSession, row: Follower, number: str) -> None:
    """A member with a seat, a case, an account and an interest."""
    await making.member(session, staff_number=number, person_id=row.person_id)
    badminton = await making.activity(session, f"健步走 {number}")
    await sign_ups.sign_up(session, badminton.id, applicant(row), answers={"size": "M"}, now=NOON)
    await cases.open_case(session, CaseKind.FEEDBACK, row.person_id, row.id, blocks=WORDS, now=NOON)
    await customer_accounts.bind(session, row.person_id, f"61012{number}", channel="chat", now=NOON)


async def has_it_all(session: AsyncSession, person_id: int) -> list[int]:
    """How much of each is found."""
    own = await members.find_membership(session, person_id, civil_date(NOON))
    entries = await sign_ups.list_own(session, person_id, NOON, 10)
    return [
        int(own is not None),
        sum(each.state is SignUpState.CONFIRMED and bool(each.answers) for each in entries),
        len(await cases.list_mine(session, person_id, 10)),
        len(await customer_accounts.list_own(session, person_id)),
        len(await interests.list_own(session, person_id)),
    ]


@pytest.mark.parametrize("closes", ["older", "younger"])
async def test_closing_does_not_swallow_who_was_kept_apart(database: Database, closes: str) -> None:
    """Two members of one unionid wait for staff; one of them closes, and is unbound by that."""
    async with database.transaction() as session:
        older, younger = await two(session)
        await has_much(session, older, "10001")
        await has_much(session, younger, "10002")
        await session.execute(sa.update(Follower).values(unionid="u1"))
    noticed = Noticed()
    for row in (older, younger):
        noticed.note(row.person_id, interests.ACTIVITIES, NOON)
    await noticed.flush(database.transaction)
    async with database.transaction() as session:
        assert await merging.merge(session, older.person_id, younger.person_id, NOON) is MergeState.REFUSED
        assert len(await people_lists.list_doubts(session)) == await people_lists.count_doubts(session) == 1
    goes, other = (older, younger) if closes == "older" else (younger, older)

    async with database.transaction() as session:
        await closing.close(session, goes.person_id, channel="portal", now=NOON)

    async with database.reading() as session:
        assert await has_it_all(session, other.person_id) == [1, 1, 1, 1, 1]
        assert await has_it_all(session, goes.person_id) == [0, 0, 0, 0, 0]
        theirs = await session.get_one(Follower, other.id)
        assert (theirs.person_id, theirs.unionid) == (other.person_id, "u1")
        assert await followers.who_stayed(session, other.person_id) == other.person_id
        assert (await session.get_one(Person, other.person_id)).closed_at is None
        assert await people_lists.list_doubts(session) == []  # nobody is left to be judged
        assert await people_lists.count_doubts(session) == 0


@pytest.mark.parametrize("closes", ["older", "younger"])
async def test_a_closed_row_is_never_joined(session: AsyncSession, closes: str) -> None:
    older, younger = await two(session)
    badminton = (await making.activity(session)).id
    for row in (older, younger):
        await sign_ups.sign_up(session, badminton, applicant(row), now=NOON)
    goes, other = (older, younger) if closes == "older" else (younger, older)
    gone, lives = goes.person_id, other.person_id
    await closing.close(session, gone, channel="wechat", now=NOON)

    for pair in ((gone, lives), (lives, gone)):
        assert await merging.merge(session, *pair, NOON) is None

    assert (await entry_of(session, badminton, lives)).state is SignUpState.CONFIRMED
    assert (await entry_of(session, badminton, gone)).state is SignUpState.CANCELLED
    assert await followers.who_stayed(session, lives) == lives
    assert await session.scalar(sa.select(sa.func.count(PersonMerge.id))) == 0


async def test_who_became_another_meanwhile_is_closed_as_that_one(session: AsyncSession) -> None:
    """The page was opened before the two were joined, and still names the younger."""
    older, younger = await two(session)
    stays, gone = older.person_id, younger.person_id
    await has_much(session, older, "10001")
    await merging.merge(session, stays, gone, NOON)

    await closing.close(session, gone, channel="api", now=NOON)

    assert await has_it_all(session, stays) == [0, 0, 0, 0, 0]
    assert (await session.get_one(Person, stays)).closed_at is not None
    left = sa.select(Follower.id).where(Follower.person_id == stays, Follower.openid.not_like("gone:%"))
    assert await session.scalar(left) is None


async def test_closing_and_joining_at_once_end_in_one_of_two_ways(database: Database) -> None:
    """Joined first: both are closed. Closed first: the other is left alone. Never a half of either."""
    async with database.transaction() as session:
        older, younger = await two(session)
        await has_much(session, older, "10001")
        await session.execute(sa.update(Follower).values(unionid="u1"))
    stays, goes = older.person_id, younger.person_id

    async def closes() -> None:
        async with database.transaction() as session:
            await closing.close(session, goes, channel="wechat", now=NOON)

    await asyncio.gather(closes(), merging.learn_unionid(database, older.id, "u1", NOON))

    async with database.reading() as session:
        has = await has_it_all(session, stays)
        closed = set(await session.scalars(sa.select(Person.id).where(Person.closed_at.is_not(None))))
        interested = await session.scalar(sa.select(sa.func.count(Interest.id)))
    assert (has, closed) in (([1, 1, 1, 1, 0], {goes}), ([0, 0, 0, 0, 0], {stays}))
    assert interested == 0
