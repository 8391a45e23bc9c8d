"""News on the portal: lists by column, one article with what its readers do, and the Atom feeds."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.dependencies import InUse, Now, ReadSession, Shared, WriteSession
from app.portal import article_comments, article_page, json_feeds
from app.portal.templating import render
from app.portal.visitor import ActingPerson, MaybePerson
from app.services import article_cards, article_marks, article_pictures, articles, columns, interests
from models import Article, ArticleCategory

router = APIRouter(prefix="/news", include_in_schema=False)

PAGE = 20
FEED = 30


class Order(StrEnum):
    NEWEST = "newest"
    HOT = "hot"


@router.get("")
async def listed(
    session: ReadSession,
    now: Now,
    shared: InUse,
    category: ArticleCategory | None = None,
    order: Order = Order.NEWEST,
    tag: Annotated[str, Query(max_length=12)] = "",
    page: Annotated[int, Query(ge=1, le=500)] = 1,
) -> HTMLResponse:
    find = articles.list_hot if order is Order.HOT else articles.list_published
    found = await find(session, now, PAGE + 1, category=category, tag=tag, skip=(page - 1) * PAGE)
    column = columns.find(category)
    words = render(
        "news.html",
        articles=found[:PAGE],
        pictures=article_pictures.small(found[:PAGE]),
        category=category,
        name_of=columns.name_of,
        columns=columns.COLUMNS,
        further=columns.FURTHER,
        beside=column.beside if column else (),
        order=order.value,
        tag=tag,
        page=page,
        more=len(found) > PAGE,
        address=shared.public_url,
        now=now,
    )
    return HTMLResponse(words)


@router.get("/feed.atom")
async def feed(
    session: ReadSession, now: Now, shared: InUse, category: ArticleCategory | None = None
) -> Response:
    """The newest articles, or those of one column, for whoever follows by program."""
    found = await articles.list_published(session, now, FEED, category=category)
    texts = {each.id: await _text(session, each, now, shared) for each in found}
    name = columns.name_of(category) if category else ""
    words = render(
        "news.atom",
        articles=found,
        texts=texts,
        address=shared.public_url,
        category=category,
        name=name,
        now=now,
    )
    return Response(words, media_type="application/atom+xml")


@router.get("/feed.json")
async def json_feed(
    session: ReadSession, now: Now, shared: InUse, category: ArticleCategory | None = None
) -> Response:
    """The same as a JSON Feed (version 1.1)."""
    found = await articles.list_published(session, now, FEED, category=category)
    query = f"?category={category.value}" if category else ""
    words = json_feeds.written(
        found,
        {each.id: await _text(session, each, now, shared) for each in found if not each.address},
        title="供电工会" + (f"：{columns.name_of(category)}" if category else ""),
        home=f"{shared.public_url}/news{query}",
        own=f"{shared.public_url}/news/feed.json{query}",
        base=shared.public_url,
    )
    return Response(words, media_type="application/feed+json")


async def _text(session: AsyncSession, article: Article, now: datetime, shared: Shared) -> str:
    return await article_cards.read_elsewhere(session, article, now, shared.public_url)


@router.get("/{public_id}")
async def one(
    request: Request,
    public_id: str,
    session: ReadSession,
    now: Now,
    shared: InUse,
    visitor: MaybePerson,
    commented: bool = False,
) -> Response:
    article = await articles.get_published(session, public_id, now)
    if request.method == "GET":  # a HEAD shows it to nobody
        shared.article_reads.hit(article.id)
        shared.article_clicks.note(article.id, request.query_params)
        if visitor is not None:
            shared.interests.note(visitor.person_id, interests.of_news(article.category), now)
            shared.interests.read(visitor.person_id, article.id, now)
    if article.address:  # published before us: it is read where it is
        return RedirectResponse(article.address, 302)
    if visitor is None:
        return await article_page.for_anybody(session, shared, article, now)
    said = article_comments.RECEIVED if commented else ""
    return await article_page.page_of(visitor, session, shared, article, now, said=said)


@router.post("/{public_id}/like")
async def like(
    public_id: str, visitor: ActingPerson, session: WriteSession, now: Now, on: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """With `on` "no" it is taken back; what is so already stays so."""
    await article_marks.like(session, public_id, visitor.person_id, now, on=on != "no")
    return RedirectResponse(f"/news/{public_id}#marks", 303)


@router.post("/{public_id}/favourite")
async def favourite(
    public_id: str, visitor: ActingPerson, session: WriteSession, now: Now, on: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """Likewise; taken out from the list of one's own, one comes back there."""
    await article_marks.keep(session, public_id, visitor.person_id, now, on=on not in ("no", "gone"))
    return RedirectResponse("/me/favourites" if on == "gone" else f"/news/{public_id}#marks", 303)
