"""投诉建议 find a clerk on duty while it is the union's move: limits, skills, silence, and nobody accused."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app.database import Database
from app.errors import DomainError
from app.services import (
    case_work,
    cases,
    complaint_conflicts,
    complaint_merging,
    complaint_timers,
    complaint_work,
    departments,
    permissions,
    staff_skills,
)
from app.services.complaint_topics import ComplaintTopic
from app.services.staff_skills import Work
from models import (
    Case,
    CaseKind,
    CaseQueue,
    CaseState,
    Complaint,
    DutyRoom,
    EntryKind,
    Naming,
    Outbox,
    Role,
    Staff,
)
from tests import making
from tests.complaining import complain, look, person
from tests.conftest import FakeClock
from tests.on_duty_kit import AM, MONDAY, PM, Office, at

S = CaseState
ROOM = DutyRoom.COMPLAINTS
TUESDAY = date(2026, 11, 24)
NORTH = "公司工会/检修分会"


@pytest.fixture
async def office(database: Database, clock: FakeClock) -> Office:
    made = Office(database, clock)
    await made.opens(ROOM)
    return made


async def hires(office: Office, name: str, *roles: Role, wechat: bool = False, **changed: Any) -> Staff:
    """A complaints clerk who is on duty for the whole of this Monday."""
    made = await office.hires(name, *(roles or (Role.COMPLAINTS,)), wechat=wechat, **changed)
    await office.puts(made, room=ROOM)
    return made


async def files(office: Office, **changed: Any) -> str:
    async with office.database.transaction() as session:
        return (await complain(session, await person(session), now=office.clock.now(), **changed)).number


async def kept(office: Office, number: str) -> tuple[Case, Complaint]:
    async with office.database.reading() as session:
        return await look(session, number)


async def said(office: Office, number: str) -> list[str]:
    """What staff read of who had it."""
    async with office.database.reading() as session:
        entries = await case_work.list_entries(session, await case_work.get_case(session, number))
        return [cases.text_of(each) for each in entries if each.kind is EntryKind.EVENT and each.blocks]


async def told(office: Office, kind: str) -> list[int | None]:
    async with office.database.reading() as session:
        chosen = sa.select(Outbox.person_id).where(Outbox.kind == kind).order_by(Outbox.id)
        return list(await session.scalars(chosen))


async def accepts(office: Office, number: str, who: Staff) -> None:
    async with office.database.transaction() as session:
        case = await case_work.get_case(session, number, lock=True)
        await complaint_work.accept(session, case, who.name, office.clock.now())
        by = await permissions.standing_of(session, await session.get_one(Staff, who.id))
        await complaint_work.keep(session, case, by, office.clock.now())


async def hands_out(office: Office, number: str) -> None:
    """To a department that is made for it."""
    handler = await office.hires("陈晨", Role.HANDLER)
    async with office.database.transaction() as session:
        made = await departments.add(session, "后勤部", None, MONDAY)
        await departments.put_in(session, made, await session.get_one(Staff, handler.id), MONDAY)
        case = await case_work.get_case(session, number, lock=True)
        await complaint_work.dispatch(session, case, made, "王强", office.clock.now())


# --- whose turn it is --------------------------------------------------------------------------------------


async def test_the_clerk_with_fewest_gets_it_and_has_it_until_a_department_does(office: Office) -> None:
    wu, zhao = await hires(office, "吴芳", wechat=True), await hires(office, "赵敏")
    first, second = await files(office), await files(office)
    await office.passes()
    assert [await office.whose(each) for each in (first, second)] == [wu.id, zhao.id]
    case, _ = await kept(office, first)
    assert (case.state, case.return_due_at) == (S.SUBMITTED, at("2026-11-23 15:30")), (
        "nothing is told its person"
    )
    assert await said(office, first) == ["按值班表派给吴芳"]
    assert await told(office, "staff.assigned") == [wu.person_id]

    await accepts(office, first, wu)
    await office.passes("2026-11-24 16:00")
    assert (await office.case(first)).owner_id == wu.id, "who has taken it up is not silent"
    await hands_out(office, first)
    case, _ = await kept(office, first)
    assert (case.owner_id, case.return_due_at) == (None, None)
    await office.passes("2026-11-24 16:05")
    assert await office.whose(first) is None, "it is the department's move"


async def test_what_a_department_returns_finds_a_clerk_anew(office: Office) -> None:
    wu = await hires(office, "吴芳")
    number = await files(office)
    await accepts(office, number, office.lead)
    await hands_out(office, number)
    await office.passes("2026-11-23 10:00")
    assert await office.whose(number) is None
    async with office.database.transaction() as session:
        case = await case_work.get_case(session, number, lock=True)
        await complaint_work.give_back(session, case, "不归我们管", "陈晨", office.clock.now())
    await office.passes("2026-11-23 10:02")

    assert await office.whose(number) == wu.id
    assert (await kept(office, number))[0].state is S.RETURNED


async def test_a_limit_and_skills_count_as_for_consultations(office: Office) -> None:
    wu, zhao = await hires(office, "吴芳", most_cases=1), await hires(office, "赵敏")
    async with office.database.transaction() as session:
        found = await session.get_one(Staff, zhao.id, options=[selectinload(Staff.grants)])
        skills = frozenset({(CaseKind.COMPLAINT, ComplaintTopic.SAFETY.value)})
        by = await permissions.standing_of(session, office.lead)
        await staff_skills.change_work(session, found, Work(skills, None), by=by)
    numbers = [await files(office) for _ in range(2)]
    safety = await files(office, topic=ComplaintTopic.SAFETY)
    await office.passes()

    assert [await office.whose(each) for each in numbers] == [wu.id, None], "no more than her limit"
    assert await office.whose(safety) == zhao.id


async def test_from_who_stays_silent_it_goes_to_another_and_the_lead_hears(office: Office) -> None:
    wu = await hires(office, "吴芳", wechat=True)
    number = await files(office)
    await office.passes()
    zhao = await hires(office, "赵敏")
    await office.passes("2026-11-23 15:30")  # four office hours

    assert await office.whose(number) == zhao.id
    assert await said(office, number) == [
        "按值班表派给吴芳",
        "吴芳接手后没有办理，退回待接",
        "按值班表派给赵敏",
    ]
    assert await told(office, "staff.silent") == [office.lead.person_id]
    await office.puts(wu, (TUESDAY, AM), (TUESDAY, PM), room=ROOM)
    await office.passes("2026-11-24 16:00")
    assert await office.whose(number) is None, "neither gets it a second time"


async def test_an_anonymous_one_waits_for_the_next_day(office: Office) -> None:
    wu = await hires(office, "吴芳")
    await office.puts(wu, (TUESDAY, AM), room=ROOM)
    number = await files(office, naming=Naming.ANONYMOUS, contact="")
    await office.passes("2026-11-23 17:00")
    async with office.database.reading() as session:
        assert await session.scalar(sa.select(CaseQueue.id)) is None, "no row that was made when it came"
    await office.passes("2026-11-24 08:30")

    case = await office.case(number)
    assert (case.owner_id, case.owned_at) == (wu.id, at("2026-11-24 00:00"))


async def test_who_has_it_is_reminded_rather_than_who_is_on_duty(office: Office) -> None:
    wu = await hires(office, "吴芳", wechat=True)
    await hires(office, "赵敏", wechat=True)
    number = await files(office)
    await office.passes()
    async with office.database.transaction() as session:
        case, complaint = await look(session, number)
        complaint.remind_due_at = office.clock.now()
        await session.flush()
        await complaint_timers.advance(session, case.id, office.clock.now())

    assert await told(office, "staff.due") == [wu.person_id]


# --- nobody accused ----------------------------------------------------------------------------------------


async def test_it_is_never_given_to_who_is_of_the_unit_it_is_about(office: Office) -> None:
    wu = await hires(office, "吴芳", wechat=True)
    async with office.database.transaction() as session:
        north = await making.branch(session, NORTH)
        squad = await making.branch(session, f"{NORTH}/一班")
        await making.member(session, "吴芳", branch_id=squad.id, person_id=wu.person_id)
    about_branch, in_words = (
        await files(office, branch_id=north.id),
        await files(office, about="检修分会的人"),
    )
    elsewhere = await files(office)
    await office.passes()
    for number in (about_branch, in_words):
        assert await office.whose(number) is None
        async with office.database.transaction() as session:
            who = await permissions.standing_of(session, await session.get_one(Staff, wu.id))
            case = await case_work.get_case(session, number, lock=True)
            with pytest.raises(DomainError, match="反映的是吴芳所在的单位"):
                await complaint_work.own(session, case, who, MONDAY)
            await complaint_work.keep(session, case, who, MONDAY)
            assert case.owner_id is None
    assert await office.whose(elsewhere) == wu.id
    await office.passes("2026-11-23 11:01")
    assert await told(office, "staff.free") == [office.lead.person_id] * 2

    zhao = await hires(office, "赵敏")
    await office.passes("2026-11-23 11:10")
    assert [await office.whose(each) for each in (about_branch, in_words)] == [zhao.id] * 2


async def test_a_department_one_works_in_and_what_was_merged_count_too(office: Office) -> None:
    wu = await hires(office, "吴芳")
    async with office.database.transaction() as session:
        made = await departments.add(session, "食堂", None, MONDAY)
        await departments.put_in(session, made, await session.get_one(Staff, wu.id), MONDAY)
    number, into = await files(office, about="食堂"), await files(office)
    async with office.database.transaction() as session:
        who = await session.get_one(Staff, wu.id)
        case = await case_work.get_case(session, number, lock=True)
        other = await case_work.get_case(session, into, lock=True)
        assert await complaint_conflicts.is_of_accused(session, case, who)
        assert not await complaint_conflicts.is_of_accused(session, other, who)
        await complaint_work.accept(session, other, "王强", MONDAY)
        await complaint_merging.merge(session, case, other, "王强", MONDAY)
        assert await complaint_conflicts.is_of_accused(session, other, who)
    await office.passes()

    assert await office.whose(into) is None


# --- by hand -----------------------------------------------------------------------------------------------


async def test_one_takes_it_by_hand_and_gives_it_back(office: Office) -> None:
    wu, zhao = await hires(office, "吴芳"), await hires(office, "赵敏")
    number = await files(office)
    async with office.database.transaction() as session:
        first, second = [
            await permissions.standing_of(session, await session.get_one(Staff, each.id))
            for each in (wu, zhao)
        ]
        case = await case_work.get_case(session, number, lock=True)
        await complaint_work.own(session, case, first, MONDAY)
        with pytest.raises(DomainError, match="已由吴芳接手。要换人办，请先退回待接"):
            await complaint_work.own(session, case, second, MONDAY)
        await complaint_work.free(session, case, first, MONDAY)
    await office.passes()
    assert await office.whose(number) == zhao.id, "not to who has given it back"

    async with office.database.transaction() as session:
        case = await case_work.get_case(session, number, lock=True)
        case.state = S.IN_PROGRESS
        for act in (complaint_work.own, complaint_work.free):
            with pytest.raises(DomainError, match="处理中"):
                await act(session, case, first, MONDAY)
