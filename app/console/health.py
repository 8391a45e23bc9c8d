"""健康咨询: the doctors' room. Nobody else reads here; looking at a file is an act that is kept."""

from typing import Final

from app.console.case_pages import CaseRoom
from app.console.case_routes import router_for
from app.console.navigation import Section
from app.services import case_lists
from app.services.care_topics import HealthTopic
from app.services.case_moves import MOVES
from app.services.permissions import Right
from models import CaseKind

PAGE: Final = "/console/health"

ROOM: Final = CaseRoom(
    page=PAGE,
    label="健康咨询",
    waits="等答复的健康咨询",
    room=case_lists.HEALTH,
    reads=Right.HEALTH_READ,
    answers=Right.HEALTH_ANSWER,
    topics={topic.value: topic.label for topic in HealthTopic},
    states=tuple(MOVES[CaseKind.HEALTH]),
    files_by_act=True,
)
router = router_for("/health", ROOM)
SECTION: Final = Section(
    "health",
    "事务",
    ROOM.label,
    PAGE,
    "cross",
    Right.HEALTH_READ,
    waiting=ROOM.waiting,
    search=ROOM.search,
)
