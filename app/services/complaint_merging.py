"""并案: a complaint goes into another about the same; its person hears the answer to that one.

Nobody reads whose the other was: each keeps its own reporter, and neither thread has a word of the other's.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import case_notices, case_work, complaint_clocks, complaint_notices, complaints, departments
from app.services.case_moves import check_move
from app.services.case_work import Answered
from app.services.cases import moment_kept
from app.services.complaints import KIND
from models import (
    OVER,
    Case,
    CaseEntry,
    CaseReporter,
    CaseState,
    Complaint,
    ComplaintPart,
    Department,
    EntryKind,
)

_REPLIED = (CaseState.REPLIED, CaseState.CLOSED)


async def merge(
    session: AsyncSession, case: Case, into: Case, by: str, now: datetime, *, channel: str = "cli"
) -> Answered | None:
    """Both are locked. None where it was merged so before.

    Raises: DomainError: not two complaints, one is over or replied to, or both are the same.
    """
    complaint = await complaints.facts_of(session, case)
    if case.state is CaseState.MERGED and complaint.merged_into_id == into.id:
        return None
    if into.kind is not KIND or case.kind is not KIND:
        raise DomainError("只有投诉建议能并案。")
    if case.id == into.id:
        raise DomainError("不能并入自己，请填另一件的编号。")
    if into.state in (*OVER, *_REPLIED):
        raise DomainError(f"{into.number} {into.state.label}，不能再并入，请填还在办的编号。")
    check_move(case.kind, case.state, CaseState.MERGED)
    await _refuse_accused(session, case, complaint, into)
    at = moment_kept(now, anonymous=case.anonymous)
    entry = case_work.moved(case, CaseState.MERGED, by, at, reason=f"并入 {into.number}", channel=channel)
    session.add(entry)
    case.closed_at = at
    complaint.merged_into_id = into.id
    complaint_clocks.end(case, complaint)
    # What was merged into this one before goes along.
    again = sa.update(Complaint).where(Complaint.merged_into_id == case.id)
    await session.execute(again.values(merged_into_id=into.id).execution_options(synchronize_session=False))
    await case_work.note(session, into, "另一件并入这一件", by, now)
    case_work.put_down(session, "complaint.merge", case, into=into.number)
    said = "有人反映过同一件事，两件合并办理。那一件有了答复，会一样告诉您。"
    return Answered(case, await complaint_notices.tell(session, case, complaint, entry, said, now))


async def _refuse_accused(session: AsyncSession, case: Case, complaint: Complaint, into: Case) -> None:
    """Raises: DomainError: a department that has `into`, or was asked about it, is who `case` is about."""
    asked = sa.select(ComplaintPart.department_id).where(ComplaintPart.case_id == into.id)
    ids = {(await complaints.facts_of(session, into)).department_id, *await session.scalars(asked)}
    accusing = [complaint, *(each for _, each in await merged_into(session, case))]
    for department in await session.scalars(sa.select(Department).where(Department.id.in_(ids - {None}))):
        for each in accusing:
            if await departments.may_not_have(session, department, each):
                raise DomainError(
                    f"{into.number} 由「{department.name}」在办，而这件反映的就是它，不能并入。"
                    "请先把那一件转给别的部门。"
                )


async def refuse_accused(session: AsyncSession, case: Case, department: Department) -> None:
    """Raises: DomainError: what was merged into `case` is about this department."""
    for _, complaint in await merged_into(session, case):
        if await departments.may_not_have(session, department, complaint):
            raise DomainError(f"「{department.name}」不能办这件事，请选别的部门。")


async def lock_both(session: AsyncSession, case: Case, into: Case) -> None:
    """In one order always, so that two who merge crosswise wait for each other."""
    ids = (case.id, into.id)
    chosen = sa.select(Case).where(Case.id.in_(ids)).order_by(Case.id).with_for_update()
    (await session.scalars(chosen.execution_options(populate_existing=True))).all()


async def pass_on(
    session: AsyncSession, case: Case, text: str, by: str, now: datetime, *, channel: str
) -> None:
    """Tell the answer to everybody whose case was merged into this one, once each; named or not."""
    for merged, complaint in await merged_into(session, case, lock=True):
        entry = _said(merged, text, by, now, channel)
        session.add(entry)
        merged.answered_at = entry.created_at
        merged.first_answered_at = merged.first_answered_at or entry.created_at
        when = case_notices.sent_at(merged, now)  # apart from what `case` itself was told
        await complaint_notices.tell_reply(session, merged, complaint, entry, text, when)


async def pass_refusal_on(
    session: AsyncSession, case: Case, text: str, by: str, now: datetime, *, channel: str
) -> None:
    """The same where it is not taken up: all of them hear why, and where to go."""
    for merged, complaint in await merged_into(session, case, lock=True):
        entry = _said(merged, f"不予受理。原因：{text}", by, now, channel)
        session.add(entry)
        when = case_notices.sent_at(merged, now)
        await complaint_notices.tell(session, merged, complaint, entry, f"不予受理。原因：{text}", when)


def _said(case: Case, text: str, by: str, now: datetime, channel: str) -> CaseEntry:
    return CaseEntry(
        case_id=case.id,
        kind=EntryKind.STAFF,
        blocks=[{"type": "text", "text": text}],
        by=by,
        channel=channel,
        created_at=moment_kept(now, anonymous=case.anonymous),
    )


async def merged_into(
    session: AsyncSession, case: Case, *, lock: bool = False
) -> Sequence[tuple[Case, Complaint]]:
    """Those that went into this one and are still known, the oldest first."""
    known = sa.exists().where(CaseReporter.case_id == Case.id)  # else nobody is there to be told
    chosen = (
        sa.select(Case, Complaint)
        .join(Complaint, Complaint.case_id == Case.id)
        .where(Complaint.merged_into_id == case.id, known)
        .order_by(Case.id)
    )
    if lock:
        chosen = chosen.with_for_update(of=Case)
    return [(row[0], row[1]) for row in (await session.execute(chosen)).all()]


async def has_anonymous(session: AsyncSession, case: Case) -> bool:
    """Whether the person of an anonymous one hears what is told of this one."""
    return any(each.anonymous for each, _ in await merged_into(session, case))


async def number_of(session: AsyncSession, complaint: Complaint) -> str:
    """Of the case it went into; empty where it went into none."""
    if complaint.merged_into_id is None:
        return ""
    return str(await session.scalar(sa.select(Case.number).where(Case.id == complaint.merged_into_id)))
