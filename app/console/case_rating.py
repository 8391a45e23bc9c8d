"""What becomes of a bad score: somebody has called back and says how it went; alike in all rooms of cases."""

from fastapi import Request
from fastapi.responses import Response

from app.console import forms
from app.console.case_pages import CaseRoom
from app.console.entrance import Desk
from app.console.shell import Shell
from app.errors import DomainError
from app.services import case_ratings


async def called_back(room: CaseRoom, number: str, request: Request, desk: Desk, shell: Shell) -> Response:
    what = forms.words(await forms.read(request), "what")
    now = desk.shared.clock.now()
    try:
        async with desk.acting() as session:
            case = await room.locked(session, desk, number, room.answers)
            await case_ratings.call_back(session, case, what, desk.by, now)
    except DomainError as error:
        return await room.again(desk, shell, number, error, now, what=what)
    return shell.done(f"{room.page}/{case.number}", f"{case.number} 的回访记下了。")
