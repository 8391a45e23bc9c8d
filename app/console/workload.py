"""办理情况: what everybody has to answer, who is away with what, whether cases are given by the rota."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import forms, leave
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.navigation import Section, Waiting
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import case_assigning, case_owners, duty_rooms, staff, staff_skills, workloads
from app.services.case_ratings import FEWEST
from app.services.permissions import Forbidden, Right, Standing
from models import DutyRoom, Staff

PAGE: Final = "/console/workload"
LISTS: Final = {  # where the cases of a room lie
    DutyRoom.DESK: "/console/cases",
    DutyRoom.LEGAL: "/console/consultations",
    DutyRoom.COUNSEL: "/console/counselling",
    DutyRoom.HEALTH: "/console/health",
    DutyRoom.COMPLAINTS: "/console/complaints",
}

router = APIRouter(prefix="/workload", dependencies=[needs(Right.DUTY_LEAD)])


async def _waiting(session: AsyncSession, standing: Standing, now: Now) -> list[Waiting]:
    rooms = duty_rooms.led_by(standing)
    left = await workloads.count_left_behind(session, rooms, now) if rooms else 0
    return [Waiting("休假同事手上等答复的", f"{PAGE}#away", left)]


SECTION: Final = Section("workload", "事务", "办理情况", PAGE, "meter", Right.DUTY_LEAD, waiting=_waiting)


@router.get("")
async def figures(desk: AtDesk, shell: InShell, now: Now, room: Annotated[str, Query()] = "") -> HTMLResponse:
    rooms = duty_rooms.led_by(desk.standing)
    if not rooms:
        return shell.page("workload.html", rooms=rooms, room=None)
    chosen = DutyRoom(room) if room in rooms else rooms[0]
    return shell.page("workload.html", **await _shown(desk, chosen, now))


@router.post("/{room}/assigns")
async def turn(room: DutyRoom, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    form = await forms.read(request)
    on, version = forms.words(form, "on") == "yes", forms.number(forms.words(form, "version"), 9) or 0
    try:
        async with desk.acting() as session:
            await duty_rooms.turn(session, room, on, version, desk.standing, now)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        return shell.refused("workload.html", error, **await _shown(desk, room, now))
    words = f"{room.label}的新事项会派给值班的人。" if on else f"{room.label}不再自动派件，大家自己接。"
    return shell.done(f"{PAGE}?room={room}", words)


@router.get("/people/{public_id}")
async def person(public_id: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    return shell.page("workload_person.html", **await _of_person(desk, public_id, now))


@router.post("/people/{public_id}/away")
async def away(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    form = await forms.read(request)
    try:
        async with desk.acting() as session:
            found = await _led(session, desk, public_id, lock=True)
            words = await leave.keep(session, found, form, desk.standing, now)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        shown = await _of_person(desk, public_id, now) | {"typed": leave.typed(form)}
        return shell.refused("workload_person.html", error, **shown)
    return shell.done(f"{PAGE}/people/{public_id}", words)


# --- parts -------------------------------------------------------------------------------------------------


async def _shown(desk: Desk, room: DutyRoom, now: Now) -> dict[str, Any]:
    if not duty_rooms.leads(desk.standing, room):
        raise Forbidden(Right.DUTY_LEAD)
    async with desk.reading() as session:
        loads = await workloads.of_room(session, room, now)
        left = await workloads.left_behind(session, [room], now)
        setting = await duty_rooms.find_setting(session, room)
    return {
        "rooms": duty_rooms.led_by(desk.standing),
        "room": room,
        "loads": loads,
        "left": left,
        "setting": setting,
        "lists": _list_of(desk, room),
        "owes": duty_rooms.PLACES[room].owes,
        "is_answered": room is not DutyRoom.COMPLAINTS,  # there: departments answer
        "days": workloads.ANSWERED_IN.days,
        "fewest": FEWEST,
        "hours": case_assigning.LEAD_HEARS_AFTER,
    }


async def _of_person(desk: Desk, public_id: str, now: Now) -> dict[str, Any]:
    async with desk.reading() as session:
        found = await _led(session, desk, public_id)
        rooms = duty_rooms.led_by(desk.standing)
        skills = (await staff_skills.of(session, [found.id])).get(found.id, frozenset())
        open_cases = await workloads.owed_by(session, found, rooms)
    return {
        "found": found,
        "skills": staff_skills.spoken(skills),
        "limit": case_owners.limit_of(found),
        "cases": [(case, _list_of(desk, duty_rooms.room_of(case))) for case in open_cases],
        "away": leave.shown(found, now),
        "typed": {},
    }


async def _led(session: AsyncSession, desk: Desk, public_id: str, *, lock: bool = False) -> Staff:
    """Raises: NotFound: nobody who answers in a room that the desk leads."""
    found = await staff.get(session, public_id, lock=lock)
    if not await staff_skills.may_send_away(session, found, desk.standing):
        raise NotFound("没有找到这位工作人员。")
    return found


def _list_of(desk: Desk, room: DutyRoom | None) -> str:
    """Empty where the desk does not read the cases themselves."""
    return LISTS[room] if room is not None and desk.may(duty_rooms.PLACES[room].reads) else ""
