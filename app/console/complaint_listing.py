"""Complaints in a list, the union's or a department's: whole as somebody opens it, or what is new of it."""

from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import listing
from app.console.complaint_pages import Room
from app.console.entrance import Desk, is_by_itself
from app.console.listing import View
from app.console.shell import Shell
from app.services import case_threads, complaint_lists
from app.services.complaint_lists import Asked
from models import Case

TEMPLATE: Final = "complaints.html"


async def everything(
    room: Room, request: Request, desk: Desk, shell: Shell, asked: Asked, view: View
) -> HTMLResponse:
    """What is new is made once for all who see the same, and of the same; nobody else is handed it."""
    if not is_by_itself(request):
        async with desk.reading() as session:
            values = await _listed(session, asked, view)
        return shell.page(TEMPLATE, **values, room=room)

    async def made() -> str:
        async with desk.reading() as session:
            values = await _listed(session, asked, view)
        return shell.renewal(TEMPLATE, **values, room=room)

    own = desk.standing.staff_id if {"owner", "for"} & view.chosen.keys() else None
    return HTMLResponse(await shell.open_pages.made((str(request.url), asked.desk.within, own), made))


async def _listed(session: AsyncSession, asked: Asked, view: View) -> dict[str, Any]:
    newest = await case_threads.newest(session)
    others = await listing.page(session, asked.others(), Case.id, view)
    first = [] if view.before is not None else await complaint_lists.list_worked_on(session, asked)
    count, late = await complaint_lists.count(session, asked, *complaint_lists.OPEN)
    return {
        "page": others,
        "rows": await complaint_lists.rows(session, [*first, *others.rows], asked.now),
        "count": count,
        "late": late,
        "left": max(0, count - complaint_lists.FIRST) if view.before is None else 0,
        "newest": newest,
    }
