"""Activities on the portal: what is on, one activity, and signing up where nothing needs to be asked.

Where an activity has questions or takes guests, signing up is a talk and stays in the chat.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.dependencies import InUse, Now, ReadSession, WriteSession
from app.errors import DomainError
from app.portal.photos import album_of
from app.portal.templating import render
from app.portal.visitor import ActingPerson, DoorInUse, MaybePerson, Visitor, page_for
from app.services import (
    activities,
    activity_previews,
    calendar_files,
    covers,
    eligibility,
    interests,
    lots,
    panoramas,
    safety_notices,
    sign_ups,
    waiting_lists,
)
from app.services.audiences import Audience
from app.services.sign_up_questions import questions_of
from models import LIVE, Activity, SignUp

router = APIRouter(prefix="/activities", include_in_schema=False)

LISTED = 50


@router.get("")
async def ahead(session: ReadSession, now: Now) -> HTMLResponse:
    found = await activities.list_ahead(session, now, LISTED)
    return HTMLResponse(render("activities.html", activities=found, now=now))


@router.get("/{public_id}")
async def one(
    request: Request,
    public_id: str,
    session: ReadSession,
    now: Now,
    shared: InUse,
    door: DoorInUse,
    visitor: MaybePerson,
) -> HTMLResponse:
    activity, preview = await _shown(session, request, public_id)
    if visitor is not None and request.method == "GET":  # a HEAD shows it to nobody
        shared.interests.note(visitor.person_id, interests.ACTIVITIES, now)
    left = None if activity.capacity is None else await waiting_lists.seats_left(session, activity)
    own = None if visitor is None else await _live(session, activity, visitor)
    asks_nothing = door.oauth is not None and activity.takes_sign_ups(now) and _asks_nothing(activity)
    obstacle, behind = "", ""
    if visitor is not None and own is None and activity.takes_sign_ups(now):
        obstacle, behind = await sign_ups.outlook(session, activity, visitor.applicant, now)
    album = await album_of(session, activity, visitor, now)
    words = render(
        "activity.html",
        **album,
        activity=activity,
        preview=preview,
        audience=Audience.model_validate(activity.audience) if activity.audience else None,
        body=rich_text.to_html(rich_text.load(activity.blocks)),
        left=left,
        lot=lots.fingerprint(activity),
        lot_open=lots.is_open(activity),
        now=now,
        address=f"{shared.public_url}/activities/{activity.public_id}",
        own=own,
        tours=await panoramas.of_activity(session, activity.id),
        visitor=visitor,
        obstacle=obstacle,
        behind=behind,
        notice=safety_notices.version(activity),
        conditions=eligibility.conditions(activity),
        may_sign_up=asks_nothing and own is None and not obstacle,
    )
    return page_for(visitor, words)


@router.get("/{public_id}/calendar.ics")
async def calendar(public_id: str, session: ReadSession, now: Now, shared: InUse) -> Response:
    """For anybody: many telephones open it in another browser, where nobody is signed in."""
    activity = await activities.get(session, public_id)
    address = f"{shared.public_url}/activities/{activity.public_id}"
    headers = {"Content-Disposition": 'attachment; filename="activity.ics"'}
    made = calendar_files.made(activity, address, now)
    return Response(made, media_type=calendar_files.CONTENT_TYPE, headers=headers)


@router.get("/{public_id}/cover")
async def cover(request: Request, public_id: str, session: ReadSession, shared: InUse) -> Response:
    """The picture; `?of=` in its address changes with it."""
    activity, _ = await _shown(session, request, public_id)
    data = await covers.bytes_of(activity, shared.files.get)
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "public, max-age=3600"})


@router.post("/{public_id}/sign-up")
async def sign_up(
    visitor: ActingPerson,
    public_id: str,
    session: WriteSession,
    now: Now,
    accepted: Annotated[str, Form(max_length=16)] = "",
) -> RedirectResponse:
    activity = await activities.get(session, public_id)
    if not _asks_nothing(activity):
        raise DomainError(f"「{activity.title}」报名时要问几句话，请在公众号里回复「报名」。")
    entry = await sign_ups.sign_up(session, activity.id, visitor.applicant, accepted=accepted, now=now)
    return RedirectResponse(f"/me/sign-ups/{entry.public_id}", 303)


async def _shown(session: AsyncSession, request: Request, public_id: str) -> tuple[Activity, str]:
    """The activity; of a draft its preview, with the signature that opens it. Raises: NotFound."""
    mark = request.query_params.get("preview", "")
    if mark:
        draft = await activities.get(session, public_id, drafts=True)
        if activity_previews.is_good(draft, mark):
            return draft, mark
    return await activities.get(session, public_id), ""


async def _live(session: AsyncSession, activity: Activity, visitor: Visitor) -> SignUp | None:
    entry = await sign_ups.find_own(session, activity.id, visitor.person_id)
    return entry if entry is not None and entry.state in LIVE else None


def _asks_nothing(activity: Activity) -> bool:
    return not activity.guests and not questions_of(activity)
