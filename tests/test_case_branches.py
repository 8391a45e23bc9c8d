"""分会接办: what a member brings by name reaches the staff of the member's branch too, where it wants so."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.services import branches, case_branches, case_transfers, case_work, cases
from app.services.case_transfers import Transfer
from app.services.staff import Wanted
from models import CaseKind, ComplaintSort, DutyRoom, Role
from tests import making
from tests.both_ends import Ends
from tests.caring import bring
from tests.complaining import complain
from tests.conftest import NOON, FakeClock
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.consulting import consult
from tests.making import NORTH
from tests.on_duty_kit import Office
from tests.test_console_cases import person_of

__all__ = ["admin", "ends"]
UNION, BRANCH = "黄陵供电公司工会", "黄陵供电公司工会/北区分工会"


async def li(session: AsyncSession, *, lineage: str = NORTH, number: str = "10001") -> int:
    """李娜, of a shift of the northern branch."""
    who = (await making.person(session)).person_id
    await making.member(session, lineage=lineage, person_id=who, staff_number=number)
    return who


async def takes(session: AsyncSession, lineage: str, on: bool = True) -> int:
    branch = await making.branch(session, lineage)
    await case_branches.turn(session, branch, on)
    return branch.id


async def left(session: AsyncSession, who: int, **given: Any) -> int | None:
    """The branch that what somebody leaves belongs to."""
    words = [{"type": "text", "text": "灯坏了"}]
    given = {"topic": "safety", "blocks": words} | given
    opened = await cases.open_case(
        session, given.pop("kind", CaseKind.FEEDBACK), who, None, now=NOON, **given
    )
    await session.flush()
    return (await case_work.get_case(session, opened.number)).branch_id


async def test_a_branch_takes_what_its_own_and_those_below_bring(session: AsyncSession) -> None:
    who, far = await li(session), await li(session, lineage=f"{UNION}/南区分工会", number="10002")
    shift = (await making.branch(session)).id
    assert await left(session, who) is None, "nobody has said that the branch takes any"

    await takes(session, BRANCH)

    assert await left(session, who) == shift, "by the branch above; it belongs to where its person is"
    assert await left(session, who, kind=CaseKind.DESK, topic="") == shift
    assert await left(session, far) is None
    assert await left(session, (await making.person(session)).person_id) is None
    await takes(session, BRANCH, on=False)
    assert await left(session, who) is None


async def test_names_that_begin_alike_are_not_below(session: AsyncSession) -> None:
    who = await li(session, lineage=f"{BRANCH}筹备组/一班")
    like = await li(session, lineage=f"{UNION}/100%分会/一班", number="10002")
    await takes(session, BRANCH)
    await takes(session, f"{UNION}/1")

    assert await left(session, who) is None
    assert await left(session, like) is None


async def test_what_is_told_in_confidence_belongs_to_no_branch(session: AsyncSession) -> None:
    who = await li(session)
    await takes(session, BRANCH)

    assert await left(session, who, anonymous=True) is None
    numbers = [(await complain(session, who)).number, (await bring(session, who)).opened.number]
    assert [(await case_work.get_case(session, each)).branch_id for each in numbers] == [None, None]


async def test_by_another_desk_it_leaves_the_branch_where_that_keeps_it_secret(session: AsyncSession) -> None:
    who = await li(session)
    shift = (await making.branch(session)).id
    await takes(session, BRANCH)
    case = await case_work.get_case(session, (await consult(session, who)).number, lock=True)
    assert case.branch_id == shift

    to = Transfer(CaseKind.FEEDBACK, "other", "不用律师", agreed="说同意")
    await case_transfers.transfer(session, case, to, "王强", NOON)
    assert case.branch_id == shift
    to = Transfer(CaseKind.COMPLAINT, "other", "要办", sort=ComplaintSort.COMPLAINT)
    await case_transfers.transfer(session, case, to, "王强", NOON)
    assert case.branch_id is None


async def test_who_is_near_is_asked_first(database: Database, clock: FakeClock) -> None:
    office = Office(database, clock)
    await office.opens(DutyRoom.DESK)
    async with database.transaction() as session:
        await takes(session, BRANCH)
        who = await li(session)
        north = (await branches.get(session, BRANCH)).id
    far = await office.hires("王干事", Role.UNION_ADMIN)
    near = await office.hires("李干事", Wanted(Role.UNION_ADMIN, north))
    await office.puts(far, room=DutyRoom.DESK)
    await office.puts(near, room=DutyRoom.DESK)
    async with database.transaction() as session:
        now = clock.now()
        words = [{"type": "text", "text": "灯坏了"}]
        opened = await cases.open_case(session, CaseKind.FEEDBACK, who, None, blocks=words, now=now)
        other = await cases.open_case(
            session,
            CaseKind.FEEDBACK,
            await li(session, lineage=UNION, number="9"),
            None,
            blocks=words,
            now=now,
        )

    await office.passes()

    assert await office.whose(opened.number) == near.id
    assert await office.whose(other.number) == far.id


# --- in the console ----------------------------------------------------------------------------------------


@pytest.fixture
async def north(ends: Ends) -> str:
    async with ends.house.database.transaction() as session:
        await making.branch(session)
        return (await branches.get(session, BRANCH)).public_id


async def test_turned_on_in_the_console_and_seen_by_both(ends: Ends, admin: Worker, north: str) -> None:
    async with ends.house.database.reading() as session:
        branch = await branches.get(session, BRANCH)
    zhao = await at_work(ends, "赵敏", Wanted(Role.UNION_ADMIN, branch.id))
    assert "都由管整个工会的工作人员接办" in await admin.reads(f"/branches/{north}")

    assert "这里的工作人员也能接办" in await admin.does(f"/branches/{north}/cases", takes="yes")

    async with ends.house.database.transaction() as session:
        opened = await cases.open_case(
            session, CaseKind.FEEDBACK, await li(session), None, blocks=[], now=ends.house.clock.now()
        )
    assert opened.number in await zhao.reads("/cases")
    page = await admin.reads(f"/cases/{opened.number}")
    assert "黄陵供电公司工会 › 北区分工会 › 抢修一班" in page
    (act,) = await acts_of(ends, "branches.take")
    assert act.branch_id == branch.id
    assert "改由公司工会接办" in await admin.reads(f"/branches/{north}")
    await admin.does(f"/branches/{north}/cases", takes="no")
    assert "由这里接办" in await admin.reads(f"/branches/{north}")


async def test_only_who_may_change_it_does(ends: Ends, admin: Worker, north: str) -> None:
    trainer = await at_work(ends, "培训", Role.TRAINER)

    assert (await trainer.sends(f"/branches/{north}/cases", takes="yes")).status_code == 403
    assert (await admin.sends("/branches/nobody/cases", takes="yes")).status_code == 404
    for nonsense in ({}, {"takes": "maybe"}):
        assert (await admin.sends(f"/branches/{north}/cases", **nonsense)).status_code in (404, 422)
    assert "由这里接办" in await admin.reads(f"/branches/{north}")


async def test_a_member_is_told_who_reads_it_before_it_goes(ends: Ends, admin: Worker, north: str) -> None:
    na = await ends.platform.follower("李娜")
    await na.says("你好")
    async with ends.house.database.transaction() as session:
        await making.member(session, person_id=await person_of(session, na))
    await admin.does(f"/branches/{north}/cases", takes="yes")

    for words in ("我要留言", "1", "灯坏了", "完成", "1"):
        await na.says(words)
    await na.says("跳过")

    assert any("接办：北区分工会也会看到" in str(each) for each in await na.reads())
