"""投诉建议: the union's room. Taken up or not, handed to departments, watched, closed."""

from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.console import (
    case_aids,
    case_routes,
    case_transferring,
    complaint_listing,
    complaint_pages,
    forms,
    listing,
)
from app.console.case_pages import FOR_ME, RATED
from app.console.complaint_pages import Room
from app.console.entrance import ActingDesk, AtDesk, needs
from app.console.listing import Filter
from app.console.navigation import Section, Waiting
from app.console.office import OfficeInUse
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import (
    branches,
    case_lists,
    case_narrowing,
    case_ratings,
    case_work,
    complaint_accused,
    complaint_lists,
    complaint_merging,
    complaint_work,
    departments,
    permissions,
)
from app.services.case_lists import Unhappy
from app.services.case_moves import MOVES
from app.services.case_work import Answered
from app.services.complaint_lists import Asked
from app.services.complaint_topics import ComplaintTopic
from app.services.permissions import Right, Standing
from models import Case, CaseKind, CaseState, ComplaintSort

PAGE: Final = "/console/complaints"
ROOM: Final = Room(page=PAGE, label="投诉建议", answers=Right.COMPLAINTS_WORK, is_union=True)
LATE, TODAY, SOON, NAMED, REMINDED = "late", "today", "soon", "named", "reminded"
DUE: Final = {LATE: "已超时", TODAY: "今天到期和已超时", SOON: "3 天内到期"}
OWNERS: Final = {"mine": "我接手的", "free": "待接的"}  # while it is the union's move

router = APIRouter(prefix="/complaints", dependencies=[needs(Right.COMPLAINTS_READ)])
works = [needs(Right.COMPLAINTS_WORK)]


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> list[Waiting]:
    asked = Asked(complaint_lists.of_union(standing), now)
    ours, late = await complaint_lists.count(session, asked, *complaint_lists.OURS)
    _, theirs_late = await complaint_lists.count(session, asked, *complaint_lists.THEIRS)
    mine = Asked(asked.desk, now, owner_id=standing.staff_id)
    own, own_late = await complaint_lists.count(session, mine, *complaint_lists.OURS)
    named = Asked(asked.desk, now, named_id=standing.staff_id)
    due = Asked(asked.desk, now, reminded_id=standing.staff_id)
    scope = permissions.scope(standing, Right.COMPLAINTS_WORK)
    unhappy = await case_ratings.count_waiting(session, case_lists.COMPLAINTS.holds, scope)
    waited = await case_narrowing.waited_for(session, standing.staff_id, now)
    to_follow = await complaint_lists.count_all(session, due) if waited.reminded else 0
    to_read = await complaint_lists.count_all(session, named) if waited.named else 0
    return [
        Waiting("要受理或转办的投诉建议", PAGE, ours, late),
        Waiting("其中我接手的投诉建议", f"{PAGE}?owner=mine", own, own_late),
        Waiting("部门超时的投诉建议", f"{PAGE}?due={LATE}", theirs_late, theirs_late),
        Waiting("到时间跟进的投诉建议", f"{PAGE}?for={REMINDED}", to_follow),
        Waiting("提到我的投诉建议", f"{PAGE}?for={NAMED}", to_read),
        Waiting("评价不满意的投诉建议", f"{PAGE}?rated={Unhappy.WAITING}", unhappy),
    ]


SECTION: Final = Section(
    *("complaints", "事务", ROOM.label, PAGE, "shout", Right.COMPLAINTS_READ),
    waiting=_waiting,
    search=ROOM.search,
)


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    async with desk.reading() as session:
        known = {each.department.public_id: each.department for each in await departments.list_all(session)}
    view = listing.view_of(
        request,
        Filter("state", "状态", {state.value: state.label for state in MOVES[CaseKind.COMPLAINT]}),
        Filter("due", "时限", DUE),
        Filter("owner", "经办人", OWNERS),
        Filter("login", "经办人的登录名"),
        Filter("department", "部门", {key: each.name for key, each in known.items()}),
        Filter("sort", "类别", {each.value: each.label for each in ComplaintSort}),
        Filter("topic", "话题", {each.value: each.label for each in ComplaintTopic}),
        Filter("rated", "评价", RATED),
        Filter("for", "与我有关", FOR_ME),
        Filter("number", "编号"),
    )
    asked = Asked(
        complaint_lists.of_union(desk.standing),
        now,
        state=CaseState(view.get("state")) if view.get("state") else None,
        sort=ComplaintSort(view.get("sort")) if view.get("sort") else None,
        topic=view.get("topic"),
        number=view.get("number"),
        department_id=known[view.get("department")].id if view.get("department") in known else None,
        unhappy=Unhappy(view.get("rated")) if view.get("rated") else None,
        late=view.get("due") == LATE,
        today=view.get("due") == TODAY,
        soon=view.get("due") == SOON,
        owner_id=desk.standing.staff_id if view.get("owner") == "mine" else None,
        owner_login=view.get("login"),
        is_free=view.get("owner") == "free",
        named_id=desk.standing.staff_id if view.get("for") == NAMED else None,
        reminded_id=desk.standing.staff_id if view.get("for") == REMINDED else None,
    )
    return await complaint_listing.everything(ROOM, request, desk, shell, asked, view)


@router.get("/{number}")
async def one(number: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    return await complaint_pages.one(ROOM, number, desk, shell, now)


# --- taking it up, handing it out --------------------------------------------------------------------------


@router.post("/{number}/accept", dependencies=works)
async def accept(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    async def accepted(session: AsyncSession, case: Case, form: FormData, now: datetime) -> Answered:
        done = await complaint_work.accept(session, case, desk.by, now, channel="console")
        await complaint_work.keep(session, case, desk.standing, now)
        return done

    return await complaint_pages.act(ROOM, number, request, desk, shell, office, accepted, "已受理")


@router.post("/{number}/take", dependencies=works)
async def take(number: str, desk: ActingDesk, shell: InShell) -> Response:
    async def taken(session: AsyncSession, case: Case, now: datetime) -> str:
        await complaint_work.own(session, case, desk.standing, now, channel="console")
        return f"{case.number} 由您接手了。"

    return await ROOM.does(number, desk, shell, taken)


@router.post("/{number}/give-back", dependencies=works)
async def give_back(number: str, desk: ActingDesk, shell: InShell) -> Response:
    """To all of the union; a department returns it to the union."""

    async def given_back(session: AsyncSession, case: Case, now: datetime) -> str:
        await complaint_work.free(session, case, desk.standing, now, channel="console")
        return f"{case.number} 已退回待接。"

    return await ROOM.does(number, desk, shell, given_back)


@router.post("/{number}/refuse", dependencies=works)
async def refuse(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    async def refused(session: AsyncSession, case: Case, form: FormData, now: datetime) -> Answered:
        why, elsewhere = forms.words(form, "why"), forms.words(form, "elsewhere")
        return await complaint_work.refuse(session, case, why, elsewhere, desk.by, now, channel="console")

    return await complaint_pages.act(
        ROOM, number, request, desk, shell, office, refused, "不予受理", reads_first=True
    )


@router.post("/{number}/dispatch", dependencies=works)
async def dispatch(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    async def handed(session: AsyncSession, case: Case, form: FormData, now: datetime) -> Answered | None:
        department = await departments.get(session, forms.words(form, "to"))
        return await complaint_work.dispatch(session, case, department, desk.by, now, channel="console")

    return await complaint_pages.act(ROOM, number, request, desk, shell, office, handed, "已转办")


@router.post("/{number}/about", dependencies=works)
async def about(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    """Which unit it is about; of whom that is has it no more."""

    async def named(session: AsyncSession, case: Case, form: FormData, now: datetime) -> Answered | str:
        chosen = forms.words(form, "about")
        branch = await branches.find_public(session, chosen) if chosen else None
        if chosen and branch is None:
            raise DomainError("没有这个组织，请刷新页面再选。")
        told = await complaint_accused.name(session, case, branch, desk.by, now, channel="console")
        return told or f"{case.number} 反映的单位已存好，它看不到这件事。"

    return await complaint_pages.act(ROOM, number, request, desk, shell, office, named, "已收回，请另派部门")


@router.post("/{number}/extend", dependencies=[needs(Right.COMPLAINTS_LEAD)])
async def extend(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    async def extended(session: AsyncSession, case: Case, form: FormData, now: datetime) -> Answered:
        why = forms.words(form, "why")
        return await complaint_work.extend(session, case, why, desk.by, now, channel="console")

    return await complaint_pages.act(
        ROOM, number, request, desk, shell, office, extended, "已延期", right=Right.COMPLAINTS_LEAD
    )


@router.post("/{number}/close", dependencies=works)
async def close(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    async def closed(session: AsyncSession, case: Case, form: FormData, now: datetime) -> str:
        await case_work.close(session, case.number, desk.by, now, channel="console")
        return f"{case.number} 已办结。"

    return await complaint_pages.act(ROOM, number, request, desk, shell, office, closed, "", reads_first=True)


# --- beside it, and who it is ------------------------------------------------------------------------------

case_routes.add_writing(router, ROOM)
case_routes.add_following(router, ROOM)
case_routes.add_names(router, ROOM)
case_transferring.add_to(router, ROOM)


@router.post("/{number}/note", dependencies=works)
async def note(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    return await complaint_pages.note(ROOM, number, request, desk, shell, office)


@router.post("/{number}/ask", dependencies=works)
async def ask(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    return await complaint_pages.ask(ROOM, number, request, desk, shell, office)


@router.post("/{number}/merge", dependencies=works)
async def merge(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    union = complaint_lists.of_union(desk.standing)

    async def both(session: AsyncSession, form: FormData) -> Case:
        """Found without a lock, for locks are taken in one order; then asked again whether he sees them."""
        case = await ROOM.find(session, desk.standing, number)
        into = await _other(session, union, forms.words(form, "into"))
        await complaint_merging.lock_both(session, case, into)
        return await ROOM.find(session, desk.standing, number)

    async def merged(session: AsyncSession, case: Case, form: FormData, now: datetime) -> Answered | None:
        into = await _other(session, union, forms.words(form, "into"))
        return await complaint_merging.merge(session, case, into, desk.by, now, channel="console")

    return await complaint_pages.act(
        ROOM, number, request, desk, shell, office, merged, "已并案", reads_first=True, find=both
    )


@router.post("/{number}/link", dependencies=works)
async def link(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    async def linked(session: AsyncSession, case: Case, form: FormData, now: datetime) -> str:
        return await case_aids.linked(session, case, forms.words(form, "other"), request, desk, now)

    return await complaint_pages.act(ROOM, number, request, desk, shell, office, linked, "")


@router.post("/{number}/unlink", dependencies=works)
async def unlink(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    async def unlinked(session: AsyncSession, case: Case, form: FormData, now: datetime) -> str:
        other = forms.words(form, "other")
        return await case_aids.linked(session, case, other, request, desk, now, undo=True)

    return await complaint_pages.act(ROOM, number, request, desk, shell, office, unlinked, "")


@router.post("/{number}/called-back", dependencies=works)
async def called_back(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> Response:
    async def noted(session: AsyncSession, case: Case, form: FormData, now: datetime) -> str:
        await case_ratings.call_back(session, case, forms.words(form, "what"), desk.by, now)
        return f"{case.number} 的回访记下了。"

    return await complaint_pages.act(ROOM, number, request, desk, shell, office, noted, "")


@router.post("/{number}/files/{position}")
async def open_file(number: str, position: int, desk: ActingDesk) -> Response:
    return await complaint_pages.open_file(ROOM, number, position, desk)


# --- parts -------------------------------------------------------------------------------------------------


async def _other(session: AsyncSession, union: complaint_lists.Desk, number: str) -> Case:
    """Raises: DomainError: there is none."""
    try:
        return await complaint_lists.get(session, union, number)
    except NotFound:
        raise DomainError(f"没有编号为 {number[:24]} 的投诉建议，请核对编号。") from None
