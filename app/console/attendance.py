"""签到情况: who came, who is missing or late; mistakes taken back, lists on paper typed in, sheets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from app.console import forms, listing
from app.console.activities import PAGE, allowed, begin_export
from app.console.check_in import LATER_RIGHT, RIGHT, due_to, scanned
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.listing import Filter
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import (
    arrivals,
    attendance,
    check_in_codes,
    check_ins,
    check_ins_later,
    participants,
    sittings,
)
from app.services.attendance import WAYS, Which
from app.services.audit import does
from app.services.check_ins import Scan
from app.services.participants import Participant
from app.services.permissions import Right
from models import CheckInAnswer, SignUp
from models.types import public_id as new_id

router = APIRouter(prefix="/activities", dependencies=[needs(RIGHT)])

CHANNEL: Final = "console"
REASON: Final = 150  # characters: the history names the sitting before it


@router.get("/{public_id}/check-in/list")
async def everybody(public_id: str, request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    """Of several sittings the figures are of the one chosen, or else of the one people come for now."""
    return await _list(public_id, request, desk, shell, now)


@router.post("/{public_id}/check-in/list", dependencies=[needs(LATER_RIGHT)])
async def later(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """Those whose codes were ticked came to a sitting that is over: a list on paper says so."""
    form = await forms.read(request)
    codes = [code for code in forms.several(form, "code") if code]
    reason, key = forms.words(form, "reason")[:REASON], forms.words(form, "sitting")
    try:
        new = await _came_later(public_id, codes, key, reason, desk, now)
    except NotFound:
        raise
    except DomainError as error:
        ticked: dict[str, Any] = {"error": error, "reason": reason, "ticked": codes}
        return await _list(public_id, request, desk, shell, now, **ticked)
    said = f"已补签 {len(new)} 人。" if new else "勾选的人都签到过了，没有再记。"
    which = urlencode({"sitting": key} if key else {})
    return shell.done(f"{PAGE}/{public_id}/check-in/list?{which}", said)


@router.get("/{public_id}/check-in/sheet")
async def sheet(public_id: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
    """To print, and to sign where no phone is at hand: by name."""
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, RIGHT)
        people = [each async for each in attendance.everybody(session, activity)]
    people.sort(key=lambda row: (row[0].name, row[0].id))
    return shell.page(
        "check_in_sheet.html",
        activity=activity,
        people=people,
        sittings=sittings.of(activity),
        cell=attendance.cell,
    )


@router.post("/{public_id}/check-in/export", dependencies=[needs(Right.ACTIVITIES_PEOPLE)])
async def export(public_id: str, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    right, work = Right.ACTIVITIES_PEOPLE, "activities.attendance"
    return await begin_export(desk, shell, public_id, right, work, "签到表", now)


@router.get("/{public_id}/check-in/people/{code}")
async def one(public_id: str, code: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    return await _one(public_id, code, desk, shell, now)


@router.post("/{public_id}/check-in/people/{code}")
async def by_hand(
    public_id: str, code: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    """Where a browser has no scripts; the form carries the name of the scan, so that it counts once."""
    given = forms.words(await forms.read(request), "request_id")
    name = given if given.isascii() and given.isalnum() and len(given) == 16 else code[:16]
    told = await scanned(desk, public_id, Scan(name, code, now, by_hand=True), now)
    if told.who is None:
        raise NotFound("没有找到这次报名。")
    said = f"{told.who.name}：{told.answer.label}。{told.words}"
    if told.answer is not CheckInAnswer.OK:
        return await _one(public_id, code, desk, shell, now, error=DomainError(said))
    return shell.done(f"{PAGE}/{public_id}/check-in", said)


@router.post("/{public_id}/check-in/people/{code}/later", dependencies=[needs(LATER_RIGHT)])
async def one_later(
    public_id: str, code: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    form = await forms.read(request)
    reason, key = forms.words(form, "reason")[:REASON], forms.words(form, "sitting")
    try:
        new = await _came_later(public_id, [code], key, reason, desk, now)
    except NotFound:
        raise
    except DomainError as error:
        return await _one(public_id, code, desk, shell, now, error=error, later=reason)
    said = "已补签。" if new else "他签到过了，没有再记。"
    return shell.done(f"{PAGE}/{public_id}/check-in/people/{code}", said)


@router.post("/{public_id}/check-in/people/{code}/undo")
async def undo(
    public_id: str, code: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    form = await forms.read(request)
    reason, sitting = forms.words(form, "reason")[:REASON], forms.words(form, "sitting")
    try:
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, RIGHT)
            how: Any = {"sitting": sitting, "by": desk.by, "channel": CHANNEL, "now": now}
            who = await check_ins.undo(session, activity.id, code, reason=reason, **how)
            does(
                session,
                "activity.check_in_undo",
                code,
                branch_id=activity.branch_id,
                reason=reason,
                activity=public_id,
            )
    except NotFound:
        raise
    except DomainError as error:
        return await _one(public_id, code, desk, shell, now, error=error, reason=reason)
    return shell.done(f"{PAGE}/{public_id}/check-in/people/{code}", f"已撤销{who.name}的签到。")


@router.post("/{public_id}/check-in/people/{code}/arrived")
async def arrived(
    public_id: str, code: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    """How many of a party came."""
    form = await forms.read(request)
    seats, sitting = forms.number(forms.words(form, "seats"), 3) or 0, forms.words(form, "sitting")
    try:
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, RIGHT)
            branch_id = activity.branch_id
            how: Any = {"sitting": sitting, "by": desk.by, "channel": CHANNEL, "now": now}
            who = await check_ins.came_with(session, activity.id, code, seats, **how)
            does(session, "activity.arrived", code, branch_id=branch_id, activity=public_id, seats=seats)
    except NotFound:
        raise
    except DomainError as error:
        return await _one(public_id, code, desk, shell, now, error=error)
    said = f"{who.name}：实到 {seats} 人。"
    return shell.done(f"{PAGE}/{public_id}/check-in/people/{code}", said)


async def _came_later(
    public_id: str, codes: list[str], key: str, reason: str, desk: Desk, now: datetime
) -> list[Participant]:
    async with desk.acting() as session:
        activity = await allowed(session, desk, public_id, LATER_RIGHT)
        how: Any = {"by": desk.by, "reason": reason, "now": now}
        new = await check_ins_later.add(session, activity.id, codes, key, **how)
        about = codes[0] if len(codes) == 1 else public_id
        facts: Any = {"activity": public_id, "sitting": key, "count": len(new)}
        branch_id = activity.branch_id
        if new:
            does(session, "activity.check_in_later", about, branch_id=branch_id, reason=reason, **facts)
    return new


async def _list(
    public_id: str,
    request: Request,
    desk: Desk,
    shell: Shell,
    now: datetime,
    *,
    error: DomainError | None = None,
    reason: str = "",
    ticked: Sequence[str] = (),
) -> HTMLResponse:
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, RIGHT)
        found = sittings.of(activity)
        view = listing.view_of(
            request,
            Filter("q", "姓名或票号"),
            Filter("which", "谁", {each.value: each.label for each in Which}),
            *([Filter("sitting", "第几次", {each.key: each.name for each in found})] if found[0].key else []),
        )
        which = Which(view.get("which")) if view.get("which") else None
        key = view.get("sitting") if found[0].key else ""
        sitting = sittings.find(activity, key) or sittings.for_moment(activity, now)
        chosen = attendance.chosen(activity, sitting, view.get("q"), which)
        page = await listing.page(session, chosen, SignUp.id, view)
        counted = await attendance.count(session, activity, sitting)
        came = await arrivals.by_entry(session, activity, [row[0] for row in page.rows])
    values: dict[str, Any] = {
        "activity": activity,
        "page": page,
        "view": view,
        "counts": counted,
        "which": which,
        "sitting": sitting,
        "sittings": found,
        "came": came,
        "participant": participants.participant,
        "is_late": attendance.is_late,
        "is_later": attendance.is_later,
        "share": attendance.share,
        "may_export": desk.may(Right.ACTIVITIES_PEOPLE, activity.branch_id),
        "adds": sitting in due_to(desk, activity, now),
        "reason": reason,
        "ticked": ticked,
    }
    if error is not None:
        return shell.refused("check_in_list.html", error, **values)
    return shell.page("check_in_list.html", **values)


async def _one(
    public_id: str,
    code: str,
    desk: Desk,
    shell: Shell,
    now: datetime,
    *,
    error: DomainError | None = None,
    reason: str = "",
    later: str | None = None,
) -> HTMLResponse:
    """`later`: the reason that was typed for checking in afterwards."""
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, RIGHT)
        who = await participants.get(session, activity, code)
        moves = await participants.list_moves(session, who.entry)
        came = await arrivals.of_entry(session, activity, who.entry)
    values: dict[str, Any] = {
        "activity": activity,
        "who": who,
        "number": check_in_codes.number(who.entry),
        "sittings": sittings.of(activity),
        "came": came,
        "present": sittings.for_moment(activity, now),
        "is_late": attendance.is_late,
        "is_later": attendance.is_later,
        "adds": due_to(desk, activity, now),
        "later": later,
        "moves": moves,
        "ways": WAYS,
        "reason": reason,
        "request_id": new_id(),
    }
    if error is not None:
        return shell.refused("check_in_one.html", error, **values)
    return shell.page("check_in_one.html", **values)
