"""What time does to cases: a reminder, an end to waiting, a broken promise, a silent owner, a deadline near.

Each step looks again at what is due now, with the case locked, so it may be taken twice or by two processes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.services import case_clocks, case_notices, case_owners, case_work
from app.services.advice_kinds import ADVICE
from app.services.case_clocks import GIVE_UP_AFTER, REMIND_AFTER, REOPENS_FOR
from app.services.cases import moment_kept
from app.services.consultations import facts_of
from app.services.statutory_deadlines import NEAR
from models import Case, CaseKind, CaseState, Consultation, Urgency

SYSTEM = "system"


async def list_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[int]:
    """Ids of cases that have something to be done."""
    is_late = sa.and_(Case.answer_due_at <= now, Case.overdue.is_(False))
    due = sa.select(Case.id).where(
        sa.or_(Case.close_due_at <= now, Case.reminder_due_at <= now, Case.return_due_at <= now, is_late)
    )
    found = list(await session.scalars(due.order_by(Case.id).limit(limit)))
    near = sa.select(Consultation.case_id).join(Case, Case.id == Consultation.case_id)
    return found or (await session.scalars(near.where(_comes_near(now)).limit(limit))).all()


async def advance(session: AsyncSession, case_id: int, now: datetime) -> tuple[Case, list[str]]:
    """Do what is due; returns the case and what was done, in one word each."""
    chosen = sa.select(Case).where(Case.id == case_id).with_for_update()
    case = (await session.scalars(chosen.execution_options(populate_existing=True))).one()
    done = []
    if case.reminder_due_at is not None and case.reminder_due_at <= now:
        await _remind(session, case, now)
        done.append("reminded")
    elif case.close_due_at is not None and case.close_due_at <= now:
        await _close(session, case, now)
        done.append("closed")
    elif case.answer_due_at is not None:
        if not case.overdue and case.answer_due_at <= now:
            case.overdue = True
            await case_work.note(session, case, "超过了答复时限", SYSTEM, now)
            done.append("overdue")
        if case.kind is CaseKind.CONSULTATION and await _hurries(session, case, now):
            done.append("near")
    if case.return_due_at is not None and case.return_due_at <= now:
        await case_owners.take_back(session, case, now)
        done.append("returned")
    await session.flush()
    return case, done


async def _hurries(session: AsyncSession, case: Case, now: datetime) -> bool:
    """A deadline of the law comes near."""
    facts = await facts_of(session, case)
    if facts.fast_track or facts.deadline_on is None:
        return False
    if not timedelta() <= facts.deadline_on - civil_date(now) < NEAR:
        return False
    facts.fast_track, facts.urgency = True, Urgency.URGENT
    await case_work.note(session, case, "离法定期限不足 7 天，转为加急", SYSTEM, now)
    return True


def _comes_near(now: datetime) -> sa.ColumnElement[bool]:
    today = civil_date(now)
    near = Consultation.deadline_on.between(today, today + NEAR - timedelta(days=1))
    return sa.and_(Case.answer_due_at.is_not(None), Consultation.fast_track.is_(False), near)


async def _remind(session: AsyncSession, case: Case, now: datetime) -> None:
    """Once; and whoever hears it late, after a standstill of ours, still has the whole week."""
    entry = await case_work.note(session, case, f"{REMIND_AFTER.days} 天没有补充，已提醒本人", SYSTEM, now)
    case.reminder_due_at = None
    case.close_due_at = max(case.close_due_at or now, now + GIVE_UP_AFTER - REMIND_AFTER)
    named = ADVICE[case.kind]
    words = (
        f"提醒您：{case.kind.label} {case.number} 还等您补充，{named.adviser}才好接着办。\n"
        f"请回复「{named.go_on}」；再过 {(GIVE_UP_AFTER - REMIND_AFTER).days} 天没有补充会先办结，"
        "以后可以重新咨询。"
    )
    await case_notices.tell(session, case, entry, case_notices.REMINDED, words, "", now)


async def _close(session: AsyncSession, case: Case, now: datetime) -> None:
    waited = case.state is CaseState.WAITING_USER
    days = (GIVE_UP_AFTER if waited else REOPENS_FOR).days
    reason = f"{days} 天没有补充，自动办结" if waited else f"答复后 {days} 天没有新情况，自动办结"
    at = moment_kept(now, anonymous=case.anonymous)
    entry = case_work.moved(case, CaseState.CLOSED, SYSTEM, at, reason=reason, channel="")
    session.add(entry)
    case.closed_at = at
    case_clocks.end(case)
    if not waited:
        return
    await case_notices.withdraw(session, case, now)
    words = (
        f"您的{case.kind.label} {case.number} {days} 天没有收到补充，先办结了。\n"
        f"{REOPENS_FOR.days} 天内回复「{ADVICE[case.kind].go_on}」还可以接着办，以后也可以重新咨询。"
    )
    await case_notices.tell(session, case, entry, case_notices.ENDED, words, "", now)
