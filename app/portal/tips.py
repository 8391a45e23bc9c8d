"""Power-safety tips on the portal: by topic, and one tip with its danger first."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.dependencies import InUse
from app.errors import NotFound
from app.knowledge.tips import CALLS
from app.portal.templating import render

router = APIRouter(prefix="/tips", include_in_schema=False)


@router.get("")
async def by_topic(shared: InUse) -> HTMLResponse:
    topics = [(topic, shared.tips.list_of(topic)) for topic in shared.tips.list_topics()]
    return HTMLResponse(render("tips.html", topics=topics))


@router.get("/{slug}")
async def one(slug: str, shared: InUse) -> HTMLResponse:
    tip = shared.tips.find(slug)
    if tip is None:
        raise NotFound("没有找到这一条，可能已经调整。")
    steps = [line.partition(". ")[2] or line for line in tip.body.splitlines() if line.strip()]
    address = f"{shared.public_url}/tips/{tip.id}"
    return HTMLResponse(render("tip.html", tip=tip, steps=steps, calls=CALLS, address=address))
