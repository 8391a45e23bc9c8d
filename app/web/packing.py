"""Pages packed on their way to those of whom nothing is known: an empty-handed browser waits less.

A page of somebody signed in is sent as it is. It holds the session's form token, and whoever sees the lengths
of packed pages and can have words of his own put into them might learn it letter by letter. A page for
nobody in particular holds no secret, whatever is asked of it.
"""

import gzip
from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALLEST: Final = 600  # bytes; less is not worth it
LEVEL: Final = 5  # a page is packed for every visitor, in the time of all
VARY: Final = "Accept-Encoding, Cookie"


def takes_gzip(headers: Headers) -> bool:
    wishes = headers.get("accept-encoding", "").lower().split(",")
    return any(_is_gzip(wish) for wish in wishes)


def _is_gzip(wish: str) -> bool:
    name, _, quality = wish.partition(";")
    refused = quality.replace(" ", "").rstrip("0.") == "q="  # q=0, q=0.00
    return name.strip() in {"gzip", "*"} and not refused


class Packing:
    """Packs what `pages` answer, but not at `private` paths and not to who sends one of `cookies`."""

    def __init__(self, pages: ASGIApp, *, private: Iterable[str], cookies: Iterable[str]) -> None:
        self._pages = pages
        self._private, self._cookies = tuple(private), tuple(cookies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._pages(scope, receive, send)
            return
        headers = Headers(scope=scope)
        may_pack = takes_gzip(headers) and self._is_for_anybody(scope["path"], headers.get("cookie", ""))
        await self._pages(scope, receive, _Packer(send, may_pack=may_pack))

    def _is_for_anybody(self, path: str, cookies: str) -> bool:
        is_private = any(path == each or path.startswith(f"{each}/") for each in self._private)
        return not is_private and not any(f"{name}=" in cookies for name in self._cookies)


class _Packer:
    """One answer: its start is held back until its body is known, and then says how it is packed."""

    def __init__(self, send: Send, *, may_pack: bool) -> None:
        self._send, self._may_pack = send, may_pack
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            MutableHeaders(scope=message).add_vary_header(VARY)
            if self._may_pack:
                self._start = message
                return
        elif self._start is not None:
            start, self._start = self._start, None
            body = message.get("body", b"")
            if not message.get("more_body") and len(body) >= SMALLEST:
                message = {**message, "body": gzip.compress(body, LEVEL, mtime=0)}
                headers = MutableHeaders(scope=start)
                headers["Content-Encoding"] = "gzip"
                headers["Content-Length"] = str(len(message["body"]))
            await self._send(start)
        await self._send(message)


def _is_page(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    kind = headers.get("content-type", "")
    return "content-encoding" not in headers and kind.startswith(("text/html", "application/atom+xml"))
