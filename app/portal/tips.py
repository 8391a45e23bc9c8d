"""Power-safety tips on the portal: by topic, and one tip with its danger first."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.dependencies import InUse, Now
from app.errors import NotFound
from app.knowledge import Tip
from app.knowledge.entries import CALLS
from app.knowledge.markdown import steps
from app.portal.templating import render
from app.portal.visitor import MaybePerson
from app.services import interests

router = APIRouter(prefix="/tips", include_in_schema=False)


@router.get("")
async def by_topic(shared: InUse) -> HTMLResponse:
    library = shared.library
    topics = [(topic, library.list_of(Tip, topic)) for topic in library.list_topics(Tip)]
    return HTMLResponse(render("tips.html", topics=topics))


@router.get("/{slug}")
async def one(request: Request, slug: str, shared: InUse, now: Now, visitor: MaybePerson) -> HTMLResponse:
    tip = shared.library.find(Tip, slug)
    if tip is None:
        raise NotFound("没有找到这一条，可能已经调整。")
    if visitor is not None and request.method == "GET":  # a HEAD shows it to nobody
        shared.interests.note(visitor.person_id, interests.of_tip(tip), now)
    address = f"{shared.public_url}/tips/{tip.id}"
    return HTMLResponse(render("tip.html", tip=tip, steps=steps(tip.body), calls=CALLS, address=address))
