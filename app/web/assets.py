"""Style sheets, scripts and pictures at `/static`, and the addresses under which pages name them."""

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from app.web.packing import takes_gzip

FOLDER = Path(__file__).parent.parent.parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"  # kept, but asked after: the answer is mostly 304
PACKED: Final = frozenset({".css", ".js", ".svg"})  # pictures are packed already


class Assets(StaticFiles):
    """Files of `static/`. Under the address of its content a file never changes; under any other it may."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        # Compared, not believed: during a rolling upgrade an old process may be asked for a new version.
        lasting = scope["query_string"].decode("latin-1") == address(path).partition("?")[2]
        headers = Headers(scope=scope)
        if Path(path).suffix in PACKED:
            response.headers["Vary"] = "Accept-Encoding"
            if response.status_code == 200 and takes_gzip(headers) and "range" not in headers:
                response = _packed_answer(path, response, headers)
        response.headers["Cache-Control"] = FOR_EVER if lasting else ASK_FIRST
        return response


def _packed_answer(path: str, plain: Response, asked: Headers) -> Response:
    """The file packed. It is another representation, hence has a mark of its own."""
    body = _packed(path, plain.headers["etag"])
    kept = {name: plain.headers[name] for name in ("content-type", "last-modified", "vary")}
    kept["etag"] = f'{plain.headers["etag"][:-1]}-gzip"'
    if kept["etag"] in asked.get("if-none-match", ""):
        return NotModifiedResponse(Headers(kept))
    return Response(body, headers=kept | {"content-encoding": "gzip"})


@cache
def _packed(path: str, mark: str) -> bytes:
    """Once for each content, as small as it gets."""
    return gzip.compress((FOLDER / path).read_bytes(), 9, mtime=0)


@cache
def address(path: str) -> str:
    """Where a page finds `path` of `static/`; another content is another address."""
    digest = hashlib.sha256((FOLDER / path).read_bytes()).hexdigest()
    return f"/static/{path}?v={digest[:12]}"
