"""我的: the signed-in person's membership or application, accounts, sign-ups and cases at a glance."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app.dependencies import Now, ReadSession
from app.portal.templating import render
from app.portal.visitor import CurrentPerson
from app.services import (
    applications,
    appointment_rows,
    cases,
    customer_accounts,
    members,
    notice_consents,
    notices,
    sign_ups,
    staff,
)

router = APIRouter(prefix="/me", include_in_schema=False)

GLANCE = 3


@router.get("")
async def mine(visitor: CurrentPerson, session: ReadSession, now: Now) -> HTMLResponse:
    entries = await sign_ups.list_own(session, visitor.person_id, now, GLANCE)
    found = await cases.list_mine(session, visitor.person_id, GLANCE)
    words = render(
        "me.html",
        member=await members.find_of_person(session, visitor.person_id),
        accounts=await customer_accounts.list_own(session, visitor.person_id),
        application=await applications.find_open(session, visitor.person_id),
        entries=entries,
        booked=await appointment_rows.list_own(session, visitor.person_id, now, GLANCE),
        cases=[(each.case, cases.address_of(each.case, visitor.person_id)) for each in found],
        news=await _news(session, visitor.person_id),
        works=await staff.find_of_person(session, visitor.person_id) is not None,
        token=visitor.form_token,
        now=now,
    )
    return HTMLResponse(words)


async def _news(session: AsyncSession, person_id: int) -> int:
    """How many notices of the union's news may still come; -1: none yet, 0: nobody is asked."""
    asked = await notice_consents.to_ask(session, person_id, notices.OF_NEWS)
    return sum(each.remaining for each in asked) or -len(asked)
