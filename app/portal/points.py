"""我的积分 on the portal: what the signed-in person earned by coming, by year."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.dependencies import Now, ReadSession
from app.portal.templating import render
from app.portal.visitor import CurrentPerson
from app.services import points

router = APIRouter(prefix="/me/points", include_in_schema=False)


@router.get("")
async def mine(visitor: CurrentPerson, session: ReadSession, now: Now) -> HTMLResponse:
    earned = await points.of_person(session, visitor.person_id)
    sums = {"this_year": points.this_year(earned, now), "total": points.total(earned)}
    return HTMLResponse(render("points.html", earned=earned, years=points.by_year(earned), **sums, now=now))
