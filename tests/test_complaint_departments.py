"""Departments: two at once, two colleagues, and the unit a complaint is about, which never gets it."""

import asyncio
from datetime import datetime

import pytest

from app.clock import SHANGHAI
from app.errors import DomainError
from app.services import (
    case_owners,
    case_work,
    closed_cases,
    complaint_merging,
    complaint_work,
    departments,
)
from models import (
    CaseState,
    Department,
    Role,
    Staff,
)
from tests import making
from tests.complaining import Office, department, employ, look, office
from tests.conftest import NOON

__all__ = ["office"]
S = CaseState


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


# --- departments -----------------------------------------------------------------------------------------


async def test_two_who_hand_it_out_at_once(office: Office) -> None:
    async with office.database.transaction() as session:
        other = await department(session, "人资部", await employ(session, "赵敏", "zhao.min"))
    await office.does("accept", "dispatch")
    async with office.database.transaction() as session:
        case = await case_work.get_case(session, office.number, lock=True)
        with pytest.raises(DomainError, match="已经转给「后勤部」"):
            await complaint_work.dispatch(session, case, other, "吴芳", NOON)
        assert await complaint_work.dispatch(session, case, office.department, "吴芳", NOON) is None


async def test_two_colleagues_do_not_take_the_same(office: Office) -> None:
    async with office.database.transaction() as session:
        zhao = await employ(session, "赵敏", "zhao.min")
    await office.does("accept", "dispatch", "take", "take")
    async with office.database.transaction() as session:
        case = await case_work.get_case(session, office.number, lock=True)
        with pytest.raises(DomainError, match="已由陈晨在办"):
            await complaint_work.take(session, case, zhao, NOON)


async def test_the_unit_it_is_about_never_gets_it(office: Office) -> None:
    async with office.database.transaction() as session:
        north = await making.branch(session, "黄陵供电公司工会/北区分工会")
        shift = await making.branch(session, making.NORTH)
        south = await making.branch(session, "黄陵供电公司工会/南区分工会")
        local = await employ(session, "孙丽", "sun.li", branch_id=shift.id)
        anywhere = await employ(session, "钱进", "qian.jin")
        theirs = await department(session, "北区综合组", anywhere, branch_id=shift.id)
        southern = await department(session, "南区综合组", anywhere, branch_id=south.id)
        named = await department(session, "党群部", anywhere)
        manned_by_them = await department(session, "外联组", local)
        number = await office.hears(session, branch_id=north.id)
        case, complaint = await look(session, number)

        fitting = {each.name for each in await departments.list_fitting(session, complaint)}
        assert fitting == {"党群部", "后勤部", "外联组", "南区综合组"}
        await complaint_work.accept(session, case, "王强", NOON)
        with pytest.raises(DomainError, match="反映的就是「北区综合组」"):
            await complaint_work.dispatch(session, case, theirs, "王强", NOON)
        with pytest.raises(DomainError, match="还没有可以办这件事的人"):
            await complaint_work.dispatch(session, case, manned_by_them, "王强", NOON)
        assert set(await departments.kept_from(session, local) or ()) == {
            *(shift.id, north.id, (await making.branch(session, "黄陵供电公司工会")).id)
        }
        assert await departments.kept_from(session, anywhere) is None
        await complaint_work.dispatch(session, case, southern, "王强", NOON)

        number = await office.hears(session, about="公司党群部")
        case, complaint = await look(session, number)
        await complaint_work.accept(session, case, "王强", NOON)
        with pytest.raises(DomainError, match="反映的就是「党群部」"):
            await complaint_work.dispatch(session, case, named, "王强", NOON)


async def test_a_department_out_of_use_or_without_people_gets_nothing(office: Office) -> None:
    async with office.database.transaction() as session:
        empty = await department(session, "空部门")
        closed = await department(session, "旧部门", office.chen)
        await departments.change(session, closed, "旧部门", None, active=False)
        case = await case_work.get_case(session, office.number, lock=True)
        await complaint_work.accept(session, case, "王强", NOON)
        for each, wrong in ((empty, "还没有可以办这件事的人"), (closed, "已停用")):
            with pytest.raises(DomainError, match=wrong):
                await complaint_work.dispatch(session, case, each, "王强", NOON)
        with pytest.raises(DomainError, match="已经有"):
            await departments.add(session, " 后勤部 ", None, NOON)
        editor = await employ(session, "周编", "zhou.bian", Role.EDITOR)
        with pytest.raises(DomainError, match="部门承办"):
            await departments.put_in(session, empty, await session.get_one(Staff, editor.staff_id), NOON)


async def test_of_two_who_hand_it_out_at_the_same_moment_one_is_told(office: Office) -> None:
    async with office.database.transaction() as session:
        other = await department(session, "人资部", await employ(session, "赵敏", "zhao.min"))
    await office.does("accept")

    async def hands(to: Department) -> None:
        async with office.database.transaction() as session:
            case = await case_work.get_case(session, office.number, lock=True)
            await complaint_work.dispatch(session, case, to, "王强", NOON)

    done = await asyncio.gather(hands(office.department), hands(other), return_exceptions=True)

    assert [type(each) for each in done if each is not None] == [DomainError]
    assert len([words for words in await office.told() if "已转给" in words]) == 1


async def test_withdrawn_and_replied_to_at_the_same_moment(office: Office) -> None:
    await office.does("accept", "dispatch", "take")

    done = await asyncio.gather(office.does("cancel"), office.does("reply"), return_exceptions=True)

    assert [type(each) for each in done if each is not None] == [DomainError]
    case, _ = await office.look()
    assert case.state in (CaseState.CANCELLED, CaseState.REPLIED)
    assert len([words for words in await office.told() if "有答复了" in words]) == (
        case.state is CaseState.REPLIED
    )


async def test_a_colleague_goes_on_where_somebody_is_out_of_service(office: Office) -> None:
    await office.does("accept", "dispatch", "take")
    async with office.database.transaction() as session:
        zhao = await employ(session, "赵敏", "zhao.min")
        case = await case_work.get_case(session, office.number, lock=True)
        await case_owners.take_back_all(session, office.chen.staff_id, NOON)
        assert await complaint_work.take(session, case, zhao, NOON) is None
        assert (case.owner_id, case.state) == (zhao.staff_id, CaseState.IN_PROGRESS)


async def test_who_closed_the_account_is_told_nothing_and_stops_nobody(office: Office) -> None:
    first, li = office.number, office.person
    async with office.database.transaction() as session:
        second = await office.hears(session)
        case, into = (await look(session, second))[0], (await look(session, first))[0]
        await complaint_merging.merge(session, case, into, "王强", NOON)
        await closed_cases.empty(session, [case.id])
    office.number, office.person = first, li
    await office.does("accept", "dispatch", "take", "reply")
    assert len([words for words in await office.told() if "有答复了" in words]) == 1


async def test_a_unit_written_by_its_name_is_kept_from_as_well(office: Office) -> None:
    async with office.database.transaction() as session:
        north = await making.branch(session, "黄陵供电公司工会/北区分工会")
        theirs = await department(session, "综合组", office.chen, branch_id=north.id)
        number = await office.hears(session, about="北区分工会")
        case, complaint = await look(session, number)
        assert complaint.about_branch_id == north.id
        await complaint_work.accept(session, case, "王强", NOON)
        with pytest.raises(DomainError, match="反映的就是「综合组」"):
            await complaint_work.dispatch(session, case, theirs, "王强", NOON)
