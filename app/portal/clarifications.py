"""辟谣 on the portal: what was found out about claims that go round, and a form to bring one.

Anybody may bring one; who is signed in is told what comes of it. A form of somebody nobody knows has no
session to name, so how often one address may send it is limited.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.dependencies import InUse, Now, ReadSession, WriteSession
from app.errors import DomainError
from app.portal.templating import render
from app.portal.visitor import FormRefused, MaybePerson, Visitor, page_for
from app.services import clarification_rows, clarifications, crisis
from app.services.board_wording import Wrong, plain
from app.services.clarifications import LONGEST, MOST
from app.web.limits import Limit, address_of
from models import HeardFrom, Verdict

router = APIRouter(prefix="/clarifications", include_in_schema=False)

SUMMARY: Final = "听到的说法是真是假：结论、依据、哪个单位说的。"
A_MINUTE: Final = 3  # forms from one address, of people nobody knows
TOO_FAST: Final = "发得太快了，请过一分钟再发。急事请打 95598。"


@router.get("")
async def everything(
    visitor: MaybePerson,
    session: ReadSession,
    shared: InUse,
    verdict: Annotated[str, Query()] = "",
    q: Annotated[str, Query()] = "",
    after: Annotated[str, Query()] = "",
) -> HTMLResponse:
    """Unknown verdicts are as if they were not there."""
    chosen = Verdict(verdict) if verdict in set(Verdict) else None
    words, after = " ".join(plain(q).split())[:LONGEST], plain(after)[:16]
    page = await clarifications.list_public(session, verdict=chosen, words=words, after=after)
    shown = render(
        "clarifications.html",
        page=page,
        verdict=chosen,
        verdicts=list(Verdict),
        searched=words,
        terms=words.lower().split(),
        after=after,
        summary=SUMMARY,
        address=f"{shared.public_url}/clarifications",
    )
    return page_for(visitor, shown)


@router.get("/report")
async def form(visitor: MaybePerson) -> HTMLResponse:
    return _form(visitor, {})


@router.post("/report")
async def report(
    request: Request,
    visitor: MaybePerson,
    session: WriteSession,
    shared: InUse,
    now: Now,
    words: Annotated[str, Form()] = "",
    heard: Annotated[str, Form()] = "",
    token: Annotated[str, Form()] = "",
) -> HTMLResponse:
    # Whose session ended meanwhile believes that he will be told: it must not go as from nobody.
    if token if visitor is None else not visitor.sent(token):
        raise FormRefused
    given = {"words": words[: MOST * 2].replace("\0", ""), "heard": heard[:20]}
    if visitor is None and _limit_of(request, shared.clock.monotonic).spend(address_of(request)):
        return _form(visitor, given, {"form": TOO_FAST}, status=429)
    danger = await _heed(session, visitor, given["words"], now)
    try:
        told = clarifications.checked(given["words"], given["heard"])
        person_id = visitor.person_id if visitor is not None else None
        row = await clarifications.report(session, person_id, told, channel="portal", now=now)
    except Wrong as refused:
        return _form(visitor, given, refused.fields, danger=danger)
    except DomainError as refused:
        return _form(visitor, given, {"form": refused.message}, status=refused.status, danger=danger)
    return page_for(visitor, render("clarification_sent.html", row=row, known=visitor, danger=danger))


@router.get("/{public_id}")
async def one(public_id: str, visitor: MaybePerson, session: ReadSession, shared: InUse) -> HTMLResponse:
    row = await clarifications.get_public(session, public_id)
    shown = render(
        "clarification.html",
        row=row,
        answer=rich_text.to_html(rich_text.load(row.answer)),
        updates=await clarification_rows.updates_of(session, row, shown=True),
        address=f"{shared.public_url}/clarifications/{row.public_id}",
    )
    return page_for(visitor, shown)


# --- parts -------------------------------------------------------------------------------------------------


async def _heed(session: AsyncSession, visitor: Visitor | None, words: str, now: datetime) -> str:
    """Danger in the words, whatever else is wrong with them; what to say first of it."""
    danger = crisis.watch(words)
    if danger is None:
        return ""
    if visitor is None:
        return danger.unheard
    return await crisis.heed(session, visitor.person_id, words, "portal", now)


def _limit_of(request: Request, stopwatch: Callable[[], float]) -> Limit:
    """Of this process."""
    state = request.app.state
    if not hasattr(state, "rumours_limit"):
        state.rumours_limit = Limit(A_MINUTE, stopwatch)
    limit: Limit = state.rumours_limit
    return limit


def _form(
    visitor: Visitor | None,
    given: dict[str, str],
    wrong: dict[str, str] | None = None,
    *,
    status: int = 422,
    danger: str = "",
) -> HTMLResponse:
    words = render(
        "clarification_form.html",
        given=given,
        wrong=wrong or {},
        places=list(HeardFrom),
        longest=MOST,
        known=visitor,
        token=visitor.form_token if visitor is not None else "",
        danger=danger,
    )
    answer = page_for(visitor, words)
    answer.status_code = status if wrong else 200
    return answer
