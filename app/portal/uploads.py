"""Pictures in forms of the portal: how long such a form may be, and looking at what came with it.

What becomes of them says each page.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from fastapi.routing import APIRoute
from starlette.datastructures import UploadFile

from app import sent_pictures
from app.dependencies import Shared
from app.files import MIB, FileRefused
from app.portal.templating import render
from app.sent_pictures import LARGEST, Picture
from app.services.board_wording import PICTURES, Wrong
from app.web import lengths


def bounded(most: int, words: str) -> type[APIRoute]:
    """Routes whose forms have at most so many bytes; `words` are said to who sends more.

    A form is read whole before anybody looks who sends it, so its length is looked at first. Its page is at
    the same address.
    """

    class Bounded(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            answer = super().get_route_handler()

            async def looked_at(request: Request) -> Response:
                status = lengths.refused(request.headers, most) if request.method == "POST" else None
                if status is not None:
                    back = request.url.path
                    page = render("notice.html", heading="没有收下", words=words, to=back, label="重新选")
                    return HTMLResponse(page, status, headers={"Connection": "close"})
                return await answer(request)

            return looked_at

    return Bounded


MOST: Final = PICTURES * LARGEST + MIB  # bytes of a form with as many pictures as a post may have
TOO_MUCH: Final = f"图片太大，每张最多 {LARGEST // MIB} MB。请选小一点的，再发一次。"
Pictured: Final = bounded(MOST, TOO_MUCH)


async def sent_with(request: Request, shared: Shared, *, may: bool = True) -> list[Picture]:
    """What the field `pictures` of a form brought. `may`: not of somebody nobody knows. Raises: Wrong."""
    sent = [
        each
        for each in (await request.form()).getlist("pictures")
        if isinstance(each, UploadFile) and (each.filename or each.size)
    ]
    if sent and not may:
        raise Wrong({"pictures": "登录以后才能附图片，文字不用登录。"})
    if len(sent) > PICTURES:
        raise Wrong({"pictures": f"最多 {PICTURES} 张图片，请少选几张。"})
    try:
        return await sent_pictures.taken(shared, [await each.read(LARGEST + 1) for each in sent])
    except FileRefused as refused:
        raise Wrong({"pictures": refused.message}) from None
