"""Adding a picture to an album from the mini-program: one a call, as `wx.uploadFile` sends it.

No key of a call: a form sent again differs in its bytes, and the same picture is in an album once anyway.
"""

import asyncio
from typing import Final

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.datastructures import UploadFile

from app import sent_pictures
from app.api import uploads
from app.api.description import documented
from app.api.gate import Caller
from app.api.problems import ApiRefusal
from app.api.shapes import PublicId, Strict
from app.dependencies import InUse, Now
from app.files import KIB, MIB, PHOTO_BYTES, photograph
from app.services import activities, album_visits, albums

MOST: Final = PHOTO_BYTES + 64 * KIB  # of a form, with what stands around the picture
TOO_LARGE: Final = f"照片最大 {PHOTO_BYTES // MIB} MB，请先压缩。"
FORM: Final = uploads.described(
    photo=uploads.picture("一张照片；客户端里写 wx.chooseMedia 给的路径"),
    agreed={"const": "yes", "description": "本人看过相册 agreed 里的话，表示同意"},
)

router = APIRouter(tags=["相册"], route_class=uploads.bounded(MOST, TOO_LARGE))


class GivenPhotoOut(Strict):
    is_new: bool = Field(examples=[True], description="false 是相册里已经有这一张，没有再放一次")
    words: str = Field(examples=[album_visits.KEPT], description="可以直接显示")


@router.post(
    "/activities/{activity_id}/album/photos",
    status_code=201,
    response_model=GivenPhotoOut,
    responses=documented(400, 403, 409, 411, 413, 415, 422),
    operation_id="addPhoto",
    openapi_extra=FORM,
)
async def add(
    activity_id: PublicId, request: Request, caller: Caller, shared: InUse, now: Now
) -> GivenPhotoOut:
    """加一张照片：参加的人，活动开始以后，每人最多 50 张；审核以后大家看得到。位置等信息会去掉。"""
    person_id = caller.known.person_id
    async with shared.database.reading() as session:  # before anything large is read
        activity = await activities.get(session, activity_id)
        album = await albums.get(session, activity)
        await albums.check_may_add(session, activity, album, person_id, now)
    form = await uploads.read(request, "照片")
    photo = form.get("photo")
    if not isinstance(photo, UploadFile):
        raise ApiRefusal(422, "invalid", "内容不对", album_visits.NONE_SENT)
    if form.get("agreed") != "yes":
        raise ApiRefusal(422, "invalid", "内容不对", album_visits.NOT_AGREED)
    data = await photo.read(PHOTO_BYTES + 1)
    await sent_pictures.check(shared, data)
    drawn = await asyncio.to_thread(photograph, data)
    is_new = await album_visits.give(
        shared.database.transaction, shared.files, drawn, activity_id, person_id, now
    )
    return GivenPhotoOut(is_new=is_new, words=album_visits.KEPT if is_new else album_visits.KNOWN)
