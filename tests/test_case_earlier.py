"""What else somebody has brought stands beside his case, for who may read it anyway."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import case_earlier, case_lists, case_work, cases, permissions
from app.services.consultation_facts import Opponent
from app.services.permissions import Right, Scope
from models import CaseKind, Role
from sandbox.driver import Phone
from tests.both_ends import Ends
from tests.caring import bring
from tests.complaining import complain
from tests.conftest import NOON
from tests.console_kit import Worker, admin, ends
from tests.consulting import consult, person
from tests.test_case_owners import employ
from tests.test_console_cases import leaves

__all__ = ["admin", "ends"]
EVERYTHING = Scope(everything=True)


async def test_of_one_room_and_by_name_only(session: AsyncSession) -> None:
    li, other = await person(session), await person(session)
    words = [{"type": "text", "text": "灯坏了"}]

    async def leave(who: int, **given: Any) -> str:
        kind = given.pop("kind", CaseKind.FEEDBACK)
        opened = await cases.open_case(session, kind, who, None, blocks=words, now=NOON, **given)
        await session.flush()
        return opened.number

    first, again = await leave(li), await leave(li, kind=CaseKind.DESK)
    unknown, theirs = await leave(li, anonymous=True), await leave(other)
    asked = (await consult(session, li)).number
    await complain(session, li)
    cared_for = (await bring(session, li)).opened.number

    async def earlier(number: str, room: case_lists.Room = case_lists.DESK) -> list[str]:
        case = await case_work.get_case(session, number)
        return [each.number for each in await case_earlier.list_of(session, case, room, EVERYTHING)]

    assert await earlier(first) == [again] and await earlier(again) == [first]
    assert await earlier(unknown) == [] == await earlier(theirs)
    assert await earlier(asked, case_lists.LEGAL) == []
    assert await earlier(cared_for, case_lists.COUNSEL) == []


async def test_what_is_against_the_company_its_lawyer_sees_not_there_either(
    session: AsyncSession,
) -> None:
    li = await person(session)
    await consult(session, li, opponent=Opponent.OWN_COMPANY)
    number = (await consult(session, li)).number
    inside = await permissions.standing_of(session, await employ(session, "法务", Role.COMPANY_LAWYER))
    case = await case_work.get_case(session, number)

    scope = permissions.scope(inside, Right.LEGAL_READ)
    assert not await case_earlier.list_of(session, case, case_lists.LEGAL, scope)
    assert len(await case_earlier.list_of(session, case, case_lists.LEGAL, EVERYTHING)) == 1


@pytest.fixture
async def phone(ends: Ends) -> Phone:
    li = await ends.platform.follower("李娜")
    await li.says("你好")
    return li


async def test_it_stands_beside_the_thread(ends: Ends, admin: Worker, phone: Phone) -> None:
    first, second = await leaves(ends, phone=phone), await leaves(ends, phone=phone)

    page = await admin.reads(f"/cases/{second}")

    assert "本人别的事" in page and f"/console/cases/{first}" in page
    assert "李娜" not in page
