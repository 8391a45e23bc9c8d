"""心理疏导: the counsellors' room. Nobody else reads here; looking at a file is an act that is kept."""

from typing import Final

from fastapi import Request
from fastapi.responses import Response

from app.console import case_looking
from app.console.case_pages import CaseRoom
from app.console.case_routes import router_for
from app.console.entrance import ActingDesk, needs
from app.console.navigation import Section
from app.console.office import OfficeInUse
from app.console.shell import InShell
from app.services import case_lists
from app.services.care_topics import CounselTopic
from app.services.case_moves import MOVES
from app.services.permissions import Right
from models import CaseKind

PAGE: Final = "/console/counselling"

ROOM: Final = CaseRoom(
    page=PAGE,
    label="心理疏导",
    waits="等答复的心理疏导",
    room=case_lists.COUNSEL,
    reads=Right.COUNSEL_READ,
    answers=Right.COUNSEL_ANSWER,
    topics={topic.value: topic.label for topic in CounselTopic},
    states=tuple(MOVES[CaseKind.COUNSELLING]),
    files_by_act=True,
)
router = router_for("/counselling", ROOM)
SECTION: Final = Section(
    "counselling",
    "事务",
    ROOM.label,
    PAGE,
    "sprout",
    Right.COUNSEL_READ,
    waiting=ROOM.waiting,
    search=ROOM.search,
)


@router.post("/{number}/files/{position}")
async def open_file(number: str, position: int, desk: ActingDesk) -> Response:
    return await case_looking.open_file(ROOM, number, position, desk)


@router.post("/{number}/refer", dependencies=[needs(Right.COUNSEL_ANSWER)])
async def refer(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    return await ROOM.refer(number, request, desk, shell, office)
