"""A file as an answer: its name in the browser, and whether it is shown or taken away."""

from typing import Literal
from urllib.parse import quote

from fastapi import Response


def answer(
    data: bytes, name: str, content_type: str, *, way: Literal["inline", "attachment"] = "attachment"
) -> Response:
    """Kept by nobody on the way; `name` may be Chinese."""
    named = f"{way}; filename*=UTF-8''{quote(name)}"
    headers = {"Content-Disposition": named, "Cache-Control": "no-store, private"}
    return Response(data, media_type=content_type, headers=headers)
