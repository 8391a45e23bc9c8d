"""A series of activities: its days looked at one by one before they are made, and added to later."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from app.clock import civil_date
from app.console import forms
from app.console.activities import PAGE, allowed
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import activity_dates, activity_series, series_rows
from app.services.audit import does
from app.services.permissions import Right

router = APIRouter(prefix="/activities", dependencies=[needs(Right.ACTIVITIES_EDIT)])

FIELDS = ("how", "until", "listed", "opens")


@router.get("/{public_id}/series")
async def plan(public_id: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    return await _page(public_id, desk, shell, now, {"how": activity_dates.WEEKLY, "opens": "along"})


@router.post("/{public_id}/series")
async def make(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """With `do=look` the days, which stores nothing; else those of them that were left ticked are made."""
    form = await forms.read(request)
    filled = {name: forms.words(form, name) for name in FIELDS}
    try:
        if forms.words(form, "do") == "look":
            return await _page(public_id, desk, shell, now, filled, look=True)
        made = await _make(public_id, form, filled, desk, now)
    except NotFound:
        raise
    except DomainError as error:
        return await _page(public_id, desk, shell, now, filled, look=True, error=error)
    said = f"做好 {made} 场草稿，和这一场是一个系列。" if made else "这些日子都已经有了。"
    return shell.done(f"{PAGE}/{public_id}", said)


async def _make(public_id: str, form: FormData, filled: dict[str, str], desk: Desk, now: datetime) -> int:
    days = activity_dates.parse(forms.several(form, "day"))
    if not days:
        raise DomainError("请至少留下一天。")
    version = forms.number(forms.words(form, "version"), 9) or 0
    async with desk.acting() as session:
        activity = await allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
        along = filled["opens"] != "same"
        made = await activity_series.make(
            session, public_id, days, opens_along=along, version=version, by=desk.standing, now=now
        )
        if made:
            title, branch_id = activity.title, activity.branch_id
            does(session, "activity.series", public_id, branch_id=branch_id, title=title, count=len(made))
    return len(made)


async def _page(
    public_id: str,
    desk: Desk,
    shell: Shell,
    now: datetime,
    filled: dict[str, str],
    *,
    look: bool = False,
    error: DomainError | None = None,
) -> HTMLResponse:
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
        others = await series_rows.siblings(session, activity)
    first = civil_date(activity.starts_at)
    values: dict[str, Any] = {
        "activity": activity,
        "others": others,
        "there": {civil_date(each.starts_at) for each in others},
        "ways": activity_dates.ways(first),
        "filled": filled,
        "today": civil_date(now),
        "days": [],
        "most": activity_dates.MOST,
    }
    if look:
        try:
            values["days"] = activity_dates.days(first, *(filled[name] for name in FIELDS[:3]))
        except DomainError as refused:
            error = error or refused
    if error is not None:
        return shell.refused("activity_series.html", error, **values)
    return shell.page("activity_series.html", **values)
