"""入会申请 and 资料变更: what is open with its clock, late ones first; and one of them."""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.console import listing
from app.console.entrance import AtDesk, Desk, needs
from app.console.listing import Filter, Page
from app.console.navigation import Found, Section, Waiting
from app.console.shell import InShell
from app.dependencies import Now
from app.services import (
    application_facts,
    application_lists,
    application_work,
    branches,
    case_files,
    case_work,
    cases,
    member_words,
    permissions,
)
from app.services.application_lists import Listed
from app.services.permissions import Right, Standing
from models import CaseEntry, CaseKind, CaseState, ChangeKind, EntryKind, FileState

PAGE: Final = "/console/applications"
OPEN, OVER = "open", "over"
PROOFS: Final = {"phone": "手机号后四位", "birth": "出生日期"}

router = APIRouter(prefix="/applications", dependencies=[needs(Right.MEMBERS_DECIDE)])


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> list[Waiting]:
    scope = permissions.scope(standing, Right.MEMBERS_DECIDE)
    counted = await application_lists.count_open(session, scope, now)
    return [
        Waiting(f"{kind.label}要办", f"{PAGE}?kind={kind.value}", *counted[kind])
        for kind in application_lists.KINDS
        if kind in counted
    ]


async def _search(session: AsyncSession, standing: Standing, words: str) -> list[Found]:
    scope = permissions.scope(standing, Right.MEMBERS_DECIDE)
    found = await application_lists.find_by_words(session, scope, words, listing.PAGE)
    return [
        Found(
            f"{each.case.number} {each.who}",
            f"{PAGE}/{each.case.number}",
            f"{each.what}，{each.case.state.label}",
        )
        for each in found
    ]


SECTION: Final = Section(
    *("applications", "会员和客户", "入会和变更", PAGE, "pen", Right.MEMBERS_DECIDE),
    waiting=_waiting,
    search=_search,
)


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    kinds = {kind.value: kind.label for kind in application_lists.KINDS}
    view = listing.view_of(
        request, Filter("kind", "哪一种", kinds), Filter("state", "状态", {OPEN: "要办的", OVER: "办完的"})
    )
    kind = CaseKind(view.get("kind")) if view.get("kind") else None
    scope = desk.scope(Right.MEMBERS_DECIDE)
    async with desk.reading() as session:
        if view.get("state") == OVER:
            found = await application_lists.list_over(session, scope, kind, view.before, listing.PAGE + 1)
            page = listing.page_of(found, view)
        else:
            page = Page(await application_lists.list_open(session, scope, kind), view, None)
    late = sum(each.is_late(now) for each in page.rows)
    full = len(page.rows) == application_lists.OPEN_SHOWN
    return shell.page("applications.html", page=page, view=view, late=late, full=full)


@router.get("/{number}")
async def one(number: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.page("application_one.html", **await shown(session, desk, number, now))


async def shown(
    session: AsyncSession, desk: Desk, number: str, now: datetime, *, whole: bool = False
) -> dict[str, Any]:
    """What the page of one is filled with; private values masked, unless `whole`. Raises: NotFound."""
    scope = desk.scope(Right.MEMBERS_DECIDE)
    listed = await application_lists.get(session, scope, number)
    entries = await case_work.list_entries(session, listed.case)
    ours = [each for each in await branches.list_all(session) if scope.covers(each.id)]
    change = listed.change
    return {
        "listed": listed,
        "case": listed.case,
        "facts": _facts(listed, now, whole=whole),
        "filled": application_facts.facts_of(listed.application) if listed.application is not None else {},
        "thread": [_told(each) for each in entries],
        "files": await case_files.files_of(session, entries),
        "ready": FileState.READY,
        "branches": ours,
        "whole": whole,
        "near": listed.application is not None and application_work.is_near(listed.application, now),
        "today": civil_date(now),
        "may_take": _may_take(listed),
        "objected": change is not None and change.objected_at is not None,
        "too_early": _is_too_early(listed, now),
    }


def _may_take(listed: Listed) -> bool:
    if listed.application is None or listed.is_over or listed.application.taken_by:
        return False
    return listed.case.state is not CaseState.SUPPLEMENT


def _is_too_early(listed: Listed, now: datetime) -> bool:
    change = listed.change
    if change is None or change.objected_at is not None or change.objections_until is None:
        return False
    return now < change.objections_until


def _facts(listed: Listed, now: datetime, *, whole: bool) -> list[tuple[str, str]]:
    if listed.application is not None:
        return application_facts.lines(listed.application, whole=whole)
    change = listed.change
    kept: Any = change.facts if change is not None else None
    if change is None or not kept:
        return []
    member = change.member
    told = [("会员", f"{member.name}（{member.staff_number}）")]
    if change.what is ChangeKind.PHONE:
        phone, before = str(kept["phone"]), member.phone
        present = member_words.NOTHING if not before else before if whole else member_words.mask_phone(before)
        told.append(("花名册里", present))
        told.append(("新手机号", phone if whole else member_words.mask_phone(phone)))
    else:
        told.append(("凭什么", f"申请人报对了工号、姓名和{PROOFS[str(kept['proof'])]}"))
    return told


def _told(entry: CaseEntry) -> tuple[CaseEntry, str, str, bool]:
    """Who, and what: of a step from which state to which."""
    who = {EntryKind.MEMBER: "本人", EntryKind.NOTE: "备注"}.get(entry.kind, "办理")
    step = ""
    if entry.from_state is not None and entry.to_state is not None:
        step = f"{entry.from_state.label} → {entry.to_state.label}"
    words = "\n".join(filter(None, (step, cases.text_of(entry))))
    return entry, who, words, entry.kind is EntryKind.STAFF
