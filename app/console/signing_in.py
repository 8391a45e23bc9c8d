"""Signing in: login and password, the second step, and the link by which somebody chooses a password.

What is slow on purpose (the password's digest) is never done inside a transaction.
"""

import secrets
from datetime import datetime, timedelta
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.console.entrance import CONSOLE, SIGN_IN, AtDesk, FormRefused, address_of, is_from_here
from app.console.office import Office, OfficeInUse
from app.console.templating import render
from app.dependencies import InUse, Now, Shared
from app.errors import DomainError
from app.services import audit, passwords, staff, staff_sign_in
from app.services.audit import Actor
from app.services.staff_sign_in import SESSION_FOR
from app.web import limits
from app.web.browsers import kind_of
from models import Staff

router = APIRouter()
log = structlog.get_logger(__name__)

STEP_FOR: Final = timedelta(minutes=5)
WRONG: Final = "登录名或密码不对，请核对后再试。"
_LONGEST_NEXT = 300


@router.get("/sign-in")
async def ask(wanted: Annotated[str, Query(alias="next")] = "") -> HTMLResponse:
    return _form(next_=local(wanted))


@router.post("/sign-in")
async def sign_in(
    request: Request,
    office: OfficeInUse,
    shared: InUse,
    now: Now,
    login: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    wanted: Annotated[str, Form(alias="next")] = "",
) -> Response:
    """The first step. Whoever is refused does not learn whether there is such an account."""
    if not is_from_here(request):
        raise FormRefused
    to, login = local(wanted), login.replace("\0", "")
    if seconds := office.sign_ins.spend(limits.address_of(request)):
        return _form(next_=to, login=login, error=f"登录得太频繁，请 {seconds} 秒后再试。", status=429)
    try:
        async with shared.database.transaction() as session:
            await staff_sign_in.note_try(session, login, now)
    except staff_sign_in.TooManyTries as error:
        log.warning("staff_sign_in_locked")
        return _form(next_=to, login=login, error=error.message, status=429)
    async with shared.database.reading() as session:
        found = await staff_sign_in.find(session, login)
    if not await staff_sign_in.knows_password(found, password) or found is None:
        return _form(next_=to, login=login, error=WRONG, status=422)
    if found.totp_secret is not None:
        return _to_second_step(office, found, to, now)
    return await _admitted(request, office, shared, found, to, now)


@router.get("/sign-in/wechat")
async def by_wechat(
    request: Request,
    office: OfficeInUse,
    shared: InUse,
    now: Now,
    wanted: Annotated[str, Query(alias="next")] = "",
) -> Response:
    """The portal has asked WeChat who this is, and left a ticket with the browser that asked."""
    to = local(wanted)
    if request.method == "HEAD":  # looking is not entering
        return HTMLResponse("")
    async with shared.database.transaction() as session:
        found = await staff_sign_in.spend_ticket(
            session, request.cookies.get(office.cookie("ticket"), ""), now
        )
    if found is None:
        answer: Response = _form(next_=to, error="微信登录已过期，请再点一次「用微信登录」。", status=410)
    elif found.totp_secret is not None:
        answer = _to_second_step(office, found, to, now)
    else:
        answer = await _admitted(request, office, shared, found, to, now)
    _drop(office, answer, "ticket")
    return answer


@router.get("/sign-in/code")
async def ask_code(request: Request, office: OfficeInUse, now: Now) -> Response:
    if _step_of(request, office, now) is None:
        return RedirectResponse(SIGN_IN, 303)
    return HTMLResponse(render("second_step.html"))


@router.post("/sign-in/code")
async def second_step(
    request: Request,
    office: OfficeInUse,
    shared: InUse,
    now: Now,
    code: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """The second step; its failures count with those of the first."""
    if not is_from_here(request):
        raise FormRefused
    step = _step_of(request, office, now)
    if step is None:
        return RedirectResponse(SIGN_IN, 303)
    staff_id, version, login, to = step
    try:
        async with shared.database.transaction() as session:
            await staff_sign_in.note_try(session, login, now)
        async with shared.database.transaction() as session:
            found = await staff_sign_in.pass_second_step(session, staff_id, version, code, now)
    except staff_sign_in.TooManyTries as error:
        return HTMLResponse(render("second_step.html", error=error.message), 429)
    if found is None:
        wrong = "验证码不对，或者已经用过。请等应用换出下一个再试。"
        return HTMLResponse(render("second_step.html", error=wrong), 422)
    return await _admitted(request, office, shared, found, to, now)


@router.get("/sign-out")
async def sign_out_page() -> RedirectResponse:
    """Only a form signs out; a link that somebody planted does not."""
    return RedirectResponse(CONSOLE, 303)


@router.post("/sign-out")
async def sign_out(
    request: Request,
    office: OfficeInUse,
    desk: AtDesk,
    token: Annotated[str, Form()] = "",
) -> Response:
    if not is_from_here(request) or not secrets.compare_digest(desk.token.encode(), token.encode()):
        raise FormRefused
    async with desk.acting() as session:
        await staff_sign_in.end(session, request.cookies.get(office.cookie("session"), ""))
        audit.does(session, "staff.sign_out", desk.login)
    answer = RedirectResponse(SIGN_IN, 303)
    _drop(office, answer, "session")
    return answer


@router.get("/invited/{secret}")
async def invited(secret: str, shared: InUse, now: Now) -> HTMLResponse:
    async with shared.database.reading() as session:
        found = await staff.find_by_link(session, secret, staff.PASSWORD, now)
    return _no_link() if found is None else _choose(found, secret)


@router.post("/invited/{secret}")
async def choose_password(
    request: Request,
    secret: str,
    shared: InUse,
    now: Now,
    password: Annotated[str, Form(max_length=1000)] = "",
    again: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    if not is_from_here(request):
        raise FormRefused
    async with shared.database.reading() as session:
        found = await staff.find_by_link(session, secret, staff.PASSWORD, now)
    if found is None:
        return _no_link()
    try:
        if password != again:
            raise DomainError("两次输入的密码不一样，请再输一次。")
        passwords.check(password, found.login, found.name)
    except DomainError as error:
        return _choose(found, secret, error=error.message)
    digest = await passwords.digest(password)
    actor = Actor(found.name, "console", None, address_of(request))
    async with audit.acting(shared.database, shared.clock, actor) as session:
        if await staff_sign_in.choose_password(session, secret, digest, now) is None:
            return _no_link()
    words = "密码已设好，请登录。"
    return HTMLResponse(render("sign_in.html", next="", login=found.login, error="", said=words))


def local(wanted: str) -> str:
    """`wanted` if it is a page of the console, else its first."""
    inside = wanted == CONSOLE or wanted.startswith((f"{CONSOLE}/", f"{CONSOLE}?"))
    is_plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted and "//" not in wanted
    return wanted if inside and is_plain and len(wanted) <= _LONGEST_NEXT else CONSOLE


# --- answers -----------------------------------------------------------------------------------------------


def _form(*, next_: str, login: str = "", error: str = "", status: int = 200) -> HTMLResponse:
    return HTMLResponse(render("sign_in.html", next=next_, login=login, error=error, said=""), status)


def _choose(found: Staff, secret: str, *, error: str = "") -> HTMLResponse:
    page = render(
        "choose_password.html", staff=found, secret=secret, shortest=passwords.SHORTEST, error=error
    )
    return HTMLResponse(page, 422 if error else 200)


def _no_link() -> HTMLResponse:
    words = "这个链接已经用过或过期了。请管理员再发一个；已经设好密码的，直接登录就行。"
    page = render("notice.html", heading="链接不能用了", words=words, to=SIGN_IN, label="去登录")
    return HTMLResponse(page, 410)


async def _admitted(
    request: Request, office: Office, shared: Shared, found: Staff, to: str, now: datetime
) -> Response:
    """A new session, whatever the browser had before: an older one of it ends here."""
    actor = Actor(found.name, "console", audit.standing_of(found), address_of(request))
    async with audit.acting(shared.database, shared.clock, actor) as session:
        await staff_sign_in.end(session, request.cookies.get(office.cookie("session"), ""))
        mark = await staff_sign_in.begin(
            session,
            found,
            device=kind_of(request.headers.get("user-agent", "")),
            address=address_of(request),
            now=now,
        )
    answer = RedirectResponse(to, 303)
    _keep(office, answer, "session", mark, SESSION_FOR)
    _drop(office, answer, "step")
    return answer


def _to_second_step(office: Office, found: Staff, to: str, now: datetime) -> Response:
    """The browser keeps, for minutes, that it knew the password."""
    words = f"{found.id}|{found.version}|{int(now.timestamp())}|{found.login}|{to}"
    answer = RedirectResponse(f"{SIGN_IN}/code", 303)
    _keep(office, answer, "step", f"{words.encode().hex()}.{office.signed('step', words)}", STEP_FOR)
    return answer


def _step_of(request: Request, office: Office, now: datetime) -> tuple[int, int, str, str] | None:
    """Id, version, login and aim of who knew the password minutes ago."""
    kept, _, mark = request.cookies.get(office.cookie("step"), "").partition(".")
    try:
        words = bytes.fromhex(kept).decode()
    except ValueError:
        return None
    if not words or not secrets.compare_digest(office.signed("step", words).encode(), mark.encode()):
        return None
    staff_id, version, at, login, to = words.split("|", 4)
    age = now.timestamp() - int(at)
    if not -60 <= age <= STEP_FOR.total_seconds():  # another process's clock may be ahead of ours
        return None
    return int(staff_id), int(version), login, local(to)


def _keep(office: Office, answer: Response, name: str, value: str, lasts: timedelta) -> None:
    answer.set_cookie(
        office.cookie(name),
        value,
        max_age=int(lasts.total_seconds()),
        path="/",
        secure=office.is_secure,
        httponly=True,
        samesite="lax",
    )


def _drop(office: Office, answer: Response, name: str) -> None:
    answer.delete_cookie(
        office.cookie(name), path="/", secure=office.is_secure, httponly=True, samesite="lax"
    )
