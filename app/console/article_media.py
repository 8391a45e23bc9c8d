"""Files in the text of an article as staff see them, shown or not: in its form, and in its preview."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.console.content import whole
from app.console.entrance import AtDesk, needs
from app.console.forms import number
from app.services import article_media
from app.services.permissions import Right
from app.web import media

router = APIRouter(prefix="/content/article/{key}/media", dependencies=[needs(Right.CONTENT_READ)])

KEPT = "private, max-age=3600"  # by the browser of who writes: each change of the form shows them again


@router.get("/{name}/{cut}/{width}")
async def picture(key: str, name: str, cut: str, width: str, desk: AtDesk) -> Response:
    whole(desk, Right.CONTENT_READ)
    async with desk.reading() as session:
        found = await article_media.cut_of(session, key, name, cut, number(width, 5) or 0)
    return await media.picture(desk.shared.files.get, found.file, KEPT)


@router.get("/{name}")
async def file(request: Request, key: str, name: str, desk: AtDesk) -> Response:
    whole(desk, Right.CONTENT_READ)
    async with desk.reading() as session:
        found = await article_media.file_of(session, key, name)
    return await media.file(request, found, desk.shared.files.part, KEPT)
