"""How an activity was, on one page: for who was checked in, for a week, without a name."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from app.clock import shanghai
from app.dependencies import Now, ReadSession, WriteSession
from app.errors import DomainError, NotFound
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson, Visitor, page_for
from app.services import activities, activity_feedback, crisis
from app.services.feedback_questions import LONGEST, load
from app.services.rating_notices import SCORES, label
from models import Activity, ActivityFeedback

router = APIRouter(prefix="/activities/{public_id}/feedback", include_in_schema=False)


@router.get("")
async def page(public_id: str, visitor: CurrentPerson, session: ReadSession, now: Now) -> HTMLResponse:
    activity = await activities.get(session, public_id)
    feedback = await activity_feedback.get_open(session, activity, visitor.person_id, now)
    own = await activity_feedback.find_own(session, activity, visitor.person_id)
    return _form(visitor, activity, feedback, own)


@router.post("")
async def give(
    request: Request, visitor: ActingPerson, public_id: str, session: WriteSession, now: Now
) -> Response:
    activity = await activities.get(session, public_id)
    feedback = await activity_feedback.get_open(session, activity, visitor.person_id, now)
    form = await request.form()
    keys = [each.key for each in load(feedback.questions)]
    given = {key: str(form.get(key) or "").replace("\0", "") for key in keys}
    danger = await crisis.heed(session, visitor.person_id, "\n".join(given.values()), "portal", now)
    try:
        await activity_feedback.give(session, activity, visitor.person_id, given, now)
    except NotFound:
        raise
    except DomainError as refused:
        return _form(visitor, activity, feedback, given, refused.message, danger=danger)
    return _form(visitor, activity, feedback, given, is_kept=True, danger=danger)


def _form(
    visitor: Visitor,
    activity: Activity,
    feedback: ActivityFeedback,
    given: Mapping[str, str],
    wrong: str = "",
    *,
    is_kept: bool = False,
    danger: str = "",
) -> HTMLResponse:
    last = shanghai(activity_feedback.closes_at(feedback))
    words = render(
        "activity_feedback.html",
        activity=activity,
        questions=load(feedback.questions),
        scores={str(score): label(score) for score in SCORES},
        given=given,
        wrong=wrong,
        is_kept=is_kept,
        danger=danger,
        last=last,
        longest=LONGEST,
        token=visitor.form_token,
    )
    answer = page_for(visitor, words)
    answer.status_code = 422 if wrong else 200
    return answer
