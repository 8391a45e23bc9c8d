"""What else the person of a case has brought, as far as who looks may read it: shown beside its thread.

Only what was brought by name to 留言, 人工 or the lawyer, and only within one room: so nobody learns who it
is, nor that the same person has asked a counsellor, complained, or written without a name.
"""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import case_branches, case_conflicts
from app.services.case_lists import Room
from app.services.permissions import Scope
from models import Case, CaseReporter

MOST: Final = 5


async def list_of(session: AsyncSession, case: Case, room: Room, scope: Scope) -> Sequence[Case]:
    """The others, the newest first."""
    if case.anonymous or case.kind not in case_branches.KINDS:
        return ()
    person = sa.select(CaseReporter.person_digest).where(CaseReporter.case_id == case.id).scalar_subquery()
    chosen = (
        sa.select(Case)
        .join(CaseReporter, CaseReporter.case_id == Case.id)
        .where(CaseReporter.person_digest == person, Case.id != case.id, Case.anonymous.is_(False))
        .where(room.holds, case_conflicts.within(scope))
    )
    return (await session.scalars(chosen.order_by(Case.id.desc()).limit(MOST))).all()
