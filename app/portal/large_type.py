"""大字: asking for larger type, and for the usual one again. Nothing of it is about anybody."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.portal.signing_in import local
from app.portal.visitor import DoorInUse
from app.web.display import COOKIE, LARGE

router = APIRouter(prefix="/type", include_in_schema=False)

KEPT_FOR: Final = 365 * 24 * 3600  # seconds


@router.get("/{size}")
async def choose(
    request: Request,
    door: DoorInUse,
    size: Literal["large", "usual"],
    wanted: Annotated[str, Query(alias="next")] = "/",
) -> Response:
    answer = RedirectResponse("/" if wanted == "/" else local(wanted), 303)
    if request.method == "GET" and size == LARGE:
        answer.set_cookie(
            COOKIE, LARGE, KEPT_FOR, path="/", secure=door.is_secure, httponly=True, samesite="lax"
        )
    elif request.method == "GET":
        answer.delete_cookie(COOKIE, path="/", secure=door.is_secure, httponly=True, samesite="lax")
    return answer
