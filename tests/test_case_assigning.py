"""How a case finds somebody on duty: fewest first, limits, skills, leave, holidays, conflicts, silence."""

import asyncio
from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app.database import Database
from app.errors import DomainError
from app.services import (
    branches,
    case_assigning,
    case_owners,
    case_work,
    cases,
    consultations,
    duty_rooms,
    permissions,
    rota,
    staff_skills,
)
from app.services.consultation_facts import Opponent
from app.services.legal_topics import LegalTopic
from app.services.staff import Wanted
from app.services.staff_skills import Work
from models import CaseKind, CaseQueue, CaseState, DutyRoom, DutyShift, EntryKind, Outbox, Role, Staff
from tests.conftest import FakeClock
from tests.consulting import WORDS, consult, person
from tests.on_duty_kit import AM, MONDAY, PM, TODAY, Office, at

S = CaseState
LEGAL, DESK = DutyRoom.LEGAL, DutyRoom.DESK


@pytest.fixture
async def office(database: Database, clock: FakeClock) -> Office:
    made = Office(database, clock)
    await made.opens(LEGAL, DESK)
    return made


async def said(office: Office, number: str) -> list[str]:
    """What staff read of what happened among them."""
    async with office.database.reading() as session:
        entries = await case_work.list_entries(session, await case_work.get_case(session, number))
        return [cases.text_of(each) for each in entries if each.kind is EntryKind.EVENT and each.blocks]


async def told(office: Office, kind: str) -> list[int | None]:
    """Persons who were told so, oldest first."""
    async with office.database.reading() as session:
        return list(
            await session.scalars(sa.select(Outbox.person_id).where(Outbox.kind == kind).order_by(Outbox.id))
        )


async def skilled(office: Office, who: Staff, *topics: LegalTopic) -> None:
    async with office.database.transaction() as session:
        by = await permissions.standing_of(session, office.lead)
        work = Work(frozenset((CaseKind.CONSULTATION, topic.value) for topic in topics), None)
        found = await session.get_one(Staff, who.id, options=[selectinload(Staff.grants)])
        await staff_skills.change_work(session, found, work, by=by)


# --- whose turn it is --------------------------------------------------------------------------------------


async def test_whoever_has_fewest_gets_it_with_trace_and_notice(office: Office) -> None:
    zhang, li = await office.hires("张律师", wechat=True), await office.hires("李律师")
    for each in (zhang, li):
        await office.puts(each)
    first = await office.asks()
    assert await office.whose(first) is None, "who asks does not wait for it"
    await office.passes()
    second, third = await office.asks(), await office.asks()
    await office.passes()

    assert [await office.whose(each) for each in (first, second, third)] == [zhang.id, li.id, zhang.id]
    case = await office.case(first)
    assert (case.state, case.owned_at) == (S.ASSIGNED, MONDAY)
    assert case.return_due_at == at("2026-11-23 15:30")
    assert await said(office, first) == ["按值班表派给张律师"]
    assert await told(office, "staff.assigned") == [zhang.person_id] * 2
    await office.passes()
    assert len(await told(office, "staff.assigned")) == 2, "the same job twice"


async def test_equals_take_turns_even_if_they_answer_at_once(office: Office) -> None:
    zhang, li = await office.hires("张律师"), await office.hires("李律师")
    for each in (zhang, li):
        await office.puts(each)
    got = []
    for minute in range(4):
        number = await office.asks()
        await office.passes(f"2026-11-23 09:0{minute + 1}")
        got.append(await office.whose(number))
        async with office.database.transaction() as session:
            await case_work.answer(session, number, "可以申请仲裁。", "律师", office.clock.now())

    assert got == [zhang.id, li.id, zhang.id, li.id]


async def test_a_room_that_is_off_gives_nothing_to_anybody(office: Office) -> None:
    zhang = await office.hires("张律师")
    await office.puts(zhang)
    async with office.database.transaction() as session:
        by = await permissions.standing_of(session, office.lead)
        await duty_rooms.turn(session, LEGAL, False, 2, by, MONDAY)
    number = await office.asks()

    await office.passes()
    await office.passes("2026-11-23 15:00")

    assert await office.whose(number) is None and await said(office, number) == []
    assert await told(office, "staff.free") == []


async def test_who_is_at_his_limit_gets_no_more(office: Office) -> None:
    zhang = await office.hires("张律师", most_cases=2)
    await office.puts(zhang)
    numbers = [await office.asks() for _ in range(3)]
    await office.passes()
    assert [await office.whose(each) for each in numbers] == [zhang.id, zhang.id, None]

    async with office.database.transaction() as session:
        who = await permissions.standing_of(session, await session.get_one(Staff, zhang.id))
        with pytest.raises(DomainError, match="手上已有 2 件"):
            await case_owners.take(
                session, await case_work.get_case(session, numbers[2], lock=True), who, MONDAY
            )
        await case_work.answer(session, numbers[0], "可以申请仲裁。", "张律师", MONDAY)
    await office.passes("2026-11-23 09:02")
    assert await office.whose(numbers[2]) == zhang.id


async def test_two_at_once_do_not_go_over_a_limit(office: Office) -> None:
    zhang = await office.hires("张律师", most_cases=1)
    await office.puts(zhang)
    numbers = [await office.asks() for _ in range(2)]
    ids = [(await office.case(each)).id for each in numbers]

    async def gives(case_id: int) -> list[str]:
        async with office.database.transaction() as session:
            return (await case_assigning.advance(session, case_id, MONDAY))[1]

    done = await asyncio.gather(*(gives(case_id) for case_id in ids * 2))

    assert sum(each == ["assigned"] for each in done) == 1
    assert sorted([await office.whose(each) for each in numbers], key=bool) == [None, zhang.id]


async def test_taken_by_hand_while_it_is_given(office: Office) -> None:
    zhang, li = await office.hires("张律师"), await office.hires("李律师")
    await office.puts(zhang)
    number = await office.asks()
    case_id = (await office.case(number)).id

    async def takes() -> None:
        async with office.database.transaction() as session:
            who = await permissions.standing_of(session, await session.get_one(Staff, li.id))
            case = await case_work.get_case(session, number, lock=True)
            await case_owners.take(session, case, who, MONDAY)

    async def gives() -> None:
        async with office.database.transaction() as session:
            await case_assigning.advance(session, case_id, MONDAY)

    await asyncio.gather(takes(), gives(), return_exceptions=True)

    assert await office.whose(number) in (zhang.id, li.id)
    assert len(await said(office, number)) == 1


async def test_a_crash_in_between_leaves_it_free_for_the_next_round(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    zhang = await office.hires("张律师", wechat=True)
    await office.puts(zhang)
    number = await office.asks()

    async def dies(*_: object) -> None:
        raise OSError("the power went")

    with monkeypatch.context() as broken:
        broken.setattr("app.services.staff_notices.assigned", dies)
        await office.passes()  # the round goes on with the others
    assert (await office.whose(number), await said(office, number)) == (None, [])

    await office.passes()
    assert await office.whose(number) == zhang.id
    assert await told(office, "staff.assigned") == [zhang.person_id]


# --- whom it fits ------------------------------------------------------------------------------------------


async def test_skills_decide_before_numbers(office: Office) -> None:
    zhang, li = await office.hires("张律师"), await office.hires("李律师")
    for each in (zhang, li):
        await office.puts(each)
    await skilled(office, zhang, LegalTopic.INJURY)
    numbers = [await office.asks(topic=LegalTopic.WAGES) for _ in range(2)]
    injury = await office.asks(topic=LegalTopic.INJURY)
    await office.passes()

    assert [await office.whose(each) for each in numbers] == [li.id, li.id]
    assert await office.whose(injury) == zhang.id


async def test_against_the_company_only_lawyers_from_outside(office: Office) -> None:
    own, outside = (
        await office.hires("张律师", Role.LAWYER, Role.COMPANY_LAWYER),
        await office.hires("李律师"),
    )
    await office.puts(own)
    number = await office.asks(opponent=Opponent.OWN_COMPANY)
    await office.passes()
    assert await office.whose(number) is None

    async with office.database.transaction() as session:
        case = await case_work.get_case(session, number, lock=True)
        who = await permissions.standing_of(session, await session.get_one(Staff, own.id))
        other = await permissions.standing_of(session, await session.get_one(Staff, outside.id))
        with pytest.raises(DomainError, match="只能由公司以外的律师办"):
            await case_owners.take(session, case, who, MONDAY)
        with pytest.raises(DomainError, match="只能由公司以外的律师办"):
            await case_owners.answers(session, case, who, MONDAY)
        with pytest.raises(DomainError, match="张律师是公司法务"):
            await case_owners.hand_to(session, case, await session.get_one(Staff, own.id), "", other, MONDAY)
        assert [each.staff.name for each in await case_owners.list_able(session, case, MONDAY)] == ["李律师"]
    await office.puts(outside)
    await office.passes("2026-11-23 09:02")

    assert await office.whose(number) == outside.id


async def test_who_is_away_gets_nothing_and_comes_last_where_one_chooses(office: Office) -> None:
    zhang, li = await office.hires("张律师"), await office.hires("李律师")
    for each in (zhang, li):
        await office.puts(each)
    async with office.database.transaction() as session:
        found = await session.get_one(Staff, zhang.id)
        by = await permissions.standing_of(session, found)
        await staff_skills.set_away(session, found, TODAY, TODAY, by=by, now=MONDAY)
    numbers = [await office.asks() for _ in range(2)]
    await office.passes()

    assert [await office.whose(each) for each in numbers] == [li.id, li.id]
    async with office.database.reading() as session:
        able = await case_owners.list_able(session, await case_work.get_case(session, numbers[0]), MONDAY)
        assert [(each.staff.name, each.away) for each in able] == [("张律师", True)]


async def test_whose_role_is_for_a_branch_gets_nothing_of_the_whole_union(office: Office) -> None:
    async with office.database.transaction() as session:
        north = await branches.ensure(session, "公司工会", "北区分工会", now=MONDAY)
        branch_id = north.id
    zhang = await office.hires("张律师", Wanted(Role.LAWYER, branch_id))
    await office.puts(zhang)
    number = await office.asks()
    await office.passes()

    assert await office.whose(number) is None


# --- when --------------------------------------------------------------------------------------------------


async def test_of_a_holiday_and_of_the_night_nobody_is_on_duty(office: Office) -> None:
    zhang = await office.hires("张律师")
    office.clock.set(at("2026-09-30 19:00"))  # the evening before the national holiday
    days = [date(2026, 10, day) for day in (8, 9)]
    await office.puts(zhang, *((day, half) for day in days for half in (AM, PM)))
    number = await office.asks()
    for moment in ("2026-09-30 19:01", "2026-10-01 09:00", "2026-10-05 15:00", "2026-10-08 08:29"):
        await office.passes(moment)
        assert await office.whose(number) is None, moment
        assert await told(office, "staff.free") == [], moment
    await office.passes("2026-10-08 08:30")

    assert await office.whose(number) == zhang.id


async def test_a_saturday_counts_where_somebody_was_put_there(office: Office) -> None:
    zhang = await office.hires("张律师")
    await office.puts(zhang, (date(2026, 11, 28), AM))
    office.clock.set(at("2026-11-28 07:00"))
    early = await office.asks()
    await office.passes()
    assert await office.whose(early) is None
    await office.passes("2026-11-28 08:30")
    assert await office.whose(early) == zhang.id
    office.clock.set(at("2026-11-28 12:00"))
    late = await office.asks()
    await office.passes()

    assert await office.whose(late) is None, "his half day is over"


async def test_who_leads_hears_once_that_nobody_fits(office: Office) -> None:
    number = await office.asks()
    await office.passes()
    await office.passes("2026-11-23 10:59")
    assert await told(office, "staff.free") == []
    for moment in ("2026-11-23 11:01", "2026-11-23 11:10", "2026-11-24 09:00"):
        await office.passes(moment)

    assert await told(office, "staff.free") == [office.lead.person_id]
    zhang = await office.hires("张律师")
    await office.puts(zhang, (date(2026, 11, 24), AM))
    await office.passes("2026-11-24 09:02")
    assert await office.whose(number) == zhang.id


async def test_a_rota_that_changes_meanwhile_counts_as_it_is_then(office: Office) -> None:
    zhang, li = await office.hires("张律师"), await office.hires("李律师")
    await office.puts(zhang)
    number = await office.asks()
    case_id = (await office.case(number)).id
    async with office.database.reading() as session:
        assert list(await case_assigning.list_due(session, MONDAY, 10)) == [case_id]

    async with office.database.transaction() as session:
        by = await permissions.standing_of(session, office.lead)
        for shift in (await session.scalars(sa.select(DutyShift))).all():
            await rota.remove(session, LEGAL, shift.public_id, by, MONDAY)
    await office.puts(li)
    async with office.database.transaction() as session:
        assert (await case_assigning.advance(session, case_id, MONDAY))[1] == ["assigned"]

    assert await office.whose(number) == li.id


# --- silence, giving back, coming again --------------------------------------------------------------------


async def test_from_who_stays_silent_it_goes_to_another_and_the_lead_hears(office: Office) -> None:
    zhang, li = await office.hires("张律师", wechat=True), await office.hires("李律师", wechat=True)
    await office.puts(zhang)
    number = await office.asks()
    await office.passes()
    await office.puts(li)
    await office.passes("2026-11-23 15:30")  # four office hours

    assert await office.whose(number) == li.id
    assert await said(office, number) == [
        "按值班表派给张律师",
        "张律师接手后没有答复，退回待接",
        "按值班表派给李律师",
    ]
    assert await told(office, "staff.silent") == [office.lead.person_id]
    assert await told(office, "staff.returned") == [], "not everybody: the rota finds somebody"
    tuesday = date(2026, 11, 24)
    await office.puts(zhang, (tuesday, AM), (tuesday, PM))
    await office.passes("2026-11-24 16:00")
    assert await office.whose(number) is None, "neither gets it a second time"


async def test_what_somebody_gave_back_is_not_given_him_again(office: Office) -> None:
    zhang = await office.hires("张律师")
    await office.puts(zhang)
    number = await office.asks()
    await office.passes()
    async with office.database.transaction() as session:
        who = await permissions.standing_of(session, await session.get_one(Staff, zhang.id))
        case = await case_work.get_case(session, number, lock=True)
        await case_owners.give_back(session, case, who, MONDAY, why="我是对方的代理人")
    await office.passes("2026-11-23 09:10")
    assert await office.whose(number) is None

    li = await office.hires("李律师")
    await office.puts(li)
    await office.passes("2026-11-23 09:20")
    assert await office.whose(number) == li.id


async def comes_again(office: Office, number: str, person_id: int) -> None:
    async with office.database.transaction() as session:
        await consultations.add(session, person_id, number, WORDS, channel="chat", now=office.clock.now())


@pytest.mark.parametrize("is_there", [True, False])
async def test_what_comes_again_is_his_who_had_it_if_he_is_on_duty(office: Office, is_there: bool) -> None:
    zhang, li = await office.hires("张律师"), await office.hires("李律师")
    tuesday = date(2026, 11, 24)
    await office.puts(zhang)
    await office.puts(li, (tuesday, AM))
    if is_there:
        await office.puts(zhang, (tuesday, AM))
    async with office.database.transaction() as session:
        asker = await person(session)
        opened = await consult(session, asker, now=MONDAY)
    await office.passes()
    async with office.database.transaction() as session:
        await case_work.answer(session, opened.number, "可以申请仲裁。", "张律师", at("2026-11-23 10:00"))
    office.clock.set(at("2026-11-23 20:00"))
    await comes_again(office, opened.number, asker)
    await office.passes()
    assert await office.whose(opened.number) == zhang.id, "nobody is on duty at night"
    await office.passes("2026-11-24 08:30")
    await office.passes("2026-11-24 08:40")

    assert await office.whose(opened.number) == (zhang.id if is_there else li.id)
    last = (await said(office, opened.number))[-1]
    assert last == ("按值班表派给张律师" if is_there else "张律师不在岗，按值班表转给李律师")


async def test_an_anonymous_case_waits_for_the_next_day_and_keeps_no_hour(office: Office) -> None:
    wang = await office.hires("王工", Role.UNION_ADMIN)
    tuesday = date(2026, 11, 24)
    await office.puts(wang, (TODAY, AM), (TODAY, PM), (tuesday, AM), room=DESK)
    async with office.database.transaction() as session:
        opened = await cases.open_case(
            session,
            CaseKind.FEEDBACK,
            await person(session),
            None,
            blocks=WORDS,
            anonymous=True,
            now=MONDAY,
        )
    await office.passes("2026-11-23 09:01")
    await office.passes("2026-11-23 17:00")
    async with office.database.reading() as session:
        assert await session.scalar(sa.select(CaseQueue.id)) is None, "no row that was made when it came"
    await office.passes("2026-11-24 08:30")

    case = await office.case(opened.number)
    assert (case.owner_id, case.owned_at) == (wang.id, at("2026-11-24 00:00"))
    async with office.database.reading() as session:
        queue = (await session.scalars(sa.select(CaseQueue))).one()
        assert (queue.since, queue.look_at, queue.lead_due_at) == (at("2026-11-23 00:00"), None, None)
