"""One 投诉建议 as the union sees it and as a department does: its page, and how an act on it goes.

Who may do what is asked here; rules are in the services.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.console import case_beside, case_looking, case_pages, forms
from app.console.case_room import AnyRoom
from app.console.entrance import Desk
from app.console.office import Office
from app.console.shell import Shell
from app.errors import DomainError
from app.services import (
    branches,
    case_facts,
    case_links,
    case_mentions,
    case_owners,
    case_threads,
    case_transfers,
    case_work,
    complaint_clocks,
    complaint_lists,
    complaint_merging,
    complaint_parts,
    complaint_work,
    complaints,
    departments,
    rating_invitations,
)
from app.services.case_moves import MOVES
from app.services.case_work import Answered
from app.services.permissions import ANYWHERE, Right, Standing
from models import OVER, Case, CaseKind, CaseState, Naming

TEMPLATE: Final = "complaint_one.html"
# Fields that are given back when an act is refused.
KEPT: Final = (
    "text",
    "why",
    "elsewhere",
    "to",
    "until",
    "note",
    "into",
    "other",
    "question",
    "part",
    "what",
    "about",
    "field",
    "canned",
)

Work = Callable[[AsyncSession, Case, FormData, datetime], Awaitable[Answered | str | None]]
"""What is done with the locked case: what its person hears of, a sentence, or None where nothing was left."""
Find = Callable[[AsyncSession, FormData], Awaitable[Case]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room(AnyRoom):
    """Where complaints are read: the union's room, or that of departments."""

    is_union: bool
    reads: Right = Right.COMPLAINTS_READ  # who may be named in a note, of both
    template: str = TEMPLATE
    files_by_act: bool = True  # looking at a file leaves a trace

    @property
    def holds(self) -> tuple[CaseKind, ...]:
        return (CaseKind.COMPLAINT,)

    async def find(
        self, session: AsyncSession, standing: Standing, number: str, *, lock: bool = False
    ) -> Case:
        if self.is_union:
            desk = complaint_lists.of_union(standing)
        else:
            desk = await complaint_lists.of_departments(session, standing)
        return await complaint_lists.get(session, desk, number, lock=lock)

    def demand(self, desk: Desk, case: Case, right: Right) -> None:
        desk.demand(right, None if self.is_union else ANYWHERE)

    async def shown(self, session: AsyncSession, desk: Desk, number: str, now: datetime) -> dict[str, Any]:
        return await _shown(self, session, desk, number, now)


async def one(room: Room, number: str, desk: Desk, shell: Shell, now: datetime) -> HTMLResponse:
    async with desk.reading() as session:
        values = await room.shown(session, desk, number, now)
    await case_beside.look(desk, values, now)
    return shell.page(TEMPLATE, **values)


async def _shown(room: Room, session: AsyncSession, desk: Desk, number: str, now: datetime) -> dict[str, Any]:
    """What the page is filled with. Raises: NotFound."""
    newest = await case_threads.newest(session)
    case = await room.find(session, desk.standing, number)
    complaint = await complaints.facts_of(session, case)
    names = await departments.names_of(session, [complaint.department_id])
    thread, seen = await case_threads.read(session, case, now, in_department=not room.is_union)
    facts = await case_facts.read(session, case, now)
    rating = await rating_invitations.find(session, case)
    values = {
        "room": room,
        "case": case,
        "complaint": complaint,
        "row": complaint_lists.row_of(case, complaint, now, names=names),
        "thread": thread,
        "seen": seen,
        "newest": newest,
        "known_facts": facts.rows,
        "owner": await case_owners.name_of(session, case),
        "parts": await complaint_parts.list_all(session, case),
        "merged_into": await complaint_merging.number_of(session, complaint),
        "merged": [each.number for each, _ in await complaint_merging.merged_into(session, case)],
        "rating": rating,
        **await case_beside.beside(
            session,
            desk,
            room,
            case,
            now,
            may_answer=desk.may(room.answers, None if room.is_union else ANYWHERE),
        ),
        "longest": case_work.ANSWER_LENGTH,
        "most": complaint_work.WHY_LENGTH,
        "days": complaint_clocks,
    }
    doors = _union_doors if room.is_union else _department_doors
    return values | await doors(session, desk, values)


async def _union_doors(session: AsyncSession, desk: Desk, values: dict[str, Any]) -> dict[str, Any]:
    """What may be done from the union's room."""
    case, complaint, rating = values["case"], values["complaint"], values["rating"]
    moves = MOVES[case.kind][case.state]
    works = desk.may(Right.COMPLAINTS_WORK, None)
    may_dispatch = works and CaseState.DISPATCHED in moves
    fitting = await departments.list_fitting(session, complaint) if works and moves else []
    is_worked_on = case.state in (CaseState.IN_PROGRESS, CaseState.EXTENDED)
    extends = desk.may(Right.COMPLAINTS_LEAD, None) and CaseState.EXTENDED in moves
    return {
        "may_own": works and case.state in complaint_lists.OURS,
        "links": await case_links.list_of(session, case),
        "fitting": fitting,
        "may_accept": works and case.state is CaseState.SUBMITTED,
        "may_dispatch": may_dispatch,
        "may_extend": extends and case.state is CaseState.IN_PROGRESS and complaint.extended_at is None,
        "may_close": works and CaseState.CLOSED in moves,
        "may_merge": works and CaseState.MERGED in moves,
        "may_transfer": works and bool(case_transfers.targets(case)),
        "may_name": works and case.state in complaint_lists.OPEN,
        "branches": await branches.list_all(session) if works and case.state in complaint_lists.OPEN else [],
        "may_link": works,
        "may_note": works and case.state not in OVER,
        "may_ask": works and is_worked_on,
        "may_call": works and complaint.naming is not Naming.ANONYMOUS,
        "may_reveal": complaint.naming is Naming.NAMED and desk.may(Right.REPORTER_REVEAL, None),
        "may_call_back": works and rating is not None and rating.waits_for_call,
    }


async def _department_doors(session: AsyncSession, desk: Desk, values: dict[str, Any]) -> dict[str, Any]:
    """What may be done from a department's: the main one moves the case, one that was asked answers."""
    case, complaint = values["case"], values["complaint"]
    moves = MOVES[case.kind][case.state]
    own = await departments.ids_of(session, desk.standing.staff_id)
    is_main = complaint.department_id in own
    is_worked_on = case.state in (CaseState.IN_PROGRESS, CaseState.EXTENDED)
    asked = [each for each in values["parts"] if each.part.department_id in own]
    to_take = (CaseState.DISPATCHED, CaseState.REOPENED)
    open_states = (CaseState.IN_PROGRESS, CaseState.EXTENDED, CaseState.SUSPENDED)
    if not is_main:  # only what was asked of it
        values["parts"] = asked
    return {
        "is_main": is_main,
        "fitting": await departments.list_fitting(session, complaint) if is_main and is_worked_on else [],
        "may_take": is_main and (case.state in to_take or (case.state in open_states and not case.owner_id)),
        "may_return": is_main and case.state is CaseState.DISPATCHED,
        "may_reply": is_main and CaseState.REPLIED in moves,
        "may_suspend": is_main and CaseState.SUSPENDED in moves,
        "may_resume": is_main and case.state is CaseState.SUSPENDED,
        "may_ask": is_main and is_worked_on,
        "to_answer": asked if case.state in open_states else [],
        "may_note": case.state not in OVER,
    }


async def act(
    room: Room,
    number: str,
    request: Request,
    desk: Desk,
    shell: Shell,
    office: Office,
    work: Work,
    done: str,
    *,
    right: Right | None = None,
    reads_first: bool = False,
    find: Find | None = None,
) -> Response:
    """One act on the locked case; refused, the page says why and keeps what was typed.

    `reads_first`: only by who has seen all there is. `find`: locks more than the one case.
    """
    form, now = await forms.read(request), desk.shared.clock.now()
    try:
        async with desk.acting() as session:
            case = await (
                find(session, form) if find else room.find(session, desk.standing, number, lock=True)
            )
            room.demand(desk, case, right or room.answers)
            if reads_first:
                seen = forms.number(forms.words(form, "seen")) or 0
                await case_threads.refuse_unseen(session, case, seen, now)
            result = await work(session, case, form, now)
            if forms.words(form, "field"):
                await case_beside.sent(session, desk, case, form)
            words = result if isinstance(result, str) else f"{case.number} {done}。"
            if isinstance(result, Answered):
                words = await case_pages.told(session, result, done, office, now)
    except DomainError as error:
        typed = {name: forms.words(form, name) for name in KEPT if forms.words(form, name)}
        return await room.again(desk, shell, number, error, now, **typed)
    return shell.done(f"{room.page}/{case.number}", words)


async def note(
    room: Room, number: str, request: Request, desk: Desk, shell: Shell, office: Office
) -> Response:
    async def written(session: AsyncSession, case: Case, form: FormData, now: datetime) -> str:
        text = forms.words(form, "note")
        channel = "" if room.is_union else case_threads.DEPARTMENTS
        right = Right.COMPLAINTS_READ
        await case_mentions.write(session, case, text, desk.standing, right, now, channel=channel)
        return "备注已写好，本人看不到。"

    return await act(room, number, request, desk, shell, office, written, "")


async def ask(
    room: Room, number: str, request: Request, desk: Desk, shell: Shell, office: Office
) -> Response:
    """Ask a further department, as the union or as the main one."""

    async def asked(session: AsyncSession, case: Case, form: FormData, now: datetime) -> str:
        if not room.is_union:
            await demand_main(session, case, desk)
        department = await departments.get(session, forms.words(form, "to"))
        question = forms.words(form, "question")
        await complaint_parts.ask(session, case, department, question, desk.by, now)
        return f"{case.number} 已请{department.name}会办。"

    return await act(room, number, request, desk, shell, office, asked, "")


async def demand_main(session: AsyncSession, case: Case, desk: Desk) -> None:
    """Raises: DomainError: he works in none that has the case."""
    complaint = await complaints.facts_of(session, case)
    if complaint.department_id not in await departments.ids_of(session, desk.standing.staff_id):
        raise DomainError(f"{case.number} 由主办部门办理，会办的部门只写会办答复和备注。")


async def open_file(room: Room, number: str, position: int, desk: Desk) -> Response:
    return await case_looking.opened(
        desk, position, lambda session: room.find(session, desk.standing, number, lock=True)
    )
