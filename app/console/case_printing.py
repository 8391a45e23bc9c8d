"""Having a case printed as a file of papers: what goes into it is chosen here, a job makes it."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.console import forms
from app.console.case_room import AnyRoom
from app.console.entrance import ActingDesk, needs
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError
from app.services import dossiers


def add_to(router: APIRouter, room: AnyRoom) -> None:
    name = room.page.rpartition("/")[2]
    if name not in dossiers.PLACES:
        return

    @router.post("/{number}/print", dependencies=[needs(room.answers)])
    async def print_case(
        number: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
    ) -> Response:
        form = await forms.read(request)
        why = forms.words(form, "why_print")
        notes, reporter = (forms.words(form, each) == "yes" for each in ("notes", "reporter"))
        try:
            async with desk.acting() as session:
                case = await room.locked(session, desk, number, room.answers)
                await dossiers.start(
                    session, case, name, why, desk.standing, now, notes=notes, reporter=reporter
                )
        except DomainError as error:
            return await room.again(desk, shell, number, error, now, why_print=why)
        return shell.done("/console/jobs", "正在打印，好了会在这里出现。")
