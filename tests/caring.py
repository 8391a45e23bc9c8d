"""Cases of 心理疏导 and 健康咨询 a story needs, with everything filled in that it leaves out."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import care
from app.services.care import Brought
from app.services.care_facts import Doctor, Intake
from app.services.care_topics import CounselTopic, HealthTopic
from app.services.case_work import get_case
from models import Care, Case
from tests.conftest import NOON

COUNSEL = Intake(
    topic=CounselTopic.WORK, parts=[{"type": "text", "text": "连着值夜班，心里烦"}], called="小雨"
)
HEALTH = Intake(
    topic=HealthTopic.REPORT,
    parts=[{"type": "text", "text": "体检说血压偏高"}],
    since="上个月",
    doctor=Doctor.NO,
)


async def bring(
    session: AsyncSession,
    person_id: int,
    intake: Intake = COUNSEL,
    *,
    now: datetime = NOON,
    follower_id: int | None = None,
    **changed: Any,
) -> Brought:
    intake = replace(intake, **changed)
    return await care.bring(session, person_id, follower_id, intake, channel="chat", now=now)


async def look(session: AsyncSession, number: str) -> tuple[Case, Care]:
    case = await get_case(session, number)
    return case, await care.facts_of(session, case)
