"""现场签到: a phone at the door reads tickets, a screen shows the code that members read themselves.

What a phone has read is sent as a batch, each scan with a name of the phone's own making: it counts once,
however often it comes. Each is a transaction and an act of its own. Not here: lists, mistakes (`attendance`).
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import spoken
from app.console import forms
from app.console.activities import allowed
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError
from app.services import (
    arrivals,
    attendance,
    check_in_codes,
    check_in_words,
    check_ins,
    check_ins_later,
    sittings,
)
from app.services.attendance import Counts
from app.services.audit import does
from app.services.check_ins import Outcome, Scan
from app.services.permissions import Right
from app.services.sittings import Sitting
from app.web import qr
from models import Activity
from models.types import public_id as new_id

router = APIRouter(prefix="/activities", dependencies=[needs(Right.ACTIVITIES_CHECK)])

RIGHT: Final = Right.ACTIVITIES_CHECK
LATER_RIGHT: Final = Right.ACTIVITIES_PEOPLE  # who only helps at the door says nothing once it is closed
AT_ONCE: Final = 20  # scans of one batch
_LONGEST: Final = 500  # characters of a code; a longer one is no ticket


class ScanIn(BaseModel):
    """One scan as the phone kept it; times are milliseconds by its own clock."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str = Field(pattern=r"^[A-Za-z0-9-]{8,40}$")
    words: str
    by_hand: bool = False
    at: float | None = None


_BATCH: Final = TypeAdapter(Annotated[list[ScanIn], Field(min_length=1, max_length=AT_ONCE)])


class NotRead(DomainError):
    status = 422


@router.get("/{public_id}/check-in")
async def door(public_id: str, request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    """With ?q= also those whom the words fit, for browsers without scripts."""
    return await _door(public_id, request, desk, shell, now, "check_in.html")


@router.get("/{public_id}/check-in/found")
async def found(public_id: str, request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    """The list below the field, as it is typed into."""
    return await _door(public_id, request, desk, shell, now, "check_in_found.html")


@router.get("/{public_id}/check-in/counts")
async def counts(public_id: str, desk: AtDesk, now: Now) -> JSONResponse:
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, RIGHT)
        counted = await _count(session, activity, now)
    return JSONResponse(_counted(*counted, now))


@router.post("/{public_id}/check-in/scans")
async def scans(
    public_id: str,
    desk: ActingDesk,
    now: Now,
    scans: Annotated[str, Form()] = "",
    sent_at: Annotated[float | None, Form()] = None,
) -> JSONResponse:
    """`scans`: a list of `ScanIn` as JSON. Answered in its order; `sent_at` is by the phone's clock."""
    try:
        batch = _BATCH.validate_json(scans)
    except ValidationError:
        raise NotRead("没有看懂手机传来的内容，请刷新页面再试。") from None
    told = [await scanned(desk, public_id, _scan(each, sent_at, now), now) for each in batch]
    async with desk.reading() as session:
        counted = await _count(session, told[-1].activity, now)
    answers = [_answered(each.id, outcome) for each, outcome in zip(batch, told, strict=True)]
    return JSONResponse({"answers": answers, "counts": _counted(*counted, now)})


@router.get("/{public_id}/check-in/screen")
async def screen(public_id: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    """For a screen or a tablet at the venue. Without scripts it asks for the next code by itself."""
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, RIGHT)
        counted, sitting = await _count(session, activity, now)
    code = _code(desk, activity, now)
    return shell.page("check_in_screen.html", activity=activity, sitting=sitting, code=code, counts=counted)


@router.get("/{public_id}/check-in/screen/code")
async def screen_code(public_id: str, desk: AtDesk, now: Now) -> JSONResponse:
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, RIGHT)
        counted = await _count(session, activity, now)
    return JSONResponse({"code": str(_code(desk, activity, now)), "counts": _counted(*counted, now)})


# --- parts -------------------------------------------------------------------------------------------------


async def scanned(desk: Desk, public_id: str, scan: Scan, now: datetime) -> Outcome:
    """Raises: NotFound."""
    async with desk.acting() as session:
        activity = await allowed(session, desk, public_id, RIGHT)
        told = await check_ins.scan(session, activity.id, scan, by=desk.by, now=now)
        if told.is_new:
            does(
                session,
                "activity.check_in",
                told.entry.public_id if told.entry is not None else public_id,
                branch_id=activity.branch_id,
                activity=public_id,
                answer=told.answer,
                offline=scan.offline,
            )
    return told


def due_to(desk: Desk, activity: Activity, now: datetime) -> list[Sitting]:
    """To which sittings this desk may check somebody in now that they are over."""
    return check_ins_later.due(activity, now) if desk.may(LATER_RIGHT, activity.branch_id) else []


async def _door(
    public_id: str, request: Request, desk: Desk, shell: InShell, now: datetime, template: str
) -> HTMLResponse:
    words = forms.plain(request.query_params.get("q", ""))[:40]
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, RIGHT)
        counted, sitting = await _count(session, activity, now)
        people = await attendance.find(session, activity, words) if words else []
        came = await arrivals.by_entry(session, activity, [each.entry for each in people])
    return shell.page(
        template,
        activity=activity,
        counts=counted,
        words=words,
        people=people,
        most=attendance.LISTED,
        number=check_in_codes.number,
        request_id=new_id,
        sitting=sitting,
        came={entry_id: each[sitting.key] for entry_id, each in came.items() if sitting.key in each},
        is_later=attendance.is_later,
        adds=due_to(desk, activity, now),
        opens=now < sitting.opens_at,
        closed=now > sitting.closes_at,
    )


def _scan(given: ScanIn, sent_at: float | None, now: datetime) -> Scan:
    said_at = _moment(given.at)
    at, offline = check_ins.moment_of(said_at, _moment(sent_at), now)
    words = given.words if len(given.words) <= _LONGEST else ""
    return Scan(given.id, words, at, given.by_hand, said_at, offline)


def _moment(milliseconds: float | None) -> datetime | None:
    """None for what no clock of a phone says."""
    if milliseconds is None or not 0 <= milliseconds < 4e12:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _answered(scan_id: str, told: Outcome) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": scan_id,
        "answer": told.answer,
        "label": told.answer.label,
        "tone": check_in_words.tone(told.answer),
        "words": told.words,
    }
    if told.who is None:
        return answer
    entry = told.who.entry
    return answer | {
        "code": entry.public_id,
        "name": told.who.name,
        "branch": told.who.branch,
        "seats": entry.seats,
        "arrived": told.arrival.arrived if told.arrival is not None else 0,
        "sitting": told.sitting.key,
    }


async def _count(session: AsyncSession, activity: Activity, now: datetime) -> tuple[Counts, Sitting]:
    """Of the sitting for which people come now."""
    sitting = sittings.for_moment(activity, now)
    return await attendance.count(session, activity, sitting), sitting


def _counted(counted: Counts, sitting: Sitting, now: datetime) -> dict[str, Any]:
    """With the sitting they are of, where there are several: the page shows the next one once it is on."""
    which = {"sitting": f"{sitting.name}　{spoken(sitting.starts_at, now)}"} if sitting.key else {}
    return which | {
        "expected": counted.expected,
        "expected_seats": counted.expected_seats,
        "here": counted.here,
        "here_seats": counted.here_seats,
        "late": counted.late,
    }


def _code(desk: Desk, activity: Activity, now: datetime) -> Any:
    code, _ = check_in_codes.venue(activity, now)
    address = f"{desk.shared.public_url}/check-in/{activity.public_id}?c={code}"
    return qr.drawn(address, "签到二维码：用微信扫一扫签到")
