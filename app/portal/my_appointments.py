"""One's own appointments: what is booked, giving it up, and what was before."""

from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.dependencies import Now, ReadSession, WriteSession
from app.errors import DomainError
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson, Visitor
from app.services import appointment_rows, appointments
from app.services.advice_kinds import ADVICE

router = APIRouter(prefix="/me/appointments", include_in_schema=False)


@router.get("")
async def mine(visitor: CurrentPerson, session: ReadSession, now: Now) -> HTMLResponse:
    ahead = await appointment_rows.list_own(session, visitor.person_id, now)
    past = await appointment_rows.list_own_past(session, visitor.person_id, now)
    return HTMLResponse(render("my_appointments.html", ahead=ahead, past=past, now=now))


@router.get("/{public_id}")
async def one(visitor: CurrentPerson, public_id: str, session: ReadSession, now: Now) -> HTMLResponse:
    return await _page(visitor, session, public_id, now)


@router.post("/{public_id}/cancel")
async def cancel(visitor: ActingPerson, public_id: str, session: WriteSession, now: Now) -> Response:
    try:
        await appointments.cancel(session, visitor.person_id, public_id, channel="portal", now=now)
    except DomainError as refusal:  # nothing has been written; of another's the page below knows nothing
        return await _page(visitor, session, public_id, now, refusal.message)
    return RedirectResponse(f"/me/appointments/{public_id}", 303)


async def _page(
    visitor: Visitor, session: AsyncSession, public_id: str, now: datetime, wrong: str = ""
) -> HTMLResponse:
    found = await appointment_rows.get_own(session, visitor.person_id, public_id)
    words = render(
        "my_appointment.html",
        appointment=found,
        slot=found.slot,
        adviser=ADVICE[found.kind].adviser,
        may_cancel=appointments.may_cancel(found, found.slot, now),
        case=await appointment_rows.case_of(session, visitor.person_id, found),
        wrong=wrong,
        token=visitor.form_token,
        now=now,
    )
    return HTMLResponse(words, 422 if wrong else 200)
