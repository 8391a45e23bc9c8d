"""隐私 in 我的: what one agreed to; seeing, exporting, correcting and deleting one's data, closing."""

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.dependencies import InUse, Now, ReadSession, WriteSession
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson, Visitor
from app.services import (
    cases,
    closing,
    consents,
    correcting,
    deleting,
    exports,
    privacy_requests,
    purposes,
    withdrawing,
)
from app.services.deleting import PARTS, Part
from app.wechat.incoming import words_in
from models import OVER

router = APIRouter(prefix="/me/privacy", include_in_schema=False)

PAGE: Final = "/me/privacy"
LISTED = 50


@router.get("")
async def mine(visitor: CurrentPerson, session: ReadSession, now: Now) -> HTMLResponse:
    words = render(
        "my_privacy.html",
        standing=await consents.list_own(session, visitor.person_id),
        requests=await privacy_requests.list_own(session, visitor.person_id),
        token=visitor.form_token,
        now=now,
    )
    return HTMLResponse(words)


@router.post("/consents/{key}/withdraw")
async def withdraw(visitor: ActingPerson, key: str, session: WriteSession, now: Now) -> RedirectResponse:
    purpose = purposes.get(key)
    await withdrawing.withdraw(session, visitor.person_id, purpose, channel="portal", now=now)
    return RedirectResponse(PAGE, 303)


@router.post("/consents/{key}/renew")
async def renew(
    visitor: ActingPerson, key: str, session: WriteSession, now: Now, agreed: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """`agreed`: the version that was read; where that is not the present one, the page shows the newer."""
    purpose = purposes.get(key)
    if agreed == purpose.version:
        await consents.renew(session, visitor.person_id, purpose, channel="portal", now=now)
    return RedirectResponse(PAGE, 303)


@router.get("/data")
async def data(visitor: CurrentPerson, session: ReadSession, now: Now) -> HTMLResponse:
    chapters = await exports.gather(session, visitor.person_id, words_in)
    return HTMLResponse(render("my_data.html", chapters=chapters, token=visitor.form_token, now=now))


@router.post("/export")
async def export(visitor: ActingPerson, session: WriteSession, shared: InUse, now: Now) -> RedirectResponse:
    secret = await exports.ask(session, visitor.person_id, channel="portal", now=now)
    return RedirectResponse(f"/exports/{secret}", 303)


# --- correcting --------------------------------------------------------------------------------------------


@router.get("/correct")
async def what_is_wrong(visitor: CurrentPerson) -> HTMLResponse:
    return _correct(visitor)


@router.post("/correct")
async def correct(
    visitor: ActingPerson, session: WriteSession, now: Now, what: Annotated[str, Form()] = ""
) -> Response:
    if not what.strip() or len(what) > correcting.LONGEST:
        return _correct(visitor, what, f"请写下哪一项不对、应该是什么，最多 {correcting.LONGEST} 字。")
    receipt = await correcting.ask(session, visitor.person_id, what, channel="portal", now=now)
    return RedirectResponse(f"/receipts/{receipt.public_id}", 303)


def _correct(visitor: Visitor, what: str = "", wrong: str = "") -> HTMLResponse:
    words = render("correct.html", what=what, wrong=wrong, token=visitor.form_token)
    return HTMLResponse(words, 422 if wrong else 200)


# --- deleting ----------------------------------------------------------------------------------------------


@router.get("/delete")
async def which(visitor: CurrentPerson) -> HTMLResponse:
    return _which(visitor)


@router.post("/delete")
async def delete(
    visitor: ActingPerson, session: WriteSession, now: Now, part: Annotated[list[str] | None, Form()] = None
) -> Response:
    chosen = {Part(each) for each in part or () if each in PARTS}
    if not chosen:
        return _which(visitor, "请先选要删除哪些。")
    receipt = await deleting.delete(session, visitor.person_id, chosen, channel="portal", now=now)
    return RedirectResponse(f"/receipts/{receipt.public_id}", 303)


def _which(visitor: Visitor, wrong: str = "") -> HTMLResponse:
    words = render("delete.html", parts=PARTS, wrong=wrong, token=visitor.form_token)
    return HTMLResponse(words, 422 if wrong else 200)


# --- closing -----------------------------------------------------------------------------------------------


@router.get("/close")
async def before_closing(visitor: CurrentPerson, session: ReadSession) -> HTMLResponse:
    return await _before(visitor, session)


@router.post("/close")
async def close(
    visitor: ActingPerson,
    session: WriteSession,
    now: Now,
    sure: Annotated[str, Form()] = "",
) -> Response:
    if sure != "yes":
        return await _before(visitor, session, "请先勾选，确认您知道注销以后不能恢复。")
    receipt = await closing.close(session, visitor.person_id, channel="portal", now=now)
    # Its session ended with it: the follower it was for is gone.
    return RedirectResponse(f"/receipts/{receipt.public_id}", 303)


async def _before(visitor: Visitor, session: AsyncSession, wrong: str = "") -> HTMLResponse:
    found = await cases.list_mine(session, visitor.person_id, LISTED)
    waiting = [each.case for each in found if each.case.state not in OVER]
    words = render("close.html", waiting=waiting, wrong=wrong, token=visitor.form_token)
    return HTMLResponse(words, 422 if wrong else 200)
