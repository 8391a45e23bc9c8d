"""The routes that all rooms of cases have alike, as far as what lies in them asks for it."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from app.console import (
    case_aids,
    case_bulk,
    case_knowledge,
    case_listing,
    case_looking,
    case_macros,
    case_owning,
    case_printing,
    case_rating,
    case_transferring,
)
from app.console.case_pages import CaseRoom
from app.console.case_room import AnyRoom
from app.console.entrance import ActingDesk, AtDesk, needs
from app.console.office import OfficeInUse
from app.console.shell import InShell
from app.dependencies import Now
from app.services import evidence
from app.services.case_moves import TRANSFERS
from app.services.permissions import Right
from models import CaseState


def router_for(prefix: str, room: CaseRoom) -> APIRouter:
    router = APIRouter(prefix=prefix, dependencies=[needs(room.reads)])
    may_answer = [needs(room.answers)]

    @router.get("")
    async def everything(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
        return await case_listing.everything(room, request, desk, shell, now)

    @router.get("/{number}")
    async def one(number: str, desk: AtDesk, shell: InShell, now: Now, canned: str = "") -> Response:
        if canned:
            return await case_aids.filled(room, number, desk, shell, now, put=canned)
        return await room.one(number, desk, shell, now)

    @router.post("/{number}/answer", dependencies=may_answer)
    async def answer(
        number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
    ) -> Response:
        return await room.answer(number, request, desk, shell, office)

    @router.post("/{number}/close", dependencies=may_answer)
    async def close(number: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
        return await room.close(number, request, desk, shell)

    if CaseState.REFERRED in room.states:

        @router.post("/{number}/refer", dependencies=may_answer)
        async def refer(
            number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
        ) -> Response:
            return await room.refer(number, request, desk, shell, office)

    add_names(router, room)
    _add_files(router, room)
    _add_owning(router, room)
    _add_aids(router, room)
    if set(room.room.kinds) & set(TRANSFERS):
        case_transferring.add_to(router, room)
    case_rating.add_to(router, room)
    case_bulk.add_to(router, room)
    case_printing.add_to(router, room)
    case_knowledge.add_to(router, room)
    return router


def _add_files(router: APIRouter, room: CaseRoom) -> None:
    if set(room.room.kinds) & set(evidence.KINDS):
        add_originals(router, room)

    if not room.files_by_act:

        @router.get("/{number}/files/{position}")
        async def look(number: str, position: int, desk: AtDesk) -> Response:
            return await case_looking.look(room, number, position, desk)

        return

    @router.post("/{number}/files/{position}")
    async def open_file(number: str, position: int, desk: ActingDesk) -> Response:
        return await case_looking.open_file(room, number, position, desk)


def add_originals(router: APIRouter, room: AnyRoom) -> None:
    @router.post("/{number}/files/{position}/original", dependencies=[needs(room.answers)])
    async def open_original(
        number: str, position: int, request: Request, desk: ActingDesk, shell: InShell
    ) -> Response:
        return await case_looking.open_original(room, number, position, request, desk, shell)


def _add_owning(router: APIRouter, room: CaseRoom) -> None:
    may_answer = [needs(room.answers)]

    @router.post("/{number}/take", dependencies=may_answer)
    async def take(number: str, desk: ActingDesk, shell: InShell) -> Response:
        return await case_owning.take(room, number, desk, shell)

    @router.post("/{number}/return", dependencies=may_answer)
    async def give_back(number: str, desk: ActingDesk, shell: InShell) -> Response:
        return await case_owning.give_back(room, number, desk, shell)

    @router.get("/{number}/hand", dependencies=may_answer)
    async def choosing(number: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
        return await case_owning.choosing(room, number, desk, shell)

    @router.post("/{number}/hand", dependencies=may_answer)
    async def hand(number: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
        return await case_owning.hand(room, number, request, desk, shell)


def _add_aids(router: APIRouter, room: CaseRoom) -> None:
    may_answer = [needs(room.answers)]
    add_writing(router, room)
    add_following(router, room)
    add_notes(router, room)

    @router.post("/{number}/macro/{public_id}", dependencies=may_answer)
    async def macro(
        number: str, public_id: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
    ) -> Response:
        return await case_macros.run(room, number, public_id, request, desk, shell, office)

    @router.post("/{number}/typing", dependencies=may_answer)
    async def types(number: str, desk: ActingDesk, office: OfficeInUse) -> Response:
        return await case_aids.types(room, number, desk, office)

    @router.post("/{number}/link", dependencies=may_answer)
    async def link(number: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
        return await case_aids.link(room, number, request, desk, shell)

    @router.post("/{number}/unlink", dependencies=may_answer)
    async def unlink(number: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
        return await case_aids.link(room, number, request, desk, shell, undo=True)


def add_writing(router: APIRouter, room: AnyRoom) -> None:
    """Words put into what is being written, and what is written kept."""
    may_answer = [needs(room.answers)]

    @router.post("/{number}/fill", dependencies=may_answer)
    async def fill(number: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
        return await case_aids.fill(room, number, request, desk, shell)

    @router.post("/{number}/draft", dependencies=may_answer)
    async def draft(number: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
        return await case_aids.draft(room, number, request, desk, shell)


def add_notes(router: APIRouter, room: AnyRoom) -> None:
    @router.post("/{number}/note", dependencies=[needs(room.answers)])
    async def note(number: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
        return await case_aids.note(room, number, request, desk, shell)


def add_following(router: APIRouter, room: AnyRoom) -> None:
    """Reminders of one's own."""
    may_answer = [needs(room.answers)]

    @router.post("/{number}/remind", dependencies=may_answer)
    async def remind(number: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
        return await case_aids.remind(room, number, request, desk, shell)

    @router.post("/{number}/remind/{reminder}", dependencies=may_answer)
    async def settle(number: str, reminder: str, desk: ActingDesk, shell: InShell) -> Response:
        return await case_aids.settle(room, number, reminder, desk, shell)


def add_names(router: APIRouter, room: AnyRoom) -> None:
    """The telephone number, and who it is: each by an act of its own."""

    @router.post("/{number}/call", dependencies=[needs(room.answers)])
    async def call(number: str, desk: ActingDesk, shell: InShell) -> Response:
        return await room.call(number, desk, shell)

    @router.post("/{number}/reveal", dependencies=[needs(Right.REPORTER_REVEAL)])
    async def reveal(number: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
        return await room.reveal(number, request, desk, shell)
