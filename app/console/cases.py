"""留言和人工: what people wrote to us or want to talk about, answered and closed."""

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
from app.services.cases import FeedbackTopic
from app.services.permissions import Right
from models import CaseState

PAGE: Final = "/console/cases"

router = APIRouter(prefix="/cases", dependencies=[needs(Right.DESK_READ)])
_ANSWER = needs(Right.DESK_ANSWER)

ROOM: Final = CaseRoom(
    page=PAGE,
    label="留言和人工",
    waits="等答复的留言和人工",
    room=case_lists.DESK,
    reads=Right.DESK_READ,
    answers=Right.DESK_ANSWER,
    topics={topic.value: topic.label for topic in FeedbackTopic},
    states=(CaseState.SUBMITTED, CaseState.ANSWERED, CaseState.CLOSED, CaseState.CANCELLED),
    files_by_act=False,
)
SECTION: Final = Section(
    "cases", "事务", ROOM.label, PAGE, "talk", Right.DESK_READ, waiting=ROOM.waiting, search=ROOM.search
)


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    return await ROOM.everything(request, desk, shell, now)


@router.get("/{number}")
async def one(number: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    return await ROOM.one(number, desk, shell, now)


@router.get("/{number}/files/{position}")
async def look(number: str, position: int, desk: AtDesk) -> Response:
    return await ROOM.look(number, position, desk)


@router.post("/{number}/answer", dependencies=[_ANSWER])
async def answer(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    return await ROOM.answer(number, request, desk, shell, office)


@router.post("/{number}/close", dependencies=[_ANSWER])
async def close(number: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
    return await ROOM.close(number, request, desk, shell)


@router.post("/{number}/call", dependencies=[_ANSWER])
async def call(number: str, desk: ActingDesk, shell: InShell) -> Response:
    return await ROOM.call(number, desk, shell)


@router.post("/{number}/reveal", dependencies=[needs(Right.REPORTER_REVEAL)])
async def reveal(number: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
    return await ROOM.reveal(number, request, desk, shell)
