"""会员绑定 on the portal: what the roster says of the signed-in person, binding and unbinding."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.dependencies import Now, ReadSession, WriteSession
from app.errors import DomainError
from app.portal.proofs import did_not_fit
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson, Visitor
from app.services import binding, binding_claims, consents, member_changes, members
from app.services.binding import Proof, Taken
from app.services.binding_claims import OBJECTION_FOR
from app.services.guesses import NotFitting
from app.services.purposes import MEMBERSHIP

router = APIRouter(prefix="/me/membership", include_in_schema=False)

PAGE = "/me/membership"
AGREE = "绑定要用到您填的内容，同意的话请勾选下面的一项。"


@dataclass(frozen=True, slots=True)
class Given:
    """What was filled in, to be shown again; the facts that prove it are typed anew."""

    number: str = ""
    name: str = ""
    phone_end: str = ""
    born_on: str = ""


def _filled(
    number: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    phone_end: Annotated[str, Form()] = "",
    born_on: Annotated[str, Form()] = "",
) -> Given:
    return Given(number[:32], name[:40], phone_end[:8], born_on[:10])


Filled = Annotated[Given, Depends(_filled)]


@router.get("")
async def mine(visitor: CurrentPerson, session: ReadSession, now: Now) -> Response:
    return await page(visitor, session, now)


@router.post("/bind")
async def bind(
    visitor: ActingPerson,
    session: WriteSession,
    now: Now,
    given: Filled,
    agreed: Annotated[str, Form()] = "",
) -> Response:
    """A try that does not fit is kept, so it is no refusal but a page."""
    try:
        proof = proof_of(given)
    except DomainError as refusal:
        return await page(visitor, session, now, given, refusal.message)
    if agreed != MEMBERSHIP.version:
        return await page(visitor, session, now, given, AGREE)
    found = await binding.bind(session, visitor.person_id, proof, channel="portal", now=now)
    if isinstance(found, NotFitting):
        return await page(visitor, session, now, given, did_not_fit(found, "花名册"))
    if isinstance(found, Taken):
        return _taken(visitor, given)
    return RedirectResponse(PAGE, 303)


@router.post("/unbind")
async def unbind(visitor: ActingPerson, session: WriteSession, now: Now) -> RedirectResponse:
    await binding.unbind(session, visitor.person_id, channel="portal", now=now)
    return RedirectResponse(PAGE, 303)


async def page(
    visitor: Visitor, session: AsyncSession, now: Now, given: Given | None = None, wrong: str = ""
) -> HTMLResponse:
    own = await members.find_of_person(session, visitor.person_id)
    asked = await member_changes.list_own(session, visitor.person_id)
    words = render(
        "membership.html",
        member=own,
        has_left=own is not None and own.has_left(civil_date(now)),
        changes=[each for each in asked if each.is_open],
        claims=await binding_claims.list_claims(session, visitor.person_id),
        given=given or Given(),
        wrong=wrong,
        purpose=MEMBERSHIP,
        agreed=await consents.stands(session, visitor.person_id, MEMBERSHIP),
        token=visitor.form_token,
        now=now,
    )
    return HTMLResponse(words, 422 if wrong else 200)


def _taken(visitor: Visitor, given: Given) -> HTMLResponse:
    """Who proved himself may ask for the binding; what he typed goes along."""
    words = render("taken.html", given=given, days=OBJECTION_FOR.days, token=visitor.form_token)
    return HTMLResponse(words, 409)


def proof_of(given: Given) -> Proof:
    """Raises: DomainError: something is missing."""
    if not given.number.strip() or not given.name.strip():
        raise DomainError("请填写工号和姓名。")
    end = "".join(given.phone_end.split())
    if end:
        if not (end.isascii() and end.isdecimal() and len(end) == 4):
            raise DomainError("手机号后四位请填 4 位数字。")
        return Proof(given.number, given.name, phone_end=end)
    try:
        return Proof(given.number, given.name, born_on=date.fromisoformat(given.born_on.strip()))
    except ValueError:
        raise DomainError("请填手机号后四位，或者出生日期，填一样就行。") from None
