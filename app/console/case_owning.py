"""Whose a case is: taking it, handing it to somebody, giving it back; alike in all rooms of cases."""

from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import forms
from app.console.case_pages import CaseRoom
from app.console.entrance import Desk
from app.console.shell import Shell
from app.errors import DomainError
from app.services import case_lists, case_owners, staff
from models import Case


async def take(room: CaseRoom, number: str, desk: Desk, shell: Shell) -> Response:
    async def taken(session: AsyncSession, case: Case, now: datetime) -> str:
        await case_owners.take(session, case, desk.standing, now, channel="console")
        return f"{case.number} 由您接手了。"

    return await room.does(number, desk, shell, taken)


async def give_back(room: CaseRoom, number: str, desk: Desk, shell: Shell) -> Response:
    async def given_back(session: AsyncSession, case: Case, now: datetime) -> str:
        await case_owners.give_back(session, case, desk.standing, now, channel="console")
        return f"{case.number} 已退回待接。"

    return await room.does(number, desk, shell, given_back)


async def choosing(room: CaseRoom, number: str, desk: Desk, shell: Shell) -> HTMLResponse:
    """To whom it may be handed."""
    now = desk.shared.clock.now()
    async with desk.reading() as session:
        return shell.page("case_hand.html", **await _able(room, session, desk, number, now))


async def hand(room: CaseRoom, number: str, request: Request, desk: Desk, shell: Shell) -> Response:
    form = await forms.read(request)
    to, why = forms.words(form, "to"), forms.words(form, "why")[:200]
    now = desk.shared.clock.now()
    try:
        async with desk.acting() as session:
            case = await room.locked(session, desk, number, room.answers)
            other = await staff.get(session, to)
            await case_owners.hand_to(session, case, other, why, desk.standing, now, channel="console")
    except DomainError as error:
        if error.status == 403:
            raise
        async with desk.reading() as session:
            shown = await _able(room, session, desk, number, now)
        return shell.refused("case_hand.html", error, **shown | {"typed": {"to": to, "why": why}})
    return shell.done(f"{room.page}/{case.number}", f"{case.number} 已交给{other.name}。")


async def _able(
    room: CaseRoom, session: AsyncSession, desk: Desk, number: str, now: datetime
) -> dict[str, Any]:
    case = await case_lists.get(session, room.room, desk.scope(room.reads), number)
    desk.demand(room.answers, case.branch_id)
    return {
        "room": room,
        "case": case,
        "owner": await case_owners.name_of(session, case),
        "able": await case_owners.list_able(session, case, now),
        "typed": {},
    }
