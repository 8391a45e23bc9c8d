"""One search over everything, and one over articles by column and page; where to turn when nothing fits."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from markupsafe import Markup, escape
from sqlalchemy.ext.asyncio import AsyncSession

from app.dependencies import InUse, Now, ReadSession
from app.portal.services import is_member
from app.portal.templating import render
from app.portal.visitor import MaybePerson
from app.services import article_search, articles, columns, finding, hall
from models import Article, ArticleCategory

router = APIRouter(prefix="/search", include_in_schema=False)

TRY: Final = ("停电", "插座冒火花", "年假有几天", "工伤", "活动报名", "法律援助")
PAGE: Final = 10
OFFERED: Final = 5  # of the most read, and of the newest, where nothing was found
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
    counted = (found.rumours, found.tips, found.laws, found.signposts, found.articles.found, found.activities)
    total = len(services) + sum(map(len, counted)) + len(found.hotlines)
    hot, new = ([], []) if total else await _instead(session, now)
    words = render(
        "search.html",
        sought=sought,
        warning=_callable(found.warning),
        services=services,
        found=found,
        total=total,
        attempts=TRY,
        hot=hot,
        new=new,
        now=now,
    )
    return HTMLResponse(words)


@router.get("/news")
async def news(
    session: ReadSession,
    now: Now,
    q: Annotated[str, Query()] = "",
    category: ArticleCategory | None = None,
    page: Annotated[int, Query(ge=1, le=50)] = 1,
) -> HTMLResponse:
    """Articles only, of one column or all."""
    sought = finding.Sought.parse(q)
    skip = (page - 1) * PAGE
    found = await article_search.search(session, sought.terms, now, limit=PAGE, skip=skip, category=category)
    hot, new = ([], []) if found.found else await _instead(session, now, category)
    words = render(
        "search_news.html",
        sought=sought,
        found=found,
        category=category,
        categories=[each.category for each in columns.COLUMNS if each.category] + list(columns.FURTHER),
        name_of=columns.name_of,
        page=page,
        more=skip + len(found.found) < found.total,
        hot=hot,
        new=new,
    )
    return HTMLResponse(words)


async def _instead(
    session: AsyncSession, now: datetime, category: ArticleCategory | None = None
) -> tuple[Sequence[Article], Sequence[Article]]:
    """What is read most, and the newest that are not among it."""
    hot = await articles.list_hot(session, now, OFFERED, category=category)
    known = {each.id for each in hot}
    newest = await articles.list_published(session, now, 2 * OFFERED, category=category)
    return hot, [each for each in newest if each.id not in known][:OFFERED]


def _callable(warning: str) -> list[Markup]:
    """Its lines, each number a link that calls it."""
    return [
        Markup(_NUMBER.sub(lambda found: f'<a href="tel:{found[0]}">{found[0]}</a>', escape(line)))  # noqa: S704
        for line in warning.splitlines()
    ]
