"""组队报名 on the portal: a team is made, joined by its link, seen, handed in. Leaving: `my_sign_ups`."""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.dependencies import InUse, Now, ReadSession, WriteSession
from app.errors import DomainError
from app.portal.sign_up_forms import answers_in, words
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson, Visitor
from app.services import activities, crisis, safety_notices, team_rosters, teams
from app.services.sign_up_questions import answered, questions_of
from models import Activity

router = APIRouter(include_in_schema=False)

_PRIVATE: Final = {"Cache-Control": "no-store"}


@router.get("/activities/{public_id}/team")
async def form(visitor: CurrentPerson, public_id: str, session: ReadSession, now: Now) -> HTMLResponse:
    """Or why one may not."""
    activity = await activities.get(session, public_id)
    obstacle = await teams.outlook(session, activity, visitor.applicant, now)
    return _form(visitor, activity, "", {}, obstacle, is_open=not obstacle)


@router.post("/activities/{public_id}/team")
async def create(
    visitor: ActingPerson, request: Request, public_id: str, session: WriteSession, now: Now
) -> Response:
    """Danger in what is typed is answered first."""
    activity = await activities.get(session, public_id)
    given = await request.form()
    name, answers = words(given, "name", teams.NAME * 2), answers_in(given, activity)
    danger = await crisis.heed(
        session, visitor.person_id, "\n".join([name, *answers.values()]), "portal", now
    )
    try:
        team = await teams.create(
            session,
            public_id,
            visitor.applicant,
            name,
            answers=dict(answered(activity, answers)),
            accepted=words(given, "accepted", 16),
            now=now,
        )
    except DomainError as refusal:
        return _form(visitor, activity, name, answers, refusal.message, refusal.status, danger)
    return _then(team_rosters.page_of(team), danger)


@router.get("/teams/{public_id}")
async def one(
    visitor: CurrentPerson, public_id: str, session: ReadSession, now: Now, shared: InUse
) -> HTMLResponse:
    return await _page(visitor, public_id, session, now, shared.public_url)


@router.post("/teams/{public_id}/join")
async def join(
    visitor: ActingPerson, request: Request, public_id: str, session: WriteSession, now: Now, shared: InUse
) -> Response:
    activity = (await team_rosters.roster(session, public_id)).activity
    given = await request.form()
    answers = answers_in(given, activity)
    danger = await crisis.heed(session, visitor.person_id, "\n".join(answers.values()), "portal", now)
    try:
        await teams.join(
            session,
            public_id,
            visitor.applicant,
            answers=dict(answered(activity, answers)),
            accepted=words(given, "accepted", 16),
            now=now,
        )
    except DomainError as refusal:
        return await _page(
            visitor, public_id, session, now, shared.public_url, answers, refusal, danger=danger
        )
    return _then(f"/teams/{public_id}", danger)


@router.post("/teams/{public_id}/submit")
async def submit(
    visitor: ActingPerson, public_id: str, session: WriteSession, now: Now, shared: InUse
) -> Response:
    try:
        await teams.submit(session, public_id, visitor.applicant, now=now)
    except DomainError as refusal:
        return await _page(visitor, public_id, session, now, shared.public_url, error=refusal)
    return RedirectResponse(f"/teams/{public_id}", 303)


@router.post("/teams/{public_id}/remove")
async def remove(
    visitor: ActingPerson, request: Request, public_id: str, session: WriteSession, now: Now
) -> RedirectResponse:
    code = words(await request.form(), "code", 16)
    await teams.remove(session, public_id, code, visitor.applicant, now=now)
    return RedirectResponse(f"/teams/{public_id}", 303)


@router.post("/teams/{public_id}/captain")
async def hand_over(
    visitor: ActingPerson, request: Request, public_id: str, session: WriteSession, now: Now
) -> RedirectResponse:
    code = words(await request.form(), "code", 16)
    await teams.hand_over(session, public_id, code, visitor.applicant, now=now)
    return RedirectResponse(f"/teams/{public_id}", 303)


# --- parts -------------------------------------------------------------------------------------------------


def _then(to: str, danger: str) -> Response:
    if not danger:
        return RedirectResponse(to, 303)
    page = render("notice.html", heading="先看这里", words=danger, to=to, label="看队伍")
    return HTMLResponse(page, headers=_PRIVATE)


def _asked(activity: Activity, answers: dict[str, str]) -> dict[str, Any]:
    questions = questions_of(activity)
    return {
        "activity": activity,
        "questions": questions,
        "answers": {question.key: answers.get(question.key, "") for question in questions},
        "notice": safety_notices.version(activity),
    }


def _form(
    visitor: Visitor,
    activity: Activity,
    name: str,
    answers: dict[str, str],
    error: str = "",
    status: int = 200,
    danger: str = "",
    *,
    is_open: bool = True,
) -> HTMLResponse:
    page = render(
        "team_form.html",
        **_asked(activity, answers),
        name=name,
        most=teams.NAME,
        error=error,
        danger=danger,
        is_open=is_open,
        token=visitor.form_token,
    )
    return HTMLResponse(page, status, headers=_PRIVATE)


async def _page(
    visitor: Visitor,
    public_id: str,
    session: AsyncSession,
    now: Now,
    public_url: str,
    answers: dict[str, str] | None = None,
    error: DomainError | None = None,
    *,
    danger: str = "",
) -> HTMLResponse:
    """A member who is not in it reads whose it is, and may join; the people are for themselves to see."""
    roster = await team_rosters.roster(session, public_id)
    own = roster.own(visitor.person_id)
    obstacle = "" if own else await teams.joining(session, roster, visitor.applicant, now)
    page = render(
        "team.html",
        **_asked(roster.activity, answers or {}),
        roster=roster,
        team=roster.team,
        own=own,
        captain=roster.captain if visitor.applicant.facts.membership is not None else None,
        obstacle=obstacle,
        address=f"{public_url}{team_rosters.page_of(roster.team)}",
        error=error.message if error is not None else "",
        danger=danger,
        token=visitor.form_token,
        now=now,
    )
    return HTMLResponse(page, error.status if error is not None else 200, headers=_PRIVATE)
