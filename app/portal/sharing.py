"""Sharing: a page of ours signed for WeChat's own functions, so that it may say how its card looks.

What a page says of itself is in its head (`parts.html`); `static/share.js` asks here and hands it to WeChat.
"""

from typing import Annotated

import structlog
from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from app.portal.visitor import DoorInUse
from app.wechat.errors import NotAllowed, WeChatError

router = APIRouter(prefix="/share", include_in_schema=False)
log = structlog.get_logger(__name__)

_LONGEST = 1000  # characters of an address


@router.get("/signature")
async def signature(door: DoorInUse, url: Annotated[str, Query(max_length=_LONGEST)] = "") -> JSONResponse:
    """What `wx.config` of the page at `url` needs; without it the page works and shares as any other."""
    if door.pages is None or not url.startswith(f"{door.public_url}/"):
        return JSONResponse({"detail": "Not Found"}, 404)
    try:
        signed = await door.pages.sign(url)
    except WeChatError as error:
        said = log.error if isinstance(error, NotAllowed) else log.warning
        said("page_not_signed", errcode=error.errcode, path=error.path, rid=error.rid)
        return JSONResponse({"detail": "Not Found"}, 404, headers={"Cache-Control": "no-store"})
    answer = {"config": signed.to_config(), "script": door.js_sdk}
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})
