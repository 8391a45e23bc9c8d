"""One 法律援助申请: what its page shows, and whose work it is.

Not here: what is done with it (`legal_aid_acts`).
"""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.console import case_beside
from app.console.case_room import AnyRoom
from app.console.entrance import Desk
from app.services import (
    case_files,
    case_threads,
    case_work,
    cases,
    legal_aid_carrying,
    legal_aid_clocks,
    legal_aid_facts,
    legal_aid_lists,
    legal_aid_words,
)
from app.services.case_moves import MOVES
from app.services.legal_aid import KIND
from app.services.legal_aid_lists import Listed
from app.services.permissions import Forbidden, Right, Standing
from models import OVER, Case, CaseEntry, CaseState, EntryKind, FileState

PAGE: Final = "/console/legal-aid"
S: Final = CaseState
_ANY_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)  # one found by its number asks no clock


class _Room(AnyRoom):
    __slots__ = ()

    async def find(
        self, session: AsyncSession, standing: Standing, number: str, *, lock: bool = False
    ) -> Case:
        asked = legal_aid_lists.asked_by(standing, _ANY_TIME)
        return (await legal_aid_lists.get(session, asked, number, lock=lock)).case

    def demand(self, desk: Desk, case: Case, right: Right) -> None:
        if right is not self.answers:
            desk.demand(right, case.branch_id)
        elif not _works(desk, case):
            raise Forbidden(Right.AID_CARRY)

    async def shown(self, session: AsyncSession, desk: Desk, number: str, now: datetime) -> dict[str, Any]:
        return await _shown(session, desk, number, now)


ROOM: Final = _Room(
    page=PAGE,
    label="法律援助",
    reads=Right.AID_READ,
    answers=Right.AID_READ,  # who decides about it or carries it: nobody else finds it
    template="legal_aid_one.html",
)


async def _shown(session: AsyncSession, desk: Desk, number: str, now: datetime) -> dict[str, Any]:
    listed = await legal_aid_lists.get(session, legal_aid_lists.asked_by(desk.standing, now), number)
    case, row = listed.case, listed.row
    entries = await case_work.list_entries(session, case)
    decides = desk.may(Right.AID_DECIDE, case.branch_id)
    today = civil_date(now)
    assigns = decides and (S.ASSIGNED in _ways(listed) or case.state in legal_aid_carrying.CARRIED)
    works = _works(desk, case)
    may = _acts(listed, decides=decides, carries=_carries(desk, case))
    least, usual, most = (legal_aid_clocks.last_day(today, days) for days in legal_aid_clocks.SUPPLY)
    return {
        "room": ROOM,
        "listed": listed,
        "case": case,
        "row": row,
        "mark": await legal_aid_lists.mark_of(session, case),
        "clock": legal_aid_words.clock_of(case, row, now),
        "late": listed.is_late(now),
        "warnings": legal_aid_facts.warnings(row, today) if case.state not in OVER else [],
        "facts": [*legal_aid_facts.read(row), *legal_aid_facts.agreed(row, now)],
        "thread": [_told(listed, each) for each in entries],
        "files": await case_files.files_of(session, entries),
        "ready": FileState.READY,
        "may": may,
        "draft_in": "text" if "tell" in may else "reason",
        "is_judge": case.state is S.OBJECTION and row.decided_by_id == desk.standing.staff_id,
        "lawyers": await legal_aid_carrying.list_able(session, case, row, now) if assigns else [],
        "days": {"least": least, "usual": usual, "most": most},
        "seen": case_threads.mark(entries),
        "works": works,
        "may_note": works and not listed.is_over,
        "may_call": works and not listed.is_over,
        "may_reveal": desk.may(Right.REPORTER_REVEAL, case.branch_id),
        "longest": case_work.ANSWER_LENGTH,
        **await case_beside.beside(session, desk, ROOM, case, now, may_answer=works),
    }


def _carries(desk: Desk, case: Case) -> bool:
    return case.owner_id == desk.standing.staff_id and desk.may(Right.AID_CARRY, case.branch_id)


def _works(desk: Desk, case: Case) -> bool:
    """Whether he decides about it or carries it."""
    return desk.may(Right.AID_DECIDE, case.branch_id) or _carries(desk, case)


def _ways(listed: Listed) -> frozenset[CaseState]:
    """Where it may go; what is not urgent goes to nobody before the decision."""
    case, ways = listed.case, MOVES[KIND][listed.case.state]
    is_early = case.state is S.SUBMITTED and not listed.row.fast_track
    return ways - {S.ASSIGNED} if is_early else ways


def _acts(listed: Listed, *, decides: bool, carries: bool) -> frozenset[str]:
    """What can be done now, by the names of the routes."""
    state, ways = listed.case.state, _ways(listed)
    undecided = state in (S.SUBMITTED, S.REVIEWING)
    is_carried = state in legal_aid_carrying.CARRIED
    named = {
        "ask": S.SUPPLEMENT in ways and listed.row.supplement_asked_at is None,
        "accept": S.REVIEWING in ways,
        "grant": undecided or state is S.OBJECTION,
        "reject": undecided,
        "uphold": S.UPHELD in ways,
        "assign": S.ASSIGNED in ways or is_carried,
        "terminate": S.TERMINATED in ways,
    }
    carried = {"begin": state is S.ASSIGNED, "tell": is_carried, "conclude": S.CONCLUDED in ways}
    found = {name for name, is_so in named.items() if decides and is_so}
    return frozenset(found | {name for name, is_so in carried.items() if carries and is_so})


def _told(listed: Listed, entry: CaseEntry) -> tuple[CaseEntry, str, str, bool]:
    """Who, and what: of a step from which state to which."""
    who = {EntryKind.MEMBER: "本人", EntryKind.NOTE: "备注"}.get(entry.kind, "办理")
    step = ""
    if entry.from_state is not None and entry.to_state is not None:
        step = f"{entry.from_state.label_in(KIND)} → {entry.to_state.label_in(KIND)}"
    words = "\n".join(filter(None, (step, cases.text_of(entry))))
    return entry, who, words, entry.kind is EntryKind.STAFF
