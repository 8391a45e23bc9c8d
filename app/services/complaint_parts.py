"""会办: further departments are asked for an answer of their own; the main one alone sums up and moves it.

All take a locked case.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.errors import DomainError, NotFound
from app.services import (
    case_work,
    complaint_clocks,
    complaint_merging,
    complaints,
    departments,
    staff_notices,
)
from app.services.case_work import fitting
from app.services.cases import moment_kept
from models import Case, CaseState, ComplaintPart, Department

ANSWER_DAYS: Final = 5  # working days
_WORKED_ON: Final = (CaseState.IN_PROGRESS, CaseState.EXTENDED)


@dataclass(frozen=True, slots=True)
class Listed:
    """What a department was asked, and what it said."""

    part: ComplaintPart
    department: str
    department_id: str  # public

    def is_late(self, now: datetime) -> bool:
        return self.part.answered_at is None and self.part.due_at < now


async def ask(
    session: AsyncSession,
    case: Case,
    department: Department,
    question: str,
    by: str,
    now: datetime,
) -> ComplaintPart:
    """A second time asks nothing new.

    Raises: DomainError: nobody works on the case, no question, the main department, or one that must not
    have it.
    """
    question = fitting(question, "要会办的内容")
    complaint = await complaints.facts_of(session, case)
    if case.state not in _WORKED_ON:
        raise DomainError(f"{case.number} {case.state.label}，部门接办以后才能请别的部门会办。")
    if complaint.department_id == department.id:
        raise DomainError(f"「{department.name}」就是主办部门，不用会办。")
    there = await find(session, case, department.id)
    if there is not None:
        return there
    await departments.refuse_unfit(session, department, complaint)
    await complaint_merging.refuse_accused(session, case, department)
    due_at = complaint_clocks.working_days(now, ANSWER_DAYS)
    due_at = min(due_at, case.answer_due_at) if case.answer_due_at and case.answer_due_at > now else due_at
    part = ComplaintPart(
        case_id=case.id,
        department_id=department.id,
        question=question,
        asked_at=moment_kept(now, anonymous=case.anonymous),
        due_at=due_at,
        answered_by="",
    )
    session.add(part)
    day = civil_date(due_at)
    said = f"请{department.name}会办，{day.month}月{day.day}日前答复"
    entry = await case_work.note(session, case, said, by, now)
    case_work.put_down(session, "complaint.ask", case, department=department.name)
    for each in await departments.list_people(session, department.id, complaint):
        await staff_notices.dispatched(session, case, entry, each, now)
    await session.flush()
    return part


async def answer(
    session: AsyncSession, case: Case, department: Department, text: str, by: str, now: datetime
) -> ComplaintPart:
    """What the department says to it; until the main one has replied it may be said anew.

    The same words again change nothing.

    Raises:
        NotFound: it was not asked.
        DomainError: nothing was written or too much, or nobody works on the case any more.
    """
    text = fitting(text, "会办答复")
    part = await find(session, case, department.id)
    if part is None:
        raise NotFound(f"{case.number} 没有请「{department.name}」会办。")
    if case.state not in (*_WORKED_ON, CaseState.SUSPENDED):
        raise DomainError(f"{case.number} {case.state.label}，不用会办了。")
    if part.answer == text:
        return part
    part.answer, part.answered_by = text, by
    part.answered_at = moment_kept(now, anonymous=case.anonymous)
    await case_work.note(session, case, f"{department.name}交了会办答复", by, now)
    case_work.put_down(session, "complaint.part", case, department=department.name)
    await session.flush()
    return part


async def refuse_unanswered(session: AsyncSession, case: Case, now: datetime) -> None:
    """The main department sums up when all have answered, or had their time. Raises: DomainError."""
    waiting = [each for each in await list_all(session, case) if each.part.answered_at is None]
    names = "、".join(each.department for each in waiting if each.part.due_at > now)
    if names:
        raise DomainError(f"还在等{names}的会办答复，答了或者过了期限再一起答复本人。")


async def find(session: AsyncSession, case: Case, department_id: int) -> ComplaintPart | None:
    """As it stands now."""
    chosen = sa.select(ComplaintPart).where(
        ComplaintPart.case_id == case.id, ComplaintPart.department_id == department_id
    )
    return await session.scalar(chosen.execution_options(populate_existing=True))


async def list_all(session: AsyncSession, case: Case) -> Sequence[Listed]:
    """In the order they were asked."""
    chosen = (
        sa.select(ComplaintPart, Department.name, Department.public_id)
        .join(Department, Department.id == ComplaintPart.department_id)
        .where(ComplaintPart.case_id == case.id)
        .order_by(ComplaintPart.id)
    )
    return [Listed(*row) for row in (await session.execute(chosen)).all()]
