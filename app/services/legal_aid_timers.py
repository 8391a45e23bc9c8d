"""What time does to 法律援助申请: staff and members are reminded, a promise is broken, silence withdraws one.

Each step looks again at what is due now, with the case locked, so it may be taken twice or by two processes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, due_day
from app.services import case_notices, case_work, legal_aid, legal_aid_clocks, staff_notices
from app.services.legal_aid import PAPERS_WORD
from app.services.statutory_deadlines import NEAR as CLOSE
from models import Case, CaseEntry, CaseState, LegalAid

SYSTEM: Final = "system"
NEAR, OVERDUE, REMINDED, LAPSED, HURRIED = "near", "overdue", "reminded", "lapsed", "hurried"
_OWED: Final = {
    CaseState.SUBMITTED: "决定",
    CaseState.REVIEWING: "决定",
    CaseState.OBJECTION: "复核异议",
    **dict.fromkeys((CaseState.GRANTED, CaseState.ASSIGNED, CaseState.IN_PROGRESS), "指派律师"),
}


async def list_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[int]:
    """Ids of cases that have something to be done."""
    late = sa.and_(LegalAid.due_at <= now, LegalAid.overdue.is_(False))
    due = sa.select(LegalAid.case_id).where(
        sa.or_(
            late,
            LegalAid.near_at <= now,
            LegalAid.reminder_due_at <= now,
            LegalAid.supplement_due_at <= now,
        )
    )
    found = list(await session.scalars(due.order_by(LegalAid.case_id).limit(limit)))
    comes_near = sa.select(LegalAid.case_id).join(Case, Case.id == LegalAid.case_id).where(_comes_near(now))
    return found or (await session.scalars(comes_near.limit(limit))).all()


async def advance(session: AsyncSession, case_id: int, now: datetime) -> tuple[Case, list[str]]:
    """Do what is due; returns the case and what was done, in one word each."""
    chosen = sa.select(Case).where(Case.id == case_id).with_for_update()
    case = (await session.scalars(chosen.execution_options(populate_existing=True))).one()
    row = await legal_aid.row_of(session, case)
    done = []
    if row.supplement_due_at is not None and row.supplement_due_at <= now:
        await _lapse(session, case, row, now)
        done.append(LAPSED)
    elif row.reminder_due_at is not None and row.reminder_due_at <= now:
        await _remind(session, case, row, now)
        done.append(REMINDED)
    if row.due_at is not None and row.due_at <= now and not row.overdue:
        row.overdue, row.near_at = True, None
        await _tell_staff(session, case, f"超过了{_owed(case)}的时限", now)
        done.append(OVERDUE)
    elif row.near_at is not None and row.near_at <= now and row.due_at is not None:
        row.near_at = None
        left = legal_aid_clocks.left_in_words(row.due_at, now)
        await _tell_staff(session, case, f"{_owed(case)}的时限{left}", now)
        done.append(NEAR)
    if await _hurries(session, case, row, now):
        done.append(HURRIED)
    await session.flush()
    return case, done


async def _tell_staff(session: AsyncSession, case: Case, what: str, now: datetime) -> CaseEntry:
    entry = await case_work.note(session, case, what, SYSTEM, now)
    await staff_notices.aid(session, case, entry, what, now)
    return entry


async def _remind(session: AsyncSession, case: Case, row: LegalAid, now: datetime) -> None:
    """Once."""
    row.reminder_due_at = None
    assert row.supplement_due_at is not None
    entry = await case_work.note(session, case, "提醒了本人补材料", SYSTEM, now)
    after = "到期没有补的，按撤回处理。" if case.state is CaseState.SUPPLEMENT else "请尽快补齐。"
    words = (
        f"提醒您：法律援助申请 {case.number} 还等您补材料，{due_day(row.supplement_due_at)}到期。\n"
        f"请回复「{PAPERS_WORD}」拍照发来。{after}"
    )
    await case_notices.tell(session, case, entry, case_notices.REMINDED, words, "", now)


async def _lapse(session: AsyncSession, case: Case, row: LegalAid, now: datetime) -> None:
    """What did not come in time ends an application; not the help that had to come first."""
    legal_aid_clocks.came(row)
    if case.state is not CaseState.SUPPLEMENT:
        await _tell_staff(session, case, "先行援助的材料到期没有补来", now)
        return
    reason = "到期没有补材料，视为撤回（《法律援助法》第四十三条）"
    entry = case_work.moved(case, CaseState.DEEMED_WITHDRAWN, SYSTEM, now, reason=reason, channel="")
    session.add(entry)
    case.closed_at = now
    legal_aid_clocks.end(case, row)
    await session.flush()
    await case_notices.withdraw(session, case, now)
    words = (
        f"您的法律援助申请 {case.number} 到期没有收到要补的材料，按撤回处理了"
        "（《法律援助法》第四十三条）。\n材料备齐以后，随时可以重新申请。"
    )
    await case_notices.tell(session, case, entry, case_notices.ENDED, words, "", now)


async def _hurries(session: AsyncSession, case: Case, row: LegalAid, now: datetime) -> bool:
    """A deadline of the law comes near while nobody has decided yet."""
    if row.fast_track or row.deadline_on is None or case.state is not CaseState.SUBMITTED:
        return False
    if not timedelta() <= row.deadline_on - civil_date(now) < CLOSE:
        return False
    row.fast_track = True
    legal_aid_clocks.owe_at_once(case, row, now)
    entry = await _tell_staff(session, case, "离法定期限不足 7 天，可以先指派、后补材料", now)
    words = (
        f"您的法律援助申请 {case.number} 离期限不足 7 天了，我们先帮您办、后补材料。\n"
        f"请现在就打电话：\n{legal_aid.hurry_lines()}"
    )
    await case_notices.tell(session, case, entry, case_notices.PROGRESS, words, "", now)
    return True


def _comes_near(now: datetime) -> sa.ColumnElement[bool]:
    today = civil_date(now)
    near = LegalAid.deadline_on.between(today, today + CLOSE - timedelta(days=1))
    is_new = (LegalAid.due_at.is_not(None), Case.state == CaseState.SUBMITTED)
    return sa.and_(*is_new, LegalAid.fast_track.is_(False), near)


def _owed(case: Case) -> str:
    return _OWED[case.state]
