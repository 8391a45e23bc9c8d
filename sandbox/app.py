"""The sandbox as one ASGI application: the platform's API, the control API, and the phone page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from sandbox import api, media, qr_picture, side_pages
from sandbox.articles import jobs, pages
from sandbox.config import Config
from sandbox.control.routes import ROUTES, seed
from sandbox.errors import NotPossible
from sandbox.mass import sending
from sandbox.web import views as web_views
from sandbox.weibo import api as weibo
from sandbox.world import World, open_world

STATIC = Path(__file__).parent / "static"
# Everything the page needs is ours; frames may show the service's own pages.
CONTENT_POLICY = (
    "default-src 'self'; img-src * data: blob:; media-src * data: blob:; frame-src *; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
)


async def page(request: Request) -> Response:
    headers = {"Content-Security-Policy": CONTENT_POLICY, "Cache-Control": "no-cache"}
    return FileResponse(STATIC / "index.html", headers=headers)


async def picture(request: Request) -> Response:
    """A kept file, as the address in a message names it."""
    row = media.find(request.app.state.world, request.path_params["media_id"])
    if row is None:
        return PlainTextResponse("media gone", status_code=404)
    return Response(row["data"], media_type=row["content_type"])


async def show_qrcode(request: Request) -> Response:
    """The picture of a ticket; no token needed, 404 when there is no such ticket."""
    world: World = request.app.state.world
    ticket = request.query_params.get("ticket", "")
    row = world.db.find("select url from qr_ticket where ticket = ?", ticket)
    if row is None:
        return PlainTextResponse("no such ticket", status_code=404)
    return Response(qr_picture.svg(row["url"]), media_type="image/svg+xml")


class Sandbox(Starlette):
    """Known calls go straight to their endpoint: trying every route first would cost more than most calls."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in api.ENDPOINTS:
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        request = Request(scope, receive, send)
        try:
            response = await platform_call(request)
        except NotPossible as error:
            response = await _not_possible(request, error)
        await response(scope, receive, send)


async def platform_call(request: Request) -> Response:
    """Everything else is a call to the platform, known or not."""
    return await api.answer(request.app.state.world, request)


async def avatar(request: Request) -> Response:
    """The face of everybody who signs in."""
    return Response(media.grey_avatar(), media_type="image/png")


async def js_sdk(request: Request) -> Response:
    """WeChat's script, as our pages load it; any page may."""
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}
    return FileResponse(STATIC / "jweixin.js", media_type="text/javascript", headers=headers)


async def icon(request: Request) -> Response:
    return Response(status_code=204)


async def _not_possible(request: Request, error: Exception) -> Response:
    if not isinstance(error, NotPossible):
        raise error
    return JSONResponse({"error": error.message}, status_code=error.status)


def create_app(config: Config, transport: httpx.AsyncBaseTransport | None = None) -> Starlette:
    """Build the sandbox.

    `transport` replaces the network on the way to the service, for tests in one process. The
    running sandbox is `app.state.world`; whoever builds the app without running its lifespan
    closes it with `await app.state.world.close()`.
    """
    world = open_world(config, transport)
    seed(world)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        sending.resume(world)
        jobs.resume(world)
        yield
        await world.close()

    routes = [
        Route("/", page),
        Route("/favicon.ico", icon),
        Mount("/sandbox/static", StaticFiles(directory=STATIC)),
        Route("/sandbox/media/{media_id}", picture),
        Route("/mmbiz/{media_id}", picture),
        Route("/mmopen/{name:path}", avatar),
        Route("/open/js/jweixin-1.6.0.js", js_sdk),
        Route("/cgi-bin/showqrcode", show_qrcode),
        Route("/sandbox/open", web_views.open_page),
        Route("/s", pages.show_draft),
        Route("/s/{key}", pages.show, methods=["GET"]),
        Route("/s/{key}/source", pages.follow_source),
        Route("/s/{key}", pages.act, methods=["POST"]),
        *side_pages.ROUTES,
        Route(weibo.PATH, weibo.share, methods=["GET", "POST"]),
        *ROUTES,
        Route("/{path:path}", platform_call, methods=["GET", "POST", "PUT", "DELETE"]),
    ]
    app = Sandbox(routes=routes, lifespan=lifespan, exception_handlers={NotPossible: _not_possible})
    app.state.world = world
    return app
