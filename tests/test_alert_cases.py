"""紧急提醒 lead to the case they were raised in, for whoever may open that case, and to no anonymous one."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import alert_cases, cases, complaints, consultations, crisis, on_duty, permissions, talks
from app.services.consultation_facts import Opponent
from models import CaseKind, CrisisAlert, Naming, Role, Staff
from tests.complaining import complain, look
from tests.conftest import NOON
from tests.consulting import consult, person
from tests.on_duty_kit import employ

WORDS = "老板不发工资，我不想活了"
SAID = [{"type": "text", "text": WORDS}]


async def alerted(session: AsyncSession, person_id: int, text: str = WORDS) -> None:
    await crisis.alert(session, person_id, f"key-{person_id}-{text}", "chat", text, NOON)


async def alert_of(session: AsyncSession, person_id: int) -> CrisisAlert:
    chosen = sa.select(CrisisAlert).where(CrisisAlert.person_id == person_id)
    return (await session.scalars(chosen.execution_options(populate_existing=True))).one()


async def seen_by(session: AsyncSession, alert: CrisisAlert, *roles: Role) -> str:
    who = await permissions.standing_of(session, await employ(session, "王强", *roles))
    found = await alert_cases.find(session, alert, who)
    return "" if found is None else found.number


async def test_words_of_the_chat_lead_to_the_case_that_is_opened_with_them(session: AsyncSession) -> None:
    asker = await person(session)
    await alerted(session, asker)
    number = (await consult(session, asker, parts=SAID)).number

    alert = await alert_of(session, asker)
    assert alert.case_number == number
    assert await seen_by(session, alert, Role.LAWYER) == number
    assert await seen_by(session, alert, Role.COUNSELLOR) == "", "counselling reads no legal case"


async def test_against_the_company_its_lawyer_sees_no_link(session: AsyncSession) -> None:
    asker = await person(session)
    await alerted(session, asker)
    number = (await consult(session, asker, parts=SAID, opponent=Opponent.OWN_COMPANY)).number
    alert = await alert_of(session, asker)

    assert await seen_by(session, alert, Role.LAWYER) == number
    assert await seen_by(session, alert, Role.LAWYER, Role.COMPANY_LAWYER) == ""


@pytest.mark.parametrize("kind", [CaseKind.DESK, CaseKind.CONSULTATION, CaseKind.COMPLAINT])
async def test_more_words_lead_to_the_case_they_were_added_to(session: AsyncSession, kind: CaseKind) -> None:
    asker = await person(session)
    if kind is CaseKind.DESK:
        blocks: Any = [{"type": "text", "text": "人工"}]
        number = (await cases.open_case(session, kind, asker, None, blocks=blocks, now=NOON)).number
    else:
        opens = consult if kind is CaseKind.CONSULTATION else complain
        number = (await opens(session, asker, now=NOON)).number
    await alerted(session, asker)
    if kind is CaseKind.DESK:
        await talks.say(session, asker, number, SAID, now=NOON)
    else:
        adds = consultations.add if kind is CaseKind.CONSULTATION else complaints.add
        await adds(session, asker, number, SAID, channel="chat", now=NOON)

    assert (await alert_of(session, asker)).case_number == number


async def test_other_words_and_other_peoples_lead_nowhere(session: AsyncSession) -> None:
    asker, other = await person(session), await person(session)
    for who in (asker, other):
        await alerted(session, who)
    await consult(session, asker, parts=[{"type": "text", "text": "老板不发工资"}])
    await consult(session, asker, parts=[{"type": "text", "text": "别的时候，我也想过自杀"}])
    assert (await alert_of(session, asker)).case_number is None
    await consult(session, asker, parts=SAID)

    assert (await alert_of(session, other)).case_number is None


async def test_an_anonymous_case_is_never_found_by_its_alert(session: AsyncSession) -> None:
    """The minute of an alert is known, of an anonymous case the day alone."""
    asker = await person(session)
    await alerted(session, asker)
    number = (await complain(session, asker, naming=Naming.ANONYMOUS, contact="", parts=SAID)).number
    await complaints.add(session, asker, number, SAID, channel="chat", now=NOON)
    case, _ = await look(session, number)
    await crisis.heed(session, asker, f"{WORDS}！", "portal", NOON, case)

    found = (await session.scalars(sa.select(CrisisAlert.case_number))).all()
    assert found == [None, None]


async def test_a_page_names_its_case_at_once(session: AsyncSession) -> None:
    asker = await person(session)
    case, _ = await look(session, (await complain(session, asker)).number)
    await crisis.heed(session, asker, WORDS, "portal", NOON, case)
    alert = await alert_of(session, asker)

    assert await seen_by(session, alert, Role.COMPLAINTS) == case.number
    assert await seen_by(session, alert, Role.LAWYER) == ""
    stored = await session.scalar(sa.text("SELECT case_number FROM crisis_alert"))
    assert case.number.encode() not in bytes(stored), "beside who wrote it the number is sealed"


async def test_a_case_that_is_gone_or_that_nobody_answers_leads_nowhere(session: AsyncSession) -> None:
    asker = await person(session)
    await alerted(session, asker)
    alert = await alert_of(session, asker)
    assert await seen_by(session, alert, Role.UNION_ADMIN) == ""
    alert.case_number = "FL-2026-9999"
    assert await seen_by(session, alert, Role.LAWYER) == ""
    blocks: Any = [{"type": "text", "text": "改姓名"}]
    opened = await cases.open_case(
        session, CaseKind.DESK, asker, None, topic=cases.CORRECTION, blocks=blocks, now=NOON
    )
    alert.case_number = opened.number

    assert await seen_by(session, alert, Role.UNION_ADMIN) == ""


async def test_the_message_to_staff_names_it_only_for_who_may_open_it(session: AsyncSession) -> None:
    asker = await person(session)
    await alerted(session, asker)
    number = (await consult(session, asker, parts=SAID)).number
    alert = await alert_of(session, asker)
    lawyer = await employ(session, "张律师", Role.LAWYER, Role.COUNSELLOR)
    counsellor = await employ(session, "刘老师", Role.COUNSELLOR)

    async def line(who: Staff | None) -> str:
        standing = None if who is None else await permissions.standing_of(session, who)
        return await alert_cases.line(session, alert, standing)

    assert await line(lawyer) == f"在法律咨询 {number} 里说的。"
    assert await line(counsellor) == "" and await line(None) == ""
    assert await on_duty.find_standing(session, "wx0", "nobody") is None
