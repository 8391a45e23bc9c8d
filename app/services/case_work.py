"""What staff do with cases: look, answer, close. The person behind a case stays behind it.

An answer finds its way to the member without telling staff to whom; a telephone number that was left is shown
only by an act that leaves a trace. Not here: opening cases and one's own ones (`cases`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import case_clocks, case_notices, crisis, own_numbers, rating_invitations
from app.services.advice_kinds import ADVICE, CARE
from app.services.audit import does
from app.services.case_moves import DECIDED_KINDS, way
from app.services.cases import CORRECTION, moment_kept, move
from models import (
    OVER,
    Care,
    Case,
    CaseEntry,
    CaseKind,
    CaseState,
    Complaint,
    Consultation,
    EntryKind,
    Naming,
    Outbox,
)

ANSWER_LENGTH = 600  # characters; with its heading it fits one message of WeChat


@dataclass(frozen=True, slots=True)
class Answered:
    """A case and the effect that brings the answer to the member."""

    case: Case
    notice: Outbox


async def list_cases(
    session: AsyncSession, *, kind: CaseKind | None = None, state: CaseState | None = None, limit: int = 50
) -> Sequence[Case]:
    """Cases in the order they should be looked at: the earliest due first.

    Those near a deadline of the law, or with words of danger, come before all; questions to an adviser that
    wait for the member come last.
    """
    due_at = Case.answer_due_at
    rank = sa.case(
        (sa.and_(due_at.is_not(None), sa.or_(Consultation.fast_track, Care.urgent)), 0),
        (sa.and_(Case.kind.in_(ADVICE), due_at.is_(None)), 2),
        else_=1,
    )
    chosen = (
        sa.select(Case)
        .outerjoin(Consultation, Consultation.case_id == Case.id)
        .outerjoin(Care, Care.case_id == Case.id)
        .order_by(rank, sa.func.coalesce(due_at, Case.first_answer_due_at), Case.id)
        .limit(limit)
    )
    chosen = chosen.where(Case.kind == kind) if kind else chosen
    chosen = chosen.where(Case.state == state) if state else chosen.where(Case.state.not_in(OVER))
    return (await session.scalars(chosen)).all()


async def get_case(session: AsyncSession, number: str, *, lock: bool = False) -> Case:
    """Raises: NotFound."""
    chosen = sa.select(Case).where(Case.number == number.strip().upper())
    found = await session.scalar(chosen.with_for_update() if lock else chosen)
    if found is None:
        raise NotFound(f"没有编号为 {number} 的事项，请核对编号。")
    return found


async def list_entries(session: AsyncSession, case: Case) -> Sequence[CaseEntry]:
    """The thread, oldest first."""
    found = await session.scalars(
        sa.select(CaseEntry).where(CaseEntry.case_id == case.id).order_by(CaseEntry.id)
    )
    return found.all()


async def answer(
    session: AsyncSession, number: str, text: str, by: str, now: datetime, *, channel: str = "cli"
) -> Answered:
    """Answer the member, anonymous or not: the answer finds its way without telling staff to whom.

    Raises:
        NotFound: no such number.
        DomainError: nothing was written, too much, or the case is closed.
    """
    text = fitting(text, "答复")
    case = await get_case(session, number, lock=True)
    _refuse_decided(case)
    if case.kind is CaseKind.COMPLAINT:
        raise DomainError(f"{case.number} 是投诉建议，由承办部门在工作台答复。")
    if case.state in OVER:
        raise DomainError(f"{case.number} {case.state.label}，不能再答复。")
    entry = await say(session, case, CaseState.ANSWERED, text, by, now, channel=channel)
    case_clocks.answer(case, moment_kept(now, anonymous=case.anonymous))
    if case.kind in ADVICE:
        await case_notices.withdraw(session, case, now)
    heading = f"您的{case.kind.label} {case.number} 有答复了"
    put_down(session, "case.answer", case)
    notice = await case_notices.tell(
        session,
        case,
        entry,
        case_notices.ANSWERED,
        f"{heading}：\n{with_caveat(case, text)}",
        f"{heading}，内容较长，请回复「{own_numbers.OWN[case.kind]}」点编号看全文。",
        now,
    )
    return Answered(case, notice)


async def say(
    session: AsyncSession,
    case: Case,
    to: CaseState,
    text: str,
    by: str,
    now: datetime,
    *,
    channel: str = "cli",
) -> CaseEntry:
    """Words of staff in the thread; they bring the case to the state `to`, each step with its trace.

    Raises:
        DomainError: there is no way from here.
    """
    at = moment_kept(now, anonymous=case.anonymous)
    entry = CaseEntry(
        case_id=case.id, kind=EntryKind.STAFF, blocks=[_text(text)], by=by, channel=channel, created_at=at
    )
    if case.state is not to:
        *between, last = way(case.kind, case.state, to)
        for state in between:
            session.add(moved(case, state, by, at, channel=channel))
        move(case, last, entry)
    session.add(entry)
    await session.flush()
    return entry


def moved(
    case: Case, to: CaseState, by: str, at: datetime, *, reason: str = "", channel: str = "cli"
) -> CaseEntry:
    """Move the case; returns the trace, to be added to the session. Raises: DomainError."""
    blocks = [_text(reason)] if reason else []
    entry = CaseEntry(
        case_id=case.id, kind=EntryKind.EVENT, blocks=blocks, by=by, channel=channel, created_at=at
    )
    move(case, to, entry)
    return entry


def with_caveat(case: Case, text: str) -> str:
    """An answer as the member reads it."""
    named = ADVICE.get(case.kind)
    return text if named is None or named.unless in text else f"{text}\n{named.caution}"


async def close(session: AsyncSession, number: str, by: str, now: datetime, *, channel: str = "cli") -> Case:
    """Close a case. A second closing changes nothing.

    Raises:
        NotFound: no such number.
        DomainError: a 留言 nobody has answered yet, or what ends by a yes or no.
    """
    case = await get_case(session, number, lock=True)
    _refuse_decided(case)
    if case.state is CaseState.CLOSED:
        return case
    if case.topic == CORRECTION:
        raise DomainError(f"{case.number} 是更正个人信息的请求，请在工作台「个人信息请求」里办结。")
    return await end(session, case, by, now, channel=channel)


async def end(session: AsyncSession, case: Case, by: str, now: datetime, *, channel: str) -> Case:
    """Close what the caller has locked and found fit to be closed. Raises: DomainError: there is no way."""
    put_down(session, "case.close", case)
    at = moment_kept(now, anonymous=case.anonymous)
    session.add(moved(case, CaseState.CLOSED, by, at, channel=channel))
    case.closed_at = at
    case_clocks.end(case)
    if case.kind in ADVICE:
        await case_notices.withdraw(session, case, now)
    await rating_invitations.expect(session, case, now)
    await session.flush()
    return case


def _refuse_decided(case: Case) -> None:
    if case.kind is CaseKind.LEGAL_AID:
        raise DomainError(f"{case.number} 是{case.kind.label}，请在工作台「法律援助」里办。")
    if case.kind in DECIDED_KINDS:
        is_application = case.kind is CaseKind.APPLICATION
        command = "applications" if is_application else "members changes"
        raise DomainError(f"{case.number} 是{case.kind.label}，要通过或不通过，请用 gonghui {command}。")


async def open_contact(session: AsyncSession, number: str, by: str, now: datetime) -> str:
    """The telephone number left with a case; that somebody looked is kept in the thread.

    Raises:
        NotFound: no such number.
        DomainError: the case is anonymous, no number was left, or it was forgotten (`closed_cases`).
    """
    case = await _named_case(session, number)
    contact = str((await case_notices.reporter(session, case)).get("contact", ""))
    if not contact:
        raise DomainError(f"{case.number} 没有留电话，请直接答复，本人在微信里会看到。")
    put_down(session, "case.contact", case)
    await note(session, case, "查看了联系电话", by, now)
    return contact


async def open_reporter(
    session: AsyncSession, number: str, why: str, by: str, now: datetime, *, danger: bool = False
) -> int:
    """The id of the person who brought a case, for something done to that person; the thread keeps `why`.

    Of 心理疏导 and 健康咨询 only to save a life: while an alert of the person is open, or where `by` states
    that there is danger（《精神卫生法》第二十八条）.

    Raises:
        NotFound: no such number.
        DomainError: the case is anonymous, signed with another name, or kept secret and there is no danger.
    """
    case = await _named_case(session, number)
    signed = sa.select(Complaint.naming).where(Complaint.case_id == case.id)
    if await session.scalar(signed) is Naming.NICKNAME:
        raise DomainError(f"{case.number} 用的是昵称，不能查看是谁。答复会照样送到。")
    person_id = int((await case_notices.reporter(session, case))["person_id"])
    if case.kind in CARE and not danger and not await crisis.is_open(session, person_id, now):
        raise DomainError(
            f"{case.number} 是{case.kind.label}，答应过本人不查是谁：有人有生命危险时才能看。"
            "请直接答复，本人在微信里会看到。"
        )
    await note(session, case, why, by, now)
    return person_id


async def _named_case(session: AsyncSession, number: str) -> Case:
    case = await get_case(session, number, lock=True)
    if case.anonymous:
        raise DomainError(f"{case.number} 是匿名的，不能查看是谁。答复会照样送到。")
    return case


def put_down(
    session: AsyncSession,
    act: str,
    case: Case,
    *,
    reason: str | None = None,
    hidden: bool = False,
    **details: Any,
) -> None:
    """Say in the record of acts what is done with a case.

    The number of an anonymous one is only among what is sealed: the answer that is on its way names its
    reader and has this very time. `hidden`: so it is where the person of another, anonymous one hears too.
    """
    if case.anonymous or hidden:
        does(session, act, branch_id=case.branch_id, reason=reason, number=case.number, **details)
    else:
        does(session, act, case.number, branch_id=case.branch_id, reason=reason, **details)


async def note(
    session: AsyncSession, case: Case, text: str, by: str, now: datetime, *, channel: str = ""
) -> CaseEntry:
    """Keep in the thread what `by` did."""
    at = moment_kept(now, anonymous=case.anonymous)
    entry = CaseEntry(
        case_id=case.id, kind=EntryKind.NOTE, blocks=[_text(text)], by=by, channel=channel, created_at=at
    )
    session.add(entry)
    await session.flush()
    return entry


def fitting(text: str, what: str) -> str:
    """What staff wrote, if it goes into one message. Raises: DomainError."""
    text = text.strip()
    if not text:
        raise DomainError(f"{what}是空的，请写好再发。")
    if len(text) > ANSWER_LENGTH:
        raise DomainError(f"{what}最多 {ANSWER_LENGTH} 个字，现在是 {len(text)} 个字，请缩短。")
    return text


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
