"""What is remembered while a case looks for somebody: who had it and let it go, and when to look again."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from models import Case, CaseQueue


async def row_of(session: AsyncSession, case: Case) -> CaseQueue:
    """Made where it lacks. `case` is locked."""
    chosen = sa.select(CaseQueue).where(CaseQueue.case_id == case.id)
    found = await session.scalar(chosen.execution_options(populate_existing=True))
    if found is None:
        found = CaseQueue(case_id=case.id, passed=[])
        session.add(found)
    if found.since != case.waiting_since or found.id is None:
        found.since = case.waiting_since
        look_anew(found)
    await session.flush()
    return found


def look_anew(row: CaseQueue) -> None:
    row.look_at = row.lead_due_at = row.lead_told_at = None


async def freed(session: AsyncSession, case: Case, passed: int | None) -> None:
    """It lies before all again; `passed`, of staff, has had it and is not given it by the rota any more."""
    row = await row_of(session, case)
    look_anew(row)
    if passed is not None and passed not in row.passed:
        row.passed = [*row.passed, passed]
    await session.flush()
