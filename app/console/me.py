"""One's own account: password, second step, where one is signed in, and the WeChat that gets alerts."""

from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import forms, leave
from app.console.entrance import ActingDesk, AtDesk, Desk
from app.console.office import OfficeInUse
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError
from app.services import (
    audit,
    case_owners,
    passwords,
    rota,
    second_step,
    staff,
    staff_sign_in,
    staff_skills,
)
from app.web import qr
from models import Staff

router = APIRouter(prefix="/me")

PAGE: Final = "/console/me"
LINK: Final = "/me/staff"  # on the portal, where WeChat says who somebody is


@router.get("")
async def me(desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    return shell.page("me.html", **await _shown(desk, now))


@router.post("/away")
async def away(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """One's own leave."""
    form = await forms.read(request)
    try:
        async with desk.acting() as session:
            words = await leave.keep(session, await _own(session, desk), form, desk.standing, now)
    except DomainError as error:
        return shell.refused("me.html", error, **await _shown(desk, now), typed=leave.typed(form))
    return shell.done(PAGE, words)


@router.get("/password")
async def password_form(shell: InShell) -> HTMLResponse:
    return shell.page("password.html", shortest=passwords.SHORTEST)


@router.post("/password")
async def change_password(
    desk: ActingDesk,
    shell: InShell,
    present: Annotated[str, Form(max_length=1000)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    again: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    try:
        await _demand_password(desk, present)
        if password != again:
            raise DomainError("两次输入的新密码不一样，请再输一次。")
        passwords.check(password, desk.login, desk.by)
    except DomainError as error:
        return shell.refused("password.html", error, shortest=passwords.SHORTEST)
    digest = await passwords.digest(password)
    async with desk.acting() as session:
        await staff_sign_in.change_password(session, await _own(session, desk), digest, desk.session_id)
    return shell.done(PAGE, "密码已更改，别处的登录都已退出。")


@router.get("/second-step")
async def second_step_form(desk: AtDesk, shell: InShell) -> HTMLResponse:
    return _offer(desk, shell, second_step.new_secret())


@router.post("/second-step")
async def turn_on(
    desk: ActingDesk,
    shell: InShell,
    now: Now,
    secret: Annotated[str, Form(pattern="^[A-Z2-7]{32}$")],
    code: Annotated[str, Form(max_length=20)] = "",
    present: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    try:
        await _demand_password(desk, present)
        async with desk.acting() as session:
            codes = await second_step.turn_on(session, await _own(session, desk), secret, code, now)
    except DomainError as error:
        return _offer(desk, shell, secret, error)
    return shell.page("codes.html", codes=codes)


@router.post("/second-step/off")
async def turn_off(
    desk: ActingDesk, shell: InShell, now: Now, present: Annotated[str, Form(max_length=1000)] = ""
) -> Response:
    try:
        await _demand_password(desk, present)
        async with desk.acting() as session:
            await second_step.turn_off(session, await _own(session, desk))
    except DomainError as error:
        return shell.done(PAGE, error.message)
    return shell.done(PAGE, "两步验证已关闭。")


@router.post("/second-step/codes")
async def renew_codes(
    desk: ActingDesk, shell: InShell, present: Annotated[str, Form(max_length=1000)] = ""
) -> Response:
    try:
        await _demand_password(desk, present)
        async with desk.acting() as session:
            own = await _own(session, desk)
            if own.totp_secret is None:
                raise DomainError("请先开启两步验证。")
            codes = await second_step.renew_codes(session, own)
    except DomainError as error:
        return shell.done(PAGE, error.message)
    return shell.page("codes.html", codes=codes)


@router.post("/sessions/{public_id}/end")
async def end_session(public_id: str, desk: ActingDesk, shell: InShell) -> RedirectResponse:
    async with desk.acting() as session:
        await staff_sign_in.revoke(session, desk.standing.staff_id, public_id)
        audit.does(session, "staff.revoke", desk.login)
    return shell.done(PAGE, "那里的登录已经退出。")


@router.post("/sessions/end-others")
async def end_others(desk: ActingDesk, shell: InShell) -> RedirectResponse:
    async with desk.acting() as session:
        await staff_sign_in.revoke_others(session, desk.standing.staff_id, desk.session_id)
        audit.does(session, "staff.revoke", desk.login)
    return shell.done(PAGE, "别处的登录都已退出。")


@router.post("/wechat")
async def wechat(desk: ActingDesk, shell: InShell, office: OfficeInUse, now: Now) -> HTMLResponse:
    """A code to be scanned by the WeChat that is to get alerts."""
    async with desk.acting() as session:
        secret = await staff.wechat_link(session, await _own(session, desk), now)
        audit.does(session, "staff.wechat", desk.login)
    address = f"{office.settings.public_url}{LINK}/{secret}"
    return shell.page("wechat.html", address=address, code=qr.drawn(address))


@router.post("/wechat/off")
async def wechat_off(desk: ActingDesk, shell: InShell) -> RedirectResponse:
    async with desk.acting() as session:
        (await _own(session, desk)).person_id = None
        audit.does(session, "staff.wechat_off", desk.login)
    return shell.done(PAGE, "已解除，提醒不再发到那个微信。")


async def _shown(desk: Desk, now: Now) -> dict[str, Any]:
    async with desk.reading() as session:
        own = await session.get_one(Staff, desk.standing.staff_id)
        skills = (await staff_skills.of(session, [own.id])).get(own.id, frozenset())
        return {
            "own": own,
            "sessions": await staff_sign_in.list_sessions(session, own.id, now),
            "codes_left": await second_step.codes_left(session, own.id),
            "answers": staff_skills.spoken(skills),
            "offered": staff_skills.offered(desk.standing),
            "limit": case_owners.limit_of(own),
            "shifts": await rota.list_of(session, own, now),
            "away": leave.shown(own, now),
        }


def _offer(desk: Desk, shell: InShell, secret: str, error: DomainError | None = None) -> HTMLResponse:
    address = second_step.address(secret, desk.login)
    values: dict[str, Any] = {"secret": secret, "code": qr.drawn(address)}
    if error is not None:
        return shell.refused("second_step_on.html", error, **values)
    return shell.page("second_step_on.html", **values)


async def _own(session: AsyncSession, desk: Desk) -> Staff:
    chosen = sa.select(Staff).where(Staff.id == desk.standing.staff_id).with_for_update()
    return (await session.scalars(chosen)).one()


async def _demand_password(desk: Desk, password: str) -> None:
    """Whoever finds a browser open does not take the account with it.

    Raises: DomainError: it is another one; TooManyTries.
    """
    now = desk.shared.clock.now()
    async with desk.shared.database.transaction() as session:
        await staff_sign_in.note_try(session, desk.login, now)
    async with desk.reading() as session:
        own = await session.get_one(Staff, desk.standing.staff_id)
    if not await staff_sign_in.knows_password(own, password):
        raise DomainError("现在的密码不对，请再输一次。")
    async with desk.shared.database.transaction() as session:
        await staff_sign_in.forget_tries_of(session, desk.login)
