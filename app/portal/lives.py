"""Broadcasts on the portal: what is on and what comes, one of them, a reminder, and watching it.

Who watches signed in is counted, once; who does not sign in watches all the same.
"""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.dependencies import InUse, Now, ReadSession, WriteSession
from app.errors import NotFound
from app.portal.templating import render
from app.portal.visitor import ActingPerson, DoorInUse, MaybePerson, page_for
from app.services import live_notices, live_visits, lives
from models import LivePhase

router = APIRouter(prefix="/lives", include_in_schema=False)


@router.get("")
async def listed(session: ReadSession, now: Now) -> HTMLResponse:
    ahead = await lives.list_ahead(session, now, lives.LISTED)
    replays = await lives.list_replays(session, now, lives.LISTED)
    return HTMLResponse(render("lives.html", ahead=ahead, replays=replays, now=now))


@router.get("/{public_id}")
async def one(
    public_id: str,
    session: ReadSession,
    now: Now,
    shared: InUse,
    door: DoorInUse,
    visitor: MaybePerson,
    on: str = "",
) -> HTMLResponse:
    """With `?on=1` who is not signed in sees the player too, and is not counted."""
    live = await lives.get(session, public_id)
    phase = live.phase(now)
    visit = None if visitor is None else await live_visits.find(session, live, visitor.person_id)
    may_watch = lives.may_watch(live, now)
    shows = may_watch and (
        on == "1" if visitor is None else visit is not None and visit.watched_at is not None
    )
    source = lives.source_of(live, now)
    reminder_at = live_notices.reminder_at(live, now)
    words = render(
        "live.html",
        live=live,
        phase=phase,
        visit=visit,
        visitor=visitor,
        activity=await lives.activity_of(session, live),
        shows=shows,
        may_watch=may_watch,
        may_sign_in=door.oauth is not None,
        may_remind=phase is LivePhase.SCHEDULED and reminder_at is not None,
        reminder_at=reminder_at,
        source=source,
        plays_here=lives.is_played_here(source, shared.live_hosts),
        is_stream=lives.is_stream(source),
        chapters=[(seconds, lives.clock_of(seconds), title) for seconds, title in lives.chapters_of(live)],
        address=f"{shared.public_url}/lives/{live.public_id}",
        now=now,
    )
    return page_for(visitor, words)


@router.get("/{public_id}/cover")
async def cover(public_id: str, session: ReadSession, shared: InUse) -> Response:
    live = await lives.get(session, public_id)
    try:
        data = await shared.files.get(live.cover) if live.cover else b""
    except FileNotFoundError:
        data = b""
    if not data:
        raise NotFound("这场直播没有封面。")
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "public, max-age=3600"})


@router.post("/{public_id}/remind")
async def remind(visitor: ActingPerson, public_id: str, session: WriteSession, now: Now) -> RedirectResponse:
    live = await lives.get(session, public_id)
    await live_visits.remind(session, live, visitor.person_id, now)
    return RedirectResponse(f"/lives/{public_id}", 303)


@router.post("/{public_id}/forget")
async def forget(visitor: ActingPerson, public_id: str, session: WriteSession, now: Now) -> RedirectResponse:
    """No reminder after all."""
    live = await lives.get(session, public_id)
    await live_visits.forget_reminder(session, live, visitor.person_id, now)
    return RedirectResponse(f"/lives/{public_id}", 303)


@router.post("/{public_id}/watch")
async def watch(visitor: ActingPerson, public_id: str, session: WriteSession, now: Now) -> RedirectResponse:
    live = await lives.get(session, public_id)
    await live_visits.watch(session, live, visitor.person_id, now)
    return RedirectResponse(f"/lives/{public_id}", 303)
