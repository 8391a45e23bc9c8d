"""Who is behind an openid: kept once however they come, and told with what rules ask for."""

import asyncio
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.services import coordination, followers
from models import AccountKind, Follower, FollowerTag, Person
from tests.conftest import NOON

LI = "oLi000000000000000000000000A"


async def meets(session: AsyncSession, openid: str = LI) -> int:
    account_id = await coordination.account_id(session, "wx0123456789abcdef", AccountKind.OFFICIAL)
    await followers.meet(session, account_id, openid, followed_at=NOON - timedelta(days=400), now=NOON)
    return account_id


async def test_a_follower_is_told_with_tags_and_since_when(session: AsyncSession) -> None:
    account_id = await meets(session)
    row = (await session.scalars(sa.select(Follower))).one()
    session.add(FollowerTag(follower_id=row.id, name="职工", given_at=NOON))
    await session.flush()

    known = await followers.find_by_openid(session, account_id, LI, NOON)

    assert known is not None
    assert known.subscribed
    assert known.facts.tags == {"职工"}
    assert known.since == round((NOON - timedelta(days=400)).timestamp() * 1_000_000)
    assert await followers.find(session, row.id, NOON) == known
    assert await followers.find(session, row.id + 1, NOON) is None
    assert await followers.find_by_openid(session, account_id, "oNobody", NOON) is None


async def test_persons_that_became_one_another_are_the_last_of_them(session: AsyncSession) -> None:
    await meets(session)
    row = (await session.scalars(sa.select(Follower))).one()
    chain = [Person(created_at=NOON) for _ in range(2)]
    session.add_all(chain)
    await session.flush()
    chain[0].merged_into_id = chain[1].id
    (await session.get_one(Person, row.person_id)).merged_into_id = chain[0].id
    await session.flush()

    known = await followers.find(session, row.id, NOON)

    assert known is not None
    assert known.person_id == chain[1].id


async def test_persons_merged_in_a_circle_keep_nobody_waiting(session: AsyncSession) -> None:
    await meets(session)
    row = (await session.scalars(sa.select(Follower))).one()
    (await session.get_one(Person, row.person_id)).merged_into_id = row.person_id
    await session.flush()

    known = await followers.find(session, row.id, NOON)

    assert known is not None
    assert known.person_id == row.person_id


async def test_who_comes_twice_at_the_same_moment_is_one_follower(database: Database) -> None:
    async with database.transaction() as session:
        await coordination.account_id(session, "wx0123456789abcdef", AccountKind.OFFICIAL)

    async def arrives() -> None:
        async with database.transaction() as session:
            await meets(session)
            await asyncio.sleep(0.2)

    await asyncio.gather(arrives(), arrives(), arrives())

    async with database.reading() as session:
        for table in (Follower, Person):
            assert await session.scalar(sa.select(sa.func.count()).select_from(table)) == 1
