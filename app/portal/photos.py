"""The album of an activity: looked at by whom the organiser chose, added to by who took part.

Who is on a picture, or gave it, takes it away here. Not here: what staff decide (the console).
"""

import asyncio
from datetime import datetime
from typing import Any, Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

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
from app.services import activities, album_files, album_photos, albums
from app.services.album_files import Kept
from app.services.albums import Viewer
from models import Activity, Album, AlbumPhoto, AlbumSeen

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
        may_add=visitor is not None and await _may_add(session, activity, found, visitor, now),
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
    wrong = "" if sent else "请先选照片。"
    wrong = wrong or ("" if form.get("agreed") == "yes" else "请先确认照片里的人都同意。")
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
    photo = await _looked_at(session, found, code, visitor)
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
    size: Literal["large", "small"],
    session: ReadSession,
    visitor: MaybePerson,
    shared: InUse,
) -> Response:
    _, found = await _seen(session, public_id, visitor)
    photo = await _looked_at(session, found, code, visitor)
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
    photo = await _looked_at(session, found, code, visitor, lock=True)
    waits = await album_photos.object_to(session, photo, visitor.person_id, now)
    words = (
        "这张照片已经先隐藏，别人看不到了。工作人员看过以后决定，结果会告诉您。"
        if waits
        else "您以前要求撤下过这张照片，工作人员看过，没有撤下。有不同意见，请在公众号里回复「人工」。"
    )
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
    may_add = visitor is not None and await _may_add(session, activity, found, visitor, now)
    return {"photos": shown, "photo_count": count, "may_add_photos": may_add}


# --- parts -------------------------------------------------------------------------------------------------


async def _seen(session: AsyncSession, public_id: str, visitor: Visitor | None) -> tuple[Activity, Album]:
    """Raises: NotFound; NotForYou; SignInNeeded: who that is may tell."""
    activity = await activities.get(session, public_id)
    found = await albums.get(session, activity)
    if visitor is None and found.seen_by is not AlbumSeen.EVERYBODY:
        raise SignInNeeded
    await albums.check_may_see(session, found, viewer_of(visitor))
    return activity, found


def viewer_of(visitor: Visitor | None) -> Viewer:
    return Viewer() if visitor is None else Viewer.of(visitor.person_id, visitor.facts)


async def _looked_at(
    session: AsyncSession, found: Album, code: str, visitor: Visitor | None, *, lock: bool = False
) -> AlbumPhoto:
    photo = await album_photos.get(session, found, code, lock=lock)
    if not album_photos.may_look(photo, None if visitor is None else visitor.person_id):
        raise NotFound("没有找到这张照片，可能已经撤下。")
    return photo


async def _may_add(
    session: AsyncSession, activity: Activity, found: Album, visitor: Visitor, now: datetime
) -> bool:
    try:
        await albums.check_may_add(session, activity, found, visitor.person_id, now)
    except DomainError:
        return False
    return True


async def _take(
    shared: Shared, public_id: str, visitor: Visitor, file: UploadFile, now: datetime
) -> tuple[str, str, bool]:
    """Its name, what to say of it, and whether it was taken."""
    name = str(file.filename)[-60:]

    async def row(picture: Kept) -> bool:
        async with shared.database.transaction() as session:
            activity = await activities.get(session, public_id)
            found = await albums.get(session, activity)
            await albums.check_may_add(session, activity, found, visitor.person_id, now)
            who = visitor.person_id
            return (await album_photos.add(session, found, picture, giver_id=who, now=now))[1]

    try:
        drawn = await asyncio.to_thread(photograph, await file.read(PHOTO_BYTES + 1))
        is_new = await album_files.keep(shared.files, drawn, now, row)
    except NotFound:
        raise
    except DomainError as refused:
        return name, refused.message, False
    return name, "收到了，审核以后大家看得到。" if is_new else "相册里已经有这一张。", True


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
