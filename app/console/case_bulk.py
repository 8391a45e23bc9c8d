"""Several cases at once: ticked ones are taken, given back or handed on; a whole list goes into a sheet."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.console import forms
from app.console.case_pages import CaseRoom
from app.console.entrance import ActingDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError
from app.services import case_owners, case_sheets, staff, staff_jobs

MOST: Final = 100  # cases at once: what one page shows
HOW: Final = {"take": "接手", "return": "退回待接", "hand": "转出"}
_TOLD: Final = 3  # refusals that are told in full


def add_to(router: APIRouter, room: CaseRoom) -> None:
    @router.post("/bulk", dependencies=[needs(room.answers)])
    async def bulk(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
        return await _bulk(room, request, desk, shell, now)

    @router.post("/export", dependencies=[needs(room.reads)])
    async def export(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
        """As it is narrowed down in the address. The file is made by a job."""
        given = {"room": room.page.rpartition("/")[2], **room.view(request).chosen}
        async with desk.acting() as session:
            title = f"导出{room.label}"
            await staff_jobs.start(session, desk.standing, case_sheets.EXPORT, title, given, now)
        return shell.done("/console/jobs", "正在导出，好了会在这里出现。")


async def _bulk(room: CaseRoom, request: Request, desk: Desk, shell: Shell, now: datetime) -> Response:
    """Each for itself: what cannot be done with one does not keep the others from it."""
    form = await forms.read(request)
    how, to = forms.words(form, "how"), forms.words(form, "to")
    numbers = list(dict.fromkeys(forms.several(form, "number")))[:MOST]
    back = f"{room.page}?{urlencode(dict(request.query_params))}".rstrip("?")
    if how not in HOW:
        return shell.done(back, "请点要办的事。")
    if not numbers:
        return shell.done(back, "还没有勾选。")
    if how == "hand" and not to:
        return shell.done(back, "请选转给谁。")
    done, refused = 0, []
    for number in numbers:
        try:
            await _one(room, number, how, to, desk, now)
        except DomainError as error:
            if error.status == 403:
                raise
            refused.append(error.message)
        else:
            done += 1
    return shell.done(back, _said(HOW[how], done, refused))


async def _one(room: CaseRoom, number: str, how: str, to: str, desk: Desk, now: datetime) -> None:
    """In a transaction, and with an entry of the record, of its own. Raises: DomainError."""
    async with desk.acting() as session:
        case = await room.locked(session, desk, number, room.answers)
        if how == "take":
            await case_owners.take(session, case, desk.standing, now, channel="console")
        elif how == "return":
            await case_owners.give_back(session, case, desk.standing, now, channel="console")
        else:
            other = await staff.get(session, to)
            await case_owners.hand_to(session, case, other, "", desk.standing, now, channel="console")


def _said(what: str, done: int, refused: Sequence[str]) -> str:
    words = f"{what} {done} 件。" if done else ""
    if refused:
        more = "……" if len(refused) > _TOLD else ""
        words += f"{len(refused)} 件没有办成：{''.join(refused[:_TOLD])}{more}"
    return words
