"""Bringing a claim that goes round with a picture of it: one a call, as `wx.uploadFile` sends it.

No key of a call: a form sent again differs in its bytes. The same words from the same person are one report
anyway, to which further pictures are put; the same picture is with it once.
"""

from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.datastructures import UploadFile

from app import sent_pictures
from app.api import problems, uploads
from app.api.clarifications import ReportedOut, reported
from app.api.description import documented
from app.api.gate import Caller
from app.api.problems import ApiRefusal
from app.dependencies import InUse, Now
from app.errors import DomainError
from app.files import KIB, MIB
from app.sent_pictures import LARGEST
from app.services import clarifications, crisis
from app.services.board_wording import PICTURES
from app.services.clarifications import LEAST, MOST
from models import HeardFrom

MOST_BYTES: Final = LARGEST + 64 * KIB  # of a form, with what stands around the picture
TOO_LARGE: Final = f"截图最大 {LARGEST // MIB} MB，请先压缩。"
FORM: Final = uploads.described(
    picture=uploads.picture("一张截图；客户端里写 wx.chooseMedia 给的路径"),
    words={"type": "string", "minLength": LEAST, "maxLength": MOST, "description": "听到的说法"},
    heard={
        "type": "string",
        "enum": [each.value for each in HeardFrom],
        "description": "从哪里听到的，和 reportRumour 一样",
    },
)

router = APIRouter(
    prefix="/clarifications", tags=["辟谣"], route_class=uploads.bounded(MOST_BYTES, TOO_LARGE)
)


@router.post(
    "/pictures",
    status_code=201,
    response_model=ReportedOut,
    responses=documented(400, 401, 409, 411, 413, 415, 422),
    operation_id="reportRumourWithPicture",
    openapi_extra=FORM,
    description=f"举报谣言，附一张截图，只有核实的人看得到。还有截图，同样的话再发一次，最多 {PICTURES} 张。",
)
async def report(request: Request, caller: Caller, shared: InUse, now: Now) -> ReportedOut | Response:
    person_id, form = caller.known.person_id, await uploads.read(request, "截图")
    words, heard = (str(form.get(name) or "").replace("\0", "") for name in ("words", "heard"))
    picture = form.get("picture")
    if not isinstance(picture, UploadFile):
        raise ApiRefusal(422, "invalid", "内容不对", "请先选截图；没有截图用 reportRumour。")
    async with shared.database.transaction() as session:
        danger = await crisis.heed(session, person_id, words[: MOST * 2], "api", now)
    try:
        told = clarifications.checked(words, heard)
        drawn = await sent_pictures.taken(shared, [await picture.read(LARGEST + 1)])
    except DomainError as refusal:
        return problems.refused(refusal, danger)
    try:
        async with (
            sent_pictures.kept(shared, drawn, now) as files,
            shared.database.transaction() as session,
        ):
            row = await clarifications.report(session, person_id, told, files, channel="api", now=now)
    except DomainError as refusal:
        return problems.refused(refusal, danger)
    return reported(row, danger, shared.public_url)
