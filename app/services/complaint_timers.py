"""What time does to 投诉建议: who must act is reminded once, then the lead; a suspended one goes on.

That a promise is broken is marked as with every case (`case_timers`). Each step looks again at what is due
now, with the case locked, so it may be taken twice or by two processes.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.services import (
    case_work,
    complaint_clocks,
    complaint_work,
    complaints,
    departments,
    permissions,
    rota,
    staff_notices,
)
from app.services.complaint_lists import OURS
from app.services.complaints import SYSTEM
from app.services.permissions import Right
from models import OVER, Case, CaseState, Complaint, DutyRoom, Staff

REMINDED, ESCALATED, RESUMED = "reminded", "escalated", "resumed"
_TO_DO = {
    CaseState.SUBMITTED: "要告诉本人受理不受理",
    CaseState.ACCEPTED: "要转给部门",
    CaseState.RETURNED: "要另派部门",
    CaseState.REOPENED: "要重新办理",
    CaseState.DISPATCHED: "要接办或退回",
    CaseState.IN_PROGRESS: "要答复",
    CaseState.EXTENDED: "要答复",
    CaseState.REPLIED: "要看本人又说的话，再办结",
}


async def list_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[int]:
    """Ids of cases that have something to be done."""
    due = sa.or_(Complaint.remind_due_at <= now, Complaint.resume_due_at <= now)
    chosen = sa.select(Complaint.case_id).where(due).order_by(Complaint.case_id).limit(limit)
    return (await session.scalars(chosen)).all()


async def advance(session: AsyncSession, case_id: int, now: datetime) -> tuple[Case, list[str]]:
    """Do what is due; returns the case and what was done, in one word each."""
    chosen = sa.select(Case).where(Case.id == case_id).with_for_update()
    case = (await session.scalars(chosen.execution_options(populate_existing=True))).one()
    complaint = await complaints.facts_of(session, case)
    done = []
    if case.state in OVER or case.state not in (*_TO_DO, CaseState.SUSPENDED):
        complaint_clocks.watch(complaint, None)
        complaint.resume_due_at = None
    elif complaint.resume_due_at is not None and complaint.resume_due_at <= now:
        if case.state is CaseState.SUSPENDED:
            await complaint_work.resume(session, case, SYSTEM, now, channel="")
            done.append(RESUMED)
        complaint.resume_due_at = None
    elif complaint.remind_due_at is not None and complaint.remind_due_at <= now:
        done.append(await _remind(session, case, complaint, now))
    await session.flush()
    return case, done


async def _remind(session: AsyncSession, case: Case, complaint: Complaint, now: datetime) -> str:
    to_do = _TO_DO[case.state]
    if not complaint.reminded:
        complaint.reminded = True
        complaint.remind_due_at = complaint_clocks.working_days(now, complaint_clocks.LEAD_AFTER)
        entry = await case_work.note(session, case, f"到期没有办：{to_do}，已提醒经办人", SYSTEM, now)
        words = f"{case.kind.label} {case.number} 到期了，{to_do}。请到工作台办。"
        await staff_notices.complaint_due(
            session, case, entry, await _who_acts(session, case, complaint, now), words, now
        )
        return REMINDED
    complaint.remind_due_at = None
    entry = await case_work.note(session, case, f"提醒以后还没有办：{to_do}，已请督办", SYSTEM, now)
    words = f"{case.kind.label} {case.number} 提醒以后还没有办，{to_do}。请督办。"
    lead = await permissions.list_able(session, Right.COMPLAINTS_LEAD, None)
    await staff_notices.complaint_due(session, case, entry, lead, words, now)
    return ESCALATED


async def _who_acts(session: AsyncSession, case: Case, complaint: Complaint, now: datetime) -> list[Staff]:
    """Of the union's room who has it; else who is on duty in it, and where nobody is, all who work there."""
    if case.state in (*OURS, CaseState.REPLIED) or complaint.department_id is None:
        if case.state in OURS and (owner := await _owner_there(session, case, now)) is not None:
            return [owner]
        duty = await rota.list_on_duty(session, DutyRoom.COMPLAINTS, now)
        if on_duty := [each.staff for each in duty]:
            return on_duty
        return await permissions.list_able(session, Right.COMPLAINTS_WORK, None)
    return await departments.list_people(session, complaint.department_id, complaint)


async def _owner_there(session: AsyncSession, case: Case, now: datetime) -> Staff | None:
    """None where nobody has it, or who has it is away."""
    owner = None if case.owner_id is None else await session.get_one(Staff, case.owner_id)
    return None if owner is None or owner.is_away(civil_date(now)) else owner
