"""News on the portal: the list by category, one article with what its readers do, and the Atom feed."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app import rich_text
from app.dependencies import InUse, Now, ReadSession, WriteSession
from app.portal import article_comments, article_page
from app.portal.templating import render
from app.portal.visitor import ActingPerson, MaybePerson
from app.services import article_marks, articles, interests
from models import ArticleCategory

router = APIRouter(prefix="/news", include_in_schema=False)

PAGE = 20
FEED = 30


@router.get("")
async def newest(
    session: ReadSession,
    now: Now,
    category: ArticleCategory | None = None,
    page: Annotated[int, Query(ge=1, le=500)] = 1,
) -> HTMLResponse:
    skip = (page - 1) * PAGE
    found = await articles.list_published(session, now, PAGE + 1, category=category, skip=skip)
    words = render(
        "news.html",
        articles=found[:PAGE],
        category=category,
        categories=list(ArticleCategory),
        page=page,
        more=len(found) > PAGE,
        now=now,
    )
    return HTMLResponse(words)


@router.get("/feed.atom")
async def feed(session: ReadSession, now: Now, shared: InUse) -> Response:
    """The newest articles for whoever follows by program."""
    found = await articles.list_published(session, now, FEED)
    texts = {each.id: rich_text.to_html(rich_text.load(each.blocks)) for each in found}
    words = render("news.atom", articles=found, texts=texts, address=shared.public_url, now=now)
    return Response(words, media_type="application/atom+xml")


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
        if visitor is not None:
            shared.interests.note(visitor.person_id, interests.of_news(article.category), now)
            shared.interests.read(visitor.person_id, article.id, now)
    if article.address:  # published before us: it is read where it is
        return RedirectResponse(article.address, 302)
    said = article_comments.RECEIVED if commented and visitor is not None else ""
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
