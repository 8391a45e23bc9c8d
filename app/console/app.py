"""The console as one application, to be mounted at `/console`."""

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute

from app.console import entrance, pages
from app.console.templating import render
from app.web import refusals


def make() -> FastAPI:
    web = FastAPI(title="工会工作台", openapi_url=None, docs_url=None, redoc_url=None)
    web.router.redirect_slashes = False
    web.state.sections = tuple(room.SECTION for room in pages.ROOMS)
    for module in (*pages.OPEN, *pages.FOR_ALL, *pages.PARTS, *pages.ROOMS):
        _answer_heads(module.router)
        web.include_router(module.router)
    refusals.install(web, _page)
    entrance.install(web)
    return web


def _answer_heads(router: APIRouter) -> None:
    """As on the portal: monitors ask whether a page is there, not what it says."""
    for route in router.routes:
        if isinstance(route, APIRoute) and route.methods is not None and "GET" in route.methods:
            route.methods.add("HEAD")


def _page(request: Request, heading: str, words: str, mark: str | None) -> str:
    return render(
        "notice.html", heading=heading, words=words, mark=mark, to=entrance.CONSOLE, label="回工作台"
    )
