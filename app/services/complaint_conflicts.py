"""Who of the union must not have a complaint: whoever is of the unit it is about, or of one below.

By the branch he is a member of, by the branches of his roles and by the departments he works in; rather one
too many, for others can take it. Who has no WeChat bound yet is not known to be anybody's member. Not here:
which departments must not have it (`departments`), what a lawyer must not have (`case_conflicts`).
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import departments, permissions
from models import LINEAGE, Branch, Case, CaseKind, Complaint, Department, DepartmentStaff, Member, Staff


async def is_of_accused(session: AsyncSession, case: Case, who: Staff) -> bool:
    """Whether `case`, or what was merged into it, is about a unit that he belongs to."""
    if case.kind is not CaseKind.COMPLAINT:
        return False
    chosen = sa.select(Complaint).where(
        sa.or_(Complaint.case_id == case.id, Complaint.merged_into_id == case.id),
        sa.or_(Complaint.about_branch_id.is_not(None), Complaint.about.is_not(None)),
    )
    accusing = (await session.scalars(chosen)).all()
    if not accusing:
        return False
    lineages = await _lineages(session, who)
    theirs = sa.select(Department).join(DepartmentStaff, DepartmentStaff.department_id == Department.id)
    own = (await session.scalars(theirs.where(DepartmentStaff.staff_id == who.id))).all()
    for each in accusing:
        if await _is_about(session, each, lineages):
            return True
        for department in own:
            if await departments.is_accused(session, department, each):
                return True
    return False


async def refuse(session: AsyncSession, case: Case, who: Staff) -> None:
    """Raises: DomainError: it is about a unit that `who` belongs to."""
    if await is_of_accused(session, case, who):
        raise DomainError(f"{case.number} 反映的是{who.name}所在的单位，请别的同事办。")


async def _lineages(session: AsyncSession, who: Staff) -> Sequence[str]:
    """Of the branches that he belongs to in one way or another."""
    standing = await permissions.standing_of(session, who)
    found = [grant.branch for grant in standing.grants if grant.branch_id is not None]
    if who.person_id is not None:
        member = sa.select(Branch.lineage).join(Member, Member.branch_id == Branch.id)
        found += await session.scalars(member.where(Member.person_id == who.person_id))
    return found


async def _is_about(session: AsyncSession, complaint: Complaint, lineages: Sequence[str]) -> bool:
    if complaint.about_branch_id is None:
        return any(departments.speaks_of(complaint.about, *each.split(LINEAGE)) for each in lineages)
    accused = (await session.get_one(Branch, complaint.about_branch_id)).lineage
    return any(f"{each}{LINEAGE}".startswith(f"{accused}{LINEAGE}") for each in lineages)
