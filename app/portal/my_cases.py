"""One's own cases of every kind: number and state in the list, words on the case's own page only."""

from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.clock import shanghai, spoken
from app.dependencies import Now, ReadSession
from app.portal.templating import render
from app.portal.visitor import CurrentPerson
from app.services import cases, own_cases
from models import OVER, Case, EntryKind

router = APIRouter(prefix="/me/cases", include_in_schema=False)

LISTED = 50


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
        more=own_cases.how_to_add(case),
        thread=[(*own_cases.told(case, entry), _when(case, entry.created_at, now)) for entry in thread],
    )
    return HTMLResponse(words)


def _when(case: Case, moment: datetime, now: datetime) -> str:
    """Of an anonymous case only the day is kept."""
    if not case.anonymous:
        return spoken(moment, now)
    local = shanghai(moment)
    return f"{local.month}月{local.day}日"
