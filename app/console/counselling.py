"""心理疏导: the counsellors' room. Nobody else reads here; looking at a file is an act that is kept."""

from typing import Final

from app.console.case_pages import CaseRoom
from app.console.case_routes import router_for
from app.console.navigation import Section
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
