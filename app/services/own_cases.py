"""A person's own case as he reads it: who said what in its thread, and how he tells more or withdraws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import advice, care, cases, complaint_ending, complaints, consultations, legal_aid
from app.services.advice import Added
from app.services.advice_kinds import ADVICE
from app.services.case_moves import DECIDED_KINDS
from app.services.cases import Blocks
from models import OVER, Case, CaseEntry, CaseKind, CaseState, EntryKind

LONGEST = 2000  # characters of what is added at once

_BY_CHAT: Final = {
    CaseKind.DESK: "还有话说，请在公众号里回复「人工」。",
    CaseKind.FEEDBACK: "还要补充，请在公众号里回复「我要留言」并写上这个编号。急事请打 95598。",
    **{kind: f"还要补充，请在公众号里回复「{named.go_on}」。" for kind, named in ADVICE.items()},
    CaseKind.COMPLAINT: f"还要补充，就写在下面；在公众号里回复「{complaints.ADD_WORD}」可以发图片和语音。",
    CaseKind.APPLICATION: "还要补正或撤销，请在「我的」里点「入会申请」。",
    CaseKind.MEMBER_CHANGE: "要撤销，请在「我的」里点「会员信息」。",
    CaseKind.LEGAL_AID: "要发图片，请在公众号里回复「补交援助材料」。",
}


_TELLS_WHY: Final = {  # staff write the reason, and no answer
    each: each.said_to_member for each in (CaseState.NOT_ACCEPTED, CaseState.EXTENDED, CaseState.SUSPENDED)
}


@dataclass(frozen=True, slots=True)
class Doors:
    """What may be done about a case where one is not in the chat."""

    may_add: bool
    may_withdraw: bool


def next_word_due(case: Case, thread: Sequence[CaseEntry]) -> datetime | None:
    """By when its person hears from us; None where nothing is owed."""
    if case.state in OVER:
        return None
    if case.kind is CaseKind.COMPLAINT:  # told of every step, each with its own time
        return case.answer_due_at
    answered = any(entry.kind is EntryKind.STAFF for entry in thread)
    return None if answered else case.first_answer_due_at


def how_to_add(case: Case) -> str:
    """How more is told in the chat; empty where there is no more to tell."""
    return _BY_CHAT[case.kind] if case.state not in OVER else ""


def told(case: Case, entry: CaseEntry) -> tuple[str, str]:
    """Who said or did it, and the words."""
    if entry.kind is EntryKind.STAFF:
        return _staff_words(case, entry), cases.text_of(entry)
    if entry.kind is EntryKind.MEMBER:
        return "您说", cases.text_of(entry)
    if (to := cases.transferred_to(entry)) is not None:
        return f"转到{to.label}", ""
    came_again = not entry.by and entry.to_state in (None, CaseState.SUBMITTED)
    if came_again or entry.to_state is None:
        return ("您又来找过工作人员" if case.kind is CaseKind.DESK else "有新的进展"), ""
    return entry.to_state.said_in(case.kind), ""


def _staff_words(case: Case, entry: CaseEntry) -> str:
    adviser = ADVICE[case.kind].adviser if case.kind in ADVICE else "工作人员"
    if entry.to_state is CaseState.WAITING_USER:
        return f"{adviser}问您"
    if entry.to_state is CaseState.SUPPLEMENT:
        return "请您补正"
    if case.kind in DECIDED_KINDS and entry.to_state is not None:
        return entry.to_state.said_in(case.kind)
    if entry.to_state in _TELLS_WHY:
        return _TELLS_WHY[entry.to_state]
    return f"{adviser}答复"


def doors_of(case: Case, now: datetime) -> Doors:
    if case.kind is CaseKind.LEGAL_AID:
        return Doors(legal_aid.takes_papers(case), legal_aid.can_be_withdrawn(case))
    if case.kind is CaseKind.COMPLAINT:
        return Doors(complaints.takes_more(case, now), complaints.can_be_withdrawn(case))
    if case.kind not in ADVICE:
        return Doors(may_add=False, may_withdraw=False)
    return Doors(advice.takes_more(case, now), advice.can_be_withdrawn(case))


async def add(
    session: AsyncSession, person_id: int, case: Case, words: Blocks, *, channel: str, now: datetime
) -> Added:
    """Tell more, as the kind of case takes it.

    Raises:
        DomainError: this kind takes more in the chat only, or the case takes no more.
    """
    number = case.number
    match case.kind:
        case CaseKind.LEGAL_AID:
            await legal_aid.supply(session, person_id, number, words, channel=channel, now=now)
            return Added.NOTED
        case CaseKind.COMPLAINT:
            return await complaints.add(session, person_id, number, words, channel=channel, now=now)
        case CaseKind.COUNSELLING | CaseKind.HEALTH:
            return await care.add(session, person_id, number, words, channel=channel, now=now)
        case CaseKind.CONSULTATION:
            return await consultations.add(session, person_id, number, words, channel=channel, now=now)
    raise DomainError(how_to_add(case) or f"{number} {case.state.label}，不能再补充。")


async def withdraw(session: AsyncSession, person_id: int, case: Case, *, channel: str, now: datetime) -> None:
    """Take it back. Twice is no error.

    Raises:
        DomainError: this kind cannot be withdrawn, it was answered already, or is over.
    """
    if case.kind is CaseKind.LEGAL_AID:
        await legal_aid.cancel(session, person_id, case.number, channel=channel, now=now)
        return
    if case.kind is CaseKind.COMPLAINT:
        await complaint_ending.cancel(session, person_id, case.number, channel=channel, now=now)
        return
    if case.kind not in ADVICE:
        raise DomainError(f"{case.kind.label}不用撤销。{how_to_add(case)}")
    await advice.cancel(session, person_id, case.number, case.kind, channel=channel, now=now)
