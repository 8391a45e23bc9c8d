"""robots.txt and sitemap.xml: what search engines may read, and where all of it is.

Only what anybody may read without signing in, and no words of single persons: posts on the board and comments
are found from their pages, not listed here.
"""

from datetime import date
from typing import Final

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from app.clock import civil_date
from app.dependencies import InUse, Now, ReadSession
from app.knowledge import LawAnswer, Tip
from app.portal.templating import render
from app.services import activities, articles, hall
from app.services.columns import COLUMNS

router = APIRouter(include_in_schema=False)

# Of one's own, of signing in, and what only repeats other pages. `/t/` and `/c/` belong to one person each.
CLOSED: Final = (
    *("/me", "/console", "/api/", "/wechat/", "/search", "/share/", "/type/", "/sign-out"),
    *("/signing-in", "/signed-in", "/exports/", "/receipts/", "/check-in/", "/teams/", "/t/", "/c/"),
    *("/board/new", "/board/mine", "/clarifications/report"),
)
MOST: Final = 20_000  # articles; a site map holds 50,000 addresses
AHEAD: Final = 500
PAGES: Final = (
    "/",
    "/services",
    "/news",
    "/digest",
    "/tips",
    "/laws",
    "/panoramas",
    "/lives",
    "/privacy",
    "/clarifications",
)

Place = tuple[str, date | None]


@router.get("/robots.txt")
async def robots(shared: InUse) -> PlainTextResponse:
    lines = ["User-agent: *", *(f"Disallow: {each}" for each in CLOSED)]
    return PlainTextResponse("\n".join([*lines, "", f"Sitemap: {shared.public_url}/sitemap.xml", ""]))


@router.get("/sitemap.xml")
async def sitemap(session: ReadSession, now: Now, shared: InUse) -> Response:
    library = shared.library
    found: list[Place] = [(each, None) for each in PAGES]
    found += [(each.address, None) for each in COLUMNS]
    found += [(f"/services/{each.id}", None) for each in hall.SERVICES if not each.page]
    found += [
        (f"/news/{public_id}", civil_date(at))
        for public_id, at in await articles.addresses(session, now, MOST)
    ]
    found += [(f"/clarifications/{each.id}", each.updated_on or each.said_on) for each in library.rumours.all]
    ahead = await activities.list_ahead(session, now, AHEAD)
    found += [(f"/activities/{each.public_id}", None) for each in ahead]
    found += [
        (f"/tips/{each.id}", None)
        for topic in library.list_topics(Tip)
        for each in library.list_of(Tip, topic)
    ]
    found += [
        (f"/laws/{each.id}", None)
        for topic in library.list_topics(LawAnswer)
        for each in library.list_of(LawAnswer, topic)
    ]
    return Response(
        render("sitemap.xml", places=found, address=shared.public_url), media_type="application/xml"
    )
