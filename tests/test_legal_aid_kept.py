"""法律援助申请 beside everything else: other answers, closed accounts, merging, exports, forgetting."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.errors import DomainError
from app.jobs import retention
from app.services import case_work, cases, closing, exports, legal_aid, legal_aid_work, merging
from app.wechat.incoming import words_in
from models import CaseEntry, CaseKind, CaseReporter, CaseState, MergeState
from tests.aiding import WORDS, applied, look
from tests.conftest import NOON, FakeClock
from tests.test_legal_aid import House

S = CaseState
DAY = timedelta(days=1)


@pytest.fixture
async def house(session: AsyncSession) -> House:
    return await House(session).hire()


async def test_it_is_not_answered_or_closed_as_others_are(session: AsyncSession) -> None:
    _, number = await applied(session)

    with pytest.raises(DomainError, match="请在工作台「法律援助」里办"):
        await case_work.answer(session, number, "可以", "王强", NOON)
    with pytest.raises(DomainError, match="请在工作台「法律援助」里办"):
        await case_work.close(session, number, "王强", NOON)


@pytest.mark.parametrize(
    ("stage", "end"), [("new", S.CANCELLED), ("carried", S.TERMINATED), ("no", S.UPHELD)]
)
async def test_closing_an_account_ends_it_and_empties_it(
    session: AsyncSession, house: House, stage: str, end: CaseState
) -> None:
    who, number = await applied(session)
    if stage == "carried":
        await house.carry(number)
    if stage == "no":
        await legal_aid_work.reject(session, number, "不在范围内", house.wang, NOON)
        await legal_aid.object_to(session, who, number, WORDS, channel="chat", now=NOON)

    await closing.close(session, who, channel="portal", now=NOON)

    session.expire_all()
    case, row = await look(session, number)
    assert case.state is end and row.details is None and row.due_at is None
    assert await session.scalar(sa.select(CaseReporter.id).where(CaseReporter.case_id == case.id)) is None


async def test_merged_persons_keep_both_applications(session: AsyncSession) -> None:
    older, first = await applied(session)
    younger, second = await applied(session)

    assert await merging.merge(session, older, younger, NOON) is MergeState.DONE

    found = await cases.list_mine(session, older, 10, CaseKind.LEGAL_AID)
    assert {mine.case.number for mine in found} == {first, second}


async def test_an_export_shows_ones_own_application(session: AsyncSession) -> None:
    who, number = await applied(session)

    chapters = {each.key: each for each in await exports.gather(session, who, words_in)}
    (own,) = chapters["cases"].rows
    assert own["number"] == number and own["state"] == "已申请"
    assert own["answers"]["申请的事"] == "确认劳动关系、追讨工资"


async def test_three_years_after_its_end_words_and_facts_go(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as session:
        house = await House(session).hire()
        _, number = await applied(session)
        await legal_aid_work.reject(session, number, "不在范围内", house.wang, NOON)
    clock.set(NOON + 3 * 365 * DAY)
    await retention.run(database, clock)
    async with database.reading() as session:
        assert (await look(session, number))[1].details is not None

    clock.set(NOON + (3 * 365 + 2) * DAY)
    for _ in range(3):
        await retention.run(database, clock)

    async with database.reading() as session:
        case, row = await look(session, number)
        assert row.details is None and row.deadline_on is None and case.state is S.REJECTED
        words: Any = await session.scalars(sa.select(CaseEntry.blocks).where(CaseEntry.case_id == case.id))
        assert not any(words)


async def test_hostile_words_are_kept_as_they_are(session: AsyncSession, house: House) -> None:
    _, number = await applied(session, parts=[{"type": "text", "text": "<script>alert(1)</script>"}])
    await legal_aid_work.reject(session, number, "=1+1 <b>不</b>", house.wang, NOON)

    case, _ = await look(session, number)
    thread = [cases.text_of(entry) for entry in await cases.list_thread(session, case)]
    assert "<script>alert(1)</script>" in thread and "=1+1 <b>不</b>" in thread
