"""值班表: who is on duty in a room, by week and by month. All staff look; its lead changes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from app.clock import civil_date
from app.console import forms
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.navigation import Section
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError
from app.services import duty_rooms, rota, staff
from app.services.calendar import is_working_day
from app.services.permissions import Right
from app.services.rota import WEEK, Cell, OnDuty
from models import DutyRoom, Half

PAGE: Final = "/console/duty"
DAYS: Final = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_YEARS: Final = range(2020, 2100)

router = APIRouter(prefix="/duty", dependencies=[needs(Right.DUTY_READ)])
SECTION: Final = Section("duty", "事务", "值班表", PAGE, "calendar", Right.DUTY_READ)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the rota as the page shows it."""

    day: date
    is_today: bool
    may_change: bool
    halves: dict[Half, list[OnDuty]]

    @property
    def name(self) -> str:
        return DAYS[self.day.weekday()]

    @property
    def short(self) -> str:
        return f"{self.day.month}月{self.day.day}日"

    @property
    def mark(self) -> str:
        """What the calendar says of it, where that is no matter of course."""
        works, is_weekend = is_working_day(self.day), self.day.weekday() >= 5
        if works:
            return "调休上班" if is_weekend else ""
        return "休息" if is_weekend else "放假"

    @property
    def is_off(self) -> bool:
        return not is_working_day(self.day)


@router.get("")
async def rota_page(
    desk: AtDesk,
    shell: InShell,
    now: Now,
    room: Annotated[str, Query()] = "",
    week: Annotated[str, Query()] = "",
    view: Annotated[str, Query()] = "",
) -> HTMLResponse:
    chosen, day = _room(desk, room), _day(week, civil_date(now))
    if view == "month":
        return await _month(desk, shell, chosen, day, civil_date(now))
    return shell.page("duty.html", **await _week(desk, chosen, day, civil_date(now)))


@router.post("/{room}/add", dependencies=[needs(Right.DUTY_LEAD)])
async def add(room: DutyRoom, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    form = await forms.read(request)
    day, who = _day(forms.words(form, "week"), civil_date(now)), forms.words(form, "who")
    try:
        cells = _cells(forms.several(form, "cell"))
        async with desk.acting() as session:
            found = await staff.get(session, who)
            made = await rota.add(session, room, found, cells, desk.standing, now)
    except DomainError as error:
        typed = {"who": who, "cells": forms.several(form, "cell")}
        return await _again(desk, shell, room, day, error, now, **typed)
    words = f"{found.name}排上了 {made} 个半天。" if made else f"{found.name}本来就在这几个半天。"
    return shell.done(_address(room, day), words)


@router.post("/{room}/remove", dependencies=[needs(Right.DUTY_LEAD)])
async def remove(room: DutyRoom, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    form = await forms.read(request)
    day = _day(forms.words(form, "week"), civil_date(now))
    try:
        async with desk.acting() as session:
            who = await rota.remove(session, room, forms.words(form, "shift"), desk.standing, now)
    except DomainError as error:
        return await _again(desk, shell, room, day, error, now)
    return shell.done(_address(room, day), f"{who.name}的这个半天取消了。")


@router.post("/{room}/copy", dependencies=[needs(Right.DUTY_LEAD)])
async def copy(room: DutyRoom, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    day = _day(forms.words(await forms.read(request), "week"), civil_date(now))
    try:
        async with desk.acting() as session:
            done = await rota.copy_week(session, room, rota.monday_of(day), desk.standing, now)
    except DomainError as error:
        return await _again(desk, shell, room, day, error, now)
    words = f"从上一周照抄了 {done.made} 个半天。"
    if done.left:
        words += f"{done.left} 个没有照抄：那天放假、已经过去，或者人休假、不再办这类事。"
    return shell.done(_address(room, day), words)


# --- parts -------------------------------------------------------------------------------------------------


async def _again(
    desk: Desk, shell: Shell, room: DutyRoom, day: date, error: DomainError, now: Now, **typed: Any
) -> HTMLResponse:
    if error.status == 403:
        raise error
    return shell.refused("duty.html", error, **await _week(desk, room, day, civil_date(now)), typed=typed)


async def _week(desk: Desk, room: DutyRoom, day: date, today: date) -> dict[str, Any]:
    monday = rota.monday_of(day)
    leads = duty_rooms.leads(desk.standing, room)
    async with desk.reading() as session:
        found = await rota.list_shifts(session, room, monday, monday + WEEK - timedelta(days=1))
        able = await rota.list_able(session, room) if leads else []
    return {
        **_shared(desk, room, monday, "week"),
        "days": _days(found, monday, 7, today, leads),
        "halves": list(Half),
        "able": able,
        "today": today,
        "leads": leads,
        "before": (monday - WEEK).isoformat(),
        "after": (monday + WEEK).isoformat(),
        "ends": monday + WEEK - timedelta(days=1),
    }


async def _month(desk: Desk, shell: Shell, room: DutyRoom, day: date, today: date) -> HTMLResponse:
    first = day.replace(day=1)
    after = (first + timedelta(days=31)).replace(day=1)
    begins = rota.monday_of(first)
    weeks = ((after - begins).days + 6) // 7
    async with desk.reading() as session:
        found = await rota.list_shifts(session, room, begins, begins + weeks * WEEK)
    days = _days(found, begins, weeks * 7, today, leads=False)
    return shell.page(
        "duty_month.html",
        **_shared(desk, room, day, "month"),
        names=DAYS,
        weeks=[days[at : at + 7] for at in range(0, len(days), 7)],
        first=first,
        before=(first - timedelta(days=1)).replace(day=1).isoformat(),
        after=after.isoformat(),
    )


def _shared(desk: Desk, room: DutyRoom, day: date, view: str) -> dict[str, Any]:
    return {"room": room, "rooms": list(DutyRoom), "week": day.isoformat(), "day": day, "view": view}


def _days(found: Sequence[OnDuty], first: date, count: int, today: date, leads: bool) -> list[Day]:
    listed = [first + timedelta(days=days) for days in range(count)]
    halves: dict[date, dict[Half, list[OnDuty]]] = {day: {half: [] for half in Half} for day in listed}
    for each in found:
        if each.shift.day in halves:
            halves[each.shift.day][each.shift.half].append(each)
    return [Day(day, day == today, leads and day >= today, halves[day]) for day in listed]


def _room(desk: Desk, named: str) -> DutyRoom:
    """Without one that there is: the first of one's own."""
    if named in DutyRoom.__members__.values():
        return DutyRoom(named)
    own = duty_rooms.answered_by(desk.standing)
    return own[0] if own else DutyRoom.DESK


def _day(words: str, today: date) -> date:
    """What is no day of our time is today."""
    try:
        day = date.fromisoformat(words.strip())
    except ValueError:
        return today
    return day if day.year in _YEARS else today


def _cells(values: Sequence[str]) -> list[Cell]:
    """Half days as 2026-11-23:am. Raises: DomainError."""
    try:
        return [(date.fromisoformat(day), Half(half)) for day, half in (each.split(":") for each in values)]
    except ValueError:
        raise DomainError("没有这样的半天，请刷新页面再选。") from None


def _address(room: DutyRoom, day: date) -> str:
    return f"{PAGE}?room={room}&week={day.isoformat()}"
