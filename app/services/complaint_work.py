"""What staff do with 投诉建议: take one up or not, hand it to a department, which takes or returns it.

The department replies; the union extends once, with a reason. Its person hears of every step. All take a
locked case. Not here: who may do which (`app.console`), asking further departments, merging
(`complaint_parts`, `complaint_merging`).
"""

from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, due_day
from app.errors import DomainError
from app.services import (
    case_notices,
    case_owners,
    case_work,
    complaint_clocks,
    complaint_conflicts,
    complaint_merging,
    complaint_notices,
    complaint_parts,
    complaints,
    departments,
    staff_notices,
)
from app.services.case_moves import WITH_UNION, check_move
from app.services.case_work import Answered, fitting
from app.services.cases import moment_kept
from app.services.complaint_clocks import day_end
from app.services.permissions import Standing
from models import Case, CaseEntry, CaseState, Department, Staff

S = CaseState
_WORKED_ON = (S.IN_PROGRESS, S.EXTENDED, S.SUSPENDED)
WHY_LENGTH = 200
ELSEWHERE_LENGTH = 100


# --- taking it up ------------------------------------------------------------------------------------------


async def accept(
    session: AsyncSession, case: Case, by: str, now: datetime, *, channel: str = "cli"
) -> Answered:
    """Raises: DomainError: it is not new any more."""
    complaint = await complaints.facts_of(session, case)
    if case.state is S.MERGED:  # that move is for going on in the place of another
        raise DomainError(f"{case.number} {case.state.label_in(case.kind)}，不能再受理。")
    entry = _move(session, case, S.ACCEPTED, by, now, channel)
    complaint_clocks.take_up(case, complaint, now)
    case_work.put_down(session, "complaint.accept", case)
    said = f"已受理，最迟 {due_day(case.answer_due_at)}答复您。"
    return Answered(case, await complaint_notices.tell(session, case, complaint, entry, said, now))


async def refuse(
    session: AsyncSession,
    case: Case,
    why: str,
    elsewhere: str,
    by: str,
    now: datetime,
    *,
    channel: str = "cli",
) -> Answered:
    """Not ours: why, and where to go with it.

    Raises: DomainError: one of them is missing or too long, or it is not new any more.
    """
    why = _reason(why, "不予受理的原因")
    elsewhere = _reason(elsewhere, "可以找哪里", ELSEWHERE_LENGTH)
    complaint = await complaints.facts_of(session, case)
    check_move(case.kind, case.state, S.NOT_ACCEPTED)
    text = f"{why}\n可以找：{elsewhere}"
    entry = await case_work.say(session, case, S.NOT_ACCEPTED, text, by, now, channel=channel)
    case.closed_at = moment_kept(now, anonymous=case.anonymous)
    complaint_clocks.end(case, complaint)
    hidden = await complaint_merging.has_anonymous(session, case)
    case_work.put_down(session, "complaint.refuse", case, reason=why, hidden=hidden)
    await complaint_merging.pass_refusal_on(session, case, text, by, now, channel=channel)
    notice = await complaint_notices.tell(session, case, complaint, entry, f"不予受理。原因：{text}", now)
    return Answered(case, notice)


async def dispatch(
    session: AsyncSession,
    case: Case,
    department: Department,
    by: str,
    now: datetime,
    *,
    channel: str = "cli",
) -> Answered | None:
    """Hand it to the department that is to reply; None where that has it already.

    Raises: DomainError: another has it, it is not at that point, or the department must not have it.
    """
    complaint = await complaints.facts_of(session, case)
    if case.state in (S.DISPATCHED, S.IN_PROGRESS):
        if complaint.department_id == department.id:
            return None
        other = (await departments.names_of(session, [complaint.department_id])).values()
        raise DomainError(f"{case.number} 已经转给「{'、'.join(other)}」，退回以后才能另派。")
    check_move(case.kind, case.state, S.DISPATCHED)
    await departments.refuse_unfit(session, department, complaint)
    await complaint_merging.refuse_accused(session, case, department)
    entry = _move(session, case, S.DISPATCHED, by, now, channel, f"转给{department.name}")
    complaint.department_id, case.owner_id, case.owned_at = department.id, None, None
    complaint_clocks.hand_out(case, complaint, now)
    case_work.put_down(session, "complaint.dispatch", case, department=department.name)
    for each in await departments.list_people(session, department.id, complaint):
        await staff_notices.dispatched(session, case, entry, each, now)
    said = f"已转给{department.name}办理，最迟 {due_day(case.answer_due_at)}答复您。"
    return Answered(case, await complaint_notices.tell(session, case, complaint, entry, said, now))


async def own(
    session: AsyncSession, case: Case, who: Standing, now: datetime, *, channel: str = "cli"
) -> None:
    """Somebody of the union has it from now on, until a department does. A second time changes nothing.

    Raises: DomainError: it is not the union's move, another has it, he has enough, or it is about his unit.
    """
    if case.state not in WITH_UNION:
        raise DomainError(f"{case.number} {case.state.label_in(case.kind)}，不用接手。")
    await complaint_conflicts.refuse(session, case, await session.get_one(Staff, who.staff_id))
    await case_owners.take(session, case, who, now, channel=channel)


async def free(
    session: AsyncSession, case: Case, by: Standing, now: datetime, *, channel: str = "cli"
) -> None:
    """Back to all of the union. Raises: DomainError: it is not the union's move, or nobody has it."""
    if case.state not in WITH_UNION:
        raise DomainError(f"{case.number} {case.state.label_in(case.kind)}，不能退回待接。")
    await case_owners.give_back(session, case, by, now, channel=channel)


async def keep(session: AsyncSession, case: Case, who: Standing, now: datetime) -> None:
    """Whoever does something with one that nobody has goes on with it, unless it is about his unit."""
    staff = await session.get_one(Staff, who.staff_id)
    if case.owner_id is None and not await complaint_conflicts.is_of_accused(session, case, staff):
        case.owner_id, case.owned_at = who.staff_id, moment_kept(now, anonymous=case.anonymous)


# --- in a department ---------------------------------------------------------------------------------------


async def take(
    session: AsyncSession, case: Case, who: Standing, now: datetime, *, channel: str = "cli"
) -> Answered | None:
    """Somebody of the department works on it; None where he does already.

    Raises: DomainError: a colleague has it, or it is not at that point.
    """
    if case.state in _WORKED_ON and case.owner_id is not None:
        if case.owner_id == who.staff_id:
            return None
        other = await session.get_one(Staff, case.owner_id)
        raise DomainError(f"{case.number} 已由{other.name}在办。")
    complaint = await complaints.facts_of(session, case)
    if complaint.department_id is None:
        raise DomainError(f"{case.number} 还没有转给部门。")
    at = moment_kept(now, anonymous=case.anonymous)
    if case.state in _WORKED_ON and case.owner_id is None:  # who had it is here no more
        case.owner_id, case.owned_at = who.staff_id, at
        case_work.put_down(session, "complaint.take", case)
        return None
    check_move(case.kind, case.state, S.IN_PROGRESS)
    name = (await departments.names_of(session, [complaint.department_id]))[complaint.department_id]
    entry = _move(session, case, S.IN_PROGRESS, who.name, now, channel, f"{name}接办")
    case.owner_id, case.owned_at = who.staff_id, at
    complaint_clocks.work(case, complaint)
    case_work.put_down(session, "complaint.take", case)
    said = f"{name}正在办理，最迟 {due_day(case.answer_due_at)}答复您。"
    return Answered(case, await complaint_notices.tell(session, case, complaint, entry, said, now))


async def give_back(
    session: AsyncSession, case: Case, why: str, by: str, now: datetime, *, channel: str = "cli"
) -> Answered:
    """It is not the department's: back to the union, with the reason.

    Raises: DomainError: no reason, it was taken already, or five working days have gone.
    """
    why = _reason(why, "退回的原因")
    complaint = await complaints.facts_of(session, case)
    if case.state is not S.DISPATCHED:
        raise DomainError(f"{case.number} {case.state.label_in(case.kind)}，接办以前才能退回。")
    if complaint.return_by is not None and now > complaint.return_by:
        raise DomainError(
            f"{case.number} 转办已超过 {complaint_clocks.RETURN_LIMIT} 个工作日，不能再退回，请接办。"
            "确实不归本部门，请写备注告诉工会。"
        )
    names = await departments.names_of(session, [complaint.department_id])
    name = names.get(complaint.department_id or 0, "部门")
    entry = _move(session, case, S.RETURNED, by, now, channel, f"{name}退回：{why}")
    complaint.department_id = case.owner_id = case.owned_at = None
    complaint_clocks.hand_back(case, complaint, now)
    case_work.put_down(session, "complaint.return", case, reason=why, department=name)
    await staff_notices.complaint_returned(session, case, entry, now)
    said = f"这个部门办不了，正在另派部门。最迟 {due_day(case.answer_due_at)}答复您。"
    return Answered(case, await complaint_notices.tell(session, case, complaint, entry, said, now))


async def reply(
    session: AsyncSession, case: Case, text: str, by: str, now: datetime, *, channel: str = "cli"
) -> Answered:
    """The answer, when every department that was asked has said its part. Whose case was merged hears it too.

    Raises: DomainError: nothing was written or too much, or it is not at that point, or
    somebody is still to answer.
    """
    text = fitting(text, "答复")
    complaint = await complaints.facts_of(session, case)
    check_move(case.kind, case.state, S.REPLIED)
    await complaint_parts.refuse_unanswered(session, case, now)
    entry = await case_work.say(session, case, S.REPLIED, text, by, now, channel=channel)
    complaint_clocks.reply(case, complaint, moment_kept(now, anonymous=case.anonymous))
    hidden = await complaint_merging.has_anonymous(session, case)
    case_work.put_down(session, "complaint.reply", case, hidden=hidden)
    await case_notices.withdraw(session, case, now, kinds=(case_notices.MOVED,))
    await complaint_merging.pass_on(session, case, text, by, now, channel=channel)
    return Answered(case, await complaint_notices.tell_reply(session, case, complaint, entry, text, now))


async def suspend(
    session: AsyncSession,
    case: Case,
    why: str,
    until: date | None,
    by: str,
    now: datetime,
    *,
    channel: str = "cli",
) -> Answered:
    """Nothing can be done until a day: our clock stands still till then.

    Raises: DomainError: no reason or no day, a day that has come or is beyond what the law allows, or it is
    not worked on.
    """
    why = _reason(why, "挂起的原因")
    complaint = await complaints.facts_of(session, case)
    check_move(case.kind, case.state, S.SUSPENDED)
    if until is None or until <= civil_date(now):
        raise DomainError("请写明挂起到哪一天，要在今天以后。")
    if complaint.law_due_at is not None and until >= civil_date(complaint.law_due_at):
        raise DomainError(f"挂起不能到法定期限（{due_day(complaint.law_due_at)}）以后，请写早一点。")
    complaint.suspended_from = case.state
    said = f"暂停办理到 {until.month}月{until.day}日。原因：{why}"
    entry = await case_work.say(session, case, S.SUSPENDED, said, by, now, channel=channel)
    complaint_clocks.suspend(case, complaint, day_end(until), now)
    case_work.put_down(session, "complaint.suspend", case, reason=why, until=until)
    return Answered(case, await complaint_notices.tell(session, case, complaint, entry, said, now))


async def resume(
    session: AsyncSession, case: Case, by: str, now: datetime, *, channel: str = "cli"
) -> Answered:
    """Raises: DomainError: it is not suspended."""
    complaint = await complaints.facts_of(session, case)
    if case.state is not S.SUSPENDED:
        raise DomainError(f"{case.number} {case.state.label}，没有挂起。")
    entry = _move(session, case, complaint.suspended_from or S.IN_PROGRESS, by, now, channel)
    complaint.suspended_from = None
    complaint_clocks.resume(case, complaint, now)
    case_work.put_down(session, "complaint.resume", case)
    said = f"接着办理，最迟 {due_day(case.answer_due_at)}答复您。"
    return Answered(case, await complaint_notices.tell(session, case, complaint, entry, said, now))


# --- by the lead -------------------------------------------------------------------------------------------


async def extend(
    session: AsyncSession, case: Case, why: str, by: str, now: datetime, *, channel: str = "cli"
) -> Answered:
    """Seven working days more, once; its person reads why.

    Raises: DomainError: no reason, it was extended before, or is not worked on.
    """
    why = _reason(why, "延期的原因")
    complaint = await complaints.facts_of(session, case)
    if complaint.extended_at is not None:
        raise DomainError(f"{case.number} 已经延期过一次，不能再延。")
    if case.state is not S.IN_PROGRESS:  # the way from SUSPENDED leads back to where it was, and no further
        raise DomainError(f"{case.number} {case.state.label_in(case.kind)}，办理中的才能延期。")
    complaint_clocks.extend(case, complaint, now)
    complaint.extended_at = moment_kept(now, anonymous=case.anonymous)
    said = f"延期到 {due_day(case.answer_due_at)}答复。原因：{why}"
    entry = await case_work.say(session, case, S.EXTENDED, said, by, now, channel=channel)
    case_work.put_down(session, "complaint.extend", case, reason=why)
    return Answered(case, await complaint_notices.tell(session, case, complaint, entry, said, now))


# --- parts -------------------------------------------------------------------------------------------------


def _move(
    session: AsyncSession, case: Case, to: CaseState, by: str, now: datetime, channel: str, reason: str = ""
) -> CaseEntry:
    at = moment_kept(now, anonymous=case.anonymous)
    entry = case_work.moved(case, to, by, at, reason=reason, channel=channel)
    session.add(entry)
    return entry


def _reason(text: str, what: str, most: int = WHY_LENGTH) -> str:
    """Raises: DomainError."""
    text = text.strip()
    if not text or len(text) > most:
        raise DomainError(f"请写明{what}，1 到 {most} 个字。")
    return text
