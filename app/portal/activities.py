"""Activities on the portal: what is on, and one activity. Not here: signing up (`sign_up_forms`)."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.dependencies import InUse, Now, ReadSession
from app.portal.photos import album_of
from app.portal.sign_up_forms import asks
from app.portal.templating import render
from app.portal.visitor import DoorInUse, MaybePerson, Visitor, page_for
from app.services import (
    activities,
    activity_previews,
    calendar_files,
    covers,
    eligibility,
    interests,
    lives,
    lots,
    map_places,
    panoramas,
    quotas,
    safety_notices,
    series_rows,
    sign_ups,
    sittings,
    team_rosters,
    waiting_lists,
)
from app.services.audiences import Audience
from models import LIVE, Activity, SignUp

router = APIRouter(prefix="/activities", include_in_schema=False)

LISTED = 50


@router.get("")
async def ahead(session: ReadSession, now: Now) -> HTMLResponse:
    found = await activities.list_ahead(session, now, LISTED, once=True)
    dates = await series_rows.count_ahead(session, [each.series for each in found], now)
    return HTMLResponse(render("activities.html", activities=found, dates=dates, now=now))


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
    free = await waiting_lists.free(session, activity, now)
    membership = None if visitor is None else visitor.applicant.facts.membership
    own = None if visitor is None else await _live(session, activity, visitor)
    takes = door.oauth is not None and activity.takes_sign_ups(now)
    obstacle, behind = "", ""
    if visitor is not None and own is None and activity.takes_sign_ups(now):
        obstacle, behind = await _outlook(session, activity, visitor, now)
    words = render(
        "activity.html",
        **await album_of(session, activity, visitor, now),
        activity=activity,
        preview=preview,
        on_map=map_places.load(activity.map_place),
        sittings=sittings.of(activity),
        dates=await series_rows.list_ahead(session, activity, now),
        audience=Audience.model_validate(activity.audience) if activity.audience else None,
        body=rich_text.to_html(rich_text.load(activity.blocks)),
        left=None if activity.capacity is None else free.left(free.pool_of(membership)),
        quotas=quotas.list_left(activity, free),
        whose=quotas.whose(free, membership) if visitor is not None else "",
        lot=lots.fingerprint(activity),
        lot_open=lots.is_open(activity),
        now=now,
        address=f"{shared.public_url}/activities/{activity.public_id}",
        own=own,
        lives=await lives.of_activity(session, activity.id),
        tours=await panoramas.of_activity(session, activity.id),
        visitor=visitor,
        obstacle=obstacle,
        behind=behind,
        notice=safety_notices.version(activity),
        conditions=eligibility.conditions(activity),
        may_sign_up=takes and own is None and not obstacle,
        asks=asks(activity),
        colleagues=takes and activity.colleagues,
        team=None if own is None else await team_rosters.of_entry(session, own),
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


async def _shown(session: AsyncSession, request: Request, public_id: str) -> tuple[Activity, str]:
    """The activity; of a draft its preview, with the signature that opens it. Raises: NotFound."""
    mark = request.query_params.get("preview", "")
    if mark:
        draft = await activities.get(session, public_id, drafts=True)
        if activity_previews.is_good(draft, mark):
            return draft, mark
    return await activities.get(session, public_id), ""


async def _outlook(session: AsyncSession, activity: Activity, visitor: Visitor, now: Now) -> tuple[str, str]:
    in_team = bool(activity.team_most)
    return await sign_ups.outlook(session, activity, visitor.applicant, now, in_team=in_team)


async def _live(session: AsyncSession, activity: Activity, visitor: Visitor) -> SignUp | None:
    entry = await sign_ups.find_own(session, activity.id, visitor.person_id)
    return entry if entry is not None and entry.state in LIVE else None
