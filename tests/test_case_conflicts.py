"""Nobody of the company acts against it, whatever else he is and whenever it turns out; nor for himself."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.errors import DomainError, NotFound
from app.services import (
    case_lists,
    case_mentions,
    case_notices,
    case_owners,
    consultations,
    legal_aid,
    legal_aid_carrying,
    legal_aid_lists,
    legal_aid_work,
    members,
    permissions,
)
from app.services.case_work import get_case
from app.services.consultation_facts import Opponent
from app.services.permissions import Right, Standing
from models import Case, CaseKind, CaseState, Role, Staff, StaffGrant
from tests import making
from tests.aiding import WORDS, applied, employ, look, told
from tests.booking import adviser, booked, offered
from tests.conftest import NOON
from tests.consulting import consult

DAY = timedelta(days=1)
OURS = Opponent.OWN_COMPANY
OUTSIDE = "只能由公司以外的律师办"


async def binds(session: AsyncSession, who: Staff, number: str = "10009") -> None:
    """It turns out that he is employed by the company."""
    who.person_id = (await making.person(session)).person_id
    await making.member(session, who.name, person_id=who.person_id, staff_number=number)


async def assigned(session: AsyncSession, wang: Standing, lawyer: Staff) -> str:
    """An application against the company, granted and given to the lawyer."""
    _, number = await applied(session, opponent=OURS)
    await legal_aid_work.grant(session, number, wang, NOON)
    await legal_aid_carrying.assign(session, number, lawyer, wang, NOON)
    return number


async def asked(session: AsyncSession) -> Case:
    """A question to a lawyer, against the company."""
    who = (await making.person(session)).person_id
    opened = await consult(session, who, opponent=OURS)
    return await get_case(session, opened.number, lock=True)


# --- legal aid ---------------------------------------------------------------------------------------------


async def test_what_is_urgent_is_not_decided_by_its_own_member(session: AsyncSession) -> None:
    chen, by_chen = await employ(session, "陈主任", Role.APPROVER)
    lawyer, _ = await employ(session, "吴律师", Role.LAWYER)
    chen.person_id, number = await applied(session, preservation=True)
    await session.flush()
    with pytest.raises(DomainError, match="本人的申请"):
        await legal_aid_carrying.assign(session, number, lawyer, by_chen, NOON)
    case, row = await look(session, number)
    assert (case.state, case.owner_id, row.decided_by_id) == (CaseState.SUBMITTED, None, None)

    _, wang = await employ(session, "王强", Role.APPROVER)
    assert (await legal_aid_carrying.assign(session, number, lawyer, wang, NOON)).case.owner_id == lawyer.id


async def test_nobody_carries_his_own_case(session: AsyncSession) -> None:
    _, wang = await employ(session, "王强", Role.UNION_ADMIN)
    lawyer, by_lawyer = await employ(session, "吴律师", Role.LAWYER)
    who, number = await applied(session)
    await legal_aid_work.grant(session, number, wang, NOON)
    await legal_aid_carrying.assign(session, number, lawyer, wang, NOON)
    lawyer.person_id = who  # is known only now
    await session.flush()
    with pytest.raises(DomainError, match="本人的申请"):
        await legal_aid_carrying.begin(session, number, by_lawyer, NOON)

    second = (await applied(session))[1]
    await legal_aid_work.grant(session, second, wang, NOON)
    await legal_aid_carrying.assign(session, second, lawyer, wang, NOON)  # of somebody else he may
    other, _ = await employ(session, "孙律师", Role.LAWYER)
    await legal_aid_carrying.assign(session, number, other, wang, NOON, why="换人")
    with pytest.raises(DomainError, match="本人的申请"):
        await legal_aid_carrying.assign(session, number, lawyer, wang, NOON, why="换人")


async def test_who_leaves_the_company_later_is_of_it_until_then(session: AsyncSession) -> None:
    _, wang = await employ(session, "王强", Role.UNION_ADMIN)
    lawyer, _ = await employ(session, "孙律师", Role.LAWYER)
    await binds(session, lawyer)
    (await members.get(session, "10009")).left_on = civil_date(NOON + DAY)
    _, number = await applied(session, opponent=OURS)
    await legal_aid_work.grant(session, number, wang, NOON)
    with pytest.raises(DomainError, match="只能指派公司以外的律师"):
        await legal_aid_carrying.assign(session, number, lawyer, wang, NOON)
    await legal_aid_carrying.assign(session, number, lawyer, wang, NOON + DAY)


async def test_who_turned_out_to_be_of_the_company_does_not_go_on(session: AsyncSession) -> None:
    _, wang = await employ(session, "王强", Role.UNION_ADMIN)
    lawyer, sun = await employ(session, "孙律师", Role.LAWYER)
    number, begun = await assigned(session, wang, lawyer), await assigned(session, wang, lawyer)
    await legal_aid_carrying.begin(session, begun, sun, NOON)
    await binds(session, lawyer)
    with pytest.raises(DomainError, match=f"{OUTSIDE}；孙律师是本公司职工"):
        await legal_aid_carrying.begin(session, number, sun, NOON)
    with pytest.raises(DomainError, match=OUTSIDE):
        await legal_aid_carrying.tell(session, begun, "在准备材料", sun, NOON)
    with pytest.raises(DomainError, match=OUTSIDE):
        await legal_aid_carrying.conclude(session, begun, "调解成功", sun, NOON)
    assert (await look(session, begun))[0].state is CaseState.IN_PROGRESS


@pytest.mark.parametrize("role", [Role.APPROVER, Role.UNION_ADMIN])
async def test_the_companys_lawyer_neither_reads_nor_decides_what_is_against_it(
    session: AsyncSession, role: Role
) -> None:
    both, qian = await employ(session, "钱法务", Role.COMPANY_LAWYER, role)
    both.person_id = (await making.person(session)).person_id
    lawyer, _ = await employ(session, "吴律师", Role.LAWYER)
    _, number = await applied(session, opponent=OURS, preservation=True)
    other = (await applied(session))[1]
    mine = legal_aid_lists.asked_by(qian, NOON)
    assert [each.case.number for each in await legal_aid_lists.list_open(session, mine)] == [other]
    assert (await legal_aid_lists.count_open(session, mine))[0] == 1
    with pytest.raises(NotFound):
        await legal_aid_lists.get(session, mine, number)
    assert not any(number in words for words in await told(session, "staff.aid"))

    last = civil_date(NOON + 10 * DAY)
    for act in (
        legal_aid_work.ask(session, number, "合同", last, qian, NOON),
        legal_aid_work.accept(session, number, qian, NOON),
        legal_aid_work.grant(session, number, qian, NOON),
        legal_aid_work.reject(session, number, "不符合", qian, NOON),
        legal_aid_carrying.assign(session, number, lawyer, qian, NOON),
    ):
        with pytest.raises(DomainError, match="公司法务不能审查、决定"):
            await act
    assert (await look(session, number))[0].state is CaseState.SUBMITTED
    await legal_aid_work.grant(session, other, qian, NOON)


async def test_a_review_keeps_its_days_when_the_lawyer_is_out_of_service(session: AsyncSession) -> None:
    _, wang = await employ(session, "王强", Role.UNION_ADMIN)
    lawyer, _ = await employ(session, "吴律师", Role.LAWYER)
    who, number = await applied(session)
    await legal_aid_work.grant(session, number, wang, NOON)
    await legal_aid_carrying.assign(session, number, lawyer, wang, NOON)
    await legal_aid_work.terminate(session, number, "查明收入不实", wang, NOON)
    await legal_aid.object_to(session, who, number, WORDS, channel="chat", now=NOON)
    owed = (await look(session, number))[1].due_at
    assert await case_owners.take_back_all(session, lawyer.id, NOON + 4 * DAY) == 1
    case, row = await look(session, number)
    assert (case.state, case.owner_id, row.due_at) == (CaseState.OBJECTION, None, owed)
    assert not any("要改派" in words for words in await told(session))


# --- questions to a lawyer ---------------------------------------------------------------------------------


async def test_a_question_against_the_company_goes_to_nobody_of_it(session: AsyncSession) -> None:
    both, qian = await employ(session, "钱法务", Role.COMPANY_LAWYER, Role.LAWYER)
    employee, sun = await employ(session, "孙律师", Role.LAWYER)
    await binds(session, employee)
    outside, wu = await employ(session, "吴律师", Role.LAWYER)
    case = await asked(session)
    for who, standing in ((both, qian), (employee, sun)):
        with pytest.raises(DomainError, match=OUTSIDE):
            await case_owners.take(session, case, standing, NOON)
        with pytest.raises(DomainError, match=OUTSIDE):
            await case_owners.hand_to(session, case, who, "", wu, NOON)
        with pytest.raises(DomainError, match=OUTSIDE):
            await case_owners.answers(session, case, standing, NOON)
    assert case.owner_id is None
    assert [each.staff.name for each in await case_owners.list_able(session, case, NOON)] == ["吴律师"]
    await case_owners.take(session, case, wu, NOON)
    assert case.owner_id == outside.id


async def test_a_question_against_others_goes_to_anybody(session: AsyncSession) -> None:
    _, qian = await employ(session, "钱法务", Role.COMPANY_LAWYER, Role.LAWYER)
    who = (await making.person(session)).person_id
    opened = await consult(session, who)
    case = await get_case(session, opened.number, lock=True)
    assert not (await consultations.facts_of(session, case)).own_company
    await case_owners.take(session, case, qian, NOON)
    assert case.owner_id == qian.staff_id


async def test_the_companys_lawyer_neither_finds_a_question_against_it_nor_hears_of_it(
    session: AsyncSession,
) -> None:
    both, qian = await employ(session, "钱法务", Role.COMPANY_LAWYER, Role.LAWYER)
    both.person_id = (await making.person(session)).person_id
    outside, wu = await employ(session, "吴律师", Role.LAWYER)
    case = await asked(session)
    who = (await making.person(session)).person_id
    other = (await consult(session, who)).number
    seen = {
        name: case_lists.Asked(case_lists.LEGAL, permissions.scope(standing, Right.LEGAL_READ), NOON)
        for name, standing in (("qian", qian), ("wu", wu))
    }

    assert [each.number for each in await case_lists.list_waiting(session, seen["qian"])] == [other]
    assert (await case_lists.count(session, seen["qian"])).waiting == 1
    assert await case_lists.count_all(session, seen["qian"]) == 1
    with pytest.raises(NotFound):
        await case_lists.get(session, case_lists.LEGAL, seen["qian"].scope, case.number)
    assert (await case_lists.get(session, case_lists.LEGAL, seen["wu"].scope, case.number)).id == case.id
    assert (await case_lists.count(session, seen["wu"])).waiting == 2

    assert await case_mentions.list_readers(session, case, Right.LEGAL_READ) == [outside]
    with pytest.raises(DomainError, match="看不到这件事"):
        await case_mentions.write(session, case, f"请 @{both.login} 看", wu, Right.LEGAL_READ, NOON)
    await case_owners.take(session, case, wu, NOON)
    await case_owners.take_back(session, case, NOON)
    assert not any(case.number in words for words in await told(session, "staff.returned"))


async def test_about_a_matter_against_the_company_nobody_of_it_is_met(session: AsyncSession) -> None:
    case = await asked(session)
    who = (await case_notices.reporter(session, case))["person_id"]
    qian = await adviser(session, "钱法务", Role.LAWYER)
    session.add(StaffGrant(staff_id=qian.staff_id, role=Role.COMPANY_LAWYER, given_at=NOON))
    slots = await offered(session, qian, kind=CaseKind.CONSULTATION)

    with pytest.raises(DomainError, match=f"{OUTSIDE}；钱法务是公司法务"):
        await booked(session, who, slots[0], case=case.number)
    assert (await booked(session, who, slots[0])).case_id is None
