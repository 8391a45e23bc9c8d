"""部门: to which complaints are handed, whose they are, and who works there."""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.console import forms
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.navigation import Section
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import branches, departments, permissions, staff
from app.services.departments import Listed
from app.services.permissions import Right
from models import Branch, Department

PAGE: Final = "/console/departments"
SECTION: Final = Section("departments", "管理", "部门", PAGE, "building", Right.STAFF_READ)

router = APIRouter(prefix="/departments", dependencies=[needs(Right.STAFF_READ)])
edits = [needs(Right.STAFF_EDIT)]


@router.get("")
async def everything(desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.page("departments.html", **await _list(session, desk), filled={})


@router.post("", dependencies=edits)
async def add(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    form = await forms.read(request)
    try:
        async with desk.acting() as session:
            branch_id = await _branch_id(session, desk, form)
            made = await departments.add(session, forms.words(form, "name"), branch_id, now)
    except DomainError as error:
        async with desk.reading() as session:
            filled = {name: forms.words(form, name) for name in ("name", "branch")}
            return shell.refused("departments.html", error, **await _list(session, desk), filled=filled)
    return shell.done(f"{PAGE}/{made.public_id}", f"「{made.name}」已添加，再把办事的人加进来。")


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.page("department_one.html", **await _one(session, desk, public_id), filled={})


@router.post("/{public_id}", dependencies=edits)
async def change(public_id: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
    form = await forms.read(request)
    name, is_active = forms.words(form, "name"), forms.words(form, "active") == "yes"
    try:
        async with desk.acting() as session:
            department = await _get(session, desk, public_id)
            if forms.words(form, "before") != _mark(department):
                raise DomainError("您打开页面以后有人改过这个部门，下面是现在的，您写的还没有存。")
            branch_id = await _branch_id(session, desk, form)
            await departments.change(session, department, name, branch_id, active=is_active)
    except DomainError as error:
        return await _again(desk, shell, public_id, error, form)
    return shell.done(f"{PAGE}/{public_id}", "已存好。")


@router.post("/{public_id}/people", dependencies=edits)
async def put_in(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    form = await forms.read(request)
    try:
        async with desk.acting() as session:
            department = await _get(session, desk, public_id)
            who = await staff.get(session, forms.words(form, "staff"))
            await departments.put_in(session, department, who, now)
    except DomainError as error:
        return await _again(desk, shell, public_id, error, form)
    return shell.done(f"{PAGE}/{public_id}", f"{who.name}已加进来。")


@router.post("/{public_id}/people/{who}/remove", dependencies=edits)
async def take_out(public_id: str, who: str, desk: ActingDesk, shell: InShell) -> Response:
    async with desk.acting() as session:
        department = await _get(session, desk, public_id)
        found = await staff.get(session, who)
        await departments.take_out(session, department, found)
    return shell.done(f"{PAGE}/{public_id}", f"{found.name}已移出。")


# --- parts -------------------------------------------------------------------------------------------------


async def _again(desk: Desk, shell: InShell, public_id: str, error: DomainError, form: FormData) -> Response:
    if error.status == 403:
        raise error
    async with desk.reading() as session:
        values = await _one(session, desk, public_id)
    filled = {name: forms.words(form, name) for name in ("name", "branch") if name in form}
    return shell.refused("department_one.html", error, **values, filled=filled)


async def _get(session: AsyncSession, desk: Desk, public_id: str) -> Department:
    """Locked. Raises: NotFound; Forbidden."""
    department = await departments.get(session, public_id, lock=True)
    if not desk.scope(Right.STAFF_READ).covers(department.branch_id):
        raise NotFound("没有这个部门，请刷新页面再选。")
    desk.demand(Right.STAFF_EDIT, department.branch_id)
    return department


async def _list(session: AsyncSession, desk: Desk) -> dict[str, Any]:
    scope = desk.scope(Right.STAFF_READ)
    found = [each for each in await departments.list_all(session) if scope.covers(each.department.branch_id)]
    return {"found": found, **await _places(session, desk)}


async def _one(session: AsyncSession, desk: Desk, public_id: str) -> dict[str, Any]:
    listed: list[Listed] = (await _list(session, desk))["found"]
    for each in listed:
        if each.department.public_id == public_id:
            able = await permissions.list_able(session, Right.DEPARTMENT_WORK, each.department.branch_id)
            there = {person.id for person in each.people}
            return {
                "listed": each,
                "able": [person for person in able if person.id not in there],
                "mark": _mark(each.department),
                "may_edit": desk.may(Right.STAFF_EDIT, each.department.branch_id),
                **await _places(session, desk),
            }
    raise NotFound("没有这个部门，可能不归您管。")


async def _places(session: AsyncSession, desk: Desk) -> dict[str, Any]:
    """Whose a department may be."""
    scope = desk.scope(Right.STAFF_EDIT)
    ours: list[Branch] = [each for each in await branches.list_all(session) if scope.covers(each.id)]
    return {"branches": ours, "whole": scope.everything}


async def _branch_id(session: AsyncSession, desk: Desk, form: FormData) -> int | None:
    """None: the whole union's. Raises: DomainError: not one he may keep."""
    chosen = forms.words(form, "branch")
    branch = await branches.find_public(session, chosen) if chosen else None
    if chosen and branch is None:
        raise DomainError("没有这个组织，请刷新页面再选。")
    branch_id = branch.id if branch is not None else None
    if not desk.scope(Right.STAFF_EDIT).covers(branch_id):
        raise DomainError("请选您管的组织。")
    return branch_id


def _mark(department: Department) -> str:
    """What stands for having seen it as it is."""
    return f"{department.name}|{department.branch_id or ''}|{department.active}"
