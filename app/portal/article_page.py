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
from app.services import article_cards, article_comments, article_marks, article_pictures, articles
from models import Article, BoardName, ReportReason
from models.types import public_id

FIRST = 5  # comments below the article


@lru_cache(maxsize=256)
def _loaded(blocks: str) -> rich_text.Blocks:
    return rich_text.load(json.loads(blocks))


@lru_cache(maxsize=256)
def _body(blocks: str, at: str, cards: tuple[tuple[tuple[str, str], rich_text.Found], ...]) -> str:
    """The same words are made into the same page again and again."""
    return rich_text.to_html(_loaded(blocks), rich_text.Around(at, dict(cards)))


async def body_of(session: AsyncSession, article: Article, now: datetime) -> str:
    """The text as HTML, its cards as they are now."""
    blocks = json.dumps(article.blocks)
    cards = await article_cards.found(session, _loaded(blocks), now)
    return _body(blocks, article_pictures.at(article), tuple(cards.items()))


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
    member = visitor is not None and visitor.facts.membership is not None
    start = {"once": public_id(), "naming": (BoardName.SURNAME if member else BoardName.NICKNAME).value}
    shown = await article_comments.list_shown(session, article, limit=FIRST)
    words = render(
        "article.html",
        article=article,
        body=await body_of(session, article, now),
        picture=article_pictures.shared(article, shared.public_url),
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
    answer = page_for(visitor, words)
    answer.status_code = 422 if wrong else 200
    return answer


async def for_anybody(session: AsyncSession, shared: Shared, article: Article, now: datetime) -> HTMLResponse:
    """For who is not signed in: as it was shown to another of them seconds ago."""
    key = article.id, article.version, article.published_at

    async def made() -> bytes:
        return bytes((await page_of(None, session, shared, article, now)).body)

    return HTMLResponse(await shared.article_pages.get(key, made))
