"""Applications for legal aid, who decides and who carries them, with all that a story leaves out."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import legal_aid, permissions, staff
from app.services.case_work import get_case
from app.services.consultation_facts import Opponent, Tried
from app.services.legal_aid import Applied
from app.services.legal_aid_facts import AidIntake, Ground, Wants
from app.services.permissions import Standing
from app.services.staff import Wanted
from app.services.statutory_deadlines import Dates
from models import AidMatter, Case, Employment, LegalAid, Outbox, Role, Staff, StaffState
from tests import making
from tests.conftest import NOON

WORDS = [{"type": "text", "text": "公司三个月没发工资"}]
PAPERS = [{"type": "text", "text": "合同和工资条拍好了"}]
INTAKE = AidIntake(
    matter=AidMatter.WAGES,
    ground=Ground.PROMISE,
    wants=Wants.REPRESENTATION,
    opponent=Opponent.AGENCY,
    tried=Tried.TALKED,
    parts=WORDS,
    dates=Dates(known_on=datetime(2026, 8, 15).date(), employment=Employment.EMPLOYED),
    contact="13812345678",
)


async def employ(session: AsyncSession, name: str, *roles: Role) -> tuple[Staff, Standing]:
    """Somebody of staff, in service, for the whole union; logins follow the order of hiring."""
    count = await session.scalar(sa.select(sa.func.count(Staff.id)))
    wanted = [Wanted(role) for role in roles]
    made = (await staff.invite(session, f"staff{count}", name, wanted, by=None, now=NOON)).staff
    made.state = StaffState.ACTIVE
    await session.flush()
    return made, await permissions.standing_of(session, made)


async def apply(
    session: AsyncSession, person_id: int, *, now: datetime = NOON, channel: str = "chat", **changed: Any
) -> Applied:
    intake = replace(INTAKE, **changed)
    return await legal_aid.apply(session, person_id, None, intake, channel=channel, now=now)


async def applied(session: AsyncSession, *, now: datetime = NOON, **changed: Any) -> tuple[int, str]:
    """A new person who applies; returns who, and the number."""
    who = (await making.person(session)).person_id
    return who, (await apply(session, who, now=now, **changed)).number


async def look(session: AsyncSession, number: str) -> tuple[Case, LegalAid]:
    case = await get_case(session, number)
    return case, await legal_aid.row_of(session, case)


async def told(session: AsyncSession, *kinds: str) -> list[str]:
    """What people were told, oldest first."""
    rows: Any = await session.scalars(sa.select(Outbox).order_by(Outbox.id))
    return [row.payload["content"] for row in rows if not kinds or row.kind in kinds]
