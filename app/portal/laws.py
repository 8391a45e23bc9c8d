"""Labour-law answers on the portal: by topic, and one answer with the law it rests on."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.dependencies import InUse
from app.errors import NotFound
from app.knowledge import LawAnswer
from app.knowledge.entries import CALLS
from app.knowledge.laws import CAUTION
from app.knowledge.markdown import steps
from app.portal.templating import render

router = APIRouter(prefix="/laws", include_in_schema=False)


@router.get("")
async def by_topic(shared: InUse) -> HTMLResponse:
    library = shared.library
    topics = [(topic, library.list_of(LawAnswer, topic)) for topic in library.list_topics(LawAnswer)]
    return HTMLResponse(render("laws.html", topics=topics, caution=CAUTION))


@router.get("/{slug}")
async def one(slug: str, shared: InUse) -> HTMLResponse:
    law = shared.library.find(LawAnswer, slug)
    if law is None:
        raise NotFound("没有找到这一条，可能已经调整。")
    return HTMLResponse(
        render(
            "law.html",
            law=law,
            steps=steps(law.body),
            calls=CALLS,
            caution=CAUTION,
            address=f"{shared.public_url}/laws/{law.id}",
        )
    )
