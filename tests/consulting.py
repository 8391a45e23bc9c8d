"""Consultations a story needs, with everything filled in that it leaves out."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import consultations
from app.services.case_work import get_case
from app.services.cases import Opened
from app.services.consultation_facts import Intake, Opponent, Tried
from app.services.legal_topics import LegalTopic
from app.services.statutory_deadlines import Dates
from models import Case, Consultation, Employment, Person
from tests.conftest import NOON

WORDS = [{"type": "text", "text": "公司三个月没发工资"}]
INTAKE = Intake(
    topic=LegalTopic.WAGES,
    dates=Dates(known_on=datetime(2026, 8, 15).date(), employment=Employment.EMPLOYED),
    opponent=Opponent.AGENCY,
    tried=Tried.TALKED,
    parts=WORDS,
)


async def person(session: AsyncSession) -> int:
    row = Person(created_at=NOON)
    session.add(row)
    await session.flush()
    return row.id


async def consult(session: AsyncSession, person_id: int, *, now: datetime = NOON, **changed: Any) -> Opened:
    intake = replace(INTAKE, **changed)
    return await consultations.open_consultation(session, person_id, None, intake, channel="chat", now=now)


async def look(session: AsyncSession, number: str) -> tuple[Case, Consultation]:
    case = await get_case(session, number)
    return case, await consultations.facts_of(session, case)
