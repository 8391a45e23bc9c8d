"""法律咨询: the lawyers' room. Nobody else reads here; looking at a file is an act that is kept."""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from app.console.case_pages import CaseRoom
from app.console.entrance import ActingDesk, AtDesk, needs
from app.console.navigation import Section
from app.console.office import OfficeInUse
from app.console.shell import InShell
from app.dependencies import Now
from app.services import case_lists
from app.services.case_moves import MOVES
from app.services.legal_topics import LegalTopic
from app.services.permissions import Right
from models import CaseKind

PAGE: Final = "/console/consultations"

router = APIRouter(prefix="/consultations", dependencies=[needs(Right.LEGAL_READ)])
_ANSWER = needs(Right.LEGAL_ANSWER)

ROOM: Final = CaseRoom(
    page=PAGE,
    label="法律咨询",
    waits="等答复的法律咨询",
    room=case_lists.LEGAL,
    reads=Right.LEGAL_READ,
    answers=Right.LEGAL_ANSWER,
    topics={topic.value: topic.label for topic in LegalTopic},
    states=tuple(MOVES[CaseKind.CONSULTATION]),
    files_by_act=True,
)
SECTION: Final = Section(
    "consultations",
    "事务",
    ROOM.label,
    PAGE,
    "scales",
    Right.LEGAL_READ,
    waiting=ROOM.waiting,
    search=ROOM.search,
)


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    return await ROOM.everything(request, desk, shell, now)


@router.get("/{number}")
async def one(number: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    return await ROOM.one(number, desk, shell, now)


@router.post("/{number}/files/{position}")
async def open_file(number: str, position: int, desk: ActingDesk) -> Response:
    return await ROOM.open(number, position, desk)


@router.post("/{number}/answer", dependencies=[_ANSWER])
async def answer(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    return await ROOM.answer(number, request, desk, shell, office)


@router.post("/{number}/refer", dependencies=[_ANSWER])
async def refer(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    return await ROOM.refer(number, request, desk, shell, office)


@router.post("/{number}/close", dependencies=[_ANSWER])
async def close(number: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
    return await ROOM.close(number, request, desk, shell)


@router.post("/{number}/call", dependencies=[_ANSWER])
async def call(number: str, desk: ActingDesk, shell: InShell) -> Response:
    return await ROOM.call(number, desk, shell)


@router.post("/{number}/reveal", dependencies=[needs(Right.REPORTER_REVEAL)])
async def reveal(number: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
    return await ROOM.reveal(number, request, desk, shell)
