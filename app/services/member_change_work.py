"""What staff decide about changes of a member's data: look, approve, refuse.

A binding is moved only after the time in which its holder could object; where he did, only with a word on how
it was settled. Twice is no error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.clock import civil_date, spoken
from app.errors import DomainError
from app.services import binding, binding_claims, case_notices, case_work, followers, guesses, members
from app.services.member_changes import KIND
from models import (
    OVER,
    Case,
    CaseState,
    ChangeKind,
    Member,
    MemberChange,
    MemberEvent,
    Outbox,
)


@dataclass(frozen=True, slots=True)
class Listing:
    """A row of the list; the change has its member."""

    case: Case
    change: MemberChange


@dataclass(frozen=True, slots=True)
class Decided:
    """`notice` brings it to the person; None where it had been decided so before."""

    case: Case
    notice: Outbox | None


async def list_open(session: AsyncSession) -> Sequence[Listing]:
    """The earliest due first."""
    chosen = _with_case().where(Case.state.not_in(OVER)).order_by(Case.first_answer_due_at, Case.id)
    return [Listing(*row) for row in await session.execute(chosen)]


async def get(session: AsyncSession, number: str) -> Listing:
    """Raises: NotFound; DomainError: another kind of case."""
    case = await case_work.get_case(session, number)
    _refuse_other(case)
    row = (await session.execute(_with_case().where(Case.id == case.id))).one()
    return Listing(*row)


async def approve(
    session: AsyncSession, number: str, by: str, now: datetime, *, despite: str = "", channel: str = "cli"
) -> Decided:
    """Do what was asked for. `despite` says how an objection was settled. A second time changes nothing.

    Raises:
        NotFound: no such number.
        DomainError: refused or withdrawn, the member has left, the time for objections runs, somebody
            objected, or the binding is not what it was.
    """
    case, change, member = await _locked(session, number)
    if case.state is CaseState.APPROVED:
        return Decided(case, None)
    _refuse_over(case)
    if member.has_left(civil_date(now)):
        raise DomainError(f"工号 {member.staff_number} 已经离开，不能再改。请按「未通过」办。")
    if change.what is ChangeKind.PHONE:
        words = await _change_phone(session, case, change, member, by, channel, now)
    else:
        words = await _move(session, case, change, member, despite.strip(), by, channel, now)
    return await _decide(session, case, CaseState.APPROVED, words, words, by, channel, now)


async def refuse(
    session: AsyncSession, number: str, reason: str, by: str, now: datetime, *, channel: str = "cli"
) -> Decided:
    """Say no, and why. A second time changes nothing.

    Raises:
        NotFound: no such number.
        DomainError: approved or withdrawn, no reason or too much.
    """
    reason = case_work.fitting(reason, "未通过的原因")
    case, change, _ = await _locked(session, number)
    if case.state is CaseState.REFUSED:
        return Decided(case, None)
    _refuse_over(case)
    words = f"您{change.what.label}的申请 {case.number} 没有通过。原因：\n{reason}\n有疑问请回复「人工」。"
    return await _decide(session, case, CaseState.REFUSED, reason, words, by, channel, now)


async def _decide(
    session: AsyncSession,
    case: Case,
    to: CaseState,
    kept: str,
    told: str,
    by: str,
    channel: str,
    now: datetime,
) -> Decided:
    entry = await case_work.say(session, case, to, kept, by, now, channel=channel)
    case.closed_at = now
    await case_notices.withdraw(session, case, now)
    short = f"您的{case.kind.label}申请 {case.number} {to.label}，请在「我的」里看全文。"
    return Decided(
        case, await case_notices.tell(session, case, entry, case_notices.ANSWERED, told, short, now)
    )


async def _change_phone(
    session: AsyncSession,
    case: Case,
    change: MemberChange,
    member: Member,
    by: str,
    channel: str,
    now: datetime,
) -> str:
    facts: Any = change.facts
    before, member.phone, member.updated_at = member.phone, str(facts["phone"]), now
    changes = {"phone": (before, member.phone)}
    members.note(session, member, MemberEvent.CHANGED, by=by, channel=channel, now=now, changes=changes)
    await session.flush()
    return f"您换手机号的申请 {case.number} 已通过，花名册里已经改好，以后绑定时用新号码核对。"


async def _move(
    session: AsyncSession,
    case: Case,
    change: MemberChange,
    member: Member,
    despite: str,
    by: str,
    channel: str,
    now: datetime,
) -> str:
    _refuse_early(case, change, despite, now)
    claimant = await followers.who_stayed(session, (await case_notices.reporter(session, case))["person_id"])
    holder = member.person_id
    if holder not in (None, change.holder_id, claimant):
        raise DomainError(
            f"工号 {member.staff_number} 后来又绑定了别的微信号。请按「未通过」办，请本人重新申请。"
        )
    own = await members.find_of_person(session, claimant)
    if own is not None and own.id != member.id:
        raise DomainError(f"申请人已经绑定了工号 {own.staff_number}。请按「未通过」办。")
    if despite:
        await case_work.note(session, case, f"有异议仍通过：{despite}", by, now)
    if holder is not None and holder != claimant:
        await binding.loosen(session, member, by=by, channel=channel, now=now)
        binding_claims.tell_moved(session, case, holder, member, now)
        claimant = await followers.who_stayed(session, claimant)  # loosening may have made the two one
    if member.person_id is None:
        await binding.tie(session, member, claimant, by=by, channel=channel, now=now)
    return (
        f"您换微信号的申请 {case.number} 已通过，工号 {member.staff_number} 已经绑定到这个微信。\n"
        "会员菜单这就换好，退出公众号再进来就能看到。"
    )


def _refuse_early(case: Case, change: MemberChange, despite: str, now: datetime) -> None:
    if change.objected_at is not None and not despite:
        raise DomainError(
            f"{case.number} 原来的微信号提出了异议。请当面核对身份证、工作证；确是本人的，"
            "用 --despite 写明怎样核对的。"
        )
    until = change.objections_until
    if change.objected_at is None and until is not None and now < until:
        raise DomainError(
            f"{case.number} 要等到 {spoken(until, now)} 才能通过，在这之前原来的微信号可以提出异议。"
        )


# --- parts -------------------------------------------------------------------------------------------------


def _with_case() -> sa.Select[Case, MemberChange]:
    chosen = sa.select(Case, MemberChange).join(MemberChange, MemberChange.case_id == Case.id)
    return chosen.options(joinedload(MemberChange.member).joinedload(Member.branch))


async def _locked(session: AsyncSession, number: str) -> tuple[Case, MemberChange, Member]:
    """The case first, the persons next, the member last, as everywhere."""
    case = await case_work.get_case(session, number, lock=True)
    _refuse_other(case)
    chosen = sa.select(MemberChange).where(MemberChange.case_id == case.id)
    change = (await session.scalars(chosen.execution_options(populate_existing=True))).one()
    if case.state not in OVER:
        who = (await case_notices.reporter(session, case))["person_id"]
        touched = {await followers.who_stayed(session, who), change.holder_id}
        for person_id in sorted(each for each in touched if each is not None):
            await guesses.lock_person(session, person_id)
    locked = sa.select(Member).where(Member.id == change.member_id).with_for_update(of=Member)
    member = (await session.scalars(locked.execution_options(populate_existing=True))).one()
    return case, change, member


def _refuse_other(case: Case) -> None:
    if case.kind is not KIND:
        raise DomainError(f"{case.number} 是{case.kind.label}，不是资料变更。")


def _refuse_over(case: Case) -> None:
    if case.state in OVER:
        raise DomainError(f"{case.number} {case.state.label}，不能再改。")
