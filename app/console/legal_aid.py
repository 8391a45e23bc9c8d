"""法律援助: what waits with its clock, urgent and late ones first.

Not here: one of them (`legal_aid_room`).
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import case_beside, case_pages, listing
from app.console.entrance import AtDesk, Desk, needs
from app.console.legal_aid_room import PAGE, ROOM
from app.console.listing import Filter, Page, View
from app.console.navigation import Section, Waiting
from app.console.shell import InShell
from app.dependencies import Now
from app.services import case_narrowing, legal_aid_clocks, legal_aid_lists, permissions
from app.services.case_moves import MOVES
from app.services.legal_aid import KIND
from app.services.legal_aid_lists import Asked, Due, Listed
from app.services.permissions import Right, Standing
from models import CaseState

STATES: Final = {state.value: state.label_in(KIND) for state in MOVES[KIND]}
ENDED: Final = "over"

router = APIRouter(prefix="/legal-aid", dependencies=[needs(Right.AID_READ)])


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> list[Waiting]:
    asked = legal_aid_lists.asked_by(standing, now)
    own = standing.staff_id
    waited = await case_narrowing.waited_for(session, own, now)
    due = await legal_aid_lists.count(session, replace(asked, reminded_id=own)) if waited.reminded else 0
    named = await legal_aid_lists.count(session, replace(asked, named_id=own)) if waited.named else 0
    found = [
        Waiting("到时间跟进的法律援助", f"{PAGE}?for=reminded", due),
        Waiting("提到我的法律援助", f"{PAGE}?for=named", named),
    ]
    if asked.scope:
        found.append(Waiting("法律援助要办", PAGE, *await legal_aid_lists.count_open(session, asked)))
    if permissions.may(standing, Right.AID_CARRY):
        mine = await legal_aid_lists.count_mine(session, asked)
        found.append(Waiting("我承办的法律援助", f"{PAGE}?owner=mine", mine))
    return found


SECTION: Final = Section(
    *("legal-aid", "事务", "法律援助", PAGE, "gavel", Right.AID_READ), waiting=_waiting, search=ROOM.search
)


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    view = listing.view_of(
        request,
        Filter("state", "状态", {ENDED: "办完的", **STATES}),
        Filter("due", "时限", {Due.LATE.value: "已超时", Due.SOON.value: "2 天内到期"}),
        Filter("fast", "先行援助", {"yes": "先指派、后补材料"}),
        Filter("owner", "承办", {"mine": "我承办的"}),
        Filter("for", "与我有关", case_pages.FOR_ME),
    )
    asked = _asked(desk, view, now)
    async with desk.reading() as session:
        if view.get("state") == ENDED or asked.is_over:
            found = await legal_aid_lists.list_over(session, asked, view.before, listing.PAGE + 1)
            page = listing.page_of(found, view)
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
        named_id=desk.standing.staff_id if view.get("for") == "named" else None,
        reminded_id=desk.standing.staff_id if view.get("for") == "reminded" else None,
    )


def _clock(each: Listed, now: datetime) -> str:
    due_at = each.row.due_at or each.row.supplement_due_at
    return "" if due_at is None else legal_aid_clocks.left_in_words(due_at, now)


@router.get("/{number}")
async def one(number: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    async with desk.reading() as session:
        shown = await ROOM.shown(session, desk, number, now)
    await case_beside.look(desk, shown, now)
    return shell.page(ROOM.template, **shown)
