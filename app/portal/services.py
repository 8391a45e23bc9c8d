"""The service hall: everything that can be done, one tap away."""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.portal.icons import icon
from app.portal.templating import render

router = APIRouter(prefix="/services", include_in_schema=False)

HALL: Final = (  # the most used first
    ("/tips", "用电安全", icon("bolt")),
    ("/laws", "劳动权益", icon("scales")),
    ("/activities", "近期活动", icon("calendar")),
    ("/news", "工会动态", icon("paper")),
    ("tel:95598", "报修电话", icon("phone")),
    ("/me/sign-ups", "我的报名", icon("ticket")),
    ("/me/cases", "我的留言", icon("talk")),
)


@router.get("")
async def hall() -> HTMLResponse:
    return HTMLResponse(render("services.html", hall=HALL))
