"""预约 on the portal: which advisers have time, and booking one of their times."""

from datetime import datetime
from itertools import groupby
from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import WEEKDAYS, civil_date, shanghai
from app.dependencies import Now, ReadSession, WriteSession
from app.errors import DomainError, NotFound
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson, MaybePerson, Visitor, page_for
from app.services import appointment_rows, appointments, consents, crisis
from app.services import appointment_slots as slots
from app.services.advice_kinds import ADVICE
from app.services.appointments import NAME_LENGTH, PURPOSES, WORDS_LENGTH, Wish
from models import AdviceSlot, CaseKind

router = APIRouter(prefix="/appointments", include_in_schema=False)

WAYS: Final = {"room": "当面", "phone": "电话"}


class Filled(BaseModel):
    """The form as it was sent."""

    slot: str = ""
    way: str = ""
    phone: str = ""
    called: str = ""
    words: str = ""
    case: str = ""
    agreed: str = ""

    def shown(self) -> dict[str, str]:
        """Browsers count a line's end as one character and send two."""
        cut = {"words": 1000, "phone": 40, "called": 40}
        given = self.model_dump()
        return {
            name: str(value).replace("\0", "").replace("\r\n", "\n")[: cut.get(name, 24)]
            for name, value in given.items()
        }

    def wish(self) -> Wish:
        """Raises: DomainError."""
        given = self.shown()
        by_phone = given["way"] == "phone"
        if given["way"] not in WAYS:
            raise DomainError("请选当面还是电话。")
        phone = appointments.checked_phone(given["phone"]) if by_phone else ""
        called = " ".join(given["called"].split())
        return Wish(given["slot"], by_phone, phone, called, given["words"].strip(), given["case"])


@router.get("")
async def kinds(session: ReadSession, now: Now, visitor: MaybePerson) -> HTMLResponse:
    rows = []
    for kind in slots.KINDS:
        free = await slots.list_free(session, kind, now)
        rows.append((kind, ADVICE[kind].adviser, len(free), free[0].starts_at if free else None))
    return page_for(visitor, render("appointments.html", rows=rows, days=slots.AHEAD, now=now))


@router.get("/{kind}")
async def form(visitor: CurrentPerson, kind: str, session: ReadSession, now: Now) -> HTMLResponse:
    return await _page(visitor, session, _kind(kind), now)


@router.post("/{kind}")
async def book(
    visitor: ActingPerson, kind: str, filled: Annotated[Filled, Form()], session: WriteSession, now: Now
) -> Response:
    """Twice the same is one appointment; danger in the words is answered first."""
    which, given = _kind(kind), filled.shown()
    danger = await crisis.heed(session, visitor.person_id, given["words"], "portal", now)
    try:
        await _refuse_without_consent(session, visitor, which, filled.agreed)
        wish = filled.wish()
        if not wish.slot:
            raise DomainError("请选一个时间。")
        made = await appointments.book(session, visitor.person_id, wish, channel="portal", now=now)
    except DomainError as refusal:  # nothing has been written of it
        return await _page(visitor, session, which, now, refusal.message, danger, given)
    if danger:
        return await _page(visitor, session, which, now, danger=danger)
    return RedirectResponse(f"/me/appointments/{made.public_id}", 303)


def _kind(kind: str) -> CaseKind:
    """Raises: NotFound."""
    for each in slots.KINDS:
        if each.value == kind:
            return each
    raise NotFound("没有这种预约。")


async def _refuse_without_consent(
    session: AsyncSession, visitor: Visitor, kind: CaseKind, agreed: str
) -> None:
    purpose = PURPOSES[kind]
    if agreed != purpose.version and not await consents.stands(session, visitor.person_id, purpose):
        raise DomainError("预约要用到您写的内容，同意的话请勾选下面的一项。")


async def _page(
    visitor: Visitor,
    session: AsyncSession,
    kind: CaseKind,
    now: datetime,
    wrong: str = "",
    danger: str = "",
    given: dict[str, str] | None = None,
) -> HTMLResponse:
    free = await slots.list_free(session, kind, now)
    live = await appointment_rows.find_live(session, visitor.person_id, kind)
    words = render(
        "appointment_form.html",
        kind=kind,
        adviser=ADVICE[kind].adviser,
        go_on=ADVICE[kind].own,
        days=[(_day(day), list(rest)) for day, rest in groupby(free, key=_date)],
        has_room=any(each.has_room for each in free),
        has_phone=any(each.has_phone for each in free),
        clock=lambda moment: f"{shanghai(moment):%H:%M}",
        live=live if live is not None and live.slot.ends_at > now else None,
        paused=await appointments.paused_until(session, visitor.person_id, now),
        cases=await appointment_rows.open_cases(session, visitor.person_id, kind),
        purpose=PURPOSES[kind],
        agrees=await consents.stands(session, visitor.person_id, PURPOSES[kind]),
        given=given or Filled().shown(),
        ahead=slots.AHEAD,
        longest={"words": WORDS_LENGTH, "called": NAME_LENGTH},
        wrong=wrong,
        danger=danger,
        token=visitor.form_token,
        now=now,
    )
    return HTMLResponse(words, 422 if wrong else 200)


def _date(slot: AdviceSlot) -> str:
    return civil_date(slot.starts_at).isoformat()


def _day(iso: str) -> str:
    day = datetime.fromisoformat(iso)
    return f"{day.month}月{day.day}日（周{WEEKDAYS[day.weekday()]}）"
