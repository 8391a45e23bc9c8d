"""The page of one article, as its reader sees it: for routes that show it, and those that come back to it."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.clock import civil_date
from app.dependencies import Shared
from app.portal.templating import render
from app.portal.visitor import Visitor, page_for
from app.services import article_comments, article_marks, articles
from models import Article, BoardName, ReportReason
from models.types import public_id

FIRST = 5  # comments below the article


@lru_cache(maxsize=256)
def _body(blocks: str) -> str:
    """The same words are made into the same page again and again."""
    return rich_text.to_html(rich_text.load(json.loads(blocks)))


async def page_of(
    visitor: Visitor | None,
    session: AsyncSession,
    shared: Shared,
    article: Article,
    now: datetime,
    *,
    said: str = "",
    danger: str = "",
    given: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """`given` is what was typed, `wrong` what about it: then the answer is 422."""
    words = await _words(
        visitor, session, shared, article, now, said=said, danger=danger, given=given, wrong=wrong
    )
    answer = page_for(visitor, words)
    answer.status_code = 422 if wrong else 200
    return answer


async def for_anybody(session: AsyncSession, shared: Shared, article: Article, now: datetime) -> HTMLResponse:
    """For who is not signed in: as it was shown to another of them seconds ago."""
    key = article.id, article.version, article.published_at
    words = shared.article_pages.find(key)
    if words is None:
        words = await _words(None, session, shared, article, now)
        shared.article_pages.keep(key, words)
    return page_for(None, words)


async def _words(
    visitor: Visitor | None,
    session: AsyncSession,
    shared: Shared,
    article: Article,
    now: datetime,
    *,
    said: str = "",
    danger: str = "",
    given: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] | None = None,
) -> str:
    member = visitor is not None and visitor.facts.membership is not None
    start = {"once": public_id(), "naming": (BoardName.SURNAME if member else BoardName.NICKNAME).value}
    shown = await article_comments.list_shown(session, article, limit=FIRST)
    return render(
        "article.html",
        article=article,
        body=_body(json.dumps(article.blocks)),
        marks=await article_marks.of(session, article, visitor.person_id if visitor else None),
        related=await articles.list_related(session, article, now),
        shown=shown,
        total=await article_comments.count_shown(session, article) if shown.more else len(shown.comments),
        names=article_comments.names_for(member=member),
        reasons=list(ReportReason),
        longest=article_comments.TEXT,
        token=visitor.form_token if visitor else "",
        given=given or start,
        wrong=wrong or {},
        said=said,
        danger=danger,
        address=f"{shared.public_url}/news/{article.public_id}",
        day=civil_date(article.published_at or now),
    )
