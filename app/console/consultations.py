"""法律咨询: the lawyers' room. Nobody else reads here; looking at a file is an act that is kept."""

from typing import Final

from app.console.case_pages import CaseRoom
from app.console.case_routes import router_for
from app.console.navigation import Section
from app.services import case_lists
from app.services.case_moves import MOVES
from app.services.legal_topics import LegalTopic
from app.services.permissions import Right
from models import CaseKind

PAGE: Final = "/console/consultations"

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
    takes_callers=True,
)
router = router_for("/consultations", ROOM)
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
