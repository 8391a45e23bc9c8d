"""Asking that something be put right (PIPL 46): staff do it, the person gets a receipt and an answer.

What is asked is a 人工 case of its own topic, ended here and nowhere else, since its receipt ends with it.
What somebody can change himself he changes where it is shown: his binding, his answers in a sign-up.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import spoken
from app.errors import DomainError
from app.services import case_notices, case_work, cases, privacy_requests
from app.services.case_work import Answered
from app.services.privacy_requests import Line
from models import Case, CaseKind, PrivacyRequest, RequestKind

LONGEST = 500  # characters
WORDS_LENGTH = 400  # of what staff say when they are done: it goes into one message with what is said around
KIND = "更正个人信息"


class Verdict(StrEnum):
    DONE = "done"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        return {"done": "已更正", "refused": "没有更正"}[self.value]


@dataclass(frozen=True, slots=True)
class Settled:
    """What was decided, the case it came by, and the effect that tells the person."""

    answered: Answered
    receipt: PrivacyRequest | None  # None once its person closed the account


async def ask(
    session: AsyncSession, person_id: int, what: str, *, channel: str, now: datetime
) -> PrivacyRequest:
    """Bring it to the desk; the receipt names the case and until when it is answered."""
    blocks = [{"type": "text", "text": f"{KIND}：{what.strip()}"}]
    opened = await cases.open_case(
        session,
        CaseKind.DESK,
        person_id,
        None,
        topic=cases.CORRECTION,
        blocks=blocks,
        channel=channel,
        now=now,
    )
    by = spoken(opened.first_answer_due_at, now)
    line = Line(KIND, f"已转工作人员核对，编号 {opened.number}，最迟 {by} 答复")
    return await privacy_requests.done(
        session, RequestKind.CORRECT, person_id, [line], channel, now, is_open=True
    )


async def settle(
    session: AsyncSession,
    number: str,
    verdict: Verdict,
    words: str,
    by: str,
    now: datetime,
    *,
    channel: str = "cli",
) -> Settled:
    """End it: the person is told, and the receipt says so. Who is refused is told why (PIPL 50).

    `words` say what was put right, or why it was not.

    Raises:
        NotFound: no such number.
        DomainError: no such request, it is settled already, or nothing was written or too much.
    """
    words = words.strip()
    if not words:
        raise DomainError("请写明更正了什么。" if verdict is Verdict.DONE else "不更正的，依法要说明理由。")
    if len(words) > WORDS_LENGTH:
        raise DomainError(f"最多 {WORDS_LENGTH} 个字，现在是 {len(words)} 个字，请缩短。")
    case = await case_work.get_case(session, number, lock=True)
    if case.topic != cases.CORRECTION:
        raise DomainError(f"{case.number} 不是更正个人信息的请求。")
    answered = await case_work.answer(session, number, _told(verdict, words), by, now, channel=channel)
    await case_work.end(session, case, by, now, channel=channel)
    receipt = await _receipt(session, case)
    if receipt is not None:
        lines = [*privacy_requests.lines_of(receipt), Line("办理结果", f"{verdict.label}：{words}")]
        receipt.outcome = [[line.what, line.done] for line in lines]
        receipt.done_at = now
    await session.flush()
    case_work.put_down(session, "privacy.correct", case, reason=words, verdict=verdict.label)
    return Settled(answered, receipt)


def _told(verdict: Verdict, words: str) -> str:
    if verdict is Verdict.DONE:
        return f"您要求更正的个人信息已更正：{words}"
    return (
        f"您要求更正的个人信息没有更正，理由：{words}\n"
        "有补充可以回复「人工」；不同意的，可以向网信部门投诉，或向人民法院起诉。"
    )


async def _receipt(session: AsyncSession, case: Case) -> PrivacyRequest | None:
    """The one that names this case. Only through the person: no column leads from one to the other."""
    person_id = (await case_notices.reporter(session, case))["person_id"]
    asked = sa.select(PrivacyRequest).where(
        PrivacyRequest.person_id == person_id, PrivacyRequest.kind == RequestKind.CORRECT
    )
    named = f"编号 {case.number}，"
    for row in await session.scalars(asked.order_by(PrivacyRequest.id.desc()).with_for_update()):
        if any(named in line.done for line in privacy_requests.lines_of(row)):
            return row
    return None
