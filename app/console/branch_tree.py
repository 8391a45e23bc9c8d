"""One branch of the tree: what it was called, another name for it, another place."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, spoken
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError
from app.services import branches, case_branches, member_lists
from app.services.audit import does
from app.services.permissions import Right
from models import LINEAGE, Branch

PAGE: Final = "/console/branches"
TOP: Final = "top"

router = APIRouter(prefix="/branches", dependencies=[needs(Right.MEMBERS_READ)])

Lineage = Annotated[str, Form(max_length=255)]


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.page("branch_one.html", **await _one(session, desk, public_id, now))


@router.post("/{public_id}/rename", dependencies=[needs(Right.MEMBERS_EDIT)])
async def rename(
    public_id: str,
    desk: ActingDesk,
    shell: InShell,
    now: Now,
    name: Annotated[str, Form(max_length=200)] = "",
    lineage: Lineage = "",
) -> Response:
    try:
        async with desk.acting() as session:
            branch = await _same(session, desk, public_id, lineage, now)
            does(session, "branches.rename", public_id, branch_id=branch.id, before=branch.lineage)
            await branches.rename(session, branch, name, by=desk.by, channel="console", now=now)
    except DomainError as error:
        async with desk.reading() as session:
            shown = await _one(session, desk, public_id, now)
        return shell.refused("branch_one.html", error, **shown, name=name.replace("\0", ""))
    return shell.done(f"{PAGE}/{public_id}", "已改名，下级和人都跟着。以后的花名册里请写新的名称。")


@router.post("/{public_id}/move", dependencies=[needs(Right.MEMBERS_EDIT)])
async def move(
    public_id: str,
    desk: ActingDesk,
    shell: InShell,
    now: Now,
    parent: Annotated[str, Form(max_length=16)] = "",
    lineage: Lineage = "",
) -> Response:
    try:
        async with desk.acting() as session:
            branch = await _same(session, desk, public_id, lineage, now)
            above = await _parent(session, desk, parent)
            does(session, "branches.move", public_id, branch_id=branch.id, before=branch.lineage)
            await branches.move(session, branch, above, by=desk.by, channel="console", now=now)
            after = branch.way
    except DomainError as error:
        async with desk.reading() as session:
            shown = await _one(session, desk, public_id, now)
        return shell.refused("branch_one.html", error, **shown, chosen=parent)
    return shell.done(f"{PAGE}/{public_id}", f"现在是「{after}」。以后的花名册里请这样写。")


@router.post("/{public_id}/cases", dependencies=[needs(Right.MEMBERS_EDIT)])
async def take_cases(
    public_id: str,
    desk: ActingDesk,
    shell: InShell,
    takes: Annotated[Literal["yes", "no"], Form()],
) -> Response:
    async with desk.acting() as session:
        branch = await member_lists.get_branch(session, desk.scope(Right.MEMBERS_EDIT), public_id)
        await case_branches.turn(session, branch, takes == "yes")
    said = "以后会员实名来的事，这里的工作人员也能接办。" if takes == "yes" else "以后都由公司工会接办。"
    return shell.done(f"{PAGE}/{public_id}", f"已改。{said}")


async def _parent(session: AsyncSession, desk: Desk, public_id: str) -> Branch | None:
    """Raises: DomainError: none was chosen; NotFound."""
    scope = desk.scope(Right.MEMBERS_EDIT)
    if not public_id or (public_id == TOP and not scope.everything):
        raise DomainError("请选一个上级组织。")
    return None if public_id == TOP else await member_lists.get_branch(session, scope, public_id)


async def _same(session: AsyncSession, desk: Desk, public_id: str, lineage: str, now: datetime) -> Branch:
    """The branch, if it still is where the form says. Raises: NotFound; Moved."""
    branch = await member_lists.get_branch(session, desk.scope(Right.MEMBERS_EDIT), public_id)
    await branches.hold(session, branch)
    if branch.lineage != lineage:
        newest = next((each for each in await branches.list_moves_of(session, branch)), None)
        who = f"{newest.by}（{spoken(newest.at, now)}）" if newest is not None else "有人"
        raise member_lists.Moved(
            f"您打开页面以后，{who}改过它或它的上级，现在是「{branch.way}」，刚才的没有办。"
        )
    return branch


async def _one(session: AsyncSession, desk: Desk, public_id: str, now: datetime) -> dict[str, Any]:
    scope = desk.scope(Right.MEMBERS_READ)
    branch = await member_lists.get_branch(session, scope, public_id)
    tree = await branches.list_tree(session, civil_date(now))
    node = next(each for each in tree if each.branch.id == branch.id)
    edit = desk.scope(Right.MEMBERS_EDIT)
    under = branch.lineage + LINEAGE
    parents = [
        each.branch
        for each in tree
        if edit.covers(each.branch.id)
        and each.branch.id != branch.id
        and not each.branch.lineage.startswith(under)
    ]
    above = [each.branch for each in tree if branch.lineage.startswith(each.branch.lineage + LINEAGE)]
    moves = await branches.list_moves_of(session, branch)
    below = sum(each.branch.lineage.startswith(under) for each in tree)
    return {
        "branch": branch,
        "node": node,
        "parents": parents,
        "moves": moves,
        "may_edit": edit.covers(branch.id),
        "may_top": edit.everything and branch.parent_id is not None,
        "below": below,
        "taken_above": next((each for each in reversed(above) if each.takes_cases), None),
    }
