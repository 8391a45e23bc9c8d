"""投诉建议 and the round of clocks: one that cannot go on stops no other."""

from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.jobs import case_timers as timers
from app.services import complaint_timers, complaints
from app.services.advice import Added
from models import CaseState, Complaint, Role, Staff
from tests.complaining import DAY, MORE, Office, employ, office

__all__ = ["office"]
S = CaseState


async def test_a_suspended_one_is_not_extended_and_goes_on_when_its_day_has_come(office: Office) -> None:
    await office.does("accept", "dispatch", "take", "suspend")
    with pytest.raises(DomainError, match="办理中的才能延期"):
        await office.does("extend")

    await office.passes(4 * DAY)
    case, complaint = await office.look()
    assert (case.state, complaint.resume_due_at) == (S.IN_PROGRESS, None)


async def test_a_day_to_go_on_that_was_left_behind_stops_no_clock(office: Office) -> None:
    stuck = office.number
    await office.does("accept", "dispatch", "take")
    async with office.database.transaction() as session:
        case, _ = await office.look()
        left = sa.update(Complaint).where(Complaint.case_id == case.id)
        await session.execute(left.values(resume_due_at=office.clock.now() + DAY))
        other = await office.hears(session)

    await office.passes(30 * DAY)

    assert (await office.look(stuck))[1].resume_due_at is None
    case, complaint = await office.look(other)
    assert case.overdue and complaint.reminded


async def test_one_that_fails_is_left_and_those_behind_it_are_done(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "BATCH", 1)
    (poisoned, _) = await office.look()
    numbers: list[str] = []
    tried: list[int] = []
    async with office.database.transaction() as session:
        numbers += [await office.hears(session) for _ in range(2)]
    advance = complaint_timers.advance

    async def fails(session: AsyncSession, case_id: int, now: datetime) -> timers.Moved:
        tried.append(case_id)
        if case_id == poisoned.id:
            raise LookupError("no such thing")
        return await advance(session, case_id, now)

    monkeypatch.setattr(complaint_timers, "advance", fails)
    await office.passes(30 * DAY)

    assert tried.count(poisoned.id) == 1 and (await office.look(numbers[0]))[1].reminded
    await office.passes(DAY / 24)
    assert (await office.look(numbers[1]))[1].reminded and tried.count(poisoned.id) == 2
    assert not (await office.look(poisoned.number))[1].reminded


async def test_words_to_a_second_reply_are_read_before_it_closes(office: Office) -> None:
    async with office.database.transaction() as session:
        clerk = await employ(session, "吴芳", "wu.fang", Role.COMPLAINTS)
        lead = await employ(session, "王强", "wang.qiang", Role.UNION_ADMIN)
        people = [(await session.get_one(Staff, each.staff_id)).person_id for each in (clerk, lead)]
    await office.does("accept", "dispatch", "take", "reply", "add", "take", "reply")
    before = [len(await office.told(each)) for each in people]
    for _ in range(2):
        async with office.database.transaction() as session:
            now, number = office.clock.now(), office.number
            added = await complaints.add(session, office.person, number, MORE, channel="chat", now=now)
            assert added is Added.KEPT
    assert [len(await office.told(each)) for each in people] == [each + 1 for each in before]
    assert "答复以后本人又说了话" in (await office.told(people[0]))[-1]

    await office.passes(8 * DAY)
    assert (await office.look())[0].state is S.REPLIED
    assert "要看本人又说的话" in (await office.told(people[0]))[-1]
    await office.does("close")
    told = [len(await office.told(each)) for each in people]
    await office.passes(30 * DAY)
    assert [len(await office.told(each)) for each in people] == told
