"""照片: the album of an activity. Pictures uploaded, those of participants looked at, and put in order."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from app.console import downloads, forms
from app.console.activities import PAGE, allowed
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.files import MIB, PHOTO_BYTES, photograph
from app.services import album_files, album_photos, album_work, albums
from app.services.album_files import Kept
from app.services.audit import does
from app.services.permissions import Right
from models import Album, AlbumPhoto, AlbumSeen, PhotoState

router = APIRouter(prefix="/activities", dependencies=[needs(Right.ACTIVITIES_READ)])

_EDIT: Final = Right.ACTIVITIES_EDIT
_SIZES: Final = ("large", "small")


@router.get("/{public_id}/photos")
async def album(public_id: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
    return await _page(public_id, desk, shell)


@router.get("/{public_id}/photos/{code}/{size}")
async def picture(public_id: str, code: str, size: str, desk: AtDesk) -> Response:
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, Right.ACTIVITIES_READ)
        photo = await album_photos.get(session, await albums.get(session, activity), code)
    name = getattr(photo, size) if size in _SIZES else ""
    try:
        data = await desk.shared.files.get(name) if name and photo.small else b""
    except FileNotFoundError:
        data = b""
    if not data:
        raise NotFound("这张照片已经删除。")
    return downloads.answer(data, "photo.jpg", "image/jpeg", way="inline")


@router.post("/{public_id}/photos", dependencies=[needs(_EDIT)])
async def settle(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """Who may see it, and whether participants may add to it."""
    form = await forms.read(request)
    try:
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, _EDIT)
            found = await albums.begin(session, activity, now)
            takes = forms.words(form, "takes") == "yes"
            await albums.settle(session, found, forms.words(form, "seen_by"), takes=takes)
            does(session, "album.change", public_id, branch_id=activity.branch_id)
    except DomainError as error:
        return await _again(public_id, desk, shell, error)
    return shell.done(f"{PAGE}/{public_id}/photos", "相册的设置已保存。")


@router.post("/{public_id}/photos/upload", dependencies=[needs(_EDIT)])
async def upload(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """Each file on its own: one that is no picture costs none of the others.

    A script sends them one by one and reads JSON; without it they come together and a page says what became
    of each.
    """
    form = await forms.read(request)
    sent = [each for each in form.getlist("photos") if isinstance(each, UploadFile) and each.filename]
    told: list[tuple[str, str, bool]] = []
    try:
        if not sent:
            raise DomainError("请先选照片。")
        if forms.words(form, "agreed") != "yes":
            raise DomainError(f"请先确认：{albums.AGREED}")
        for file in sent:
            words, good = await _take(public_id, desk, file, now)
            told.append((str(file.filename)[-60:], words, good))
    except DomainError as error:
        if _wants_json(request):
            return JSONResponse({"words": error.message, "good": False}, error.status)
        return await _again(public_id, desk, shell, error)
    if _wants_json(request):
        return JSONResponse({"words": told[0][1], "good": told[0][2]})
    if all(good for _, _, good in told):
        return shell.done(f"{PAGE}/{public_id}/photos", f"{len(told)} 张照片已放进相册。")
    return await _page(public_id, desk, shell, status=422, told=told)


@router.post("/{public_id}/photos/approve", dependencies=[needs(_EDIT)])
async def approve(public_id: str, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """All that wait."""
    async with desk.acting() as session:
        activity = await allowed(session, desk, public_id, _EDIT)
        found = await albums.get(session, activity)
        count = await album_work.approve(session, found, [], desk.by, now)
        if count:
            does(session, "photo.approve", public_id, branch_id=activity.branch_id, count=count)
    said = f"{count} 张照片已公开。" if count else "没有待审的照片。"
    return shell.done(f"{PAGE}/{public_id}/photos", said)


@router.post("/{public_id}/photos/{code}", dependencies=[needs(_EDIT)])
async def decide(
    public_id: str, code: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    """`do` says what, `words` a reason or a caption."""
    form = await forms.read(request)
    act, said, deed = _DEEDS.get(forms.words(form, "do"), _NOTHING)
    words = forms.words(form, "words")
    try:
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, _EDIT)
            found = await albums.get(session, activity)
            photo = await album_photos.get(session, found, code, lock=True)
            if act:
                await deed(session, found, photo, words, desk.by, now)
                branch_id = activity.branch_id
                does(session, act, code, branch_id=branch_id, reason=words[:200], activity=public_id)
    except DomainError as error:
        return await _again(public_id, desk, shell, error)
    return shell.done(f"{PAGE}/{public_id}/photos#p-{code}", said)


# --- what may be done with one -----------------------------------------------------------------------------

Deed = Callable[[AsyncSession, Album, AlbumPhoto, str, str, datetime], Awaitable[Any]]


async def _nothing(*_: Any) -> None:
    return


_NOTHING: Final[tuple[str, str, Deed]] = ("", "", _nothing)
_DEEDS: Final[Mapping[str, tuple[str, str, Deed]]] = {  # the act, what is said, and how
    "approve": (
        "photo.approve",
        "照片已公开。",
        lambda s, album, photo, _, by, now: album_work.approve(s, album, [photo.public_id], by, now),
    ),
    "refuse": (
        "photo.refuse",
        "记为未通过，会告诉给照片的人。",
        lambda s, _, photo, words, by, now: album_work.refuse(s, photo, words, by, now),
    ),
    "remove": (
        "photo.remove",
        "照片已撤下，30 天后删除。",
        lambda s, _, photo, words, by, now: album_work.remove(s, photo, words, by, now),
    ),
    "restore": (
        "photo.restore",
        "照片恢复公开了。",
        lambda s, _, photo, words, by, now: album_work.restore(s, photo, words, by, now),
    ),
    "describe": (
        "photo.change",
        "说明已保存。",
        lambda s, _, photo, words, by, now: album_work.describe(s, photo, words),
    ),
    "cover": (
        "photo.change",
        "已设为相册封面。",
        lambda s, album, photo, *_: album_work.put_first(s, album, photo),
    ),
    "earlier": ("photo.change", "", lambda s, album, photo, *_: album_work.shift(s, album, photo, -1)),
    "later": ("photo.change", "", lambda s, album, photo, *_: album_work.shift(s, album, photo, 1)),
}


# --- parts -------------------------------------------------------------------------------------------------


async def _take(public_id: str, desk: Desk, file: UploadFile, now: datetime) -> tuple[str, bool]:
    """One picture; what to say of it, and whether it is in the album. Raises: NotFound: the activity."""

    async def row(kept: Kept) -> bool:
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, _EDIT)
            found = await albums.begin(session, activity, now)
            photo, is_new = await album_photos.add(session, found, kept, by=desk.by, now=now)
            if is_new:
                branch_id = activity.branch_id
                does(session, "photo.add", photo.public_id, branch_id=branch_id, activity=public_id)
        return is_new

    try:
        drawn = await asyncio.to_thread(photograph, await file.read(PHOTO_BYTES + 1))
        is_new = await album_files.keep(desk.shared.files, drawn, now, row)
    except NotFound:
        raise
    except DomainError as refused:
        return refused.message, False
    return "已放进相册。" if is_new else "相册里已经有这一张。", True


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


async def _again(public_id: str, desk: Desk, shell: Shell, error: DomainError) -> HTMLResponse:
    if isinstance(error, NotFound):
        raise error
    return await _page(public_id, desk, shell, status=422, error=error.message)


async def _page(public_id: str, desk: Desk, shell: Shell, **values: Any) -> HTMLResponse:
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, Right.ACTIVITIES_READ)
        found = await albums.find(session, activity)
        photos = await album_photos.list_all(session, found) if found is not None else []
    of = {state: [each for each in photos if each.state is state] for state in PhotoState}
    return shell.page(
        "activity_photos.html",
        activity=activity,
        album=found,
        waiting=of[PhotoState.PENDING],
        objected=of[PhotoState.OBJECTED],
        shown=of[PhotoState.SHOWN],
        gone=[*of[PhotoState.REFUSED], *of[PhotoState.REMOVED]],
        coming=len(of[PhotoState.COMING]),
        seen=list(AlbumSeen),
        agreed=albums.AGREED,
        largest=PHOTO_BYTES // MIB,
        at_once=forms.FILES,
        caption=album_work.CAPTION,
        may_begin=activity.state not in albums.HIDDEN,
        may_change=desk.may(_EDIT, activity.branch_id),
        **values,
    )
