"""Style sheets and scripts at `/static`, and the addresses under which pages name them."""

import hashlib
from functools import cache
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent.parent.parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"  # kept, but asked after: the answer is mostly 304


class Assets(StaticFiles):
    """Files of `static/`. Under the address of its content a file never changes; under any other it may."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        # Compared, not believed: during a rolling upgrade an old process may be asked for a new version.
        lasting = scope["query_string"].decode("latin-1") == address(path).partition("?")[2]
        response.headers["Cache-Control"] = FOR_EVER if lasting else ASK_FIRST
        return response


@cache
def address(path: str) -> str:
    """Where a page finds `path` of `static/`; another content is another address."""
    digest = hashlib.sha256((FOLDER / path).read_bytes()).hexdigest()
    return f"/static/{path}?v={digest[:12]}"
