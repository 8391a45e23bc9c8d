"""工会消息: the page where a member agrees to be told of it, and of 每周精选, by subscription notices."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.dependencies import Now, ReadSession, WriteSession
from app.portal.sign_up_forms import words
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson
from app.services import notice_consents, notices

router = APIRouter(prefix="/me/news", include_in_schema=False)


@router.get("")
async def page(visitor: CurrentPerson, session: ReadSession) -> HTMLResponse:
    asked = await notice_consents.to_ask(session, visitor.person_id, notices.OF_NEWS)
    return HTMLResponse(render("my_news.html", asked=asked, token=visitor.form_token))


@router.post("/agreed", status_code=204)
async def agreed(visitor: ActingPerson, request: Request, session: WriteSession, now: Now) -> None:
    """What the page saw WeChat's popup answer; of templates that were asked about here."""
    said = words(await request.form(), "templates", 300).split(",")
    asked = await notice_consents.to_ask(session, visitor.person_id, notices.OF_NEWS)
    known = {each.template_id for each in asked}
    await notice_consents.claimed(session, visitor.person_id, known.intersection(said), now)
