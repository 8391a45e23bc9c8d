"""One's own cases of every kind: number and state in the list, words on the case's own page only."""

from datetime import datetime
from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.clock import shanghai, spoken
from app.dependencies import Now, ReadSession
from app.portal.templating import render
from app.portal.visitor import CurrentPerson
from app.services import cases
from app.services.case_moves import DECIDED_KINDS
from app.services.consultation_work import ADD_WORD
from models import OVER, Case, CaseEntry, CaseKind, CaseState, EntryKind

router = APIRouter(prefix="/me/cases", include_in_schema=False)

LISTED = 50

_MORE: Final = {
    CaseKind.DESK: "还有话说，请在公众号里回复「人工」。",
    CaseKind.FEEDBACK: "还要补充，请在公众号里回复「我要留言」并写上这个编号。急事请打 95598。",
    CaseKind.CONSULTATION: f"还要补充，请在公众号里回复「{ADD_WORD}」。",
    CaseKind.APPLICATION: "还要补正或撤销，请在「我的」里点「入会申请」。",
    CaseKind.MEMBER_CHANGE: "要撤销，请在「我的」里点「会员信息」。",
}


@router.get("")
async def mine(visitor: CurrentPerson, session: ReadSession) -> HTMLResponse:
    found = await cases.list_mine(session, visitor.person_id, LISTED)
    rows = [(each.case, cases.address_of(each.case, visitor.person_id)) for each in found]
    return HTMLResponse(render("my_cases.html", cases=rows))


@router.get("/{address}")
async def one(visitor: CurrentPerson, address: str, session: ReadSession, now: Now) -> HTMLResponse:
    case = await cases.get_mine_at(session, visitor.person_id, address)
    thread = await cases.list_thread(session, case)
    answered = any(entry.kind is EntryKind.STAFF for entry in thread)
    words = render(
        "my_case.html",
        case=case,
        topic=cases.topic_of(case),
        due=case.first_answer_due_at if case.state not in OVER and not answered else None,
        more=_MORE[case.kind] if case.state not in OVER else "",
        thread=[(*told(case, entry), _when(case, entry.created_at, now)) for entry in thread],
    )
    return HTMLResponse(words)


def told(case: Case, entry: CaseEntry) -> tuple[str, str]:
    """Who said or did it, and the words."""
    if entry.kind is EntryKind.STAFF:
        return _staff_words(case, entry), cases.text_of(entry)
    if entry.kind is EntryKind.MEMBER:
        return "您说", cases.text_of(entry)
    came_again = not entry.by and entry.to_state in (None, CaseState.SUBMITTED)
    if came_again or entry.to_state is None:
        return ("您又来找过工作人员" if case.kind is CaseKind.DESK else "有新的进展"), ""
    return entry.to_state.said_to_member, ""


def _staff_words(case: Case, entry: CaseEntry) -> str:
    if entry.to_state is CaseState.WAITING_USER:
        return "律师问您"
    if entry.to_state is CaseState.SUPPLEMENT:
        return "请您补正"
    if case.kind in DECIDED_KINDS and entry.to_state is not None:
        return entry.to_state.said_to_member
    return "律师答复" if case.kind is CaseKind.CONSULTATION else "工作人员答复"


def _when(case: Case, moment: datetime, now: datetime) -> str:
    """Of an anonymous case only the day is kept."""
    if not case.anonymous:
        return spoken(moment, now)
    local = shanghai(moment)
    return f"{local.month}月{local.day}日"
