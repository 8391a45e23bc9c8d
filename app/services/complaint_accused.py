"""Which unit a complaint is about, put right by the union: whoever of that unit has it, has it no more.

Takes a locked case. Not here: from whom it is kept (`departments`).
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import due_day
from app.errors import DomainError
from app.services import (
    case_work,
    complaint_clocks,
    complaint_notices,
    complaint_parts,
    complaints,
    departments,
)
from app.services.case_work import Answered
from app.services.cases import moment_kept
from app.services.complaint_lists import OPEN
from models import Branch, Case, CaseState, Complaint, ComplaintPart, Department


async def name(
    session: AsyncSession,
    case: Case,
    branch: Branch | None,
    by: str,
    now: datetime,
    *,
    channel: str = "cli",
) -> Answered | None:
    """It is about `branch`, or about no branch that is known; what its person wrote stays.

    Where a department of that branch has it, it is taken back and its person hears so; None: nobody hears.

    Raises: DomainError: nothing is done about it any more.
    """
    if case.state not in OPEN:
        raise DomainError(f"{case.number} {case.state.label}，不能再改被反映的单位。")
    complaint = await complaints.facts_of(session, case)
    branch_id = None if branch is None else branch.id
    if complaint.about_branch_id != branch_id:
        complaint.about_branch_id = branch_id
        said = f"反映的单位改为：{branch.way}" if branch is not None else "反映的单位不按组织，按本人写的"
        await case_work.note(session, case, said, by, now)
    case_work.put_down(session, "complaint.about", case, branch=branch_id)
    await _take_parts_back(session, case, complaint, by, now)
    return await _take_back(session, case, complaint, by, now, channel)


async def _take_parts_back(
    session: AsyncSession, case: Case, complaint: Complaint, by: str, now: datetime
) -> None:
    for listed in await complaint_parts.list_all(session, case):
        department = await session.get_one(Department, listed.part.department_id)
        if not await departments.may_not_have(session, department, complaint):
            continue
        answer = f"。它答过：{listed.part.answer}" if listed.part.answer else ""
        await case_work.note(session, case, f"不再请{department.name}会办{answer}", by, now)
        await session.execute(sa.delete(ComplaintPart).where(ComplaintPart.id == listed.part.id))


async def _take_back(
    session: AsyncSession, case: Case, complaint: Complaint, by: str, now: datetime, channel: str
) -> Answered | None:
    if complaint.department_id is None:
        return None
    department = await session.get_one(Department, complaint.department_id)
    if not await departments.may_not_have(session, department, complaint):
        return None
    if case.state is CaseState.SUSPENDED:
        complaint.suspended_from = None
        complaint_clocks.resume(case, complaint, now)
    at = moment_kept(now, anonymous=case.anonymous)
    why = f"从{department.name}收回"
    entry = case_work.moved(case, CaseState.RETURNED, by, at, reason=why, channel=channel)
    session.add(entry)
    complaint.department_id = case.owner_id = case.owned_at = None
    complaint_clocks.hand_back(case, complaint, now)
    said = f"换一个部门办理，正在另派。最迟 {due_day(case.answer_due_at)}答复您。"
    return Answered(case, await complaint_notices.tell(session, case, complaint, entry, said, now))
