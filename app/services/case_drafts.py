"""Answers that were typed and not sent: there again for who typed them, and a warning for everybody else.

One's own half sentence is no act of staff: the record does not hear of it, and nobody else reads it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import start_of_day
from app.services.case_work import ANSWER_LENGTH
from app.services.cases import moment_kept
from app.services.forgetting import Ids, Rule, Where, change
from app.services.permissions import Standing
from models import OVER, Case, CaseDraft, CaseEntry, EntryKind, Staff

KEPT_FOR: Final = timedelta(days=7)
WRITING: Final = timedelta(minutes=10)  # since it was last saved
LONGEST: Final = 5 * ANSWER_LENGTH  # characters; too much for an answer may still be cut down tomorrow


async def save(session: AsyncSession, case: Case, who: Standing, text: str, seen: int, now: datetime) -> bool:
    """Keep it in place of what was kept before; nothing typed is nothing kept. `case` is locked.

    What comes from a page on which `who` has answered meanwhile is not kept: it is the answer itself, late.
    """
    if not text or case.state in OVER or await _answered_since(session, case, who, seen):
        await drop(session, case, who)
        return False
    at = moment_kept(now, anonymous=case.anonymous)
    draft = await _find(session, case, who.staff_id)
    if draft is None:
        draft = CaseDraft(case_id=case.id, staff_id=who.staff_id)
        session.add(draft)
    draft.text, draft.saved_at = text[:LONGEST], at
    await session.flush()
    return True


async def drop(session: AsyncSession, case: Case, who: Standing) -> None:
    """It was sent, or is not wanted any more."""
    his = sa.delete(CaseDraft).where(CaseDraft.case_id == case.id, CaseDraft.staff_id == who.staff_id)
    await change(session, his)


async def drop_all(session: AsyncSession, case: Case) -> None:
    """It went to another desk: nobody of this one answers it."""
    await change(session, sa.delete(CaseDraft).where(CaseDraft.case_id == case.id))


async def text_of(session: AsyncSession, case: Case, who: Standing) -> str:
    """What he has typed here; empty for nothing."""
    draft = await _find(session, case, who.staff_id)
    return draft.text if draft is not None else ""


async def others_writing(session: AsyncSession, case: Case, who: Standing, now: datetime) -> Sequence[str]:
    """Names of others who were typing lately; of an anonymous case, whose times are days, today."""
    since = start_of_day(now) if case.anonymous else now - WRITING
    chosen = (
        sa.select(Staff.name)
        .join(CaseDraft, CaseDraft.staff_id == Staff.id)
        .where(CaseDraft.case_id == case.id, Staff.id != who.staff_id, CaseDraft.saved_at >= since)
    )
    return (await session.scalars(chosen.order_by(CaseDraft.id))).all()


# --- parts -------------------------------------------------------------------------------------------------


async def _find(session: AsyncSession, case: Case, staff_id: int) -> CaseDraft | None:
    chosen = sa.select(CaseDraft).where(CaseDraft.case_id == case.id, CaseDraft.staff_id == staff_id)
    found: CaseDraft | None = await session.scalar(chosen)
    return found


async def _answered_since(session: AsyncSession, case: Case, who: Standing, seen: int) -> bool:
    answered = sa.select(CaseEntry.id).where(
        CaseEntry.case_id == case.id,
        CaseEntry.id > seen,
        CaseEntry.kind == EntryKind.STAFF,
        CaseEntry.by == who.name,
    )
    return await session.scalar(answered.limit(1)) is not None


def _is_old(now: datetime) -> Where:
    return (CaseDraft.saved_at <= now - KEPT_FOR,)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await change(session, sa.delete(CaseDraft).where(CaseDraft.id.in_(ids), *_is_old(now)))


forget_old = Rule("case_drafts", CaseDraft.id, _is_old, _forget, by=CaseDraft.saved_at)
