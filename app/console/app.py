"""The console as one application, to be mounted at `/console`."""

from fastapi import FastAPI, Request

from app.console import entrance, pages
from app.console.bounds import Bounds
from app.console.templating import render
from app.web import refusals
from app.web.routes import answer_heads, take


def make() -> FastAPI:
    web = FastAPI(title="工会工作台", openapi_url=None, docs_url=None, redoc_url=None)
    web.router.redirect_slashes = False
    web.state.sections = tuple(room.SECTION for room in pages.ROOMS)
    routers = [module.router for module in (*pages.OPEN, *pages.FOR_ALL, *pages.PARTS, *pages.ROOMS)]
    answer_heads(routers)
    take(web, routers)
    web.add_middleware(Bounds)
    refusals.install(web, _page)
    entrance.install(web)
    return web


def _page(request: Request, heading: str, words: str, mark: str | None) -> str:
    return render(
        "notice.html", heading=heading, words=words, mark=mark, to=entrance.CONSOLE, label="回工作台"
    )
