"""法律援助申请 on the portal: the form, how one stands with its clock, papers, withdrawing, objecting."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, spoken
from app.dependencies import Now, ReadSession, WriteSession
from app.errors import DomainError
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson, Visitor
from app.services import (
    advice,
    cases,
    crisis,
    legal_aid,
    legal_aid_facts,
    legal_aid_forms,
    legal_aid_words,
    own_cases,
)
from app.services.application_facts import Incomplete
from app.services.consultation_facts import Opponent, Tried
from app.services.legal_aid_facts import PROMISE, Carried, Ground, Wants
from app.services.legal_topics import topic_label
from app.services.purposes import AID
from models import AidMatter, Case, CaseKind, Employment

router = APIRouter(prefix="/me/cases", include_in_schema=False)

FORM: Final = "/me/cases/legal-aid"
OFFERED: Final = 4  # consultations from which it may come


class Filled(BaseModel):
    """The form as it was sent."""

    token: str = ""
    consultation: str = ""
    matter: str = ""
    ground: str = ""
    promised: str = ""
    wants: str = ""
    opponent: str = ""
    opponent_name: str = ""
    tried: str = ""
    known_on: str = ""
    employment: str = ""
    left_on: str = ""
    award_on: str = ""
    told_on: str = ""
    words: str = ""
    preservation: str = ""
    contact: str = ""
    agreed: str = ""

    def shown(self) -> dict[str, str]:
        fields = self.model_dump(exclude={"token"})
        return {field: _plain(str(value)) for field, value in fields.items()}


@router.get("/legal-aid")
async def form(
    visitor: CurrentPerson, session: ReadSession, now: Now, consultation: str = ""
) -> HTMLResponse:
    before = await _before(session, visitor, consultation)
    return await _form(visitor, session, now, before)


@router.post("/legal-aid")
async def apply(
    visitor: ActingPerson, filled: Annotated[Filled, Form()], session: WriteSession, now: Now
) -> Response:
    """Danger in the words is answered first; what is wrong is told at once, with all that was filled in."""
    given = filled.shown()
    before = await _before(session, visitor, given["consultation"])
    wrong: dict[str, str] = {}
    danger = await crisis.heed(session, visitor.person_id, given["words"], "portal", now)
    try:
        intake = legal_aid_forms.check(given, civil_date(now), before)
    except Incomplete as refused:
        wrong = refused.wrong
    if given["agreed"] != AID.version:
        wrong["agreed"] = "请看清楚怎样使用您的资料，同意就打勾。"
    if wrong:
        return await _form(visitor, session, now, before, given, wrong, danger)
    try:
        done = await legal_aid.apply(session, visitor.person_id, None, intake, channel="portal", now=now)
    except DomainError as refusal:  # nothing has been written of it
        return await _form(visitor, session, now, before, given, {"all": refusal.message}, danger)
    case, _ = await legal_aid.get_mine(session, visitor.person_id, done.number)
    if danger:
        return await page(visitor, session, case, now, danger=danger)
    return RedirectResponse(f"/me/cases/{cases.address_of(case, visitor.person_id)}", 303)


@router.post("/{address}/papers")
async def supply(
    visitor: ActingPerson, address: str, session: WriteSession, now: Now, text: Annotated[str, Form()] = ""
) -> Response:
    case = await cases.get_mine_at(session, visitor.person_id, address)
    text, wrong = _plain(text), ""
    if not text:
        wrong = "请写上要补的内容；图片请在公众号里发。"
    elif len(text) > legal_aid_forms.LONGEST:
        wrong = f"最多 {legal_aid_forms.LONGEST} 个字，现在是 {len(text)} 个字，请缩短。"
    danger = await crisis.heed(session, visitor.person_id, text, "portal", now, case)
    if not wrong:
        words = [{"type": "text", "text": text}]
        try:
            await legal_aid.supply(session, visitor.person_id, case.number, words, channel="portal", now=now)
        except DomainError as refusal:
            wrong = refusal.message
    return await _back(visitor, session, case, now, {"text": wrong} if wrong else {}, danger, text=text)


@router.post("/{address}/withdrawal")
async def withdraw(visitor: ActingPerson, address: str, session: WriteSession, now: Now) -> Response:
    case = await cases.get_mine_at(session, visitor.person_id, address)
    wrong = {}
    try:
        await legal_aid.cancel(session, visitor.person_id, case.number, channel="portal", now=now)
    except DomainError as refusal:
        wrong = {"withdrawal": refusal.message}
    return await _back(visitor, session, case, now, wrong, "")


@router.post("/{address}/objection")
async def object_to(
    visitor: ActingPerson, address: str, session: WriteSession, now: Now, why: Annotated[str, Form()] = ""
) -> Response:
    case = await cases.get_mine_at(session, visitor.person_id, address)
    why, wrong = _plain(why), {}
    danger = await crisis.heed(session, visitor.person_id, why, "portal", now, case)
    try:
        blocks = legal_aid.reason_of(why)
        await legal_aid.object_to(session, visitor.person_id, case.number, blocks, channel="portal", now=now)
    except DomainError as refusal:
        wrong = {"why": refusal.message}
    return await _back(visitor, session, case, now, wrong, danger, why=why)


async def page(
    visitor: Visitor,
    session: AsyncSession,
    case: Case,
    now: datetime,
    *,
    wrong: Mapping[str, str] | None = None,
    danger: str = "",
    **typed: str,
) -> HTMLResponse:
    """One's own: state, clock, what was told, the thread, and what can be done."""
    row = await legal_aid.row_of(session, case)
    thread = await cases.list_thread(session, case)
    words = render(
        "legal_aid.html",
        case=case,
        address=cases.address_of(case, visitor.person_id),
        clock=legal_aid_words.clock_of(case, row, now),
        hurry=legal_aid.is_hurried(case, row),
        hotlines=legal_aid.hurry_lines().split("\n"),
        facts=legal_aid_facts.read(row),
        thread=[(*own_cases.told(case, entry), spoken(entry.created_at, now)) for entry in thread],
        takes_papers=legal_aid.takes_papers(case),
        is_missing=row.supplement_due_at is not None,
        may_withdraw=legal_aid.can_be_withdrawn(case),
        may_object=legal_aid.may_object(case, row, now),
        how_to_add=own_cases.how_to_add(case),
        longest=legal_aid_forms.LONGEST,
        longest_why=legal_aid.LONGEST,
        wrong=wrong or {},
        danger=danger,
        typed=typed,
        token=visitor.form_token,
    )
    return HTMLResponse(words, 422 if wrong else 200)


async def _back(
    visitor: Visitor,
    session: AsyncSession,
    case: Case,
    now: datetime,
    wrong: Mapping[str, str],
    danger: str,
    **typed: str,
) -> Response:
    """To the page; at once where there is something to read first."""
    if case.kind is not CaseKind.LEGAL_AID:
        raise DomainError(f"{case.number} 不是法律援助申请。")
    if wrong or danger:
        return await page(visitor, session, case, now, wrong=wrong, danger=danger, **(typed if wrong else {}))
    return RedirectResponse(f"/me/cases/{cases.address_of(case, visitor.person_id)}", 303)


async def _before(session: AsyncSession, visitor: Visitor, number: str) -> Carried | None:
    return await legal_aid.carried(session, visitor.person_id, number) if number else None


async def _form(
    visitor: Visitor,
    session: AsyncSession,
    now: datetime,
    before: Carried | None,
    given: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] | None = None,
    danger: str = "",
) -> HTMLResponse:
    found = await cases.list_mine(session, visitor.person_id, OFFERED, CaseKind.CONSULTATION)
    offered = [
        (own.case.number, topic_label(own.case.topic))
        for own in found
        if advice.takes_more(own.case, now) and (before is None or own.case.number != before.number)
    ]
    choices: dict[str, Any] = {
        "matters": list(AidMatter),
        "grounds": list(Ground),
        "wants": list(Wants),
        "opponents": list(Opponent),
        "steps": list(Tried),
        "employments": list(Employment),
    }
    words = render(
        "legal_aid_form.html",
        before=before,
        offered=offered,
        choices=choices,
        promise=PROMISE,
        purpose=AID,
        given=given or {},
        wrong=wrong or {},
        danger=danger,
        longest=legal_aid_forms.LONGEST,
        token=visitor.form_token,
    )
    return HTMLResponse(words, 422 if wrong else 200)


def _plain(words: str) -> str:
    """Browsers count a line's end as one character and send two."""
    return words.replace("\r\n", "\n").replace("\0", "").strip()
