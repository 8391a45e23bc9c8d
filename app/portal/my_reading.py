"""我的收藏 and 看过的 on the portal: articles to be found again by the signed-in person."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, RedirectResponse

from app.dependencies import Now, ReadSession, WriteSession
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson
from app.services import article_marks, interests, reading_history
from app.services.article_marks import PAGE

router = APIRouter(prefix="/me", include_in_schema=False)


@router.get("/favourites")
async def favourites(
    visitor: CurrentPerson, session: ReadSession, now: Now, page: Annotated[int, Query(ge=1, le=100)] = 1
) -> HTMLResponse:
    found = await article_marks.list_kept(session, visitor.person_id, now, PAGE + 1, skip=(page - 1) * PAGE)
    words = render(
        "favourites.html", articles=found[:PAGE], page=page, more=len(found) > PAGE, token=visitor.form_token
    )
    return HTMLResponse(words)


@router.get("/history")
async def history(visitor: CurrentPerson, session: ReadSession, now: Now) -> HTMLResponse:
    words = render(
        "history.html",
        on=await interests.is_on(session, visitor.person_id),
        found=await reading_history.list_own(session, visitor.person_id, now),
        most=reading_history.MOST,
        days=reading_history.KEPT_FOR.days,
        token=visitor.form_token,
        now=now,
    )
    return HTMLResponse(words)


@router.post("/history/clear")
async def clear(visitor: ActingPerson, session: WriteSession, now: Now) -> RedirectResponse:
    await interests.clear_history(session, visitor.person_id, now)
    return RedirectResponse("/me/history", 303)
