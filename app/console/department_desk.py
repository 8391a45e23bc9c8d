"""部门办理: what was handed to the departments one works in, or is asked of them. Never whose it is."""

from datetime import date, datetime
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.console import case_routes, complaint_listing, complaint_pages, complaints, forms, listing
from app.console.complaint_pages import Room
from app.console.entrance import ActingDesk, AtDesk, needs
from app.console.listing import Filter
from app.console.navigation import Section, Waiting
from app.console.office import OfficeInUse
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import NotFound
from app.services import case_narrowing, complaint_lists, complaint_parts, complaint_work, departments
from app.services.case_moves import MOVES
from app.services.case_work import Answered
from app.services.complaint_lists import Asked
from app.services.permissions import Right, Standing
from models import Case, CaseKind, CaseState

PAGE: Final = "/console/department"
ROOM: Final = Room(page=PAGE, label="部门办理", answers=Right.DEPARTMENT_WORK, is_union=False)
FOR_ME: Final = {complaints.REMINDED: "到时间跟进"}

router = APIRouter(prefix="/department", dependencies=[needs(Right.DEPARTMENT_WORK)])


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> list[Waiting]:
    desk = await complaint_lists.of_departments(session, standing)
    found, late = await complaint_lists.count(session, Asked(desk, now), *complaint_lists.THEIRS)
    asked, asked_late = await complaint_lists.count_parts(session, desk, now)
    waited = await case_narrowing.waited_for(session, standing.staff_id, now)
    reminded = Asked(desk, now, reminded_id=standing.staff_id)
    due = await complaint_lists.count_all(session, reminded) if waited.reminded else 0
    return [
        Waiting("到时间跟进的投诉建议", f"{PAGE}?for={complaints.REMINDED}", due),
        Waiting("本部门要办的投诉建议", PAGE, found, late),
        Waiting("请本部门会办的投诉建议", PAGE, asked, asked_late),
    ]


SECTION: Final = Section(
    *("department", "事务", ROOM.label, PAGE, "inbox", Right.DEPARTMENT_WORK),
    waiting=_waiting,
    search=ROOM.search,
)


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    states = {
        state.value: state.label
        for state in MOVES[CaseKind.COMPLAINT]
        if state not in (*complaint_lists.OURS, CaseState.NOT_ACCEPTED)
    }
    view = listing.view_of(
        request,
        Filter("state", "状态", states),
        Filter("due", "时限", complaints.DUE),
        Filter("for", "与我有关", FOR_ME),
        Filter("number", "编号"),
    )
    async with desk.reading() as session:
        asked = Asked(
            await complaint_lists.of_departments(session, desk.standing),
            now,
            state=CaseState(view.get("state")) if view.get("state") else None,
            number=view.get("number"),
            late=view.get("due") == complaints.LATE,
            soon=view.get("due") == complaints.SOON,
            reminded_id=desk.standing.staff_id if view.get("for") else None,
        )
    return await complaint_listing.everything(ROOM, request, desk, shell, asked, view)


@router.get("/{number}")
async def one(number: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    return await complaint_pages.one(ROOM, number, desk, shell, now)


@router.post("/{number}/take")
async def take(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    async def taken(session: AsyncSession, case: Case, form: FormData, now: datetime) -> Answered | None:
        await complaint_pages.demand_main(session, case, desk)
        return await complaint_work.take(session, case, desk.standing, now, channel="console")

    return await complaint_pages.act(ROOM, number, request, desk, shell, office, taken, "由您办理了")


@router.post("/{number}/return")
async def give_back(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    async def given_back(session: AsyncSession, case: Case, form: FormData, now: datetime) -> str:
        await complaint_pages.demand_main(session, case, desk)
        why = forms.words(form, "why")
        await complaint_work.give_back(session, case, why, desk.by, now, channel="console")
        return f"{case.number} 已退回，工会另派部门。"

    answer = await complaint_pages.act(ROOM, number, request, desk, shell, office, given_back, "")
    if answer.status_code == 303:  # it is not to be seen from here any more
        answer.headers["location"] = PAGE
    return answer


@router.post("/{number}/reply")
async def reply(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    async def replied(session: AsyncSession, case: Case, form: FormData, now: datetime) -> Answered:
        await complaint_pages.demand_main(session, case, desk)
        text = forms.words(form, "text")
        return await complaint_work.reply(session, case, text, desk.by, now, channel="console")

    return await complaint_pages.act(
        ROOM, number, request, desk, shell, office, replied, "已答复", reads_first=True
    )


@router.post("/{number}/suspend")
async def suspend(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    async def suspended(session: AsyncSession, case: Case, form: FormData, now: datetime) -> Answered:
        await complaint_pages.demand_main(session, case, desk)
        why, until = forms.words(form, "why"), _day(forms.words(form, "until"))
        return await complaint_work.suspend(session, case, why, until, desk.by, now, channel="console")

    return await complaint_pages.act(ROOM, number, request, desk, shell, office, suspended, "已挂起")


@router.post("/{number}/resume")
async def resume(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    async def resumed(session: AsyncSession, case: Case, form: FormData, now: datetime) -> Answered:
        await complaint_pages.demand_main(session, case, desk)
        return await complaint_work.resume(session, case, desk.by, now, channel="console")

    return await complaint_pages.act(ROOM, number, request, desk, shell, office, resumed, "接着办理")


@router.post("/{number}/ask")
async def ask(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    return await complaint_pages.ask(ROOM, number, request, desk, shell, office)


@router.post("/{number}/part")
async def part(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    """The separate answer of a department that was asked."""

    async def answered(session: AsyncSession, case: Case, form: FormData, now: datetime) -> str:
        department = await departments.get(session, forms.words(form, "to"))
        if department.id not in await departments.ids_of(session, desk.standing.staff_id):
            raise NotFound("没有这个部门，请刷新页面再选。")
        text = forms.words(form, "part")
        await complaint_parts.answer(session, case, department, text, desk.by, now)
        return f"{case.number} 的会办答复已交给主办部门。"

    return await complaint_pages.act(ROOM, number, request, desk, shell, office, answered, "")


@router.post("/{number}/note")
async def note(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    return await complaint_pages.note(ROOM, number, request, desk, shell, office)


@router.post("/{number}/files/{position}")
async def open_file(number: str, position: int, desk: ActingDesk) -> Response:
    return await complaint_pages.open_file(ROOM, number, position, desk)


case_routes.add_writing(router, ROOM)
case_routes.add_following(router, ROOM)


def _day(words: str) -> date | None:
    try:
        return date.fromisoformat(words)
    except ValueError:
        return None
