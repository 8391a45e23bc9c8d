"""What becomes of a bad score: somebody has called back and says how it went; alike in all rooms of cases."""

from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import forms
from app.console.case_pages import CaseRoom
from app.console.entrance import ActingDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.services import case_ratings
from models import Case


def add_to(router: APIRouter, room: CaseRoom) -> None:
    @router.post("/{number}/called-back", dependencies=[needs(room.answers)])
    async def called_back(number: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
        return await _called_back(room, number, request, desk, shell)


async def _called_back(room: CaseRoom, number: str, request: Request, desk: Desk, shell: Shell) -> Response:
    what = forms.words(await forms.read(request), "what")

    async def noted(session: AsyncSession, case: Case, now: datetime) -> str:
        await case_ratings.call_back(session, case, what, desk.by, now)
        return f"{case.number} 的回访记下了。"

    return await room.does(number, desk, shell, noted, what=what)
