"""资料变更 on the portal: another phone number, the binding to come here, taking back, objecting."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.dependencies import Now, ReadSession, WriteSession
from app.errors import DomainError
from app.portal import membership
from app.portal.proofs import did_not_fit
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson, Visitor
from app.services import binding_claims, consents, member_changes, member_words, members
from app.services.application_facts import Incomplete
from app.services.guesses import NotFitting
from app.services.purposes import MEMBERSHIP

router = APIRouter(prefix="/me/membership", include_in_schema=False)


@router.get("/phone")
async def phone_form(visitor: CurrentPerson, session: ReadSession) -> HTMLResponse:
    return await _phone_form(visitor, session)


@router.post("/phone")
async def change_phone(
    visitor: ActingPerson, session: WriteSession, now: Now, phone: Annotated[str, Form()] = ""
) -> Response:
    try:
        await member_changes.ask_phone(
            session, visitor.person_id, None, phone[:40], channel="portal", now=now
        )
    except Incomplete as refused:
        return await _phone_form(visitor, session, phone[:40], refused.message)
    return RedirectResponse(membership.PAGE, 303)


@router.post("/move")
async def move_here(
    visitor: ActingPerson, session: WriteSession, now: Now, given: membership.Filled
) -> Response:
    """What was right a moment ago is proved again; a try that does not fit is kept."""
    try:
        proof = membership.proof_of(given)
    except DomainError as refusal:
        return await membership.page(visitor, session, now, given, refusal.message)
    if not await consents.stands(session, visitor.person_id, MEMBERSHIP):  # asked for on the page before
        return await membership.page(visitor, session, now, given, membership.AGREE)
    found = await member_changes.ask_move(session, visitor.person_id, None, proof, channel="portal", now=now)
    if isinstance(found, NotFitting):
        said = did_not_fit(found, "花名册")
        return await membership.page(visitor, session, now, given, said)
    return RedirectResponse(membership.PAGE, 303)


@router.post("/withdraw")
async def withdraw(
    visitor: ActingPerson, session: WriteSession, now: Now, number: Annotated[str, Form()] = ""
) -> RedirectResponse:
    await member_changes.cancel(session, visitor.person_id, number[:24], channel="portal", now=now)
    return RedirectResponse(membership.PAGE, 303)


@router.post("/object")
async def object_to(visitor: ActingPerson, session: WriteSession, now: Now) -> RedirectResponse:
    await binding_claims.object_to(session, visitor.person_id, channel="portal", now=now)
    return RedirectResponse(membership.PAGE, 303)


async def _phone_form(
    visitor: Visitor, session: AsyncSession, phone: str = "", wrong: str = ""
) -> HTMLResponse:
    own = await members.find_of_person(session, visitor.person_id)
    words = render(
        "phone_change.html",
        is_bound=own is not None,
        known=member_words.mask_phone(own.phone) if own is not None and own.phone else "",
        phone=phone,
        wrong=wrong,
        token=visitor.form_token,
    )
    return HTMLResponse(words, 422 if wrong else 200)
