"""What advisers do with a question besides answering: ask for more, hand it to somebody else.

Not here: answering and closing, which are the same for every case (`case_work`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import care, case_clocks, case_notices, case_work, consultations
from app.services.advice_kinds import ADVICE, LAW_LINE, MIND_LINE
from app.services.case_work import Answered
from models import OVER, Care, Case, CaseKind, CaseState, Consultation

LEGAL_DEPARTMENT = "法务"  # of a company
_MORE = {  # of a case that went to somebody else
    CaseKind.CONSULTATION: f"有疑问可以打 {LAW_LINE.number}",
    CaseKind.COUNSELLING: f"需要有人陪时，可以打 {MIND_LINE.number}",
    CaseKind.HEALTH: "急病请打 120",
}


async def ask(
    session: AsyncSession, number: str, text: str, by: str, now: datetime, *, channel: str = "cli"
) -> Answered:
    """Ask the member something; our clock stands still until there is more. May be asked again.

    Raises:
        NotFound: no such number.
        DomainError: nothing for an adviser, answered or over, nothing was written or too much.
    """
    text = case_work.fitting(text, "要问的话")
    case = await _get(session, number)
    entry = await case_work.say(session, case, CaseState.WAITING_USER, text, by, now, channel=channel)
    case_clocks.wait(case, now)
    await case_notices.withdraw(session, case, now)
    case_work.put_down(session, "case.ask", case)
    named = ADVICE[case.kind]
    heading = f"您的{case.kind.label} {case.number}，{named.adviser}想再问您"
    notice = await case_notices.tell(
        session,
        case,
        entry,
        case_notices.ASKED,
        f"{heading}：\n{text}\n请回复「{named.go_on}」告诉{named.adviser}，可以发文字、图片或语音。",
        f"{heading}，请回复「{named.own}」点编号看全文。",
        now,
    )
    return Answered(case, notice)


async def refer(
    session: AsyncSession,
    number: str,
    where: str,
    consent: str,
    by: str,
    now: datetime,
    *,
    channel: str = "cli",
) -> Answered:
    """Hand it to somebody outside, who takes it from here.

    `consent` says when and how the member agreed to that: telling others is a purpose of its own
    （《个人信息保护法》第二十三条）.

    Raises:
        NotFound: no such number.
        DomainError: nothing for an adviser, answered or over; no consent; or to the opponent's own lawyers.
    """
    where, consent = where.strip(), consent.strip()
    if not where or not consent:
        raise DomainError("转介前要征得本人单独同意，请写明转到哪里、本人什么时候怎样同意的。")
    case = await _get(session, number)
    facts = await _facts_of(session, case)
    if isinstance(facts, Consultation) and facts.own_company and LEGAL_DEPARTMENT in where:
        raise DomainError(f"{case.number} 的对方是本公司，不能交给公司的法务部门。")
    entry = case_work.moved(
        case, CaseState.REFERRED, by, now, reason=f"转到{where}；本人同意：{consent}", channel=channel
    )
    session.add(entry)
    case.closed_at = facts.referral_consent_at = now
    kept: Any = facts.details or {}
    facts.details = {**kept, "referred_to": where}
    case_clocks.end(case)
    await case_notices.withdraw(session, case, now)
    case_work.put_down(session, "case.refer", case)
    words = (
        f"您的{case.kind.label} {case.number} 已按您的同意转到{where}，由他们接着办。\n"
        f"{_MORE[case.kind]}，或回复「人工」。"
    )
    return Answered(case, await case_notices.tell(session, case, entry, case_notices.ENDED, words, "", now))


async def _get(session: AsyncSession, number: str) -> Case:
    """Raises: NotFound, DomainError."""
    case = await case_work.get_case(session, number, lock=True)
    if case.kind not in ADVICE:
        raise DomainError(f"{case.number} 是{case.kind.label}，只有咨询能这样办。")
    if case.state in OVER:
        raise DomainError(f"{case.number} {case.state.label}，不能再改。")
    return case


async def _facts_of(session: AsyncSession, case: Case) -> Consultation | Care:
    if case.kind is CaseKind.CONSULTATION:
        return await consultations.facts_of(session, case)
    return await care.facts_of(session, case)
