"""替同事报名 on the portal: who it is, what is asked, and what one has signed up for others.

Not here: the colleague's own page (`my_sign_ups`).
"""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.dependencies import InUse, Now, ReadSession, WriteSession
from app.errors import DomainError
from app.portal.proofs import did_not_fit
from app.portal.sign_up_forms import answers_in, words
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson, Visitor
from app.services import activities, colleagues, crisis
from app.services.guesses import NotFitting
from app.services.sign_up_questions import answered, questions_of
from models import Activity

router = APIRouter(include_in_schema=False)

_PRIVATE: Final = {"Cache-Control": "no-store"}


@router.get("/activities/{public_id}/colleague")
async def form(visitor: CurrentPerson, public_id: str, session: ReadSession, now: Now) -> HTMLResponse:
    """Or why one may not."""
    activity = await activities.get(session, public_id)
    obstacle = await colleagues.outlook(session, activity, visitor.applicant, now)
    return _page(visitor, activity, {}, {}, obstacle, is_open=not obstacle)


@router.post("/activities/{public_id}/colleague")
async def sign_up(
    visitor: ActingPerson, request: Request, public_id: str, session: WriteSession, now: Now, shared: InUse
) -> Response:
    """Danger in an answer is answered first. A failed try is kept: no refusal undoes it."""
    activity = await activities.get(session, public_id)
    given = await request.form()
    named = {name: words(given, name, 40) for name in ("staff_number", "name")}
    answers = answers_in(given, activity)
    said = "\n".join([*named.values(), *answers.values()])
    danger = await crisis.heed(session, visitor.person_id, said, "portal", now)
    try:
        made = await colleagues.sign_up(
            session,
            public_id,
            visitor.applicant,
            named["staff_number"],
            named["name"],
            answers=dict(answered(activity, answers)),
            tap=shared.tap,
            now=now,
        )
    except DomainError as refusal:
        return _page(visitor, activity, named, answers, refusal.message, refusal.status, danger)
    if isinstance(made, NotFitting):
        return _page(visitor, activity, named, answers, did_not_fit(made, "花名册"), 422, danger)
    to = f"/me/helped/{made.public_id}"
    if danger:
        page = render("notice.html", heading="先看这里", words=danger, to=to, label="看这次报名")
        return HTMLResponse(page, headers=_PRIVATE)
    return RedirectResponse(to, 303)


@router.get("/me/helped/{public_id}")
async def one(visitor: CurrentPerson, public_id: str, session: ReadSession, now: Now) -> HTMLResponse:
    helped = await colleagues.get_made(session, public_id, visitor.person_id)
    activity = helped.entry.activity
    page = render(
        "helped.html",
        helped=helped,
        activity=activity,
        may_cancel=helped.may_cancel(now),
        may_help=activity.colleagues and activity.takes_sign_ups(now),
        token=visitor.form_token,
        now=now,
    )
    return HTMLResponse(page)


@router.post("/me/helped/{public_id}/cancel")
async def cancel(visitor: ActingPerson, public_id: str, session: WriteSession, now: Now) -> RedirectResponse:
    await colleagues.cancel(session, public_id, visitor.applicant, now=now)
    return RedirectResponse(f"/me/helped/{public_id}", 303)


# --- parts -------------------------------------------------------------------------------------------------


def _page(
    visitor: Visitor,
    activity: Activity,
    named: dict[str, str],
    answers: dict[str, str],
    error: str = "",
    status: int = 200,
    danger: str = "",
    *,
    is_open: bool = True,
) -> HTMLResponse:
    questions = questions_of(activity)
    page = render(
        "colleague_form.html",
        activity=activity,
        named=named,
        questions=questions,
        answers={question.key: answers.get(question.key, "") for question in questions},
        error=error,
        danger=danger,
        is_open=is_open,
        token=visitor.form_token,
    )
    return HTMLResponse(page, status, headers=_PRIVATE)
