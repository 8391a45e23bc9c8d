"""Forms with a picture, as `wx.uploadFile` sends them: how long one may be, and reading it."""

from collections.abc import Callable
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from app.api.problems import ApiRefusal
from app.api.routes import Handler, Route
from app.web import lengths


def bounded(most: int, words: str) -> type[Route]:
    """Routes whose forms have at most so many bytes, looked at before they are read; `words` say so."""

    class Bounded(Route):
        def get_route_handler(self) -> Callable[[Request], Any]:
            answer: Handler = super().get_route_handler()

            async def looked_at(request: Request) -> Any:
                if (status := lengths.refused(request.headers, most)) is not None:
                    raise ApiRefusal(status, "too_large", "太大", words, {"Connection": "close"})
                return await answer(request)

            return looked_at

    return Bounded


def described(**fields: dict[str, Any]) -> dict[str, Any]:
    """A form in the description of a route, all of whose fields are needed."""
    form = {"type": "object", "required": list(fields), "properties": fields}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}}}


def picture(words: str) -> dict[str, Any]:
    return {"type": "string", "format": "binary", "description": words}


async def read(request: Request, what: str) -> FormData:
    """Raises: ApiRefusal: it is broken."""
    try:
        return await request.form(max_files=1, max_fields=8)
    except HTTPException:
        raise ApiRefusal(400, "invalid", "内容不对", f"{what}没有传完整，请再发一次。") from None
