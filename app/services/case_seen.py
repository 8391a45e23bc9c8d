"""What is new in a case: words of its person that nobody who answers there has opened yet.

One mark for all, so that a list is the same for all who may see it. Of an anonymous case too: the mark is the
place of an entry, and has no time.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.coordination import upsert
from models import Case, CaseEntry, CaseSeen, EntryKind


async def new_among(session: AsyncSession, case_ids: Sequence[int]) -> set[int]:
    """The ids of those with something new."""
    if not case_ids:
        return set()
    is_new = sa.or_(CaseSeen.id.is_(None), CaseEntry.id > CaseSeen.entry_id)
    found = (
        sa.select(CaseEntry.case_id)
        .outerjoin(CaseSeen, CaseSeen.case_id == CaseEntry.case_id)
        .where(CaseEntry.case_id.in_(case_ids), CaseEntry.kind == EntryKind.MEMBER, is_new)
    )
    return set(await session.scalars(found.distinct()))


async def opened(session: AsyncSession, case: Case, up_to: int) -> None:
    """Somebody who answers here has been shown all entries up to this id. Going back changes nothing."""
    row = upsert(session, CaseSeen).values(case_id=case.id, entry_id=up_to)
    further = row.on_conflict_do_update(
        index_elements=["case_id"],
        set_={"entry_id": row.excluded.entry_id},
        where=CaseSeen.__table__.c.entry_id < row.excluded.entry_id,
    )
    await session.execute(further)
