"""Which case an alert was raised in, for whoever on duty may open that case anyway; nobody else learns of it.

Not here: how an alert comes to know it (`crisis.lies_in`).
"""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import addresses, case_conflicts, duty_rooms
from app.services.cases import CORRECTION
from app.services.permissions import Right, Standing, scope
from app.services.staff_notices import PAGE
from models import Case, CaseKind, CrisisAlert

_READS: Final = {
    **{kind: place.reads for place in duty_rooms.PLACES.values() for kind in place.kinds},
    CaseKind.LEGAL_AID: Right.AID_READ,
}


async def find(session: AsyncSession, alert: CrisisAlert, who: Standing) -> Case | None:
    """None as well where there is none, or `who` may not open it."""
    if alert.case_number is None:
        return None
    case: Case | None = await session.scalar(sa.select(Case).where(Case.number == alert.case_number))
    if case is None or case.anonymous or case.topic == CORRECTION or case.kind not in _READS:
        return None
    seen = case_conflicts.within(scope(who, _READS[case.kind]))
    return case if await session.scalar(sa.select(Case.id).where(Case.id == case.id, seen)) else None


async def line(session: AsyncSession, alert: CrisisAlert, who: Standing | None) -> str:
    """What is said of it to somebody's WeChat, with where to look; empty for who may not open it."""
    case = None if who is None else await find(session, alert, who)
    if case is None:
        return ""
    return addresses.with_page(f"在{case.kind.label} {case.number} 里说的。", f"{PAGE}/{case.number}")
