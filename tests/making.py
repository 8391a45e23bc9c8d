"""Rows a story needs and leaves out: people and activities with everything filled in."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import activities
from app.services.audiences import Facts
from app.services.sign_ups import Applicant
from models import Activity, Person
from tests.conftest import NOON


async def person(session: AsyncSession) -> Applicant:
    row = Person(created_at=NOON)
    session.add(row)
    await session.flush()
    return Applicant(row.id, Facts(), "chat")


async def activity(session: AsyncSession, title: str = "羽毛球赛", **given: Any) -> Activity:
    """Announced and open since yesterday; closes in five days, starts in seven, at 14:00."""
    starts: datetime = given.pop("starts_at", NOON + timedelta(days=7, hours=2))
    values = {
        "title": title,
        "place": "职工活动中心",
        "opens_at": NOON - timedelta(days=1),
        "closes_at": starts - timedelta(days=2),
        "starts_at": starts,
        "ends_at": starts + timedelta(hours=3),
        "capacity": 10,
        **given,
    }
    made = await activities.create(session, values, by="王强", now=NOON)
    return await activities.publish(session, made.public_id, by="王强", now=NOON)
