"""One's own sign-ups: how they stand, the ticket, and giving one up or taking the seat that is held."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app.dependencies import InUse, Now, ReadSession, WriteSession
from app.errors import DomainError
from app.portal.after import after_it
from app.portal.sign_up_forms import asks, words
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson
from app.services import (
    arrivals,
    check_in_codes,
    colleagues,
    members,
    notice_consents,
    parties,
    points,
    sign_up_changes,
    sign_up_help,
    sign_up_notices,
    sign_ups,
    sittings,
    team_rosters,
)
from app.services.notice_consents import Asked
from app.services.sign_up_standing import standing_of
from app.web import qr
from models import SignUp

router = APIRouter(prefix="/me/sign-ups", include_in_schema=False)

LISTED = 50
Act = Literal["cancel", "accept", "decline", "keep"]
ACTS: Final[dict[Act, Callable[..., Awaitable[SignUp]]]] = {
    "cancel": sign_ups.cancel,
    "accept": sign_ups.accept,
    "decline": sign_ups.decline,
    "keep": colleagues.keep,
}


@router.get("")
async def mine(visitor: CurrentPerson, session: ReadSession, now: Now) -> HTMLResponse:
    ahead = await sign_ups.list_own(session, visitor.person_id, now, LISTED)
    past = await sign_ups.list_own_past(session, visitor.person_id, now, LISTED)
    helped = await colleagues.list_made(session, visitor.person_id, now, LISTED)
    earned = await points.of_person(session, visitor.person_id)
    this_year = points.this_year(earned, now)
    shown = {"ahead": ahead, "past": past, "helped": helped, "earned": earned, "this_year": this_year}
    return HTMLResponse(render("my_sign_ups.html", **shown, now=now))


@router.get("/{public_id}")
async def one(visitor: CurrentPerson, public_id: str, session: ReadSession, now: Now) -> HTMLResponse:
    entry = await sign_ups.get_own(session, public_id, visitor.person_id)
    standing = standing_of(entry, now)
    page = render(
        "my_sign_up.html",
        after=await after_it(session, entry, visitor, now),
        asked=await _asked(session, entry, visitor.person_id, now),
        entry=entry,
        activity=entry.activity,
        sittings=sittings.of(entry.activity),
        came=await arrivals.of_entry(session, entry.activity, entry),
        companions=parties.guests_of(entry.party),
        team=await team_rosters.of_entry(session, entry),
        helper=await sign_up_help.helper_name(session, entry),
        may_keep=await sign_up_help.is_open(session, entry),
        standing=standing.words,
        may_choose=standing.may_choose,
        may_cancel=standing.may_cancel,
        may_change=asks(entry.activity) and sign_up_changes.may_change(entry.activity, entry, now),
        may_return=standing.may_return,
        has_ticket=standing.has_ticket,
        token=visitor.form_token,
        now=now,
    )
    return HTMLResponse(page)


async def _asked(session: AsyncSession, entry: SignUp, person_id: int, now: datetime) -> Sequence[Asked]:
    """Which notices WeChat may ask about on this page."""
    kinds = sign_up_notices.worth_telling(entry) if entry.activity.ends_at > now else ()
    return await notice_consents.to_ask(session, person_id, kinds) if kinds else ()


@router.get("/{public_id}/ticket")
async def ticket(
    visitor: CurrentPerson, public_id: str, session: ReadSession, now: Now, shared: InUse
) -> HTMLResponse:
    """To show at the door, or to print. Who is checked in reads here that he is."""
    entry = await sign_ups.get_own(session, public_id, visitor.person_id)
    if not standing_of(entry, now).has_ticket:
        raise DomainError(f"您的报名状态是「{entry.state.label}」，现在没有票。")
    member = await members.find_of_person(session, visitor.person_id)
    came = await arrivals.of_entry(session, entry.activity, entry)
    present = sittings.for_moment(entry.activity, now)
    address = check_in_codes.address(entry, shared.public_url)
    page = render(
        "ticket.html",
        entry=entry,
        activity=entry.activity,
        sittings=sittings.of(entry.activity),
        came=came,
        present=present,
        arrival=came.get(present.key),
        name=member.name if member is not None else "",
        number=check_in_codes.number(entry),
        code=qr.drawn(address, "入场二维码：请工作人员扫"),
        now=now,
    )
    return HTMLResponse(page)


@router.post("/{public_id}/agreed", status_code=204)
async def agreed(
    visitor: ActingPerson, request: Request, public_id: str, session: WriteSession, now: Now
) -> None:
    """What the page saw WeChat's popup answer; of templates that were asked about here."""
    entry = await sign_ups.get_own(session, public_id, visitor.person_id)
    said = words(await request.form(), "templates", 300).split(",")
    asked = {each.template_id for each in await _asked(session, entry, visitor.person_id, now)}
    await notice_consents.claimed(session, visitor.person_id, asked.intersection(said), now)


@router.post("/{public_id}/{act}")
async def act(
    visitor: ActingPerson, public_id: str, act: Act, session: WriteSession, now: Now
) -> RedirectResponse:
    activity_id = await sign_ups.get_own_activity_id(session, public_id, visitor.person_id)
    await ACTS[act](session, activity_id, visitor.applicant, now=now)
    return RedirectResponse(f"/me/sign-ups/{public_id}", 303)
