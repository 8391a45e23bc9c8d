"""What an adviser does with slots and with who has booked: offering, taking back, marking, moving."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.console import forms
from app.console.appointments import PAGE, facts, said, week
from app.console.entrance import ActingDesk, Desk, needs
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import appointment_slots as slots
from app.services import appointment_work as work
from app.services.permissions import Right
from models import AdviceSlot, AppointmentState

router = APIRouter(prefix="/appointments", dependencies=[needs(Right.APPOINTMENTS_OWN)])
FIELDS: Final = ("kind", "day", "begins", "until", "minutes", "place", "room", "weeks", "once")

Work = Callable[[AsyncSession, FormData, Any], Awaitable[str]]


@router.post("/offer")
async def offer(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    form = await forms.read(request)
    typed = {name: forms.words(form, name)[:200] for name in FIELDS}
    try:
        asked = slots.offer_of(**typed)
        async with desk.acting() as session:
            made = await slots.offer(session, desk.standing, asked, now)
    except DomainError as error:
        async with desk.reading() as session:
            shown = await week(session, desk, request, now)
        return shell.refused("appointments.html", error, **shown | {"typed": typed})
    return shell.done(f"{PAGE}?week={asked.day.isoformat()}", _told(made))


@router.post("/{public_id}/withdraw")
async def withdraw(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def act(session: AsyncSession, form: FormData, now: Any) -> str:
        series, reason = forms.words(form, "series") == "yes", forms.words(form, "reason")
        count, told = await work.withdraw(session, desk.standing, public_id, reason, now, series=series)
        return f"撤回了 {count} 个时段" + (f"，{told} 位约了的人会收到通知。" if told else "。")

    return await _does(public_id, request, desk, shell, now, act)


@router.post("/{public_id}/mark")
async def mark(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def act(session: AsyncSession, form: FormData, now: Any) -> str:
        states = {"came": AppointmentState.CAME, "no_show": AppointmentState.NO_SHOW}
        if (to := states.get(forms.words(form, "how"))) is None:
            raise DomainError("请选到了还是没来。")
        booked, version = _of(form)
        await work.mark(session, desk.standing, booked, to, version, now)
        return f"记下了：{to.label}。"

    return await _does(public_id, request, desk, shell, now, act)


@router.post("/{public_id}/move")
async def move(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def act(session: AsyncSession, form: FormData, now: Any) -> str:
        (booked, version), to = _of(form), forms.words(form, "to")
        keeps_open = forms.words(form, "keeps_open") == "yes"
        given = (session, desk.standing, booked, to, version, now)
        await work.move_to(*given, keeps_open=keeps_open)
        return "改好了，约了的人会收到通知。"

    return await _does(public_id, request, desk, shell, now, act)


@router.post("/{public_id}/phone")
async def phone(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """Shown once, on the page that answers; each look is kept."""
    booked, _ = _of(await forms.read(request))
    async with desk.acting() as session:
        number = await work.reveal_phone(session, desk.standing, booked, now)
    async with desk.reading() as session:
        return shell.page("appointment.html", **await facts(session, desk, public_id, now), phone=number)


async def _does(
    public_id: str, request: Request, desk: Desk, shell: InShell, now: Any, act: Work
) -> Response:
    """One act; refused, the page says why and keeps what was typed."""
    form = await forms.read(request)
    try:
        async with desk.acting() as session:
            told = await act(session, form, now)
    except NotFound:
        raise
    except DomainError as error:
        typed = {name: forms.words(form, name)[:200] for name in ("reason", "to")}
        async with desk.reading() as session:
            shown = await facts(session, desk, public_id, now)
        return shell.refused("appointment.html", error, **shown | {"typed": typed})
    return shell.done(f"{PAGE}/{public_id}", told)


def _of(form: FormData) -> tuple[str, int]:
    """Which appointment, and as it was when the page was made."""
    return forms.words(form, "appointment")[:16], forms.number(forms.words(form, "version"), 9) or 0


def _told(made: list[AdviceSlot] | Any) -> str:
    words = f"开放了 {len(made)} 个时段。"
    if off := slots.days_off(made):
        shown = "、".join(said(day) for day in off[:3])
        words += f"提醒：{shown}{'等' if len(off) > 3 else ''}不是工作日，请确认来得了。"
    return words
