"""我的兴趣 on the portal: what is counted of the signed-in person, deleting it, and the switches."""

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse

from app.dependencies import InUse, Now, ReadSession, WriteSession
from app.errors import NotFound
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson
from app.services import digests, interests

router = APIRouter(prefix="/me/interests", include_in_schema=False)

PAGE = "/me/interests"


@router.get("")
async def mine(visitor: CurrentPerson, session: ReadSession, now: Now, shared: InUse) -> HTMLResponse:
    words = render(
        "interests.html",
        on=await interests.is_on(session, visitor.person_id),
        found=await interests.list_own(session, visitor.person_id),
        label_of=interests.label_of,
        days=interests.KEPT_FOR.days,
        weekly=await digests.is_wanted(session, visitor.person_id),
        moment=shared.digest_at.words,
        token=visitor.form_token,
        now=now,
    )
    return HTMLResponse(words)


@router.post("/forget")
async def forget(
    visitor: ActingPerson, session: WriteSession, now: Now, topic: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """One, or all where none is named. One that is gone already is no error."""
    if topic:
        with suppress(NotFound):
            await interests.forget_one(session, visitor.person_id, topic[:40], now)
    else:
        await interests.forget_all(session, visitor.person_id, now)
    return RedirectResponse(PAGE, 303)


@router.post("/on")
async def on(visitor: ActingPerson, session: WriteSession, now: Now) -> RedirectResponse:
    await interests.switch(session, visitor.person_id, now, on=True)
    return RedirectResponse(PAGE, 303)


@router.post("/off")
async def off(visitor: ActingPerson, session: WriteSession, now: Now) -> RedirectResponse:
    await interests.switch(session, visitor.person_id, now, on=False)
    return RedirectResponse(PAGE, 303)
