"""Rows a story needs and leaves out: people, members and activities with everything filled in."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import activities, branches, customer_accounts, sign_ups
from app.services.audiences import Facts
from app.services.sign_ups import Applicant
from models import (
    LINEAGE,
    AccountBinding,
    Activity,
    BindingState,
    Branch,
    CustomerAccount,
    Member,
    MemberKind,
    Person,
    Sex,
    SignUp,
    SignUpHelp,
    Team,
)
from tests.conftest import NOON


async def person(session: AsyncSession) -> Applicant:
    row = Person(created_at=NOON)
    session.add(row)
    await session.flush()
    return Applicant(row.id, Facts(), "chat")


async def activity(session: AsyncSession, title: str = "羽毛球赛", **given: Any) -> Activity:
    """Announced and open since yesterday; closes in five days, starts in seven, at 14:00."""
    starts: datetime = given.pop("starts_at", NOON + timedelta(days=7, hours=2))
    values = {
        "title": title,
        "place": "职工活动中心",
        "opens_at": NOON - timedelta(days=1),
        "closes_at": starts - timedelta(days=2),
        "starts_at": starts,
        "ends_at": starts + timedelta(hours=3),
        "capacity": 10,
        **given,
    }
    made = await activities.create(session, values, by="王强", now=NOON)
    return await activities.publish(session, made.public_id, by="王强", now=NOON)


NORTH = "黄陵供电公司工会/北区分工会/抢修一班"


async def branch(session: AsyncSession, lineage: str = NORTH) -> Branch:
    """The branch and all above it."""
    return await branches.ensure(session, *lineage.split(LINEAGE), now=NOON)


async def member(session: AsyncSession, name: str = "李娜", **given: Any) -> Member:
    """10001 of the northern repair shift, born 1985-03-05, whose phone ends in 5678."""
    values = {
        "staff_number": "10001",
        "sex": Sex.FEMALE,
        "born_on": "1985-03-05",
        "phone": "13812345678",
        "post": "配电运维",
        "kind": MemberKind.IN_SERVICE,
        "branch_id": (await branch(session, given.pop("lineage", NORTH))).id,
        "updated_at": NOON,
        **given,
    }
    row = Member(name=name, **values)
    session.add(row)
    await session.flush()
    return row


async def account(session: AsyncSession, number: str = "6101234567", **given: Any) -> CustomerAccount:
    """6101234567 of 李建国 in the north, whose phone ends in 5678."""
    values = {
        "name": "李建国",
        "phone": "13812345678",
        "area": "黄陵 北区",
        "address": "桥山街道轩辕路12号楼3单元",
        "updated_at": NOON,
        **given,
    }
    row = CustomerAccount(number=number, number_digest=customer_accounts.digest(number), **values)
    session.add(row)
    await session.flush()
    return row


async def bound(
    session: AsyncSession, person_id: int, number: str = "6101234567", **given: Any
) -> AccountBinding:
    """The account, unverified."""
    values = {"state": BindingState.UNVERIFIED, "bound_at": NOON, **given}
    digest = customer_accounts.digest(number)
    row = AccountBinding(person_id=person_id, number=number, number_digest=digest, **values)
    session.add(row)
    await session.flush()
    return row


async def entries(session: AsyncSession, of: Activity) -> list[SignUp]:
    """All sign-ups of an activity, the earliest first."""
    chosen = sa.select(SignUp).where(SignUp.activity_id == of.id).order_by(SignUp.id)
    return list(await session.scalars(chosen))


async def helped(session: AsyncSession, helper_id: int, now: datetime) -> str:
    """The public id of a sign-up that somebody made for a colleague."""
    times = {"opens_at": now - timedelta(days=1), "starts_at": now + timedelta(days=7)}
    run = await activity(session, "登山", colleagues=True, **times)
    entry = await sign_ups.sign_up(session, run.id, await person(session), now=now)
    session.add(SignUpHelp(sign_up_id=entry.id, helper_id=helper_id, made_at=now))
    await session.flush()
    return entry.public_id


async def team(session: AsyncSession, captain_id: int, now: datetime) -> str:
    """The public id of a team that gathers, of an activity where teams are of two or three."""
    times = {"opens_at": now - timedelta(days=1), "starts_at": now + timedelta(days=7)}
    run = await activity(session, "篮球赛", team_least=2, team_most=3, **times)
    who = Applicant(captain_id, Facts(), "portal")
    entry = await sign_ups.sign_up(session, run.id, who, team_id=0, now=now)
    row = Team(activity_id=run.id, name="飞虎", captain_id=entry.id, created_at=now)
    session.add(row)
    await session.flush()
    entry.team_id = row.id
    await session.flush()
    return row.public_id
