"""The clocks of a 入会申请: staff are reminded, a promise is broken, silence ends it, waiting is free."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI
from app.database import Database
from app.jobs import applications as job
from app.metrics import Metrics
from app.services import application_work, case_notices, case_work, cases, joining
from models import CaseState as S
from tests.conftest import NOON, FakeClock
from tests.joining import applied
from tests.test_joining import DAY, WORDS, row_of, state_of, told


async def passes(database: Database, clock: FakeClock, moment: datetime) -> None:
    clock.set(moment)
    await job.run(database, clock)


async def test_staff_are_reminded_and_a_broken_promise_is_kept_once(
    database: Database, clock: FakeClock
) -> None:
    async with database.transaction() as session:
        _, number = await applied(session)

    due = datetime(2026, 12, 7, 18, 0, tzinfo=SHANGHAI)
    await passes(database, clock, datetime(2026, 12, 2, 17, 59, tzinfo=SHANGHAI))
    async with database.reading() as session:
        assert not application_work.is_near(await row_of(session, number), clock.now())
    await passes(database, clock, datetime(2026, 12, 2, 18, 0, tzinfo=SHANGHAI))
    async with database.reading() as session:
        assert application_work.is_near(await row_of(session, number), clock.now())
    await passes(database, clock, due)
    await passes(database, clock, due + DAY)

    async with database.reading() as session:
        assert (await row_of(session, number)).overdue
        case = await case_work.get_case(session, number)
        notes = [
            cases.text_of(each) for each in await case_work.list_entries(session, case) if each.by == "system"
        ]
    assert notes == ["离答复时限不到 3 个工作日", "超过了答复时限"]


async def test_waiting_for_the_applicant_stops_the_clock(session: AsyncSession) -> None:
    who, number = await applied(session)
    await application_work.ask(session, number, "补照片", "王强", NOON)
    assert (await row_of(session, number)).due_at is None

    week = NOON + 7 * DAY  # five working days later
    own = await joining.supplement(session, who, WORDS, channel="chat", now=week)

    assert own.application.due_at == datetime(2026, 12, 14, 18, 0, tzinfo=SHANGHAI)


async def test_silence_is_reminded_once_and_ends_the_application(
    database: Database, clock: FakeClock
) -> None:
    async with database.transaction() as session:
        _, number = await applied(session)
        await application_work.ask(session, number, "补照片", "王强", NOON)

    await passes(database, clock, NOON + 7 * DAY)
    await passes(database, clock, NOON + 8 * DAY)
    async with database.reading() as session:
        assert len(await told(session, case_notices.REMINDED)) == 1
    await passes(database, clock, NOON + 30 * DAY)
    await passes(database, clock, NOON + 31 * DAY)

    async with database.reading() as session:
        assert await state_of(session, number) is S.CANCELLED
        (said,) = await told(session, case_notices.ENDED)
        assert "30 天没有收到补正，按撤销处理了" in said
        # The reminder that nobody read is not read any more.
        assert len(await told(session, case_notices.REMINDED)) == 1


async def test_late_ones_are_a_figure(database: Database) -> None:
    async with database.transaction() as session:
        await applied(session)
        await applied(session, now=NOON - timedelta(days=30))
    figures = Metrics()

    await figures.look(database, NOON)

    assert b"gonghui_applications_overdue 1.0" in figures.render()
