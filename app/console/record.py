"""操作记录: what staff did, with before and after; whether the chain is whole; a part of it to take away."""

from datetime import UTC, date
from typing import Final

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import day_begins
from app.console import listing
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.listing import Filter, View
from app.console.navigation import Found, Section
from app.console.shell import InShell
from app.dependencies import Now
from app.services import act_words, acts, acts_found, audit_chain, staff, staff_jobs
from app.services.permissions import Right, Standing
from models import StaffAct

PAGE: Final = "/console/record"

router = APIRouter(prefix="/record", dependencies=[needs(Right.AUDIT_READ)])


async def _search(session: AsyncSession, standing: Standing, words: str) -> list[Found]:
    wanted = acts_found.chosen(standing, subject=words).order_by(StaffAct.id.desc()).limit(listing.PAGE)
    return [
        Found(f"{acts.label(act.act)} {act.subject}", f"{PAGE}/{act.public_id}", act.by)
        for act in await session.scalars(wanted)
    ]


SECTION: Final = Section("record", "管理", "操作记录", PAGE, "record", Right.AUDIT_READ, search=_search)


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        view = await _view(request, session)
        found = await listing.page(session, _chosen(desk, view), StaffAct.id, view)
    return shell.page("record.html", page=found, view=view, label=acts.label)


@router.get("/whole")
async def whole(desk: AtDesk, shell: InShell) -> HTMLResponse:
    """Go through the chain now."""
    async with desk.reading() as session:
        verdict = await audit_chain.verify(session)
    return shell.page("record_whole.html", verdict=verdict)


@router.post("/export", dependencies=[needs(Right.AUDIT_EXPORT)])
async def export(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """As it is narrowed down in the address. The file is made by a job."""
    async with desk.reading() as session:
        view = await _view(request, session)
    given = _given(view)
    async with desk.acting() as session:
        await staff_jobs.start(session, desk.standing, "audit.export", "导出操作记录", given, now)
    return shell.done("/console/jobs", "正在导出，好了会在这里出现。")


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        act = await acts_found.get(session, desk.standing, public_id)
        sealed = await acts_found.is_sealed(session, act)
        changes = act_words.told(act)
    return shell.page("record_one.html", act=act, sealed=sealed, label=acts.label, changes=changes)


async def _view(request: Request, session: AsyncSession) -> View:
    people = {each.public_id: each.name for each in await staff.list_all(session)}
    return listing.view_of(
        request,
        Filter("by", "经办人", people),
        Filter("act", "做了什么", acts.ACTS),
        Filter("subject", "对象的编号"),
        Filter("since", "从哪天", kind="date"),
        Filter("until", "到哪天", kind="date"),
    )


def _given(view: View) -> dict[str, str]:
    return {name: value for name in ("by", "act", "subject", "since", "until") if (value := view.get(name))}


def _chosen(desk: Desk, view: View) -> sa.Select[StaffAct]:
    return acts_found.chosen(
        desk.standing,
        by=view.get("by"),
        act=view.get("act"),
        subject=view.get("subject"),
        since=_day(view.get("since")),
        until=_day(view.get("until")),
    )


def _day(words: str) -> date | None:
    try:
        day = date.fromisoformat(words)
        for later in (0, 1):  # years at the end of time have no such moment
            day_begins(day, days=later).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return day
