"""When a 跟进提醒 is due: whose it is hears of it, or it is given up.

Not here: making and ending one (`case_reminders`).
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.services import case_conflicts, complaint_lists, legal_aid_lists, permissions, staff_notices
from app.services.case_owners import ANSWERED_BY
from app.services.cases import moment_kept
from app.services.permissions import Right
from models import OVER, Case, CaseKind, CaseReminder, Staff


async def list_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[int]:
    """Ids of reminders of which somebody is to be told, or whose case is over."""
    to_tell = sa.and_(CaseReminder.told_at.is_(None), CaseReminder.due_at <= now)
    due = (
        sa.select(CaseReminder.id)
        .join(Case, Case.id == CaseReminder.case_id)
        .where(CaseReminder.ended_at.is_(None), sa.or_(to_tell, Case.state.in_(OVER)))
    )
    return (await session.scalars(due.order_by(CaseReminder.id).limit(limit))).all()


async def advance(session: AsyncSession, reminder_id: int, now: datetime) -> tuple[Case, list[str]]:
    """Tell whose it is, or give it up; returns the case and what was done, in one word."""
    case_id = sa.select(CaseReminder.case_id).where(CaseReminder.id == reminder_id).scalar_subquery()
    # The case first, as everybody locks it who then comes to its reminders.
    its_case = sa.select(Case).where(Case.id == case_id).with_for_update()
    case = (await session.scalars(its_case.execution_options(populate_existing=True))).one()
    found = sa.select(CaseReminder).where(CaseReminder.id == reminder_id).with_for_update()
    reminder = (await session.scalars(found.execution_options(populate_existing=True))).one()
    at = moment_kept(now, anonymous=case.anonymous)
    if reminder.ended_at is not None:
        return case, []
    staff = await session.get_one(Staff, reminder.staff_id)
    if case.state in OVER or not await _works_on(session, staff, case, now):
        reminder.ended_at = at
        await session.flush()
        return case, ["given_up"]
    if reminder.told_at is not None or reminder.due_at > now:
        return case, []
    reminder.told_at = at
    await staff_notices.follow_up(session, case, reminder, staff, now)
    await session.flush()
    return case, ["told"]


async def _works_on(session: AsyncSession, staff: Staff, case: Case, now: datetime) -> bool:
    """Whether it is still his to work on, as his room has it."""
    standing = await permissions.standing_of(session, staff)
    if case.kind not in (CaseKind.LEGAL_AID, CaseKind.COMPLAINT):
        is_kept = await case_conflicts.is_kept_from(session, case, staff.id)
        return not is_kept and permissions.may(standing, ANSWERED_BY[case.kind], case.branch_id)
    try:
        if case.kind is CaseKind.LEGAL_AID:
            await legal_aid_lists.get(session, legal_aid_lists.asked_by(standing, now), case.number)
            return permissions.may(standing, Right.AID_READ)
        if permissions.may(standing, Right.COMPLAINTS_WORK, None):
            return True
        desk = await complaint_lists.of_departments(session, standing)
        await complaint_lists.get(session, desk, case.number)
    except NotFound:
        return False
    return permissions.may(standing, Right.DEPARTMENT_WORK)
