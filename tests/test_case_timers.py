"""What time does to consultations: reminders, ends, broken promises; office hours over all breaks."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from app import metrics
from app.clock import SHANGHAI
from app.database import Database
from app.jobs import case_clocks as job
from app.services import calendar, case_clocks, case_work, cases, consultation_work, consultations
from app.services.statutory_deadlines import Dates
from models import Case, CaseKind, CaseState, Consultation, DeliveryState, Employment, Outbox
from tests.conftest import FakeClock
from tests.consulting import WORDS, consult, look, person

S = CaseState
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@dataclass
class Days:
    """One consultation of Monday 9:00, and days that pass."""

    database: Database
    clock: FakeClock
    person: int = 0
    number: str = ""

    async def begin(self, **changed: Any) -> None:
        self.clock.set(at("2026-11-23 09:00"))
        async with self.database.transaction() as session:
            self.person = await person(session)
            self.number = (await consult(session, self.person, now=self.clock.now(), **changed)).number

    async def asks(self, text: str = "合同是哪年签的？") -> None:
        async with self.database.transaction() as session:
            await consultation_work.ask(session, self.number, text, "张律师", self.clock.now())

    async def answers(self) -> None:
        async with self.database.transaction() as session:
            await case_work.answer(session, self.number, "可以申请仲裁。", "张律师", self.clock.now())

    async def adds(self) -> None:
        async with self.database.transaction() as session:
            await consultations.add(
                session, self.person, self.number, WORDS, channel="chat", now=self.clock.now()
            )

    async def passes(self, time: timedelta) -> int:
        self.clock.advance(time.total_seconds())
        return await job.run(self.database, self.clock)

    async def now(self) -> tuple[Case, Consultation]:
        async with self.database.reading() as session:
            return await look(session, self.number)

    async def told(self) -> list[tuple[str, DeliveryState]]:
        async with self.database.reading() as session:
            rows = await session.execute(sa.select(Outbox.kind, Outbox.state).order_by(Outbox.id))
            return [(kind, state) for kind, state in rows]

    async def last_words(self) -> str:
        async with self.database.reading() as session:
            case = await case_work.get_case(session, self.number)
            return cases.text_of((await case_work.list_entries(session, case))[-1])


@pytest.fixture
async def days(database: Database, clock: FakeClock) -> AsyncIterator[Days]:
    yield Days(database, clock)


# --- waiting for the member --------------------------------------------------------------------------------


async def test_silence_is_reminded_once_after_a_week_and_ended_after_two(days: Days) -> None:
    await days.begin()
    await days.asks()

    assert await days.passes(7 * DAY - timedelta(seconds=1)) == 0
    assert await days.passes(timedelta(seconds=1)) == 1
    assert await days.passes(timedelta()) == 0
    assert [kind for kind, _ in await days.told()] == ["cases.asked", "cases.reminded"]
    assert await days.last_words() == "7 天没有补充，已提醒本人"
    assert await days.passes(7 * DAY - timedelta(seconds=1)) == 0
    assert await days.passes(timedelta(seconds=1)) == 1

    case, _ = await days.now()
    assert (case.state, case.closed_at) == (S.CLOSED, at("2026-12-07 09:00"))
    assert (case.close_due_at, case.reminder_due_at, case.answer_due_at) == (None, None, None)
    assert await days.last_words() == "14 天没有补充，自动办结"
    assert await days.told() == [
        ("cases.asked", DeliveryState.SKIPPED),  # not asked any more
        ("cases.reminded", DeliveryState.SKIPPED),
        ("cases.ended", DeliveryState.QUEUED),
    ]
    assert await days.passes(30 * DAY) == 0


async def test_who_tells_more_is_reminded_of_nothing(days: Days) -> None:
    await days.begin()
    await days.asks()
    days.clock.advance((6 * DAY).total_seconds())
    await days.adds()

    await days.passes(2 * DAY)

    assert [kind for kind, _ in await days.told()] == ["cases.asked"]
    assert (await days.now())[0].state is S.IN_PROGRESS


async def test_after_a_standstill_of_ours_the_member_still_has_a_week(days: Days) -> None:
    await days.begin()
    await days.asks()

    await days.passes(20 * DAY)

    case, _ = await days.now()
    assert case.state is S.WAITING_USER
    assert case.close_due_at == days.clock.now() + 7 * DAY
    await days.passes(7 * DAY)
    assert (await days.now())[0].state is S.CLOSED


async def test_ended_by_time_it_can_still_be_taken_up_for_a_week(days: Days) -> None:
    await days.begin()
    await days.asks()
    await days.passes(7 * DAY)
    await days.passes(7 * DAY)

    days.clock.advance((6 * DAY).total_seconds())
    await days.adds()

    assert (await days.now())[0].state is S.REOPENED


# --- our promise -------------------------------------------------------------------------------------------


async def test_a_broken_promise_is_said_once_in_the_log_and_counted(days: Days) -> None:
    await days.begin()  # to be answered by 15:30
    assert await days.passes(timedelta(hours=6, minutes=29)) == 0

    with capture_logs() as logs:
        await days.passes(timedelta(minutes=2))
        await days.passes(timedelta(hours=1))

    said = [(line["event"], line["log_level"], line["case"]) for line in logs if "case" in line]
    assert said == [("case_overdue", "warning", "FL-2026-0001")]
    assert await days.last_words() == "超过了答复时限"
    assert (await days.now())[0].overdue
    assert await _figure(days) == 1
    await days.answers()
    assert await _figure(days) == 0


async def _figure(days: Days) -> float:
    await metrics.look(days.database, days.clock.now())
    (line,) = [
        each
        for each in metrics.render().decode().splitlines()
        if each.startswith("gonghui_consultations_overdue ")
    ]
    return float(line.split()[1])


async def test_a_new_promise_after_reopening_is_kept_or_broken_on_its_own(days: Days) -> None:
    await days.begin()
    await days.passes(DAY)
    await days.answers()
    await days.adds()
    assert not (await days.now())[0].overdue

    with capture_logs() as logs:
        await days.passes(2 * DAY)

    assert [line["event"] for line in logs if "case" in line] == ["case_overdue"]


async def test_while_we_wait_for_the_member_no_promise_is_broken(days: Days) -> None:
    await days.begin()
    await days.asks()

    assert await days.passes(6 * DAY) == 0


async def test_an_answer_that_stays_without_a_word_is_closed_after_a_week(days: Days) -> None:
    await days.begin()
    await days.answers()

    assert await days.passes(7 * DAY) == 1

    case, _ = await days.now()
    assert case.state is S.CLOSED
    assert await days.last_words() == "答复后 7 天没有新情况，自动办结"
    assert [kind for kind, _ in await days.told()] == ["cases.answered"]  # nothing more is said of it


async def test_a_deadline_that_comes_near_makes_it_urgent(days: Days) -> None:
    await days.begin(dates=Dates(employment=Employment.LEFT, left_on=date(2025, 11, 30)))
    assert not (await days.now())[1].fast_track  # seven days left

    await days.passes(DAY)

    assert (await days.now())[1].fast_track
    assert await days.last_words() == "离法定期限不足 7 天，转为加急"


async def test_two_processes_do_it_once(days: Days) -> None:
    await days.begin()
    await days.asks()
    days.clock.advance((7 * DAY).total_seconds())
    other = Database(days.database.url.render_as_string(hide_password=False))
    import asyncio

    try:
        await asyncio.gather(job.run(days.database, days.clock), job.run(other, days.clock))
    finally:
        await other.close()

    assert [kind for kind, _ in await days.told()] == ["cases.asked", "cases.reminded"]


# --- office hours ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        ("2026-11-23 08:30", "2026-11-23 15:00"),  # over midday
        ("2026-11-23 06:00", "2026-11-23 15:00"),  # before the office opens
        ("2026-11-23 12:00", "2026-11-24 09:00"),  # midday
        ("2026-11-23 14:00", "2026-11-24 09:00"),
        ("2026-11-23 17:59", "2026-11-24 14:59"),
        ("2026-11-23 18:00", "2026-11-24 15:00"),  # evening
        ("2026-11-27 17:00", "2026-11-30 11:30"),  # Friday, over the weekend
        ("2026-11-28 10:00", "2026-11-30 15:00"),  # Saturday
        ("2026-09-30 17:00", "2026-10-08 11:30"),  # National Day
        ("2026-02-14 17:00", "2026-02-24 11:30"),  # a worked Saturday before Spring Festival
        ("2025-12-31 17:00", "2026-01-04 11:30"),  # New Year's Day, and a Sunday worked for it
    ],
)
def test_the_first_answer_is_due_after_four_office_hours(asked: str, due: str) -> None:
    assert case_clocks.answer_due(CaseKind.CONSULTATION, at(asked)) == at(due)
    assert calendar.working_time_between(at(asked), at(due)) == timedelta(hours=4)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-11-23 09:00", "2026-11-23 11:00", 2),
        ("2026-11-23 11:00", "2026-11-23 15:30", 2),
        ("2026-11-23 12:30", "2026-11-23 14:00", 0),
        ("2026-11-23 17:00", "2026-11-24 09:30", 2),
        ("2026-11-27 17:30", "2026-11-30 09:00", 1),
        ("2026-09-30 17:30", "2026-10-08 09:00", 1),
        ("2026-11-24 09:00", "2026-11-23 09:00", 0),  # backwards
    ],
)
def test_office_time_between_two_moments(start: str, end: str, hours: float) -> None:
    assert calendar.working_time_between(at(start), at(end)) == timedelta(hours=hours)
