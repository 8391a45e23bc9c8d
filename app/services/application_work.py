"""What a branch does with a 入会申请: take it up, ask for what is missing, approve, refuse.

Approving makes the member, binds the person and tells him in one transaction; twice is no error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.clock import civil_date
from app.errors import DomainError
from app.services import (
    application_clocks,
    application_facts,
    applications,
    binding,
    branches,
    case_notices,
    case_work,
    followers,
    guesses,
    members,
)
from app.services.application_facts import Facts
from app.services.applications import KIND
from app.services.joining import ADD_WORD, APPLY_WORD, MINE_WORD
from models import (
    OVER,
    Branch,
    Case,
    CaseState,
    Member,
    MembershipApplication,
    Outbox,
)

_FURTHER = "不同意这个结果，补齐后可以重新申请，也可以回复「人工」问清楚，或者打 12351 问上级工会。"


@dataclass(frozen=True, slots=True)
class Listing:
    """A row of the list; `branch` is the one asked for."""

    case: Case
    application: MembershipApplication
    branch: Branch | None


@dataclass(frozen=True, slots=True)
class Decided:
    """`notice` brings it to the person; None where it had been decided so before."""

    case: Case
    notice: Outbox | None
    member: Member | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """What staff add to what was filled in; `corrected` replaces fields of it."""

    staff_number: str = ""
    branch: str = ""
    joined_on: date | None = None
    corrected: Mapping[str, str] = field(default_factory=dict)


async def list_open(
    session: AsyncSession, *, branch: Branch | None = None, over: bool = False
) -> list[Listing]:
    """The earliest due first, those that wait for the applicant last; of a branch with all below it.

    `over`: those that ended, the newest first.
    """
    asked = aliased(Branch)
    chosen = (
        sa.select(Case, MembershipApplication, asked)
        .join(MembershipApplication, MembershipApplication.case_id == Case.id)
        .outerjoin(asked, asked.id == MembershipApplication.branch_id)
    )
    if branch is not None:
        below = await branches.ids_below(session, branch)
        chosen = chosen.where(MembershipApplication.branch_id.in_(below))
    if over:
        chosen = chosen.where(Case.state.in_(OVER)).order_by(Case.closed_at.desc(), Case.id.desc()).limit(50)
    else:
        due_at = MembershipApplication.due_at
        waits = sa.case((due_at.is_(None), 1), else_=0)
        chosen = chosen.where(Case.state.not_in(OVER)).order_by(waits, due_at, Case.id)
    return [Listing(*row) for row in await session.execute(chosen)]


async def get(session: AsyncSession, number: str, *, lock: bool = False) -> Case:
    """Raises: NotFound; DomainError: another kind of case."""
    case = await case_work.get_case(session, number, lock=lock)
    if case.kind is not KIND:
        raise DomainError(f"{case.number} 是{case.kind.label}，不是入会申请。")
    return case


async def take(session: AsyncSession, number: str, by: str, now: datetime, *, channel: str = "cli") -> Case:
    """`by` reviews it from here on. Twice by the same is no error.

    Raises:
        NotFound: no such number.
        DomainError: no application, over, or somebody else has it.
    """
    case = await _get_open(session, number)
    application = await applications.of_case(session, case)
    if application.taken_by and application.taken_by != by:
        raise DomainError(f"{case.number} 已由{application.taken_by}接办。他不在时，可以直接办，不用再接。")
    application.taken_by = by
    if case.state is CaseState.SUBMITTED:
        session.add(case_work.moved(case, CaseState.REVIEWING, by, now, channel=channel))
    await session.flush()
    return case


async def ask(
    session: AsyncSession, number: str, text: str, by: str, now: datetime, *, channel: str = "cli"
) -> Decided:
    """Name all that is missing; our clock stands still until it comes.

    Raises:
        NotFound: no such number.
        DomainError: no application, over, nothing was written or too much.
    """
    text = case_work.fitting(text, "要补正的内容")
    case = await _get_open(session, number)
    entry = await case_work.say(session, case, CaseState.SUPPLEMENT, text, by, now, channel=channel)
    application_clocks.wait(await applications.of_case(session, case), now)
    case.first_answer_due_at = None
    await case_notices.withdraw(session, case, now)
    heading = f"您的入会申请 {case.number} 还要补正"
    words = f"{heading}：\n{text}\n备齐以后请回复「{ADD_WORD}」，可以发文字和图片。"
    short = f"{heading}，请回复「{MINE_WORD}」看全文。"
    return Decided(case, await case_notices.tell(session, case, entry, case_notices.ASKED, words, short, now))


async def approve(
    session: AsyncSession,
    number: str,
    admission: Admission,
    by: str,
    now: datetime,
    *,
    channel: str = "cli",
) -> Decided:
    """Make the applicant a member and bind him. A second time changes nothing.

    Raises:
        NotFound: no such number or branch.
        Incomplete: a correction is wrong.
        DomainError: no application, refused or withdrawn, no staff number or branch, the number is somebody
            else's, or the applicant is a member by now.
    """
    case = await get(session, number, lock=True)
    application = await applications.of_case(session, case)
    if case.state is CaseState.APPROVED:
        return Decided(case, None, await _made(session, application))
    _refuse_over(case)
    today = civil_date(now)
    filled = application_facts.facts_of(application) | dict(admission.corrected)
    if admission.staff_number:
        filled["staff_number"] = admission.staff_number
    facts = application_facts.check(filled, today)
    branch = await _branch(session, application, admission)
    if not facts.staff_number:
        raise DomainError(f"{case.number} 没有填工号，请用 --number 写上工号再通过。")
    who = await followers.who_stayed(session, (await case_notices.reporter(session, case))["person_id"])
    member = await _admit(session, who, facts, branch, admission.joined_on or today, by, channel, now)
    application.member_id, application.facts = member.id, facts.kept()
    words = (
        f"您的入会申请 {case.number} 已通过，欢迎加入工会。\n"
        f"工号 {member.staff_number}，{branch.way}。\n"
        "已经为您绑定，会员菜单这就换好，退出公众号再进来就能看到。"
    )
    entry = await case_work.say(session, case, CaseState.APPROVED, words, by, now, channel=channel)
    await _end(session, case, application, now)
    notice = await case_notices.tell(session, case, entry, case_notices.ANSWERED, words, "", now)
    return Decided(case, notice, member)


async def _admit(
    session: AsyncSession,
    person_id: int,
    facts: Facts,
    branch: Branch,
    joined_on: date,
    by: str,
    channel: str,
    now: datetime,
) -> Member:
    """The member's row, bound to the person; the person is locked first, as everywhere."""
    await guesses.lock_person(session, person_id)
    bound = await members.find_of_person(session, person_id)
    if bound is not None and not bound.has_left(civil_date(now)):
        raise DomainError(
            f"本人已经绑定了工号 {bound.staff_number}，是会员了。请按「未通过」办，写明不用再申请。"
        )
    values = {**facts.columns(), "branch_id": branch.id, "joined_on": joined_on}
    member = await members.admit(session, facts.staff_number, values, by=by, channel=channel, now=now)
    if bound is not None and bound.id != member.id:  # the number he had before he left
        await binding.loosen(session, bound, by=by, channel=channel, now=now)
    if member.person_id not in (None, person_id):
        raise DomainError(
            f"工号 {member.staff_number} 还绑定着另一个微信号，请先核对，再用 gonghui members unbind 解除。"
        )
    await binding.tie(session, member, person_id, by=by, channel=channel, now=now)
    return member


async def refuse(
    session: AsyncSession, number: str, reason: str, by: str, now: datetime, *, channel: str = "cli"
) -> Decided:
    """Say no, and why. A second time changes nothing.

    Raises:
        NotFound: no such number.
        DomainError: no application, approved or withdrawn, no reason or too much.
    """
    reason = case_work.fitting(reason, "未通过的原因")
    case = await get(session, number, lock=True)
    if case.state is CaseState.REFUSED:
        return Decided(case, None)
    _refuse_over(case)
    entry = await case_work.say(session, case, CaseState.REFUSED, reason, by, now, channel=channel)
    await _end(session, case, await applications.of_case(session, case), now)
    heading = f"您的入会申请 {case.number} 没有通过"
    words = f"{heading}。原因：\n{reason}\n{_FURTHER}重新申请请回复「{APPLY_WORD}」。"
    short = f"{heading}，请回复「{MINE_WORD}」看原因。"
    notice = await case_notices.tell(session, case, entry, case_notices.ANSWERED, words, short, now)
    return Decided(case, notice)


async def open_facts(session: AsyncSession, case: Case, by: str, now: datetime) -> None:
    """Keep in the thread that `by` looked at the private fields."""
    await case_work.note(session, case, "查看了手机号和出生日期", by, now)


# --- parts -------------------------------------------------------------------------------------------------


async def _get_open(session: AsyncSession, number: str) -> Case:
    case = await get(session, number, lock=True)
    _refuse_over(case)
    return case


def _refuse_over(case: Case) -> None:
    if case.state in OVER:
        raise DomainError(f"{case.number} {case.state.label}，不能再改。")


async def _made(session: AsyncSession, application: MembershipApplication) -> Member | None:
    return None if application.member_id is None else await session.get(Member, application.member_id)


async def _branch(session: AsyncSession, application: MembershipApplication, admission: Admission) -> Branch:
    if admission.branch:
        return await branches.get(session, admission.branch)
    if application.branch_id is None:
        raise DomainError("本人没有选组织，请用 --branch 写上组织再通过。")
    return await session.get_one(Branch, application.branch_id)


async def _end(session: AsyncSession, case: Case, application: MembershipApplication, now: datetime) -> None:
    application_clocks.end(application)
    case.closed_at = now
    await session.flush()
    await case_notices.withdraw(session, case, now)


def is_near(application: MembershipApplication, now: datetime) -> bool:
    """Whether little of our time is left."""
    if application.due_at is None:
        return False
    return application.near_at is None or application.near_at <= now
