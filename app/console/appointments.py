"""预约: an adviser's own week, slot by slot, with who has booked; for who administers the counts alone.

Not here: what is done with them (`appointment_acts`). Another's slot is as if it did not exist.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import WEEKDAYS, civil_date, day_begins, shanghai
from app.console.entrance import AtDesk, Desk, needs
from app.console.navigation import Section, Waiting
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import NotFound
from app.services import appointment_slots as slots
from app.services import appointment_work as work
from app.services.advice_kinds import ADVICE
from app.services.calendar import is_working_day
from app.services.member_words import mask_phone
from app.services.permissions import Right, Standing, may
from models import AdviceSlot, Case, SlotPlace, SlotState
from models.types import public_id as random_id

PAGE: Final = "/console/appointments"
WEEK: Final = timedelta(days=7)
FAR: Final = timedelta(days=366)

router = APIRouter(prefix="/appointments", dependencies=[needs(Right.APPOINTMENTS_READ)])


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> Sequence[Waiting]:
    if not may(standing, Right.APPOINTMENTS_OWN):
        return []
    today = await work.count_today(session, standing.staff_id, now)
    unmarked = await work.count_unmarked(session, standing.staff_id)
    return [Waiting("今天的预约", PAGE, today), Waiting("等您记到没到的预约", PAGE, unmarked)]


SECTION: Final = Section(
    "appointments", "事务", "预约", PAGE, "clock", Right.APPOINTMENTS_READ, waiting=_waiting
)


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.page("appointments.html", **await week(session, desk, request, now))


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.page("appointment.html", **await facts(session, desk, public_id, now))


# --- what the pages share ----------------------------------------------------------------------------------


async def week(session: AsyncSession, desk: Desk, request: Request, now: datetime) -> dict[str, Any]:
    """All that the list shows."""
    if not desk.may(Right.APPOINTMENTS_OWN):
        return {"own": False, "counts": await work.counts(session, now)}
    today = civil_date(now)
    monday = _monday(request.query_params.get("week", ""), today)
    start, end = day_begins(monday), day_begins(monday, days=7)
    found = await slots.list_between(session, desk.standing.staff_id, start, end)
    booked = await work.of_slots(session, found)
    days = [
        (day, said(day), not is_working_day(day), [(each, booked.get(each.id)) for each in rest])
        for day, rest in groupby(found, key=lambda each: civil_date(each.starts_at))
    ]
    later = None if found else await slots.find_next(session, desk.standing.staff_id, max(end, now))
    return {
        "own": True,
        "days": days,
        "later": civil_date(later.starts_at) if later else None,
        "today": today,
        "monday": monday,
        "sunday": end - timedelta(days=1),
        "before": (monday - WEEK).isoformat(),
        "after": (monday + WEEK).isoformat(),
        "is_present": monday == _monday("", today),
        "unmarked": await work.list_unmarked(session, desk.standing.staff_id),
        "kinds": work.kinds_of(desk.standing),
        "places": list(SlotPlace),
        "advisers": {kind: ADVICE[kind].adviser for kind in slots.KINDS},
        "weeks": slots.WEEKS,
        "longest": {"room": slots.ROOM_LENGTH, "reason": work.REASON},
        "typed": {"day": (today + timedelta(days=1)).isoformat(), "once": random_id()},
        "clock": clock,
    }


async def facts(session: AsyncSession, desk: Desk, public_id: str, now: datetime) -> dict[str, Any]:
    """All that the page of one slot shows."""
    if not desk.may(Right.APPOINTMENTS_OWN):
        raise NotFound(slots.GONE)
    slot = await slots.get_own(session, desk.standing, public_id)
    booked = (await work.of_slots(session, [slot])).get(slot.id)
    others = await slots.list_own_free(session, desk.standing, slot.kind, now)
    fitting = [each for each in others if booked and (each.has_phone if booked.by_phone else each.has_room)]
    return {
        "slot": slot,
        "booked": booked,
        "case": await session.get(Case, booked.case_id) if booked and booked.case_id else None,
        "case_page": case_page(slot),
        "masked": mask_phone(booked.phone) if booked and booked.phone else "",
        "history": await work.history(session, booked) if booked else [],
        "others": fitting,
        "rest": len(await slots.list_rest_of_series(session, slot)),
        "has_begun": slot.starts_at <= now,
        "is_withdrawn": slot.state is SlotState.WITHDRAWN,
        "adviser": ADVICE[slot.kind].adviser,
        "longest": {"reason": work.REASON},
        "clock": clock,
        "typed": {},
    }


def case_page(slot: AdviceSlot) -> str:
    rooms = {"consultation": "consultations", "counselling": "counselling", "health": "health"}
    return f"/console/{rooms[slot.kind.value]}"


def said(day: date) -> str:
    return f"{day.month}月{day.day}日（周{WEEKDAYS[day.weekday()]}）"


def clock(moment: datetime) -> str:
    return f"{shanghai(moment):%H:%M}"


def _monday(asked: str, today: date) -> date:
    """Of the week that the address asks for, not too far; else of this one."""
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        day = today
    day = day if abs(day - today) < FAR else today
    return day - timedelta(days=day.weekday())
