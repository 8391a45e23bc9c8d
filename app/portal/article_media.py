"""Pictures, films, sound and files of an article that is shown; of a draft there is nothing here."""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.dependencies import InUse, Now, ReadSession
from app.errors import NotFound
from app.services import article_media, articles
from app.web import media

router = APIRouter(prefix="/news/{public_id}/media", include_in_schema=False)

# What an address shows never changes; that it was taken down is noticed a week later at the latest.
KEPT: Final = "public, max-age=604800, immutable"


@router.get("/{name}/{cut}/{width}")
async def picture(
    public_id: str, name: str, cut: str, width: str, session: ReadSession, now: Now, shared: InUse
) -> Response:
    article = await articles.get_published(session, public_id, now)
    if not width.isdecimal() or len(width) > 5 or not article_media.shows(article, name, cut):
        raise NotFound(article_media.GONE)
    found = await article_media.cut_of(session, public_id, name, cut, int(width))
    return await media.picture(shared.files.get, found.file, KEPT)


@router.get("/{name}")
async def file(
    request: Request, public_id: str, name: str, session: ReadSession, now: Now, shared: InUse
) -> Response:
    article = await articles.get_published(session, public_id, now)
    if not article_media.shows(article, name):
        raise NotFound(article_media.GONE)
    found = await article_media.file_of(session, public_id, name)
    return await media.file(request, found, shared.files.part, KEPT)
