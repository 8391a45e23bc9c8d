"""入会申请 on the portal: the form, how an application stands, bringing what is missing, taking it back."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, spoken
from app.dependencies import InUse, Now, ReadSession, WriteSession
from app.errors import DomainError
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson, Visitor
from app.services import application_facts, applications, branches, cases, joining, members
from app.services.application_facts import DECLARATION, KINDS, Incomplete
from app.services.joining import Listed
from app.services.own_cases import told
from models import Sex

router = APIRouter(prefix="/me/joining", include_in_schema=False)

PAGE: Final = "/me/joining"
NOT_DECLARED = "请看清楚入会声明，同意就打勾。"
LISTED = "花名册里已经有您的资料，不用申请，直接绑定工号就是会员。"


class Filled(BaseModel):
    """The form as it was sent; what is too long is cut, nobody's name is."""

    token: str = ""
    name: str = ""
    sex: str = ""
    born_on: str = ""
    phone: str = ""
    kind: str = ""
    staff_number: str = ""
    post: str = ""
    branch: str = ""
    declared: str = ""

    def shown(self) -> dict[str, str]:
        fields = self.model_dump(exclude={"token"})
        return {field: str(value)[:60] for field, value in fields.items()}


@router.get("")
async def mine(visitor: CurrentPerson, session: ReadSession, now: Now, again: bool = False) -> HTMLResponse:
    """How the newest stands; the form where there is none, or with `again` where it is over."""
    found = await applications.list_own(session, visitor.person_id)
    if found and (found[0].is_open or not again):
        return await _standing(visitor, session, now)
    return await _form(visitor, session, now)


@router.post("/apply")
async def apply(
    visitor: ActingPerson,
    filled: Annotated[Filled, Form()],
    session: WriteSession,
    shared: InUse,
    now: Now,
) -> Response:
    given, today = filled.shown(), civil_date(now)
    wrong: dict[str, str] = {}
    try:
        facts = application_facts.check(given, today)
    except Incomplete as refused:
        wrong = refused.wrong
    branch = await branches.find_public(session, filled.branch) if filled.branch else None
    if filled.branch and branch is None:
        wrong["branch"] = "没有找到这个组织，请重新选。"
    if not filled.declared:
        wrong["declared"] = NOT_DECLARED
    if wrong:
        return await _form(visitor, session, now, given, wrong)
    done = await joining.apply(
        session,
        visitor.person_id,
        None,
        facts,
        branch,
        working_days=shared.joining_days,
        channel="portal",
        now=now,
    )
    if isinstance(done, Listed):
        page = render(
            "notice.html", heading="直接绑定就行", words=LISTED, to="/me/membership", label="去绑定工号"
        )
        return HTMLResponse(page)
    return RedirectResponse(PAGE, 303)


@router.post("/supplement")
async def supplement(
    visitor: ActingPerson, session: WriteSession, now: Now, text: Annotated[str, Form()] = ""
) -> Response:
    try:
        blocks = joining.written(text)
    except Incomplete as refused:
        return await _standing(visitor, session, now, text[: joining.MAX_WORDS], refused.wrong)
    await joining.supplement(session, visitor.person_id, blocks, channel="portal", now=now)
    return RedirectResponse(PAGE, 303)


@router.post("/cancel")
async def cancel(visitor: ActingPerson, session: WriteSession, now: Now) -> RedirectResponse:
    await joining.cancel(session, visitor.person_id, channel="portal", now=now)
    return RedirectResponse(PAGE, 303)


async def _form(
    visitor: Visitor,
    session: AsyncSession,
    now: Now,
    given: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] | None = None,
) -> HTMLResponse:
    today = civil_date(now)
    own = await members.find_of_person(session, visitor.person_id)
    words = render(
        "joining_form.html",
        member=own if own is not None and not own.has_left(today) else None,
        tree=await branches.list_tree(session, today),
        sexes=[sex.label for sex in Sex],
        kinds=[kind.label for kind in KINDS],
        declaration=DECLARATION,
        given=given or {},
        wrong=wrong or {},
        token=visitor.form_token,
    )
    return HTMLResponse(words, 422 if wrong else 200)


async def _standing(
    visitor: Visitor,
    session: AsyncSession,
    now: Now,
    text: str = "",
    wrong: Mapping[str, str] | None = None,
) -> HTMLResponse:
    found = await applications.list_own(session, visitor.person_id)
    if not found:
        raise DomainError("您现在没有正在办理的入会申请。")
    newest, *older = found
    thread = await cases.list_thread(session, newest.case)
    due_at = newest.application.due_at
    words = render(
        "joining.html",
        own=newest,
        older=older,
        due=due_at,
        late=due_at is not None and due_at <= now,
        facts=application_facts.lines(newest.application),
        thread=[(*told(newest.case, entry), spoken(entry.created_at, now)) for entry in thread],
        text=text,
        wrong=wrong or {},
        token=visitor.form_token,
    )
    return HTMLResponse(words, 422 if wrong else 200)
