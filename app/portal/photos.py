"""The album of an activity: looked at by whom the organiser chose, added to by who took part.

Who is on a picture, or gave it, takes it away here. Not here: what staff decide (the console).
"""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from app import sent_pictures
from app.dependencies import InUse, Now, ReadSession, Shared, WriteSession
from app.errors import DomainError, NotFound
from app.files import MIB, PHOTO_BYTES, photograph
from app.portal.templating import render
from app.portal.uploads import bounded
from app.portal.visitor import (
    ActingPerson,
    CurrentPerson,
    MaybePerson,
    SignInNeeded,
    Visitor,
    page_for,
)
from app.services import activities, album_photos, album_visits, albums
from app.services.album_visits import Size
from app.services.albums import NotForYou, Viewer
from models import Activity, Album, AlbumSeen

AT_ONCE: Final = 9  # pictures of one form, where no script sends them one by one
FIRST: Final = 6  # pictures on the page of the activity
MOST: Final = 31 * MIB  # of one form: servers in front of us take 32
TOO_MUCH: Final = f"照片太大，每张最多 {PHOTO_BYTES // MIB} MB，一次一共最多 30 MB。请分几次发。"

router = APIRouter(
    prefix="/activities/{public_id}/photos",
    include_in_schema=False,
    route_class=bounded(MOST, TOO_MUCH),
)


@router.get("")
async def album(public_id: str, session: ReadSession, visitor: MaybePerson, now: Now) -> HTMLResponse:
    activity, found = await _seen(session, public_id, visitor)
    own = [] if visitor is None else await album_photos.list_of_giver(session, found, visitor.person_id)
    words = render(
        "album.html",
        activity=activity,
        album=found,
        photos=await album_photos.list_shown(session, found),
        own=own,
        may_add=not await album_visits.obstacle(session, activity, found, viewer_of(visitor), now),
    )
    return page_for(visitor, words)


@router.get("/add")
async def adding(public_id: str, session: ReadSession, visitor: CurrentPerson, now: Now) -> HTMLResponse:
    activity = await activities.get(session, public_id)
    found = await albums.get(session, activity)
    await albums.check_may_add(session, activity, found, visitor.person_id, now)
    return _form(visitor, activity, found)


@router.post("/add")
async def add(public_id: str, request: Request, visitor: ActingPerson, shared: InUse, now: Now) -> Response:
    """Each picture on its own: one that is none costs none of the others."""
    form = await request.form()
    sent = [each for each in form.getlist("photos") if isinstance(each, UploadFile) and each.filename]
    async with shared.database.reading() as session:
        activity = await activities.get(session, public_id)
        found = await albums.get(session, activity)
        await albums.check_may_add(session, activity, found, visitor.person_id, now)
    wrong = "" if sent else album_visits.NONE_SENT
    wrong = wrong or ("" if form.get("agreed") == "yes" else album_visits.NOT_AGREED)
    wrong = wrong or ("" if len(sent) <= AT_ONCE else f"一次最多 {AT_ONCE} 张，请分几次发。")
    told = [] if wrong else [await _take(shared, public_id, visitor, file, now) for file in sent]
    if "application/json" in request.headers.get("accept", ""):
        words, good = (wrong, False) if wrong else told[0][1:]
        return JSONResponse({"words": words, "good": good})
    if wrong or not all(good for _, _, good in told):
        return _form(visitor, activity, found, wrong=wrong, told=told)
    return RedirectResponse(f"/activities/{public_id}/photos", 303)


@router.get("/{code}")
async def one(public_id: str, code: str, session: ReadSession, visitor: MaybePerson) -> HTMLResponse:
    activity, found = await _seen(session, public_id, visitor)
    photo = await album_visits.look(session, found, code, viewer_of(visitor))
    row = [each.public_id for each in await album_photos.list_shown(session, found)]
    at = row.index(code) if code in row else None
    words = render(
        "photo.html",
        activity=activity,
        photo=photo,
        number=None if at is None else at + 1,
        count=len(row),
        before=row[at - 1] if at else "",
        after=row[at + 1] if at is not None and at + 1 < len(row) else "",
        visitor=visitor,
        is_own=visitor is not None and photo.giver_id == visitor.person_id,
    )
    return page_for(visitor, words)


@router.get("/{code}/{size}")
async def picture(
    public_id: str,
    code: str,
    size: Size,
    session: ReadSession,
    visitor: MaybePerson,
    shared: InUse,
    now: Now,
    given: Annotated[str, Query(alias="open")] = "",
) -> Response:
    """`?open=`: the mini-program was handed the address."""
    there = await album_visits.opened(session, public_id, code, size, given, now) if given else None
    if there is None:
        _, found = await _seen(session, public_id, visitor)
        there = found, await album_visits.look(session, found, code, viewer_of(visitor))
    found, photo = there
    try:
        data = await shared.files.get(photo.large if size == "large" else photo.small) if photo.small else b""
    except (FileNotFoundError, ValueError):
        data = b""
    if not data:
        raise NotFound("没有找到这张照片。")
    # Not for long: somebody may want it taken away.
    kept = "private, max-age=300" if found.seen_by is AlbumSeen.EVERYBODY else "no-store"
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": kept})


@router.post("/{code}/object")
async def object_to(
    visitor: ActingPerson, public_id: str, code: str, session: WriteSession, now: Now
) -> HTMLResponse:
    activity, found = await _seen(session, public_id, visitor)
    photo = await album_visits.look(session, found, code, viewer_of(visitor), lock=True)
    waits = await album_photos.object_to(session, photo, visitor.person_id, now)
    words = album_visits.HIDDEN if waits else album_visits.DECIDED
    heading = "已经隐藏" if waits else "已经看过"
    return _notice(visitor, heading, words, f"/activities/{activity.public_id}/photos")


@router.post("/{code}/take-back")
async def take_back(visitor: ActingPerson, public_id: str, code: str, session: WriteSession) -> HTMLResponse:
    activity = await activities.get(session, public_id)
    photo = await album_photos.get(session, await albums.get(session, activity), code, lock=True)
    await album_photos.take_back(session, photo, visitor.person_id)
    return _notice(visitor, "已删除", "您给的这张照片已经删除。", f"/activities/{public_id}/photos")


async def album_of(
    session: AsyncSession, activity: Activity, visitor: Visitor | None, now: datetime
) -> dict[str, Any]:
    """For the page of an activity: the first pictures of its album, where this visitor may see them."""
    found = await albums.find(session, activity)
    if found is None or not await albums.may_see(session, found, viewer_of(visitor)):
        return {"photos": [], "may_add_photos": False}
    shown = await album_photos.list_shown(session, found, FIRST)
    count = (await albums.shown(session, activity, found)).count if shown else 0
    may_add = not await album_visits.obstacle(session, activity, found, viewer_of(visitor), now)
    return {"photos": shown, "photo_count": count, "may_add_photos": may_add}


# --- parts -------------------------------------------------------------------------------------------------


async def _seen(session: AsyncSession, public_id: str, visitor: Visitor | None) -> tuple[Activity, Album]:
    """Raises: NotFound; NotForYou; SignInNeeded: who that is may tell."""
    try:
        return await album_visits.enter(session, public_id, viewer_of(visitor))
    except NotForYou:
        if visitor is None:
            raise SignInNeeded from None
        raise


def viewer_of(visitor: Visitor | None) -> Viewer:
    return Viewer() if visitor is None else Viewer.of(visitor.person_id, visitor.facts)


async def _take(
    shared: Shared, public_id: str, visitor: Visitor, file: UploadFile, now: datetime
) -> tuple[str, str, bool]:
    """Its name, what to say of it, and whether it was taken."""
    name = str(file.filename)[-60:]

    try:
        data = await file.read(PHOTO_BYTES + 1)
        await sent_pictures.check(shared, data)
        drawn = await asyncio.to_thread(photograph, data)
        is_new = await album_visits.give(
            shared.database.transaction, shared.files, drawn, public_id, visitor.person_id, now
        )
    except NotFound:
        raise
    except DomainError as refused:
        return name, refused.message, False
    return name, album_visits.KEPT if is_new else album_visits.KNOWN, True


def _form(visitor: Visitor, activity: Activity, found: Album, **values: Any) -> HTMLResponse:
    words = render(
        "album_add.html",
        activity=activity,
        album=found,
        agreed=albums.AGREED,
        at_once=AT_ONCE,
        largest=PHOTO_BYTES // MIB,
        token=visitor.form_token,
        **values,
    )
    answer = page_for(visitor, words)
    answer.status_code = 422 if values else 200
    return answer


def _notice(visitor: Visitor, heading: str, words: str, to: str) -> HTMLResponse:
    page = render("notice.html", heading=heading, words=words, to=to, label="回相册")
    return page_for(visitor, page)
