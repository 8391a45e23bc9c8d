"""How much may be sent to the console at once: a form is read whole, to sign in by whoever sends it."""

from typing import Final

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.console.templating import render
from app.services.workbooks import MAX_FILE

MOST: Final = MAX_FILE + 1024 * 1024  # a sheet, and the fields beside it
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


class Bounds:
    """Refuses what says that it is longer than `MOST`, or does not say how long it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in _WITH_BODY:
            said = Headers(scope=scope).get("content-length", "")
            if not said.isdecimal() or int(said) > MOST:
                await _refuse(said)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _refuse(said: str) -> HTMLResponse:
    words = "文件太大，最多 20 MB。请删去图片和多余的工作表，或者分成几个文件。"
    status = 413 if said.isdecimal() else 411
    page = render("notice.html", heading="没有收下", words=words, mark=None, to="/console", label="回工作台")
    # The rest is not read: else somebody could keep us reading for ever.
    return HTMLResponse(page, status, headers={"Connection": "close"})
