"""Who must not act against the company itself: its own lawyers, and whoever it employs.

One rule for questions to a lawyer and for legal aid. The company's own lawyers, whatever else they are, do
not even see such a case, nor hear of it. Who has no WeChat bound yet is not known to be of the
company; so it is asked again at each act, and not only when somebody gets the case. Whoever decides about
legal aid for the union may be employed by the company, but must not be its lawyer.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.clock import civil_date
from app.errors import DomainError
from app.services.permissions import Scope
from models import Case, CaseKind, Consultation, LegalAid, Member, Role, Staff, StaffGrant


def within(scope: Scope) -> sa.ColumnElement[bool]:
    """Which cases somebody sees by this scope: of its branches, and for the company's own lawyers none
    that is against it.
    """
    seen = scope.holds(Case.branch_id)
    if scope.against_company:
        return seen
    against = (
        sa.select(facts.case_id).where(facts.own_company.is_(True))
        for facts in (aliased(Consultation), aliased(LegalAid))
    )
    return sa.and_(seen, *(Case.id.not_in(each) for each in against))


async def only_outside(session: AsyncSession, case: Case) -> bool:
    """Whether the opponent is the company itself."""
    if case.kind not in (CaseKind.CONSULTATION, CaseKind.LEGAL_AID):
        return False
    facts = Consultation if case.kind is CaseKind.CONSULTATION else LegalAid
    return bool(await session.scalar(sa.select(facts.own_company).where(facts.case_id == case.id)))


async def is_company_lawyer(session: AsyncSession, staff_id: int) -> bool:
    """Whatever else he is."""
    granted = sa.select(StaffGrant.id).where(
        StaffGrant.staff_id == staff_id, StaffGrant.role == Role.COMPANY_LAWYER
    )
    return await session.scalar(granted.limit(1)) is not None


async def is_kept_from(session: AsyncSession, case: Case, staff_id: int) -> bool:
    """Whether it is against the company, and he is its lawyer: he is not told of it, nor named in it."""
    return await only_outside(session, case) and await is_company_lawyer(session, staff_id)


async def list_told(session: AsyncSession, case: Case, staff: Sequence[Staff]) -> list[Staff]:
    """Those of them from whom it is not kept."""
    if not await only_outside(session, case):
        return list(staff)
    lawyers = sa.select(StaffGrant.staff_id).where(StaffGrant.role == Role.COMPANY_LAWYER)
    kept_from = set(await session.scalars(lawyers))
    return [each for each in staff if each.id not in kept_from]


async def of_company(session: AsyncSession, who: Staff, now: datetime) -> str:
    """What makes him one of the company's people; empty for who is from outside, as far as is known."""
    if await is_company_lawyer(session, who.id):
        return "公司法务"
    if who.person_id is None:
        return ""
    member = await session.scalar(sa.select(Member).where(Member.person_id == who.person_id))
    return "本公司职工" if member is not None and not member.has_left(civil_date(now)) else ""


async def refuse(session: AsyncSession, case: Case, who: Staff, now: datetime) -> None:
    """Raises: DomainError: it is against the company, and `who` is of it."""
    if await only_outside(session, case) and (why := await of_company(session, who, now)):
        raise DomainError(f"{case.number} 的对方是本公司，只能由公司以外的律师办；{who.name}是{why}。")


async def refuse_judge(session: AsyncSession, case: Case, staff_id: int) -> None:
    """Raises: DomainError: it is against the company, and he is its lawyer."""
    if await is_kept_from(session, case, staff_id):
        raise DomainError(f"{case.number} 的对方是本公司，公司法务不能审查、决定。")
