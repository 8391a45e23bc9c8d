"""How much may be sent to the console at once: a form is read whole, to sign in by whoever sends it."""

import re
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.console.templating import render
from app.services.panorama_pictures import LARGEST
from app.services.workbooks import MAX_FILE

MIB: Final = 1024 * 1024
MOST: Final = MAX_FILE + MIB  # a sheet, and the fields beside it
MOST_OF_A_PANORAMA: Final = LARGEST + MIB
_WRITING: Final = re.compile(  # pictures, films, documents
    r".*/(content/(new|article/[0-9a-z]+/edit)|clarifications/[0-9a-z]+/save)"
)
_PANORAMAS: Final = re.compile(r".*/panoramas/[0-9a-z]+/scenes(/[0-9a-z]+/picture)?")
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


class Bounds:
    """Refuses what says that it is longer than may be, or does not say how long it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in _WITH_BODY:
            said = Headers(scope=scope).get("content-length", "")
            has_pictures = _PANORAMAS.fullmatch(scope["path"]) or _WRITING.fullmatch(scope["path"])
            most = MOST_OF_A_PANORAMA if has_pictures else MOST
            if not said.isdecimal() or int(said) > most:
                await _refuse(said, most)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _refuse(said: str, most: int) -> HTMLResponse:
    words = "文件太大，最多 20 MB。请删去图片和多余的工作表，或者分成几个文件。"
    if most > MOST:
        words = (
            f"太大了，一次最多 {LARGEST // MIB} MB。图片请存得小一点（JPG 质量 85 左右就够），或者分几次传。"
        )
    status = 413 if said.isdecimal() else 411
    page = render("notice.html", heading="没有收下", words=words, mark=None, to="/console", label="回工作台")
    # The rest is not read: else somebody could keep us reading for ever.
    return HTMLResponse(page, status, headers={"Connection": "close"})
