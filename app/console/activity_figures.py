"""参加情况: how many signed up and came, by branch, over a period or of one activity."""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from app.console import forms
from app.console.activities import allowed
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.services import attendance_figures, staff_jobs
from app.services.attendance_figures import Period
from app.services.permissions import Right

router = APIRouter(prefix="/activities", dependencies=[needs(Right.ACTIVITIES_READ)])

EXPORT: Final = "activities.figures"
POINTS: Final = "activities.points"


@router.get("/figures")
async def figures(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    asked = {name: request.query_params.get(name, "") for name in ("since", "until", "activity")}
    period = Period.of(asked["since"], asked["until"], now)
    async with desk.reading() as session:
        one = await allowed(session, desk, asked["activity"], _READ) if asked["activity"] else None
        scope = desk.scope(_READ)
        found = await attendance_figures.read(session, scope, period, one.public_id if one else "")
    values: dict[str, Any] = {"figures": found, "period": period, "activity": one}
    return shell.page("activity_figures.html", fewest=attendance_figures.FEWEST, **values)


@router.post("/figures/export")
async def export(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    return await _begin(request, desk, shell, now, EXPORT, "导出活动参加情况")


@router.post("/figures/points", dependencies=[needs(Right.ACTIVITIES_PEOPLE)])
async def export_points(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """Names who came where: for who may see the lists of participants."""
    return await _begin(request, desk, shell, now, POINTS, "导出活动积分")


async def _begin(
    request: Request, desk: Desk, shell: Shell, now: datetime, work: str, title: str
) -> Response:
    form = await forms.read(request)
    given = {name: forms.words(form, name)[:16] for name in ("since", "until", "activity")}
    async with desk.acting() as session:
        await staff_jobs.start(session, desk.standing, work, title, given, now)
    return shell.done("/console/jobs", "正在导出，好了会在这里出现。")


_READ: Final = Right.ACTIVITIES_READ
