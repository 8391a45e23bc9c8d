"""What becomes of a bad score: somebody has called back and says how it went; alike in all rooms of cases."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.console import forms
from app.console.case_pages import CaseRoom
from app.console.entrance import ActingDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.errors import DomainError
from app.services import case_ratings


def add_to(router: APIRouter, room: CaseRoom) -> None:
    @router.post("/{number}/called-back", dependencies=[needs(room.answers)])
    async def called_back(number: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
        return await _called_back(room, number, request, desk, shell)


async def _called_back(room: CaseRoom, number: str, request: Request, desk: Desk, shell: Shell) -> Response:
    what = forms.words(await forms.read(request), "what")
    now = desk.shared.clock.now()
    try:
        async with desk.acting() as session:
            case = await room.locked(session, desk, number, room.answers)
            await case_ratings.call_back(session, case, what, desk.by, now)
    except DomainError as error:
        return await room.again(desk, shell, number, error, now, what=what)
    return shell.done(f"{room.page}/{case.number}", f"{case.number} 的回访记下了。")
