"""A room's list of cases: whole as somebody opens it, or only what is new of one that stands open."""

from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.console import listing
from app.console.case_pages import CaseRoom
from app.console.entrance import Desk, is_by_itself
from app.console.listing import View
from app.console.shell import Shell
from app.services import case_lists, case_ratings, case_threads, permissions
from app.services.permissions import Right
from models import Case


async def everything(
    room: CaseRoom, request: Request, desk: Desk, shell: Shell, now: datetime
) -> HTMLResponse:
    """What is new is made once for all who look at the same."""
    view = room.view(request)
    if not is_by_itself(request):
        async with desk.reading() as session:
            values = await _listed(session, room, desk, view, now) | await _bulk(session, room, desk, now)
        return shell.page(room.list_template, **values)

    async def made() -> str:
        async with desk.reading() as session:
            values = await _listed(session, room, desk, view, now)
        return shell.renewal(room.list_template, **values)

    own = desk.standing.staff_id if {"owner", "for"} & view.chosen.keys() else None
    sees = (desk.scope(room.reads), own, desk.may(room.answers), desk.may(Right.CALLERS_WRITE))
    return HTMLResponse(await shell.open_pages.made((str(request.url), sees), made))


async def _listed(
    session: AsyncSession, room: CaseRoom, desk: Desk, view: View, now: datetime
) -> dict[str, Any]:
    asked = room.asked(desk, view, now)
    newest = await case_threads.newest(session)
    others = await listing.page(session, asked.others(), Case.id, view)
    first = [] if view.before is not None else await case_lists.list_waiting(session, asked)
    count = await case_lists.count(session, asked)
    return {
        "room": room,
        "newest": newest,
        "page": others,
        "rows": await case_lists.rows(session, [*first, *others.rows], now),
        "count": count,
        "left": max(0, count.waiting - case_lists.FIRST),
        "scores": await case_ratings.averages(session, now - case_ratings.LATELY, room.holds),
        "may_act": desk.may(room.answers),
        "writes_down": room.takes_callers and desk.may(Right.CALLERS_WRITE),
    }


async def _bulk(session: AsyncSession, room: CaseRoom, desk: Desk, now: datetime) -> dict[str, Any]:
    """To whom what was ticked may be handed."""
    if not desk.may(room.answers):
        return {}
    able = await permissions.list_able(session, room.answers)
    today = civil_date(now)
    able.sort(key=lambda each: each.is_away(today))
    return {"able": able, "today": today}
