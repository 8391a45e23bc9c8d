"""Who must not act against the company itself, because it pays him.

One rule for questions to a lawyer and for legal aid; every other lawyer is from outside（外聘律师）.
"""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from models import Case, CaseKind, Consultation, Member, Role, Staff, StaffGrant


async def only_outside(session: AsyncSession, case: Case) -> bool:
    """Whether this is a question to a lawyer whose opponent is the company itself."""
    if case.kind is not CaseKind.CONSULTATION:
        return False
    is_own = sa.select(Consultation.own_company).where(Consultation.case_id == case.id)
    return bool(await session.scalar(is_own))


async def of_company(session: AsyncSession, who: Staff) -> str:
    """What makes him one of the company's people; empty for who is from outside."""
    granted = sa.select(StaffGrant.id).where(
        StaffGrant.staff_id == who.id, StaffGrant.role == Role.COMPANY_LAWYER
    )
    if await session.scalar(granted.limit(1)) is not None:
        return "公司法务"
    if who.person_id is None:
        return ""
    member = await session.scalar(sa.select(Member).where(Member.person_id == who.person_id))
    return "本公司职工" if member is not None and member.left_on is None else ""


async def refuse(session: AsyncSession, case: Case, who: Staff) -> None:
    """Raises: DomainError: it is against the company, and `who` is of it."""
    if await only_outside(session, case) and (why := await of_company(session, who)):
        raise DomainError(f"{case.number} 的对方是本公司，只能由外聘律师办；{who.name}是{why}。")
