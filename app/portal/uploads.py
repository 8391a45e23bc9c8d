"""Pictures in forms of the portal: how long such a form may be. What becomes of them says each page."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from fastapi.routing import APIRoute

from app.portal.templating import render


def bounded(most: int, words: str) -> type[APIRoute]:
    """Routes whose forms have at most so many bytes; `words` are said to who sends more.

    A form is read whole before anybody looks who sends it, so its length is looked at first. Its page is at
    the same address.
    """

    class Bounded(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            answer = super().get_route_handler()

            async def looked_at(request: Request) -> Response:
                said = request.headers.get("content-length", "")
                if request.method == "POST" and not (said.isdecimal() and int(said) <= most):
                    back = request.url.path
                    page = render("notice.html", heading="没有收下", words=words, to=back, label="重新选")
                    # The rest is not read: else somebody could keep us reading for ever.
                    return HTMLResponse(page, 413 if said else 411, headers={"Connection": "close"})
                return await answer(request)

            return looked_at

    return Bounded
