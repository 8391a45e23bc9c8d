"""Staff with the account in their own WeChat: which of them this is, and their way into the console."""

from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.dependencies import InUse, Now, ReadSession, WriteSession
from app.errors import DomainError
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson, door_of
from app.services import audit, staff, staff_sign_in
from app.services.audit import Actor
from models import Staff

router = APIRouter(prefix="/me/staff", include_in_schema=False)

TICKET: Final = "staff_ticket"  # the console reads a cookie of this name
BY_WECHAT: Final = "/console/sign-in/wechat"
_LINK_AGAIN = "请在工作台的「我的账号」里再点一次「关联微信」，用新的码。"


@router.get("/sign-in")
async def ask_to_enter(
    visitor: CurrentPerson, session: ReadSession, wanted: Annotated[str, Query(alias="next")] = ""
) -> HTMLResponse:
    """The console's door, for who opened it on the phone."""
    found = await staff.find_of_person(session, visitor.person_id)
    if found is None:
        words = "请在电脑上登录工作台，在「我的账号」里点「关联微信」，用这个微信扫码。"
        return _notice("这个微信没有关联工作账号", words, 404)
    return HTMLResponse(render("staff_sign_in.html", name=found.name, next=wanted, token=visitor.form_token))


@router.post("/sign-in")
async def enter(
    request: Request,
    visitor: ActingPerson,
    session: WriteSession,
    now: Now,
    wanted: Annotated[str, Form(alias="next", max_length=400)] = "",
) -> Response:
    """Leave a ticket with this browser, and nowhere else: no address that could be handed on carries it."""
    door, found = door_of(request), await staff.find_of_person(session, visitor.person_id)
    if found is None:
        return await ask_to_enter(visitor, session)
    try:
        secret = await staff_sign_in.ticket(session, found, now)
    except DomainError as refusal:
        return _notice("还不能用微信登录", refusal.message, 403)
    answer = RedirectResponse(f"{BY_WECHAT}?{urlencode({'next': wanted})}", 303)
    lasts: timedelta = staff_sign_in.TICKET_FOR
    answer.set_cookie(
        door.cookie(TICKET),
        secret,
        max_age=int(lasts.total_seconds()),
        path="/",
        secure=door.is_secure,
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get("/{secret}")
async def ask(secret: str, visitor: CurrentPerson, session: ReadSession, now: Now) -> HTMLResponse:
    found = await staff.find_by_link(session, secret, staff.WECHAT, now)
    return _over() if found is None else _page(found, secret=secret, token=visitor.form_token)


@router.post("/{secret}")
async def confirm(secret: str, visitor: ActingPerson, shared: InUse, now: Now) -> HTMLResponse:
    async with audit.acting(shared.database, shared.clock, Actor("本人", "portal")) as session:
        found = await staff.bind_person(session, secret, visitor.person_id, now)
    return _over() if found is None else _page(found, done=True)


def _page(found: Staff, **values: object) -> HTMLResponse:
    return HTMLResponse(render("staff_link.html", name=found.name, **values))


def _over() -> HTMLResponse:
    return _notice("链接不能用了", _LINK_AGAIN, 404)


def _notice(heading: str, words: str, status: int) -> HTMLResponse:
    page = render("notice.html", heading=heading, words=words, to="/me", label="回我的")
    return HTMLResponse(page, status)
