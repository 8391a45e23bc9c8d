"""Who looks at a page: the signed-in person, or nobody we know.

A cookie alone admits nobody: the rows of session and follower are read each time, so that it ends at once
when it is taken back, or when its person leaves, comes back as somebody new, or becomes one with another.
"""

from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Depends, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.dependencies import Now, ReadSession, handed
from app.portal.templating import render
from app.portal.tickets import Session, Tickets
from app.services import followers, portal_sessions
from app.services.audiences import Facts
from app.services.sign_ups import Applicant
from app.wechat.api.users import UsersApi
from app.wechat.jssdk import TicketSource
from app.wechat.oauth import WebOAuth

DOOR: Final = "door"  # in the ASGI scope's state
PRIVATE: Final = (
    "/me",
    "/appointments",
    "/board/new",
    "/board/mine",
    "/check-in",
    "/teams",
    "/t",
    "/c",
    "/search",
    "/api/v1",
    "/signing-in",
    "/signed-in",
    "/sign-out",
    "/exports",
    "/receipts",
)  # kept by nobody
SESSIONS: Final = ("gonghui_session",)  # how the cookie's name ends, with its prefix or without


@dataclass(frozen=True, slots=True)
class Door:
    """What signing in needs. `oauth` is None where the account has no right to it."""

    tickets: Tickets
    oauth: WebOAuth | None
    users: UsersApi
    account_id: int
    public_url: str
    any_browser: bool  # development: the sandbox's phone is an ordinary browser
    pages: TicketSource | None  # signs pages for the JS-SDK; None as for `oauth`
    js_sdk: str  # where browsers have it from

    @property
    def is_secure(self) -> bool:
        return self.public_url.startswith("https://")

    def cookie(self, name: str) -> str:
        """A `__Host-` cookie cannot be planted by a neighbouring domain."""
        return f"__Host-gonghui_{name}" if self.is_secure else f"gonghui_{name}"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A signed-in person; `form_token` goes into every form of the page."""

    person_id: int
    facts: Facts
    form_token: str
    mark: bytes = field(repr=False)  # of this session

    def sent(self, token: str) -> bool:
        """Whether `token` comes from a form of this session's pages."""
        return compare_digest(self.form_token.encode(), token.encode())

    @property
    def applicant(self) -> Applicant:
        return Applicant(self.person_id, self.facts, "portal")


class SignInNeeded(Exception):
    """The page is for signed-in people. Browsers that only look are sent to sign in and come back."""


class FormRefused(Exception):
    """A form that did not come from a page of ours, or from one too old."""


def door_of(request: Request) -> Door:
    """Raises: HTTPException 503: the service is starting or stopping."""
    return handed(request, DOOR, Door)


async def look_up(request: Request, door: Door, session: AsyncSession, now: Now) -> Visitor | None:
    """The signed-in person, or None."""
    ticket = door.tickets.session(request.cookies.get(door.cookie("session"), ""), now)
    if ticket is None:
        return None
    known = await followers.find(session, ticket.follower_id, now)
    if known is None or not known.subscribed or not _is_same(known, ticket):
        return None
    if not await portal_sessions.is_live(session, ticket.follower_id, ticket.mark, now):
        return None
    return Visitor(known.person_id, known.facts, door.tickets.form_token(ticket), ticket.mark)


def _is_same(known: followers.Known, ticket: Session) -> bool:
    return (known.person_id, known.since) == (ticket.person_id, ticket.since)


async def _door(request: Request) -> Door:
    return door_of(request)


DoorInUse = Annotated[Door, Depends(_door)]


async def _maybe(request: Request, session: ReadSession, now: Now) -> Visitor | None:
    return await look_up(request, door_of(request), session, now)


MaybePerson = Annotated[Visitor | None, Depends(_maybe)]


async def _current(visitor: MaybePerson) -> Visitor:
    if visitor is None:
        raise SignInNeeded
    return visitor


CurrentPerson = Annotated[Visitor, Depends(_current)]


async def _acting(visitor: CurrentPerson, token: Annotated[str, Form()] = "") -> Visitor:
    if not visitor.sent(token):
        raise FormRefused
    return visitor


ActingPerson = Annotated[Visitor, Depends(_acting)]
"""Who sent a form of ours. A route that writes asks for this first and for its writing session after."""


def page_for(visitor: Visitor | None, words: str) -> HTMLResponse:
    """A page that anybody may read; with something of its visitor in it, nobody keeps it."""
    return HTMLResponse(words, headers={"Cache-Control": "no-store"} if visitor is not None else None)


# --- for whom there is no page -----------------------------------------------------------------------------


def install(web: FastAPI) -> None:
    web.add_exception_handler(SignInNeeded, _to_sign_in)
    web.add_exception_handler(FormRefused, _refuse_form)


def _to_sign_in(request: Request, error: Exception) -> Response:
    if request.method not in ("GET", "HEAD"):
        # Not sent on: what the form asked for would be lost without a word.
        return _no("登录已经过期", "刚才的操作没有办。请重新进入，再点一次。")
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/signing-in?next={quote(wanted, safe='')}", 303)


def _refuse_form(request: Request, error: Exception) -> Response:
    return _no("页面已经过期", "刚才的操作没有办。请重新打开页面，再点一次。")


def _no(heading: str, words: str) -> Response:
    page = render("notice.html", heading=heading, words=words, to="/me", label="打开「我的」")
    return HTMLResponse(page, 403)
