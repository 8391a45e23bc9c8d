"""留言和人工: what people wrote to us or want to talk about, answered and closed."""

from typing import Final

from app.console.case_pages import CaseRoom
from app.console.case_routes import router_for
from app.console.navigation import Section
from app.services import case_lists
from app.services.feedback_topics import FeedbackTopic
from app.services.permissions import Right
from models import CaseState

PAGE: Final = "/console/cases"

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
    takes_callers=True,
)
router = router_for("/cases", ROOM)
SECTION: Final = Section(
    "cases", "事务", ROOM.label, PAGE, "talk", Right.DESK_READ, waiting=ROOM.waiting, search=ROOM.search
)
