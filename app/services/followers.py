"""Who is behind an openid, for edges that learn it otherwise than from a message."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.services import customer_accounts, members
from app.services.audiences import Facts
from models import Follower, FollowerTag, Person

MERGES = 10  # persons in a row that became one another


@dataclass(frozen=True, slots=True)
class Known:
    """A follower as rules see one. `since` tells one time of following from the next."""

    follower_id: int
    person_id: int  # the one that stayed, where several were merged
    subscribed: bool
    since: int  # microseconds; 0 where nobody saw it begin
    facts: Facts


async def find(session: AsyncSession, follower_id: int, now: datetime) -> Known | None:
    follower = await session.get(Follower, follower_id)
    return None if follower is None else await _known(session, follower, now)


async def find_by_openid(session: AsyncSession, account_id: int, openid: str, now: datetime) -> Known | None:
    follower = await session.scalar(_of(account_id, openid))
    return None if follower is None else await _known(session, follower, now)


async def public_id_of(session: AsyncSession, person_id: int) -> str:
    """The random name under which the world outside knows this person."""
    return str(await session.scalar(sa.select(Person.public_id).where(Person.id == person_id)))


async def meet(
    session: AsyncSession, account_id: int, openid: str, *, followed_at: datetime, now: datetime
) -> None:
    """Keep somebody who follows and of whom no message told yet. Twice is no error."""
    if await session.scalar(_of(account_id, openid)) is not None:
        return
    try:
        async with session.begin_nested():
            person = Person(created_at=now)
            session.add(person)
            await session.flush()
            session.add(
                Follower(account_id=account_id, openid=openid, person_id=person.id, subscribed_at=followed_at)
            )
            await session.flush()
    except IntegrityError:
        pass  # a message of theirs came at the same moment


async def facts_of(session: AsyncSession, person_id: int, now: datetime) -> Facts | None:
    """What rules know of a person who is not here himself; None: he follows nowhere, nothing reaches him."""
    theirs = sa.select(Follower.id).where(Follower.person_id == person_id, Follower.subscribed)
    follows = (await session.scalars(theirs)).all()
    if not follows:
        return None
    tags = await session.scalars(sa.select(FollowerTag.name).where(FollowerTag.follower_id.in_(follows)))
    membership = await members.find_membership(session, person_id, civil_date(now))
    return Facts(frozenset(tags), membership, await customer_accounts.areas_of(session, person_id))


def _of(account_id: int, openid: str) -> sa.Select[Follower]:
    return sa.select(Follower).where(Follower.account_id == account_id, Follower.openid == openid)


async def _known(session: AsyncSession, follower: Follower, now: datetime) -> Known:
    tags = await session.scalars(sa.select(FollowerTag.name).where(FollowerTag.follower_id == follower.id))
    since = 0 if follower.subscribed_at is None else round(follower.subscribed_at.timestamp() * 1_000_000)
    person_id = await who_stayed(session, follower.person_id)
    membership = await members.find_membership(session, person_id, civil_date(now))
    facts = Facts(frozenset(tags), membership, await customer_accounts.areas_of(session, person_id))
    return Known(follower.id, person_id, follower.subscribed, since, facts)


async def who_stayed(session: AsyncSession, person_id: int) -> int:
    """The person that this one became; itself where it was never merged."""
    for _ in range(MERGES):
        into = await session.scalar(sa.select(Person.merged_into_id).where(Person.id == person_id))
        if into is None:
            break
        person_id = into
    return person_id
