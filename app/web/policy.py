"""What browsers may do with our pages: scripts and styles of our own, no framing, no guessing of types.

What is about a person is kept by nobody, neither the browser nor a proxy; among the API's addresses an answer
that is about nobody says so itself.

WeChat's JS-SDK is the one script from elsewhere; in development it comes from the sandbox, which may also
show our pages inside its phone.
"""

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web import display

JS_SDK = "https://res.wx.qq.com"
JS_SDK_PATH = "/open/js/jweixin-1.6.0.js"


class Policy:
    """Puts the headers on every answer of `pages`.

    `sandbox` is its address, in development only; at `private` paths and below an answer may be about
    somebody, be it a refusal. `streams`: hosts of the union, whose broadcasts our pages play.
    """

    def __init__(
        self,
        pages: ASGIApp,
        sandbox: str | None = None,
        private: Iterable[str] = (),
        streams: Iterable[str] = (),
    ) -> None:
        self._pages, self._private = pages, tuple(private)
        self._headers = {
            "Content-Security-Policy": "; ".join(
                (
                    "default-src 'self'",
                    f"script-src 'self' {sandbox or JS_SDK}",
                    "img-src 'self' data:",
                    " ".join(("media-src 'self'", *(f"https://{host}" for host in streams))),
                    "object-src 'none'",
                    "base-uri 'none'",
                    "form-action 'self'",
                    "frame-ancestors " + (sandbox or "'none'"),
                )
            ),
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                own = headers.get("Content-Security-Policy")
                headers.update(self._headers)
                if own is not None:  # a page that knows better, as one that shows what leaves for elsewhere
                    headers["Content-Security-Policy"] = own
                if self._is_private(scope["path"]):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if scope["type"] != "http":
            await self._pages(scope, receive, send)
            return
        with display.of(Headers(scope=scope).get("cookie", "")):
            await self._pages(scope, receive, with_headers)

    def _is_private(self, path: str) -> bool:
        return any(path == each or path.startswith(f"{each}/") for each in self._private)
