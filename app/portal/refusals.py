"""What a browser is shown where there is no page of the portal, or where making it failed."""

from fastapi import FastAPI, Request

from app.portal.templating import render
from app.web import refusals


def install(web: FastAPI) -> None:
    """Answer refusals and bugs of `web`'s routes."""
    refusals.install(web, _page)


def _page(request: Request, heading: str, words: str, mark: str | None) -> str:
    own = request.url.path.startswith("/me/")
    to, label = ("/me", "回我的") if own else ("/", "回首页")
    return render("refusal.html", heading=heading, words=words, mark=mark, to=to, label=label)
