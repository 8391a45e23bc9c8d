"""A file as an answer, whole or the part that was asked for: films are played from where somebody taps.

Bytes are read piece by piece, so that a long film takes no memory of ours. Not here: who may have it.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

PIECE: Final = 256 * 1024
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
Part = Callable[[int, int], Awaitable[bytes]]  # start, length


async def answer(
    request: Request, size: int, content_type: str, part: Part, headers: Mapping[str, str]
) -> Response:
    """Raises: FileNotFoundError: before anything was answered."""
    told = {**headers, "Accept-Ranges": "bytes"}
    asked = request.headers.get("range", "")
    wanted = _wanted(asked, size)
    if wanted is None:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    start, end = wanted  # `end` is the last byte
    first = await part(start, min(PIECE, end - start + 1))
    if (start, end) != (0, size - 1) or _RANGE.fullmatch(asked):
        told["Content-Range"] = f"bytes {start}-{end}/{size}"
    told["Content-Length"] = str(end - start + 1)
    status = 206 if "Content-Range" in told else 200
    pieces = _pieces(first, start + len(first), end, part)
    return StreamingResponse(pieces, status, headers=told, media_type=content_type)


def _wanted(asked: str, size: int) -> tuple[int, int] | None:
    """First and last byte; all, where none was asked for or in a way we do not know. None: there is none."""
    found = _RANGE.fullmatch(asked)
    if found is None or not any(found.groups()):
        return 0, size - 1
    first, last = found.groups()
    if not first:  # so many from the end
        return (max(0, size - int(last)), size - 1) if int(last) else None
    start, end = int(first), min(int(last) if last else size - 1, size - 1)
    return (start, end) if start <= end else None


async def _pieces(first: bytes, at: int, end: int, part: Part) -> AsyncIterator[bytes]:
    yield first
    while at <= end:
        piece = await part(at, min(PIECE, end - at + 1))
        if not piece:
            return  # cut off on the disk: the browser sees that it is too short
        at += len(piece)
        yield piece
