"""Audiences in SQL: whom `app.services.audiences` means among all who follow; how many they are, and who.

People are counted, not openids: who follows two accounts is one.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.services.audiences import Audience
from models import (
    HOLDING,
    LINEAGE,
    AccountBinding,
    Activity,
    Branch,
    Follower,
    FollowerTag,
    Member,
    Role,
    SignUp,
    Staff,
    StaffGrant,
    StaffState,
)

PAGE = 2000


async def count(session: AsyncSession, audience: Audience | None, today: date) -> int:
    """How many people are meant who follow now; None means everybody."""
    people = sa.select(sa.func.count(Follower.person_id.distinct())).where(*_followed(audience, today))
    return int(await session.scalar(people) or 0)


async def stream(
    database: Database, audience: Audience | None, today: date, page: int = PAGE
) -> AsyncIterator[Sequence[int]]:
    """The ids of the people meant, in order, page by page; each page is a read of its own.

    Who comes to be meant meanwhile may be among them, or not; nobody is twice.
    """
    last = 0
    while True:
        people = sa.select(Follower.person_id).where(*_followed(audience, today), Follower.person_id > last)
        async with database.reading() as session:
            chosen = people.distinct().order_by(Follower.person_id).limit(page)
            found = (await session.scalars(chosen)).all()
        if not found:
            return
        yield found
        last = found[-1]


def _followed(audience: Audience | None, today: date) -> list[sa.ColumnElement[bool]]:
    asked: list[sa.ColumnElement[bool]] = [Follower.subscribed.is_(True)]
    return asked if audience is None else [*asked, is_meant(audience, today)]


def is_meant(audience: Audience, today: date) -> sa.ColumnElement[bool]:
    """Whether a row of `Follower` is meant; `today` (in China) decides who is a member."""
    asked: list[sa.ColumnElement[bool]] = []
    if audience.tag:
        carries = FollowerTag.name.in_(audience.tag)
        asked.append(sa.exists().where(FollowerTag.follower_id == Follower.id, carries))
    if audience.area:
        lies_there = AccountBinding.area.in_(audience.area)
        asked.append(sa.exists().where(AccountBinding.person_id == Follower.person_id, lies_there))
    if audience.activity:
        asked.append(_has_a_seat(audience.activity))
    if audience.staff:
        asked.append(_works_as(audience.staff))
    if audience.of_members:
        asked.append(_is_such_a_member(audience, today))
    asked += [is_meant(part, today) for part in audience.all]
    if audience.any:
        asked.append(sa.or_(*[is_meant(part, today) for part in audience.any]))
    if audience.but:
        asked.append(sa.not_(is_meant(audience.but, today)))
    return sa.and_(*asked)


def _has_a_seat(activities: Sequence[str]) -> sa.ColumnElement[bool]:
    """Who holds a seat in one of these, named by title or public id."""
    named = sa.select(Activity.id).where(
        sa.or_(Activity.title.in_(activities), Activity.public_id.in_(activities))
    )
    theirs = (SignUp.person_id == Follower.person_id, SignUp.state.in_(HOLDING))
    return sa.exists().where(*theirs, SignUp.activity_id.in_(named))


def _works_as(roles: Sequence[Role]) -> sa.ColumnElement[bool]:
    """Who has one of these roles, for whatever branch, and said which WeChat is theirs."""
    works = (Staff.person_id == Follower.person_id, Staff.state == StaffState.ACTIVE)
    return sa.exists().where(*works, StaffGrant.staff_id == Staff.id, StaffGrant.role.in_(roles))


def is_active(today: date) -> sa.ColumnElement[bool]:
    """Whether a row of `Member` has the rights of one."""
    return sa.or_(Member.left_on.is_(None), Member.left_on > today)


def _is_such_a_member(audience: Audience, today: date) -> sa.ColumnElement[bool]:
    chosen = sa.exists().where(Member.person_id == Follower.person_id, is_active(today))
    if audience.kind:
        chosen = chosen.where(Member.kind.in_(audience.kind))
    if audience.sex:
        chosen = chosen.where(Member.sex.in_(audience.sex))
    if audience.branch:
        chosen = chosen.where(Member.branch_id.in_(sa.select(Branch.id).where(_is_in(audience.branch))))
    return chosen


def _is_in(branches: Sequence[str]) -> sa.ColumnElement[bool]:
    """As `Membership.is_in`."""
    whole: Any = sa.literal(LINEAGE) + Branch.lineage + sa.literal(LINEAGE)
    stretches = [f"{LINEAGE}{branch}{LINEAGE}" for branch in branches]
    return sa.or_(*[whole.contains(stretch, autoescape=True, escape="\\") for stretch in stretches])
