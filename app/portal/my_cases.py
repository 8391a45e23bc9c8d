"""One's own cases of every kind: number and state in the list, words on the case's own page only."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai, spoken
from app.dependencies import Now, ReadSession, WriteSession
from app.errors import DomainError
from app.portal import legal_aid
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson, Visitor
from app.services import case_ratings, cases, crisis, own_cases, rating_invitations
from app.services.case_ratings import LONGEST
from app.services.rating_notices import SCORES
from models import Case, CaseKind

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
    if case.kind is CaseKind.LEGAL_AID:
        return await legal_aid.page(visitor, session, case, now)
    return await _page(visitor, session, case, now)


@router.post("/{address}/rating")
async def rate(
    visitor: ActingPerson,
    address: str,
    session: WriteSession,
    now: Now,
    score: Annotated[str, Form()] = "",
    words: Annotated[str, Form()] = "",
) -> Response:
    """A score, and words if there are any; danger in them is answered first."""
    case = await cases.get_mine_at(session, visitor.person_id, address)
    # Browsers count a line's end as one character and send two.
    words, wrong = words.replace("\r\n", "\n").replace("\0", "").strip(), ""
    if score not in map(str, SCORES):
        wrong = "请先选一项。"
    elif len(words) > LONGEST:
        wrong = f"最多写 {LONGEST} 个字，现在是 {len(words)} 个字，请缩短。"
    danger = await crisis.heed(session, visitor.person_id, words, "portal", now, case)
    if not wrong:
        try:
            await case_ratings.give(session, visitor.person_id, case.number, int(score), words, now)
        except DomainError as refusal:  # nothing has been written of it
            wrong = refusal.message
    if wrong or danger:
        return await _page(visitor, session, case, now, wrong=wrong, danger=danger, score=score, words=words)
    return RedirectResponse(f"/me/cases/{address}", 303)


@router.post("/{address}/words")
async def write(
    visitor: ActingPerson,
    address: str,
    session: WriteSession,
    now: Now,
    written: Annotated[str, Form()] = "",
) -> Response:
    """More words to a case that takes them here; danger in them is answered first."""
    case = await cases.get_mine_at(session, visitor.person_id, address, lock=True)
    written, wrong = written.replace("\r\n", "\n").replace("\0", "").strip(), ""
    if not written:
        wrong = "请先写几句。"
    elif len(written) > own_cases.LONGEST:
        wrong = f"最多写 {own_cases.LONGEST} 个字，现在是 {len(written)} 个字，请缩短。"
    danger = await crisis.heed(session, visitor.person_id, written, "portal", now, case)
    if not wrong:
        try:
            words = [{"type": "text", "text": written}]
            await own_cases.add(session, visitor.person_id, case, words, channel="portal", now=now)
        except DomainError as refusal:  # nothing has been written of it
            wrong = refusal.message
    if wrong or danger:
        kept = written if wrong else ""
        return await _page(visitor, session, case, now, wrong=wrong, danger=danger, written=kept)
    return RedirectResponse(f"/me/cases/{address}", 303)


async def _page(
    visitor: Visitor,
    session: AsyncSession,
    case: Case,
    now: datetime,
    *,
    wrong: str = "",
    danger: str = "",
    score: str = "",
    words: str = "",
    written: str = "",
) -> HTMLResponse:
    thread = await cases.list_thread(session, case)
    rating = await rating_invitations.find(session, case)
    page = render(
        "my_case.html",
        address=cases.address_of(case, visitor.person_id),
        rating=rating,
        may_rate=await case_ratings.find_open(session, case, now) is not None,
        scores=SCORES,
        longest=LONGEST,
        picked=score or str(rating.score if rating else ""),
        typed=words or (rating.words if rating else "") or "",
        wrong=wrong,
        danger=danger,
        token=visitor.form_token,
        now=now,
        case=case,
        topic=cases.topic_of(case),
        due=own_cases.next_word_due(case, thread),
        may_write=case.kind is CaseKind.COMPLAINT and own_cases.doors_of(case, now).may_add,
        longest_words=own_cases.LONGEST,
        written=written,
        more=own_cases.how_to_add(case),
        thread=[(*own_cases.told(case, entry), _when(case, entry.created_at, now)) for entry in thread],
    )
    return HTMLResponse(page, 422 if wrong else 200)


def _when(case: Case, moment: datetime, now: datetime) -> str:
    """Of an anonymous case only the day is kept."""
    if not case.anonymous:
        return spoken(moment, now)
    local = shanghai(moment)
    return f"{local.month}月{local.day}日"
