"""内容数据: how articles were read and passed on in a period, by channel, article, campaign and audience."""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from app.console import forms
from app.console.content import whole
from app.console.entrance import ActingDesk, AtDesk, needs
from app.console.navigation import Section
from app.console.shell import InShell
from app.dependencies import Now
from app.services import audience_figures, publishing_figures, staff_jobs
from app.services.attendance_figures import FEWEST
from app.services.permissions import Right

PAGE: Final = "/console/figures"
EXPORT: Final = "content.figures"

router = APIRouter(prefix="/figures", dependencies=[needs(Right.CONTENT_READ)])

SECTION: Final = Section("figures", "内容和活动", "内容数据", PAGE, "meter", Right.CONTENT_READ)


@router.get("")
async def figures(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    whole(desk, Right.CONTENT_READ)
    since, until = (request.query_params.get(name, "") for name in ("since", "until"))
    period = publishing_figures.period_of(since, until, now)
    async with desk.reading() as session:
        found = await publishing_figures.read(session, period)
        branches = await audience_figures.by_branch(session, period)
        tags = await audience_figures.by_tag(session, period)
    return shell.page(
        "publishing_figures.html",
        figures=found,
        period=period,
        branches=branches,
        tags=tags,
        rules=publishing_figures,
        audience_cells=audience_figures.cells,
        audience_heads=audience_figures.HEADS,
        fewest=FEWEST,
    )


@router.post("/export", dependencies=[needs(Right.JOBS_READ)])
async def export(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """Where files lie, only who may look there can take them."""
    whole(desk, Right.CONTENT_READ)
    form = await forms.read(request)
    given = {name: forms.words(form, name)[:16] for name in ("since", "until")}
    async with desk.acting() as session:
        await staff_jobs.start(session, desk.standing, EXPORT, "导出内容数据", given, now)
    return shell.done("/console/jobs", "正在导出，好了会在这里出现。")
