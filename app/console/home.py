"""待我处理: what waits for who signed in, gathered from every room; and the search over all of them."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.clock import shanghai
from app.console import forms, navigation
from app.console.entrance import AtDesk
from app.console.navigation import Found, Waiting
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import NotFound

router = APIRouter()

LONGEST: Final = 60  # characters of a search
MOST: Final = 8  # found per room
_GREETINGS: Final = ((5, "夜里好"), (11, "早上好"), (13, "中午好"), (18, "下午好"), (24, "晚上好"))


@router.get("/")
async def home(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    waiting: list[Waiting] = []
    async with desk.reading() as session:
        for section in navigation.open_to(request.app.state.sections, desk.standing):
            if section.waiting is not None:
                waiting += await section.waiting(session, desk.standing, now)
    waiting = [each for each in waiting if each.count]
    waiting.sort(key=lambda each: not each.late)  # within both as the rooms are: danger first
    hour = shanghai(now).hour
    greeting = next(words for until, words in _GREETINGS if hour < until)
    return shell.page("home.html", waiting=waiting, greeting=greeting)


@router.get("/number/{number}")
async def by_number(request: Request, number: str, desk: AtDesk, now: Now) -> RedirectResponse:
    """To the case of that number, in whichever room it lies. Raises: NotFound."""
    async with desk.reading() as session:
        sections = request.app.state.sections
        to = await navigation.find_number(sections, session, desk.standing, number)
    if to is None:
        raise NotFound("没有找到这件事项，或者您不能看。请核对编号。")
    return RedirectResponse(to, 303)


@router.get("/search")
async def search(
    request: Request, desk: AtDesk, shell: InShell, q: Annotated[str, Query()] = ""
) -> HTMLResponse:
    """Everything that has these words or this number, room by room."""
    words = " ".join(forms.plain(q).split())[:LONGEST]
    results: list[tuple[str, list[Found]]] = []
    if words:
        async with desk.reading() as session:
            for section in navigation.open_to(request.app.state.sections, desk.standing):
                if section.search is not None:
                    found = list(await section.search(session, desk.standing, words))[:MOST]
                    if found:
                        results.append((section.label, found))
    return shell.page("search.html", searched=words, results=results)
