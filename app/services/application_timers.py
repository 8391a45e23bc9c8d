"""What time does to 入会申请: staff are reminded, a promise is broken, the applicant is reminded, it lapses.

Each step looks again at what is due now, with the case locked, so it may be taken twice or by two processes.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import applications, case_notices, case_work
from app.services.application_clocks import LAPSES_AFTER, NEAR_DAYS, REMIND_AFTER
from app.services.applications import SYSTEM
from app.services.joining import ADD_WORD, APPLY_WORD
from models import Case, MembershipApplication

NEAR, OVERDUE, REMINDED, LAPSED = "near", "overdue", "reminded", "lapsed"


async def list_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[int]:
    """Ids of cases that have something to be done."""
    late = sa.and_(MembershipApplication.due_at <= now, MembershipApplication.overdue.is_(False))
    due = sa.select(MembershipApplication.case_id).where(
        sa.or_(
            late,
            MembershipApplication.near_at <= now,
            MembershipApplication.reminder_due_at <= now,
            MembershipApplication.lapse_due_at <= now,
        )
    )
    return (await session.scalars(due.order_by(MembershipApplication.case_id).limit(limit))).all()


async def advance(session: AsyncSession, case_id: int, now: datetime) -> tuple[Case, list[str]]:
    """Do what is due; returns the case and what was done, in one word each."""
    chosen = sa.select(Case).where(Case.id == case_id).with_for_update()
    case = (await session.scalars(chosen.execution_options(populate_existing=True))).one()
    application = await applications.of_case(session, case)
    done = []
    if application.reminder_due_at is not None and application.reminder_due_at <= now:
        await _remind(session, case, application, now)
        done.append(REMINDED)
    elif application.lapse_due_at is not None and application.lapse_due_at <= now:
        await _lapse(session, case, now)
        done.append(LAPSED)
    if application.near_at is not None and application.near_at <= now:
        application.near_at = None
        await case_work.note(session, case, f"离答复时限不到 {NEAR_DAYS} 个工作日", SYSTEM, now)
        done.append(NEAR)
    if application.due_at is not None and application.due_at <= now and not application.overdue:
        application.overdue = True
        await case_work.note(session, case, "超过了答复时限", SYSTEM, now)
        done.append(OVERDUE)
    await session.flush()
    return case, done


async def _remind(
    session: AsyncSession, case: Case, application: MembershipApplication, now: datetime
) -> None:
    """Once; and whoever hears it late, after a standstill of ours, still has all the days that are left."""
    left = LAPSES_AFTER - REMIND_AFTER
    entry = await case_work.note(session, case, f"{REMIND_AFTER.days} 天没有补正，已提醒本人", SYSTEM, now)
    application.reminder_due_at = None
    application.lapse_due_at = max(application.lapse_due_at or now, now + left)
    words = (
        f"提醒您：入会申请 {case.number} 还等您补正。\n"
        f"请回复「{ADD_WORD}」；再过 {left.days} 天没有补正，这份申请就算撤销，以后可以重新申请。"
    )
    await case_notices.tell(session, case, entry, case_notices.REMINDED, words, "", now)


async def _lapse(session: AsyncSession, case: Case, now: datetime) -> None:
    reason = f"{LAPSES_AFTER.days} 天没有补正，按撤销处理"
    entry = await applications.withdraw(session, case, now, by=SYSTEM, reason=reason)
    words = (
        f"您的入会申请 {case.number} {LAPSES_AFTER.days} 天没有收到补正，按撤销处理了。\n"
        f"以后想入会，随时回复「{APPLY_WORD}」重新申请。"
    )
    await case_notices.tell(session, case, entry, case_notices.ENDED, words, "", now)
