"""法律援助: what waits with its clock, urgent and late ones first; and one of them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.console import listing
from app.console.entrance import AtDesk, Desk, needs
from app.console.listing import Filter, Page, View
from app.console.navigation import Found, Section, Waiting
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import NotFound
from app.services import (
    case_files,
    case_work,
    cases,
    legal_aid_carrying,
    legal_aid_clocks,
    legal_aid_facts,
    legal_aid_lists,
    legal_aid_words,
    permissions,
)
from app.services.case_moves import MOVES
from app.services.legal_aid import KIND
from app.services.legal_aid_lists import Asked, Due, Listed
from app.services.permissions import Right, Standing
from models import OVER, CaseEntry, CaseState, EntryKind, FileState

PAGE: Final = "/console/legal-aid"
S: Final = CaseState
STATES: Final = {state.value: state.label_in(KIND) for state in MOVES[KIND]}
ENDED: Final = "over"
_ANY_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)  # a search by number asks no clock

router = APIRouter(prefix="/legal-aid", dependencies=[needs(Right.AID_READ)])


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> list[Waiting]:
    asked = legal_aid_lists.asked_by(standing, now)
    found = []
    if asked.scope:
        found.append(Waiting("法律援助要办", PAGE, *await legal_aid_lists.count_open(session, asked)))
    if permissions.may(standing, Right.AID_CARRY):
        mine = await legal_aid_lists.count_mine(session, asked)
        found.append(Waiting("我承办的法律援助", f"{PAGE}?owner=mine", mine))
    return found


async def _search(session: AsyncSession, standing: Standing, words: str) -> list[Found]:
    """By the whole number, however it is spelled."""
    asked = legal_aid_lists.asked_by(standing, _ANY_TIME)
    try:
        found = await legal_aid_lists.get(session, asked, words.replace(" ", ""))
    except NotFound:
        return []
    return [Found(f"{found.case.number} {KIND.label}", f"{PAGE}/{found.case.number}", found.case.state_label)]


SECTION: Final = Section(
    *("legal-aid", "事务", "法律援助", PAGE, "gavel", Right.AID_READ), waiting=_waiting, search=_search
)


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    view = listing.view_of(
        request,
        Filter("state", "状态", {ENDED: "办完的", **STATES}),
        Filter("due", "时限", {Due.LATE.value: "已超时", Due.SOON.value: "2 天内到期"}),
        Filter("fast", "先行援助", {"yes": "先指派、后补材料"}),
        Filter("owner", "承办", {"mine": "我承办的"}),
    )
    asked = _asked(desk, view, now)
    async with desk.reading() as session:
        if view.get("state") == ENDED or asked.is_over:
            found = await legal_aid_lists.list_over(session, asked, view.before, listing.PAGE + 1)
            more = len(found) > listing.PAGE
            found = found[: listing.PAGE]
            page = Page(found, view, view.address(before=found[-1].id) if more else None)
        else:
            page = Page(await legal_aid_lists.list_open(session, asked), view, None)
        late = (await legal_aid_lists.count_open(session, _asked(desk, None, now)))[1]
    full = len(page.rows) == legal_aid_lists.OPEN_SHOWN
    clocks = {each.id: _clock(each, now) for each in page.rows}
    return shell.page("legal_aid.html", page=page, view=view, late=late, full=full, clocks=clocks)


def _asked(desk: Desk, view: View | None, now: datetime) -> Asked:
    asked = legal_aid_lists.asked_by(desk.standing, now)
    if view is None:
        return asked
    state, due = view.get("state"), view.get("due")
    return replace(
        asked,
        state=CaseState(state) if state and state != ENDED else None,
        due=Due(due) if due else None,
        fast_track=bool(view.get("fast")),
        mine=bool(view.get("owner")),
    )


def _clock(each: Listed, now: datetime) -> str:
    due_at = each.row.due_at or each.row.supplement_due_at
    return "" if due_at is None else legal_aid_clocks.left_in_words(due_at, now)


@router.get("/{number}")
async def one(number: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.page("legal_aid_one.html", **await shown(session, desk, number, now))


async def shown(session: AsyncSession, desk: Desk, number: str, now: datetime) -> dict[str, Any]:
    """What the page of one is filled with. Raises: NotFound."""
    listed = await legal_aid_lists.get(session, _asked(desk, None, now), number)
    case, row = listed.case, listed.row
    entries = await case_work.list_entries(session, case)
    decides = desk.may(Right.AID_DECIDE, case.branch_id)
    today = civil_date(now)
    assigns = decides and (S.ASSIGNED in _ways(listed) or case.state in legal_aid_carrying.CARRIED)
    least, usual, most = (legal_aid_clocks.last_day(today, days) for days in legal_aid_clocks.SUPPLY)
    return {
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
        "may": _acts(listed, decides=decides, carries=_carries(desk, listed)),
        "is_judge": case.state is S.OBJECTION and row.decided_by_id == desk.standing.staff_id,
        "lawyers": await legal_aid_carrying.list_able(session, case, row, now) if assigns else [],
        "days": {"least": least, "usual": usual, "most": most},
        "may_call": not listed.is_over and (decides or _carries(desk, listed)),
        "may_reveal": desk.may(Right.REPORTER_REVEAL, case.branch_id),
        "longest": case_work.ANSWER_LENGTH,
    }


def _carries(desk: Desk, listed: Listed) -> bool:
    is_his = listed.case.owner_id == desk.standing.staff_id
    return is_his and desk.may(Right.AID_CARRY, listed.case.branch_id)


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
