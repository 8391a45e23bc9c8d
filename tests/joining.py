"""Somebody who wants to join, and what a branch does about it: for tests of 入会申请."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import joining
from app.services.application_facts import Facts
from app.services.joining import Applied, Listed
from models import Branch, MemberKind, Sex
from tests import making
from tests.conftest import NOON

ZHAO = Facts("赵敏", Sex.FEMALE, date(1995, 6, 1), "13900001111", MemberKind.IN_SERVICE, "20001", "配电运维")


async def apply(
    session: AsyncSession,
    person_id: int,
    facts: Facts = ZHAO,
    branch: Branch | None = None,
    *,
    now: datetime = NOON,
    **given: Any,
) -> Applied | Listed:
    return await joining.apply(session, person_id, None, facts, branch, channel="chat", now=now, **given)


async def applied(session: AsyncSession, *, now: datetime = NOON, facts: Facts = ZHAO) -> tuple[int, str]:
    """A new person who applies to the northern repair shift; returns who, and the number."""
    who = (await making.person(session)).person_id
    done = await apply(session, who, facts, await making.branch(session), now=now)
    assert isinstance(done, Applied)
    return who, done.number
