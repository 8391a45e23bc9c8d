"""我的户号 on the portal: what is bound, and binding, proving, naming, placing and unbinding it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.dependencies import Now, ReadSession, WriteSession
from app.errors import DomainError
from app.portal.proofs import did_not_fit
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson, Visitor
from app.services import consents, customer_accounts
from app.services.customer_accounts import MOST, NICKNAME, Fact
from app.services.guesses import NotFitting
from app.services.purposes import ACCOUNTS

router = APIRouter(prefix="/me/accounts", include_in_schema=False)

PAGE: Final = "/me/accounts"
Text = Annotated[str, Form()]


@dataclass(frozen=True, slots=True)
class Given:
    """What was filled in, to be shown again; the proof itself is typed anew."""

    number: str = ""
    nickname: str = ""
    area: str = ""


@router.get("")
async def mine(visitor: CurrentPerson, session: ReadSession) -> Response:
    return await _list(visitor, session)


@router.post("/bind")
async def bind(
    visitor: ActingPerson,
    session: WriteSession,
    now: Now,
    number: Text = "",
    nickname: Text = "",
    area: Text = "",
    agreed: Text = "",
) -> Response:
    given = Given(number[:40], nickname[:40], area[:40])
    if agreed != ACCOUNTS.version:
        return await _list(visitor, session, given, "绑定要用到户号，同意的话请勾选下面的一项。")
    try:
        row = await customer_accounts.bind(
            session,
            visitor.person_id,
            number,
            nickname=nickname,
            area=area or None,
            channel="portal",
            now=now,
        )
    except DomainError as refusal:  # nothing has been written
        return await _list(visitor, session, given, refusal.message)
    return RedirectResponse(f"{PAGE}/{row.public_id}", 303)


@router.get("/{public_id}")
async def one(visitor: CurrentPerson, public_id: str, session: ReadSession, now: Now) -> Response:
    return await _one(visitor, session, public_id, now)


@router.post("/{public_id}/verify")
async def verify(
    visitor: ActingPerson,
    public_id: str,
    session: WriteSession,
    now: Now,
    name: Text = "",
    phone_end: Text = "",
) -> Response:
    """A try that does not fit is kept, so it is no refusal but a page."""
    end = "".join(phone_end.split())
    if end and not (end.isascii() and end.isdecimal() and len(end) == 4):
        return await _one(visitor, session, public_id, now, "手机号后四位请填 4 位数字。")
    if not end and not name.strip():
        return await _one(visitor, session, public_id, now, "请填户名，或者登记手机号的后四位，填一样就行。")
    fact = Fact(phone_end=end) if end else Fact(name=name[:100])
    found = await customer_accounts.verify(session, visitor.person_id, public_id, fact, now=now)
    if isinstance(found, NotFitting):
        return await _one(visitor, session, public_id, now, did_not_fit(found, "登记的"))
    return RedirectResponse(f"{PAGE}/{public_id}", 303)


@router.post("/{public_id}/rename")
async def rename(
    visitor: ActingPerson, public_id: str, session: WriteSession, now: Now, nickname: Text = ""
) -> Response:
    if len(nickname.strip()) > NICKNAME:
        return await _one(visitor, session, public_id, now, f"名称最多 {NICKNAME} 个字。")
    await customer_accounts.rename(session, visitor.person_id, public_id, nickname)
    return RedirectResponse(f"{PAGE}/{public_id}", 303)


@router.post("/{public_id}/area")
async def area(
    visitor: ActingPerson, public_id: str, session: WriteSession, now: Now, area: Text = ""
) -> RedirectResponse:
    await customer_accounts.choose_area(session, visitor.person_id, public_id, area or None, now=now)
    return RedirectResponse(f"{PAGE}/{public_id}", 303)


@router.post("/{public_id}/unbind")
async def unbind(visitor: ActingPerson, public_id: str, session: WriteSession, now: Now) -> RedirectResponse:
    await customer_accounts.unbind(session, visitor.person_id, public_id, now=now)
    return RedirectResponse(PAGE, 303)


async def _list(
    visitor: Visitor, session: AsyncSession, given: Given | None = None, wrong: str = ""
) -> HTMLResponse:
    rows = await customer_accounts.list_own(session, visitor.person_id)
    words = render(
        "accounts.html",
        rows=rows,
        called=customer_accounts.called,
        areas=await customer_accounts.list_areas(session),
        is_full=len(rows) >= MOST,
        most=MOST,
        longest=NICKNAME,
        given=given or Given(),
        purpose=ACCOUNTS,
        agreed=await consents.stands(session, visitor.person_id, ACCOUNTS),
        wrong=wrong,
        token=visitor.form_token,
    )
    return HTMLResponse(words, 422 if wrong else 200)


async def _one(
    visitor: Visitor, session: AsyncSession, public_id: str, now: datetime, wrong: str = ""
) -> HTMLResponse:
    row = await customer_accounts.get_own(session, visitor.person_id, public_id)
    (seen,) = await customer_accounts.shown(session, [row])
    words = render(
        "account.html",
        row=row,
        seen=seen,
        called=customer_accounts.called(row),
        areas=await customer_accounts.list_areas(session),
        may_verify=await customer_accounts.may_verify(session, visitor.person_id, now),
        longest=NICKNAME,
        wrong=wrong,
        token=visitor.form_token,
        now=now,
    )
    return HTMLResponse(words, 422 if wrong else 200)
