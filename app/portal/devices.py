"""登录的设备: where the signed-in person is signed in, and signing out there."""

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse

from app.dependencies import Now, ReadSession, WriteSession
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson
from app.services import portal_sessions
from app.services.portal_sessions import Here

router = APIRouter(prefix="/me/devices", include_in_schema=False)

PAGE: Final = "/me/devices"


@router.get("")
async def mine(visitor: CurrentPerson, session: ReadSession, now: Now) -> HTMLResponse:
    devices = await portal_sessions.list_devices(session, visitor.person_id, Here(visitor.mark), now)
    return HTMLResponse(render("devices.html", devices=devices, token=visitor.form_token, now=now))


@router.post("/sign-out")
async def sign_out(
    visitor: ActingPerson, session: WriteSession, now: Now, device: Annotated[str, Form()] = ""
) -> RedirectResponse:
    await portal_sessions.revoke(session, visitor.person_id, device, now)
    return RedirectResponse(PAGE, 303)


@router.post("/sign-out-others")
async def sign_out_others(visitor: ActingPerson, session: WriteSession, now: Now) -> RedirectResponse:
    await portal_sessions.revoke_others(session, visitor.person_id, Here(visitor.mark), now)
    return RedirectResponse(PAGE, 303)
