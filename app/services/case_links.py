"""Two cases that have to do with each other: shown beside each thread, linked and unlinked by number."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import case_work
from app.services.advice_kinds import CARE
from app.services.cases import moment_kept
from models import Case, CaseLink


async def link(session: AsyncSession, case: Case, other: Case, by: str, now: datetime) -> None:
    """Twice is no error. `case` is locked. Raises: DomainError: both are the same, or one is
    kept secret."""
    if case.id == other.id:
        raise DomainError("不能关联自己，请填另一件的编号。")
    if case.kind in CARE or other.kind in CARE:
        raise DomainError("心理疏导和健康咨询是保密的，不能关联。")
    if await _find(session, case, other) is not None:
        return
    first, second = sorted((case.id, other.id))
    at = moment_kept(now, anonymous=case.anonymous or other.anonymous)
    session.add(CaseLink(case_id=first, other_id=second, by=by[:64], at=at))
    case_work.put_down(session, "case.link", case, other=other.number)
    await session.flush()


async def unlink(session: AsyncSession, case: Case, other: Case) -> None:
    """Twice is no error. `case` is locked."""
    found = await _find(session, case, other)
    if found is not None:
        await session.delete(found)
        case_work.put_down(session, "case.unlink", case, other=other.number)
        await session.flush()


async def list_of(session: AsyncSession, case: Case) -> Sequence[Case]:
    """The others, the oldest first."""
    theirs = sa.or_(
        Case.id.in_(sa.select(CaseLink.other_id).where(CaseLink.case_id == case.id)),
        Case.id.in_(sa.select(CaseLink.case_id).where(CaseLink.other_id == case.id)),
    )
    return (await session.scalars(sa.select(Case).where(theirs).order_by(Case.id))).all()


async def _find(session: AsyncSession, case: Case, other: Case) -> CaseLink | None:
    first, second = sorted((case.id, other.id))
    chosen = sa.select(CaseLink).where(CaseLink.case_id == first, CaseLink.other_id == second)
    found: CaseLink | None = await session.scalar(chosen)
    return found
