"""The clocks of legal aid: days of the calendar, holidays, reminders, broken promises, silence."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, ends_on
from app.database import Database
from app.jobs import legal_aid as job
from app.services import (
    case_notices,
    case_work,
    cases,
    figures,
    legal_aid,
    legal_aid_carrying,
    legal_aid_work,
    staff_notices,
)
from app.services import legal_aid_clocks as clocks
from app.services.statutory_deadlines import Dates
from models import CaseState as S
from models import Role
from tests import making
from tests.aiding import PAPERS, applied, apply, employ, look, told
from tests.conftest import NOON, FakeClock
from tests.test_legal_aid import House

DAY = timedelta(days=1)


def at(day: date, hour: int = 18, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)


async def passes(database: Database, clock: FakeClock, moment: datetime) -> None:
    clock.set(moment)
    await job.run(database, clock)


@pytest.mark.parametrize(
    ("day", "days", "last"),
    [
        (date(2026, 11, 23), 7, date(2026, 11, 30)),  # Monday to Monday
        (date(2026, 11, 24), 3, date(2026, 11, 27)),
        (date(2026, 11, 23), 5, date(2026, 11, 30)),  # Saturday moves on to Monday
        (date(2026, 11, 22), 7, date(2026, 11, 30)),  # Sunday, too
        (date(2026, 9, 24), 7, date(2026, 10, 8)),  # the first of the holidays: until they are over
        (date(2026, 10, 4), 3, date(2026, 10, 8)),
        (date(2026, 10, 3), 7, date(2026, 10, 10)),  # a Saturday that is worked
        (date(2026, 2, 11), 7, date(2026, 2, 24)),  # the spring festival
    ],
)
def test_a_last_day_on_a_holiday_moves_to_the_next_working_day(day: date, days: int, last: date) -> None:
    assert clocks.last_day(day, days) == last


def test_our_time_ends_when_the_office_closes_and_theirs_at_midnight() -> None:
    assert clocks.ours(NOON, 7) == at(date(2026, 11, 30))
    assert clocks.ours(at(date(2026, 11, 23), 23, 59), 7) == at(date(2026, 11, 30))
    assert clocks.theirs(NOON, 15) == at(date(2026, 12, 9), 0)
    assert ends_on(clocks.theirs(NOON, 15)) == date(2026, 12, 8)


def test_what_is_left_is_said_in_days() -> None:
    due = clocks.ours(NOON, 7)

    assert clocks.left_in_words(due, NOON) == "还剩 7 天"
    assert clocks.left_in_words(due, at(date(2026, 11, 30), 17, 59)) == "今天是最后一天"
    assert clocks.left_in_words(due, at(date(2026, 11, 30), 18)) == "已经超过时限"
    assert clocks.left_in_words(due, at(date(2026, 12, 2), 9)) == "已经超过 2 天"


async def test_each_stage_has_days_of_its_own(session: AsyncSession) -> None:
    house = await House(session).hire()
    who, number = await applied(session)
    _, row = await look(session, number)
    assert row.due_at == at(date(2026, 11, 30))

    await legal_aid_work.ask(session, number, "劳动合同", date(2026, 12, 5), house.wang, NOON)
    _, row = await look(session, number)
    assert row.due_at is None
    assert row.supplement_due_at == at(date(2026, 12, 8), 0)  # a Saturday: until the end of Monday

    await legal_aid.supply(session, who, number, PAPERS, channel="chat", now=NOON + 4 * DAY)
    _, row = await look(session, number)
    assert row.due_at == at(date(2026, 12, 4)) and row.papers_at == NOON + 4 * DAY  # seven days anew

    await legal_aid_work.grant(session, number, house.wang, NOON + 5 * DAY)  # Saturday the 28th
    _, row = await look(session, number)
    assert row.due_at == at(date(2026, 12, 1))

    await legal_aid_carrying.assign(session, number, house.lawyer, house.wang, NOON + 6 * DAY)
    case, row = await look(session, number)
    assert row.due_at is None and case.first_answer_due_at is None


async def test_an_objection_is_looked_at_within_five_days(session: AsyncSession) -> None:
    house = await House(session).hire()
    who, number = await applied(session)
    await legal_aid_work.reject(session, number, "不在范围内", house.wang, NOON)
    await legal_aid.object_to(session, who, number, PAPERS, channel="chat", now=NOON + DAY)

    _, row = await look(session, number)
    assert row.due_at == at(date(2026, 11, 30))  # the 29th is a Sunday
    assert row.objection_until is None


async def test_staff_are_reminded_and_a_broken_promise_is_told_once(
    database: Database, clock: FakeClock
) -> None:
    async with database.transaction() as session:
        admin, _ = await employ(session, "王强", Role.UNION_ADMIN)
        admin.person_id = (await making.person(session)).person_id
        _, number = await applied(session)

    await passes(database, clock, at(date(2026, 11, 28), 17, 59))
    async with database.reading() as session:
        assert await told(session, staff_notices.AID) == []
    for moment in (at(date(2026, 11, 28)), at(date(2026, 11, 29))):
        await passes(database, clock, moment)
    for moment in (at(date(2026, 11, 30)), at(date(2026, 12, 1))):
        await passes(database, clock, moment)

    async with database.reading() as session:
        assert await told(session, staff_notices.AID) == [
            f"法律援助申请 {number} 决定的时限还剩 2 天。请到工作台看。",
            f"法律援助申请 {number} 超过了决定的时限。请到工作台看。",
        ]
        case, row = await look(session, number)
        assert row.overdue and case.state is S.SUBMITTED
        notes = [cases.text_of(each) for each in await case_work.list_entries(session, case) if each.by]
        assert notes == ["决定的时限还剩 2 天", "超过了决定的时限"]
        assert (await figures.read(session, clock.now())).applications_overdue == 1


async def test_silence_is_reminded_once_and_counts_as_withdrawn(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as session:
        house = await House(session).hire()
        who, number = await applied(session)
        await legal_aid_work.ask(session, number, "劳动合同", date(2026, 12, 7), house.wang, NOON)

    await passes(database, clock, at(date(2026, 12, 5), 0))
    await passes(database, clock, at(date(2026, 12, 6), 0))
    async with database.reading() as session:
        (reminded,) = await told(session, case_notices.REMINDED)
        assert "12月7日到期" in reminded and "按撤回处理" in reminded
    await passes(database, clock, at(date(2026, 12, 7), 23, 59))
    async with database.reading() as session:
        assert (await look(session, number))[0].state is S.SUPPLEMENT
    await passes(database, clock, at(date(2026, 12, 8), 0))
    await passes(database, clock, at(date(2026, 12, 9), 0))

    async with database.reading() as session:
        case, row = await look(session, number)
        assert case.state is S.DEEMED_WITHDRAWN and case.closed_at is not None
        assert row.supplement_due_at is None
        (ended,) = await told(session, case_notices.ENDED)
        assert "视为撤回" not in ended and "按撤回处理了" in ended and "重新申请" in ended
    async with database.transaction() as session:
        assert not (await apply(session, who, now=clock.now())).again


async def test_papers_that_come_at_the_last_moment_count(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as session:
        house = await House(session).hire()
        who, number = await applied(session)
        await legal_aid_work.ask(session, number, "劳动合同", date(2026, 12, 7), house.wang, NOON)
        last = at(date(2026, 12, 7), 23, 59)
        await legal_aid.supply(session, who, number, PAPERS, channel="chat", now=last)

    await passes(database, clock, at(date(2026, 12, 8), 0))

    async with database.reading() as session:
        assert (await look(session, number))[0].state is S.REVIEWING


async def test_urgent_help_does_not_end_because_papers_are_late(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as session:
        house = await House(session).hire()
        _, number = await applied(session, preservation=True)
        _, row = await look(session, number)
        assert row.due_at == at(date(2026, 11, 24))  # by the end of the next working day
        await legal_aid_carrying.assign(
            session, number, house.lawyer, house.wang, NOON, missing="劳动合同", until=date(2026, 12, 7)
        )

    await passes(database, clock, at(date(2026, 12, 8), 0))
    await passes(database, clock, at(date(2026, 12, 9), 0))

    async with database.reading() as session:
        case, row = await look(session, number)
        assert case.state is S.ASSIGNED and row.supplement_due_at is None
        notes = [cases.text_of(each) for each in await case_work.list_entries(session, case)]
        assert notes.count("先行援助的材料到期没有补来") == 1


async def test_a_deadline_that_comes_near_makes_it_urgent(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as session:
        _, number = await applied(session, dates=Dates(told_on=date(2026, 12, 2)))
        assert not (await look(session, number))[1].fast_track

    await passes(database, clock, at(date(2026, 11, 26), 9))
    await passes(database, clock, at(date(2026, 11, 26), 10))

    async with database.reading() as session:
        case, row = await look(session, number)
        assert row.fast_track and row.due_at == at(date(2026, 11, 27))
        (said,) = await told(session, case_notices.PROGRESS)
        assert "12348" in said and "12351" in said
        notes = [cases.text_of(each) for each in await case_work.list_entries(session, case)]
        assert notes.count("离法定期限不足 7 天，可以先指派、后补材料") == 1
