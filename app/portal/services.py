"""The service hall: everything that can be done, one tap away."""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.portal.icons import icon
from app.portal.templating import render
from app.services import hall

router = APIRouter(prefix="/services", include_in_schema=False)

HALL: Final = tuple((door.to, door.name, icon(door.icon)) for door in hall.HALL)


@router.get("")
async def page() -> HTMLResponse:
    return HTMLResponse(render("services.html", hall=HALL))
