"""注销: whatever led to a person is gone or parted from him, nothing of others is touched, the next word is
somebody new's."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.errors import DomainError
from app.services import closing, closing_rules, privacy_requests, sign_ups
from models import (
    OVER,
    Case,
    CaseReporter,
    Follower,
    Member,
    Message,
    Person,
    PrivacyRequest,
    SignUp,
    SignUpState,
)
from models.base import Base
from tests.conftest import FakeClock
from tests.people_columns import DIGESTS, leads_to
from tests.talking import Talk
from tests.town import our_town
from tests.whole_life import binds, does_everything, person_of, signs_up


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def closes(talk: Talk, person_id: int, channel: str = "portal") -> PrivacyRequest:
    async with talk.database.transaction() as session:
        return await closing.close(session, person_id, channel=channel, now=talk.clock.now())


def test_every_column_that_leads_to_a_person_says_what_closing_does_with_it() -> None:
    assert leads_to("person", "follower") | DIGESTS == set(closing_rules.RULES)


async def test_nothing_is_left_that_leads_to_the_person(talk: Talk) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await does_everything(li)
    await wang.says("你好")
    person_id = await person_of(talk, li.openid)

    receipt = await closes(talk, person_id)

    async with talk.database.reading() as session:
        assert li.openid not in await everything_written(session, but="follower")
        assert await session.scalar(sa.select(sa.func.count()).select_from(CaseReporter)) == 0
        assert {case.state in OVER for case in await session.scalars(sa.select(Case))} == {True}
        assert (await session.scalars(sa.select(Member.person_id))).one() is None
        (entry,) = (await session.scalars(sa.select(SignUp))).all()
        assert (entry.state, entry.answers) == (SignUpState.CANCELLED, {})
        own = sa.select(Message).join(Follower, Follower.id == Message.follower_id)
        left = (await session.scalars(own.where(Follower.openid != wang.openid))).all()
        assert left == []
        theirs = (await session.scalars(own.where(Follower.openid == wang.openid))).all()
        assert [message.body is not None for message in theirs] == [True]
        lines = privacy_requests.lines_of(await session.get_one(PrivacyRequest, receipt.id))
    told = {line.what: line.done for line in lines}
    assert told["会员绑定"].startswith("已解除")
    assert "2 件" in told["留言、人工服务和咨询"]
    assert receipt.number == "QX-2026-0001"


async def everything_written(session: AsyncSession, *, but: str) -> str:
    """All columns of all tables as text, sealed ones as they lie; `but` one table."""
    found = []
    for table in Base.metadata.sorted_tables:
        if table.name != but:
            rows = await session.execute(sa.text(f'SELECT * FROM "{table.name}"'))
            found += [str(row) for row in rows]
    return "\n".join(found)


async def test_who_writes_again_is_somebody_new(talk: Talk) -> None:
    li = await talk.person("李娜")
    await does_everything(li)
    before = await person_of(talk, li.openid)
    await closes(talk, before)

    assert "您还没有绑定工号" in await li.says("会员信息")
    assert "还没有留言" in await li.says("我的留言")
    assert await person_of(talk, li.openid) != before
    assert "绑定成功" in await binds(li)


async def test_a_seat_given_back_goes_to_the_next(talk: Talk) -> None:
    people = [await talk.person(name) for name in ("李娜", "王强", "张伟")]
    for each in people:
        await signs_up(each)
    async with talk.database.reading() as session:
        waiting = sa.select(SignUp).where(SignUp.state == SignUpState.WAITLISTED)
        (third,) = (await session.scalars(waiting)).all()

    await closes(talk, await person_of(talk, people[0].openid))

    async with talk.database.reading() as session:
        assert (await session.get_one(SignUp, third.id)).state is SignUpState.OFFERED


async def test_closing_twice_at_once_is_done_once(talk: Talk) -> None:
    li = await talk.person("李娜")
    await does_everything(li)
    person_id = await person_of(talk, li.openid)

    done = await asyncio.gather(closes(talk, person_id), closes(talk, person_id), return_exceptions=True)

    assert sorted(type(each).__name__ for each in done) == ["DomainError", "PrivacyRequest"]
    with pytest.raises(DomainError, match="已经注销"):
        await closes(talk, person_id)


async def test_a_crash_in_the_middle_leaves_everything_as_it_was(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    li = await talk.person("李娜")
    await does_everything(li)
    person_id = await person_of(talk, li.openid)

    async def breaks(*args: object) -> None:
        raise RuntimeError("the power went off")

    rules = {**closing_rules.RULES, "follower.person_id": breaks}
    with monkeypatch.context() as broken:
        broken.setattr(closing, "RULES", rules)
        with pytest.raises(RuntimeError):
            await closes(talk, person_id)

    await li.says("取消")
    assert "工号 10001" in await li.says("会员信息")
    assert (await closes(talk, person_id)).number == "QX-2026-0001"


async def test_who_gave_up_wechat_is_not_met_again(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.follows()
    await closes(talk, await person_of(talk, li.openid), "wechat")

    async with talk.database.reading() as session:
        assert await session.scalar(sa.select(Follower.id).where(Follower.openid == li.openid)) is None
        (person,) = (await session.scalars(sa.select(Person))).all()
        assert person.closed_at is not None


async def test_an_open_sign_up_of_a_withdrawn_activity_does_not_stop_it(talk: Talk) -> None:
    li = await talk.person("李娜")
    await does_everything(li)
    async with talk.database.transaction() as session:
        activity_id = (await session.scalars(sa.select(SignUp.activity_id))).one()
        activity = await sign_ups.lock(session, activity_id)
        activity.starts_at = talk.clock.now()

    assert await closes(talk, await person_of(talk, li.openid))
