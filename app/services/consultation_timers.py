"""What time does to consultations: a reminder, an end to waiting, a broken promise, a deadline coming near.

Each step looks again at what is due now, with the case locked, so it may be taken twice or by two processes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.services import case_notices, case_work, consultation_clocks
from app.services.consultation_clocks import GIVE_UP_AFTER, REMIND_AFTER, REOPENS_FOR
from app.services.consultation_work import ADD_WORD
from app.services.consultations import facts_of
from app.services.statutory_deadlines import NEAR
from models import Case, CaseState, Consultation, Urgency

SYSTEM = "system"


async def list_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[int]:
    """Ids of cases that have something to be done."""
    due = sa.select(Consultation.case_id).where(
        sa.or_(
            Consultation.close_due_at <= now,
            Consultation.reminder_due_at <= now,
            _is_late(now),
            _comes_near(now),
        )
    )
    return (await session.scalars(due.order_by(Consultation.case_id).limit(limit))).all()


async def advance(session: AsyncSession, case_id: int, now: datetime) -> tuple[Case, list[str]]:
    """Do what is due; returns the case and what was done, in one word each."""
    chosen = sa.select(Case).where(Case.id == case_id).with_for_update()
    case = (await session.scalars(chosen.execution_options(populate_existing=True))).one()
    facts = await facts_of(session, case)
    done = []
    if facts.reminder_due_at is not None and facts.reminder_due_at <= now:
        await _remind(session, case, facts, now)
        done.append("reminded")
    elif facts.close_due_at is not None and facts.close_due_at <= now:
        await _close(session, case, facts, now)
        done.append("closed")
    elif facts.next_answer_due_at is not None:
        if not facts.overdue and facts.next_answer_due_at <= now:
            facts.overdue = True
            await case_work.note(session, case, "超过了答复时限", SYSTEM, now)
            done.append("overdue")
        today = civil_date(now)
        if not facts.fast_track and facts.deadline_on and timedelta() <= facts.deadline_on - today < NEAR:
            facts.fast_track, facts.urgency = True, Urgency.URGENT
            await case_work.note(session, case, "离法定期限不足 7 天，转为加急", SYSTEM, now)
            done.append("near")
    await session.flush()
    return case, done


def _is_late(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(Consultation.next_answer_due_at <= now, Consultation.overdue.is_(False))


def _comes_near(now: datetime) -> sa.ColumnElement[bool]:
    today = civil_date(now)
    near = Consultation.deadline_on.between(today, today + NEAR - timedelta(days=1))
    return sa.and_(Consultation.next_answer_due_at.is_not(None), Consultation.fast_track.is_(False), near)


async def _remind(session: AsyncSession, case: Case, facts: Consultation, now: datetime) -> None:
    """Once; and whoever hears it late, after a standstill of ours, still has the whole week."""
    entry = await case_work.note(session, case, f"{REMIND_AFTER.days} 天没有补充，已提醒本人", SYSTEM, now)
    facts.reminder_due_at = None
    facts.close_due_at = max(facts.close_due_at or now, now + GIVE_UP_AFTER - REMIND_AFTER)
    words = (
        f"提醒您：{case.kind.label} {case.number} 还等您补充，律师才好接着办。\n"
        f"请回复「{ADD_WORD}」；再过 {(GIVE_UP_AFTER - REMIND_AFTER).days} 天没有补充会先办结，"
        "以后可以重新咨询。"
    )
    await case_notices.tell(session, case, entry, case_notices.REMINDED, words, "", now)


async def _close(session: AsyncSession, case: Case, facts: Consultation, now: datetime) -> None:
    waited = case.state is CaseState.WAITING_USER
    days = (GIVE_UP_AFTER if waited else REOPENS_FOR).days
    reason = f"{days} 天没有补充，自动办结" if waited else f"答复后 {days} 天没有新情况，自动办结"
    entry = case_work.moved(case, CaseState.CLOSED, SYSTEM, now, reason=reason, channel="")
    session.add(entry)
    case.closed_at = now
    consultation_clocks.end(facts)
    if not waited:
        return
    await case_notices.withdraw(session, case, now)
    words = (
        f"您的{case.kind.label} {case.number} {days} 天没有收到补充，先办结了。\n"
        f"{REOPENS_FOR.days} 天内回复「{ADD_WORD}」还可以接着办，以后也可以重新咨询。"
    )
    await case_notices.tell(session, case, entry, case_notices.ENDED, words, "", now)
