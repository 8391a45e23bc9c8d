"""What an article has uploaded, as answers: pictures, films and sound to play, files to be taken away."""

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from app.errors import NotFound
from app.web import ranges
from models import ArticleMedia, MediaSort

_TYPES: Final = {
    "mp4": "video/mp4",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}
_GONE: Final = "没有找到这个文件，可能已经撤下。"


async def picture(get: Callable[[str], Awaitable[bytes]], name: str, kept: str) -> Response:
    """Raises: NotFound."""
    try:
        data = await get(name)
    except FileNotFoundError:
        raise NotFound(_GONE) from None
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": kept})


async def file(
    request: Request, media: ArticleMedia, part: Callable[[str, int, int], Awaitable[bytes]], kept: str
) -> Response:
    """Films and sound are played, everything else is taken away and opened elsewhere. Raises: NotFound."""
    headers = {"Cache-Control": kept}
    if media.sort is MediaSort.DOCUMENT:
        named = quote(f"{media.name.rpartition('.')[0] or media.name}.{media.ending}")
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{named}"
        headers["Content-Security-Policy"] = "default-src 'none'; sandbox"

    async def read(start: int, length: int) -> bytes:
        return await part(media.file, start, length)

    try:
        return await ranges.answer(request, media.size, _TYPES[media.ending], read, headers)
    except FileNotFoundError:
        raise NotFound(_GONE) from None
