"""Who works here: inviting, roles by branch, resetting, disabling."""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.console import forms
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.navigation import Found, Section
from app.console.office import Office, OfficeInUse
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError
from app.services import branches, case_owners, permissions, staff, staff_skills
from app.services.permissions import Right, Standing, may_give
from app.services.staff import Invited, Wanted
from models import Role

PAGE: Final = "/console/staff"

router = APIRouter(prefix="/staff", dependencies=[needs(Right.STAFF_READ)])


async def _search(session: AsyncSession, standing: Standing, words: str) -> list[Found]:
    return [
        Found(each.name, f"{PAGE}/{each.public_id}", each.login)
        for each in await staff.list_all(session)
        if words in each.name or words.lower() in each.login
    ]


SECTION: Final = Section("staff", "管理", "工作人员", PAGE, "users", Right.STAFF_READ, search=_search)


@router.get("")
async def everybody(desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        found = await staff.list_all(session)
        ways = await _ways(session)
    return shell.page("staff_list.html", found=found, ways=ways)


@router.get("/new", dependencies=[needs(Right.STAFF_EDIT)])
async def new(desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.page("staff_new.html", **await _choices(session, desk), filled={})


@router.post("/new", dependencies=[needs(Right.STAFF_EDIT)])
async def invite(
    request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse, now: Now
) -> Response:
    form = await forms.read(request)
    login, name = forms.words(form, "login"), forms.words(form, "name")
    try:
        async with desk.acting() as session:
            wanted = await _wanted(session, form)
            made = await staff.invite(session, login, name, wanted, by=desk.standing, now=now)
    except DomainError as error:
        async with desk.reading() as session:
            choices = await _choices(session, desk)
        rows = zip(forms.several(form, "role"), forms.several(form, "branch"), strict=False)
        filled = {"login": login, "name": name, "rows": [row for row in rows if row[0]]}
        return shell.refused("staff_new.html", error, **choices, filled=filled)
    return _link(shell, office, made)


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.page("staff_one.html", **await _shown(session, desk, public_id))


@router.post("/{public_id}/roles", dependencies=[needs(Right.STAFF_EDIT)])
async def set_roles(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    form = await forms.read(request)
    try:
        async with desk.acting() as session:
            found = await staff.get(session, public_id, lock=True)
            wanted = await _wanted(session, form)
            await staff.set_roles(session, found, wanted, by=desk.standing, now=now)
    except DomainError as error:
        return await again(desk, shell, public_id, error)
    return shell.done(f"{PAGE}/{public_id}", "角色已更改，马上生效。")


@router.post("/{public_id}/name", dependencies=[needs(Right.STAFF_EDIT)])
async def rename(public_id: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
    form = await forms.read(request)
    try:
        async with desk.acting() as session:
            found = await staff.get(session, public_id, lock=True)
            await staff.rename(session, found, forms.words(form, "name"), by=desk.standing)
    except DomainError as error:
        return await again(desk, shell, public_id, error)
    return shell.done(f"{PAGE}/{public_id}", "姓名已更改。")


@router.post("/{public_id}/disable", dependencies=[needs(Right.STAFF_EDIT)])
async def disable(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    reason = forms.words(await forms.read(request), "reason")[:200]
    try:
        async with desk.acting() as session:
            found = await staff.get(session, public_id, lock=True)
            await staff.disable(session, found, by=desk.standing, now=now, reason=reason)
    except DomainError as error:
        return await again(desk, shell, public_id, error)
    return shell.done(f"{PAGE}/{public_id}", "账号已停用，所有登录都已退出。")


@router.post("/{public_id}/reset", dependencies=[needs(Right.STAFF_EDIT)])
async def reset(public_id: str, desk: ActingDesk, shell: InShell, office: OfficeInUse, now: Now) -> Response:
    try:
        async with desk.acting() as session:
            found = await staff.get(session, public_id, lock=True)
            secret = await staff.reset(session, found, by=desk.standing, now=now)
    except DomainError as error:
        return await again(desk, shell, public_id, error)
    return _link(shell, office, Invited(found, secret))


# --- parts -------------------------------------------------------------------------------------------------


def _link(shell: Shell, office: Office, made: Invited) -> HTMLResponse:
    address = f"{office.settings.public_url}/console/invited/{made.secret}"
    hours = int(staff.LINK_FOR.total_seconds()) // 3600
    return shell.page("staff_link.html", found=made.staff, address=address, hours=hours)


async def again(desk: Desk, shell: Shell, public_id: str, error: DomainError) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.refused("staff_one.html", error, **await _shown(session, desk, public_id))


async def _shown(session: AsyncSession, desk: Desk, public_id: str) -> dict[str, Any]:
    """Somebody, and what he answers."""
    found = await staff.get(session, public_id)
    standing = await permissions.standing_of(session, found)
    skills = (await staff_skills.of(session, [found.id])).get(found.id, frozenset())
    return {
        "found": found,
        "offered": staff_skills.offered(standing),
        "skills": skills,
        "answers": staff_skills.spoken(skills),
        "usual": case_owners.MOST,
        "limit": case_owners.limit_of(found),
        **await _choices(session, desk),
    }


async def _ways(session: AsyncSession) -> dict[int | None, str]:
    return {None: "整个工会"} | {each.id: each.way for each in await branches.list_all(session)}


async def _choices(session: AsyncSession, desk: Desk) -> dict[str, Any]:
    """Which roles this desk may give somewhere, and where."""
    listed = await branches.list_all(session)
    places = [None, *(each.id for each in listed)]
    roles = [role for role in Role if any(may_give(desk.standing, role, place) for place in places)]
    scope = desk.scope(Right.STAFF_EDIT)
    return {
        "roles": roles,
        "branches": [each for each in listed if scope.covers(each.id)],
        "whole": scope.everything,
        "ways": await _ways(session),
    }


async def _wanted(session: AsyncSession, form: FormData) -> list[Wanted]:
    """Rows of a role and a branch; a row without a role is none.

    Raises: DomainError: no such role or branch.
    """
    ids = {each.public_id: each.id for each in await branches.list_all(session)}
    rows = zip(forms.several(form, "role"), forms.several(form, "branch"), strict=False)
    try:
        return [Wanted(Role(role), ids[branch] if branch else None) for role, branch in rows if role]
    except (ValueError, KeyError):
        raise DomainError("没有这个角色或分会，请刷新页面再选。") from None
