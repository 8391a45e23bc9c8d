"""Members who write on the board, and staff who look at it, for tests of every edge."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import board, board_checks, board_work
from app.services.board_checks import Verdict
from app.services.board_wording import Words, checked
from app.services.board_work import Seen
from app.services.permissions import Standing
from models import BoardCheck, BoardPost, Person, Staff, StaffState
from tests import making
from tests.conftest import NOON

HOSTILE = "<script>alert(1)</script> =1+1 {{7*7}}"


def words(**given: Any) -> Words:
    filled = {
        "topic": "canteen",
        "title": "晚饭能不能早一点",
        "text": "夜班的同事六点才到，菜都凉了。",
        "naming": "surname",
        "nickname": "",
        **given,
    }
    return checked(**filled)


async def writer(session: AsyncSession, name: str = "李娜", number: str = "10001") -> int:
    """A person who is a member."""
    row = Person(created_at=NOON)
    session.add(row)
    await session.flush()
    await making.member(session, name, staff_number=number, person_id=row.id)
    return row.id


async def reader(session: AsyncSession) -> int:
    return (await making.person(session)).person_id


async def moderator(session: AsyncSession, name: str = "王强", login: str = "wang") -> Standing:
    row = Staff(login=login, name=name, state=StaffState.ACTIVE, created_at=NOON)
    session.add(row)
    await session.flush()
    return Standing(row.id, row.name)


async def pending(session: AsyncSession, person_id: int, **given: Any) -> BoardPost:
    """A post that was checked and found clean."""
    post = await board.submit(session, person_id, words(**given), channel="portal", now=NOON)
    await check(session, Verdict(BoardCheck.PASSED))
    return await again(session, post)


async def check(session: AsyncSession, verdict: Verdict, now: datetime = NOON) -> bool:
    """What the job does with the next post that is due."""
    asked = await board_checks.lease(session, "", now, now)
    return asked is not None and await board_checks.settle(session, asked, verdict)


async def published(session: AsyncSession, person_id: int, by: Standing, **given: Any) -> BoardPost:
    post = await pending(session, person_id, **given)
    return await board_work.publish(session, seen(post, by), given.pop("at", NOON))


def seen(post: BoardPost, by: Standing) -> Seen:
    return Seen(post.public_id, post.version, by)


async def again(session: AsyncSession, post: BoardPost) -> BoardPost:
    """As the database has it."""
    fresh = sa.select(BoardPost).where(BoardPost.id == post.id).execution_options(populate_existing=True)
    return (await session.scalars(fresh)).one()
