"""The cover picture of an activity: put, taken away, and shown to who works on it."""

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from app.console import activities as room
from app.console import cover_pictures, downloads, forms
from app.console.activities import PAGE, allowed
from app.console.entrance import ActingDesk, AtDesk, needs
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError
from app.services import activities, activity_reviews, covers, stored_files
from app.services.audit import does
from app.services.permissions import Right

router = APIRouter(prefix="/activities", dependencies=[needs(Right.ACTIVITIES_READ)])


@router.get("/{public_id}/cover")
async def cover(public_id: str, desk: AtDesk) -> Response:
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, Right.ACTIVITIES_READ)
    data = await covers.bytes_of(activity, desk.shared.files.get)
    return downloads.answer(data, "cover.jpg", "image/jpeg", way="inline")


@router.post("/{public_id}/cover", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def put(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """With a file another cover, with `do=remove` none."""
    form = await forms.read(request)
    sent, alt = form.get("file"), forms.words(form, "alt")
    try:
        file = None
        if forms.words(form, "do") != "remove":
            if not isinstance(sent, UploadFile) or not sent.filename:
                raise DomainError("请先选一张图片。")
            data = await asyncio.to_thread(cover_pictures.made, await sent.read())
            file = stored_files.made(data, "image/jpeg", now, kind="image")
            if alt:  # else it is refused below, and nobody needs the bytes
                await desk.shared.files.put(file.public_id, data)
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
            await covers.put(session, activity, file, alt)
            activities.take_back(session, activity, by=desk.by, now=now)
            await activity_reviews.wrote(session, activity, desk.standing)
            does(session, "activity.cover", public_id, branch_id=activity.branch_id, alt=alt)
    except DomainError as error:
        return await room.again(public_id, desk, shell, error, alt=alt)
    return shell.done(f"{PAGE}/{public_id}", "封面已更换。" if file is not None else "封面已去掉。")
