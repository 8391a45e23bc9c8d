"""投诉建议 that name a unit in words, and a unit put right by the union: it never gets or keeps them."""

import pytest

from app.errors import DomainError, NotFound
from app.services import (
    branches,
    case_work,
    complaint_accused,
    complaint_lists,
    complaint_parts,
    departments,
)
from models import Branch, CaseState
from tests import making
from tests.complaining import DAY, Office, department, employ, look, office
from tests.conftest import NOON

__all__ = ["office"]
S = CaseState
NORTH = "黄陵供电公司工会/检修分会"


async def names(office: Office, branch: Branch | None) -> None:
    async with office.database.transaction() as session:
        case = await case_work.get_case(session, office.number, lock=True)
        await complaint_accused.name(session, case, branch, "王强", office.clock.now(), channel="console")


async def test_a_branch_named_within_words_is_found(office: Office) -> None:
    async with office.database.transaction() as session:
        north = await making.branch(session, NORTH)
        for said, wanted in (
            ("检修分会的张主任", north.id),
            ("黄陵供电公司工会 检修分会", north.id),
            ("后勤的张主任", None),
        ):
            number = await office.hears(session, about=said)
            assert (await look(session, number))[1].about_branch_id == wanted, said
        first = await making.branch(session, f"{NORTH}/运行一班")
        await making.branch(session, "黄陵供电公司工会/南区分工会/运行一班")
        assert await branches.find_named_in(session, "运行一班的班长") is None  # there are two
        assert await branches.find_named_in(session, "检修分会运行一班的班长") == first


async def test_words_that_name_no_branch_are_kept_from_all_they_may_mean(office: Office) -> None:
    async with office.database.transaction() as session:
        north = await making.branch(session, NORTH)
        local = await employ(session, "孙丽", "sun.li", branch_id=north.id)
        theirs = await department(session, "综合组", office.chen, branch_id=north.id)
        manned_by_them = await department(session, "外联组", local)
        number = await office.hears(session, about="检修")
        case, complaint = await look(session, number)
        assert complaint.about_branch_id is None

        assert await departments.is_accused(session, theirs, complaint)
        assert [each.name for each in await departments.list_fitting(session, complaint)] == [
            "后勤部",
            "外联组",
        ]
        assert await departments.list_people(session, manned_by_them.id, complaint) == []
        complaint.department_id = manned_by_them.id
        await session.flush()
        desk = await complaint_lists.of_departments(session, local)
        with pytest.raises(NotFound):
            await complaint_lists.get(session, desk, number)
        complaint.about = "食堂"
        await session.flush()
        desk = await complaint_lists.of_departments(session, local)
        assert await complaint_lists.get(session, desk, number) == case


async def test_the_union_names_the_unit_before_it_is_handed_out(office: Office) -> None:
    async with office.database.transaction() as session:
        north = await making.branch(session, NORTH)
        await department(session, "综合组", office.chen, branch_id=north.id)
    await names(office, north)
    await names(office, north)

    async with office.database.reading() as session:
        case, complaint = await look(session, office.number)
        assert (case.state, complaint.about_branch_id) == (S.SUBMITTED, north.id)
        assert [each.name for each in await departments.list_fitting(session, complaint)] == ["后勤部"]
    assert await office.told() == []
    await names(office, None)
    assert (await office.look())[1].about_branch_id is None


@pytest.mark.parametrize("steps", [(), ("take",), ("take", "extend"), ("take", "suspend")])
async def test_who_has_it_and_is_meant_by_it_has_it_no_more(office: Office, steps: tuple[str, ...]) -> None:
    async with office.database.transaction() as session:
        north = await making.branch(session, NORTH)
        office.department = await department(session, "综合组", office.chen, branch_id=north.id)
    await office.does("accept", "dispatch", *steps)

    await names(office, north)

    case, complaint = await office.look()
    assert (case.state, complaint.department_id, case.owner_id) == (S.RETURNED, None, None)
    assert complaint.resume_due_at is None and case.answer_due_at is not None
    assert (await office.told())[-1].startswith(f"您的投诉 {office.number}：换一个部门办理，正在另派。")
    async with office.database.transaction() as session:
        desk = await complaint_lists.of_departments(session, office.chen)
        with pytest.raises(NotFound):
            await complaint_lists.get(session, desk, office.number)
    with pytest.raises(DomainError, match="反映的就是「综合组」"):
        await office.does("dispatch")
    await office.passes(DAY)


async def test_who_was_asked_and_is_meant_by_it_is_asked_no_more(office: Office) -> None:
    async with office.database.transaction() as session:
        north = await making.branch(session, NORTH)
        theirs = await department(session, "综合组", office.chen, branch_id=north.id)
    await office.does("accept", "dispatch", "take")
    async with office.database.transaction() as session:
        case = await case_work.get_case(session, office.number, lock=True)
        await complaint_parts.ask(session, case, theirs, "怎么回事？", "陈晨", NOON)

    await names(office, north)

    async with office.database.reading() as session:
        case, complaint = await look(session, office.number)
        assert await complaint_parts.list_all(session, case) == []
        assert (case.state, complaint.department_id) == (S.IN_PROGRESS, office.department.id)


async def test_nothing_is_put_right_where_nothing_is_done_any_more(office: Office) -> None:
    await office.does("accept", "dispatch", "take", "reply")
    with pytest.raises(DomainError, match="不能再改被反映的单位"):
        await names(office, None)
