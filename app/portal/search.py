"""One search over everything; results by kind, and where to turn when there are none."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from markupsafe import Markup, escape

from app.dependencies import InUse, Now, ReadSession
from app.portal.services import is_member
from app.portal.templating import render
from app.portal.visitor import MaybePerson
from app.services import finding, hall

router = APIRouter(prefix="/search", include_in_schema=False)

TRY: Final = ("停电", "插座冒火花", "年假有几天", "工伤", "活动报名", "法律援助")
_NUMBER = re.compile(r"(?<!\d)(?:110|119|120|122|95598|12356|12351|12348)(?!\d)")


@router.get("")
async def results(
    session: ReadSession,
    shared: InUse,
    visitor: MaybePerson,
    now: Now,
    q: Annotated[str, Query()] = "",
) -> HTMLResponse:
    sought = finding.Sought.parse(q)
    found = await finding.find(session, shared.library, sought, now)
    services = hall.search(sought.terms, member=is_member(visitor))
    counted = (found.tips, found.laws, found.signposts, found.articles, found.activities, found.hotlines)
    words = render(
        "search.html",
        sought=sought,
        warning=_callable(found.warning),
        services=services,
        found=found,
        total=len(services) + sum(map(len, counted)),
        attempts=TRY,
        now=now,
    )
    return HTMLResponse(words)


def _callable(warning: str) -> list[Markup]:
    """Its lines, each number a link that calls it."""
    return [
        Markup(_NUMBER.sub(lambda found: f'<a href="tel:{found[0]}">{found[0]}</a>', escape(line)))  # noqa: S704
        for line in warning.splitlines()
    ]
