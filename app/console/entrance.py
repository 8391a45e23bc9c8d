"""Who works at a page of the console, and whether they may: every route names the right it needs.

A cookie alone admits nobody: session, account and roles are read each time, so that what is taken back is
gone at once. A form is taken only with the token of its session and from a page of our own.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Annotated, Any, Final
from urllib.parse import quote, urlsplit

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import forms
from app.console.office import office_of
from app.console.open_pages import NothingNew
from app.console.pulse import UNKNOWN
from app.console.templating import render
from app.dependencies import Shared, shared_of
from app.services import audit, permissions, staff_sign_in
from app.services.audit import Actor
from app.services.permissions import Forbidden, Right, Scope, Standing
from app.services.staff_sign_in import SignedIn

SIGN_IN: Final = "/console/sign-in"
CONSOLE: Final = "/console"
BY_ITSELF: Final = "x-by-itself"  # the header of what an open page asks: the number of what it shows


class SignInNeeded(Exception):
    """The page is for staff. Browsers that only look are sent to sign in and come back."""


class FormRefused(Exception):
    """A form that did not come from a page of ours, or from one too old."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody of staff at work on one page; `token` goes into every form of it."""

    standing: Standing
    login: str
    session_id: int
    has_second_step: bool
    token: str = field(repr=False)
    address: str
    shared: Shared = field(repr=False)

    def may(self, right: Right, branch_id: int | str | None = permissions.ANYWHERE) -> bool:
        return permissions.may(self.standing, right, branch_id)

    def demand(self, right: Right, branch_id: int | str | None = permissions.ANYWHERE) -> None:
        """Raises: Forbidden."""
        permissions.demand(self.standing, right, branch_id)

    def scope(self, right: Right) -> Scope:
        """Of which branches this may be done."""
        return permissions.scope(self.standing, right)

    @property
    def by(self) -> str:
        """The name that histories keep."""
        return self.standing.name

    def reading(self) -> AbstractAsyncContextManager[AsyncSession]:
        return self.shared.database.reading()

    def acting(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A writing transaction that the record of acts keeps; see `audit.acting`."""
        actor = Actor(self.by, "console", self.standing, self.address)
        return audit.acting(self.shared.database, self.shared.clock, actor)


async def desk_of(request: Request) -> Desk:
    """Who asks; looked up once for each request. Raises: SignInNeeded, NothingNew."""
    found: Desk | None = getattr(request.state, "desk", None)
    if found is None:
        found = request.state.desk = await _signed_in(request)
    return found


async def _signed_in(request: Request) -> Desk:
    office, shared = office_of(request), shared_of(request)
    mark = request.cookies.get(office.cookie("session"), "")
    if not mark:
        raise SignInNeeded
    if is_by_itself(request):
        shown = forms.number(request.headers[BY_ITSELF])
        found = await office.open_pages.let_in(mark, UNKNOWN if shown is None else shown)
    else:
        found = await _look_up(mark, shared)
    if found is None:
        raise SignInNeeded
    token = office.signed("form", mark)
    return Desk(
        found.standing,
        found.login,
        found.session_id,
        found.has_second_step,
        token,
        address_of(request),
        shared,
    )


async def _look_up(mark: str, shared: Shared) -> SignedIn | None:
    now = shared.clock.now()
    async with shared.database.reading() as session:
        found = await staff_sign_in.look_up(session, mark, now)
    if found is not None and found.is_stale:
        async with shared.database.transaction() as session:
            await staff_sign_in.saw(session, found.session_id, now)
    return found


def is_by_itself(request: Request) -> bool:
    """Whether an open page asks for what is new, without anybody's doing.

    It waits until there is something; and it keeps nobody signed in who has long gone home.
    """
    return request.method == "GET" and BY_ITSELF in request.headers


AtDesk = Annotated[Desk, Depends(desk_of)]
"""For pages that are looked at."""


async def _sent_by(request: Request) -> AsyncIterator[Desk]:
    desk = await desk_of(request)
    # Read here, not declared as a field: each of 240 routes would have a model of its form, with one field.
    form = await forms.read(request)
    try:
        token = forms.words(form, "token")
        if not is_from_here(request) or not compare_digest(desk.token.encode(), token.encode()):
            raise FormRefused
        yield desk
    finally:
        await form.close()


ActingDesk = Annotated[Desk, Depends(_sent_by)]
"""For forms that were sent; they open their transaction by `desk.acting()`."""


class Needs:
    """Lets only those through who have the right, for whatever branch. Of which ones, the route asks."""

    def __init__(self, right: Right) -> None:
        self.right = right

    async def __call__(self, request: Request) -> None:
        (await desk_of(request)).demand(self.right)


def needs(right: Right) -> Any:
    """As a route's, or a router's, dependency."""
    return Depends(Needs(right))


def is_from_here(request: Request) -> bool:
    """Whether the browser says that a page of this host sent the form; old ones say nothing."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


def address_of(request: Request) -> str:
    return request.client.host[:64] if request.client is not None else ""


# --- for whom there is no page -----------------------------------------------------------------------------


def install(web: FastAPI) -> None:
    web.add_exception_handler(SignInNeeded, _to_sign_in)
    web.add_exception_handler(NothingNew, _wait_on)
    web.add_exception_handler(FormRefused, _refuse_form)
    web.add_exception_handler(Forbidden, _forbid)


def _to_sign_in(request: Request, error: Exception) -> Response:
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"HX-Redirect": SIGN_IN})
    if request.method not in ("GET", "HEAD"):
        # Not sent on: what the form asked for would be lost without a word.
        return _no("登录已经过期", "刚才的操作没有办。请重新登录，再点一次。", SIGN_IN, "重新登录", 403)
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    to = SIGN_IN if wanted == CONSOLE else f"{SIGN_IN}?next={quote(wanted, safe='')}"
    return RedirectResponse(to, 303)


def _wait_on(request: Request, error: Exception) -> Response:
    return Response(status_code=204)


def _refuse_form(request: Request, error: Exception) -> Response:
    return _no("页面已经过期", "刚才的操作没有办。请重新打开页面，再点一次。", CONSOLE, "回工作台", 403)


def _forbid(request: Request, error: Exception) -> Response:
    assert isinstance(error, Forbidden)
    return _no("没有权限", error.message, CONSOLE, "回工作台", 403)


def _no(heading: str, words: str, to: str, label: str, status: int) -> Response:
    page = render("notice.html", heading=heading, words=words, to=to, label=label)
    return HTMLResponse(page, status)
