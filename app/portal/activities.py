"""Activities on the portal: what is on, and one activity. Signing up is done in the chat."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app import rich_text
from app.dependencies import InUse, Now, ReadSession
from app.portal.templating import render
from app.services import activities, waiting_lists
from app.services.audiences import Audience

router = APIRouter(prefix="/activities", include_in_schema=False)

LISTED = 50


@router.get("")
async def ahead(session: ReadSession, now: Now) -> HTMLResponse:
    found = await activities.list_ahead(session, now, LISTED)
    return HTMLResponse(render("activities.html", activities=found, now=now))


@router.get("/{public_id}")
async def one(public_id: str, session: ReadSession, now: Now, shared: InUse) -> HTMLResponse:
    activity = await activities.get(session, public_id)
    left = None if activity.capacity is None else await waiting_lists.seats_left(session, activity)
    words = render(
        "activity.html",
        activity=activity,
        audience=Audience.model_validate(activity.audience) if activity.audience else None,
        body=rich_text.to_html(rich_text.load(activity.blocks)),
        left=left,
        now=now,
        address=f"{shared.public_url}/activities/{activity.public_id}",
    )
    return HTMLResponse(words)
