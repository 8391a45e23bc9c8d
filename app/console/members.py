"""会员: the roster by branch, one member with what happened to him; his phone number only by an act."""

from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.console import forms, listing
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.listing import Filter, View
from app.console.navigation import Found, Section
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError
from app.services import binding, branches, member_lists, member_words, members, permissions
from app.services.audit import does
from app.services.branches import Node
from app.services.permissions import Right, Scope, Standing
from models import Branch, Member, MemberEvent, MemberKind

PAGE: Final = "/console/members"
FIELDS: Final = ("sex", "born_on", "phone", "post", "joined_on")

router = APIRouter(prefix="/members", dependencies=[needs(Right.MEMBERS_READ)])


async def _search(session: AsyncSession, standing: Standing, words: str) -> list[Found]:
    scope = permissions.scope(standing, Right.MEMBERS_READ)
    found = member_lists.chosen(scope, date.max, words=words).order_by(Member.id.desc())
    return [
        Found(f"{each.name} {each.staff_number}", f"{PAGE}/{each.public_id}", each.branch.way)
        for each in await session.scalars(found.limit(listing.PAGE))
    ]


SECTION: Final = Section("members", "会员和客户", "会员", PAGE, "badge", Right.MEMBERS_READ, search=_search)


@router.get("")
async def everybody(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    today, scope = civil_date(now), desk.scope(Right.MEMBERS_READ)
    async with desk.reading() as session:
        known = [each for each in await branches.list_all(session) if scope.covers(each.id)]
        view = _view(request, known)
        branch = next((each for each in known if each.public_id == view.get("branch")), None)
        below = await branches.ids_below(session, branch) if branch is not None else None
        tree = await _tree(session, view, scope, today)
        kind = MemberKind(view.get("kind")) if view.get("kind") else None
        chosen = member_lists.chosen(
            scope,
            today,
            branch_ids=below,
            state=view.get("state"),
            binding=view.get("bound"),
            kind=kind,
            words=view.get("q"),
        )
        page = await listing.page(session, chosen, Member.id, view)
    shallowest = min((each.depth for each in tree), default=0)
    return shell.page(
        "members.html",
        page=page,
        view=view,
        tree=tree,
        top=shallowest,
        branch=branch,
        today=today,
        masked=_masked,
    )


async def _tree(session: AsyncSession, view: View, scope: Scope, today: date) -> list[Node]:
    """Where one begins. All members are counted for it: not again on every page of a list."""
    if view.chosen or view.before is not None:
        return []
    return [each for each in await branches.list_tree(session, today) if scope.covers(each.branch.id)]


def _view(request: Request, known: list[Branch]) -> View:
    return listing.view_of(
        request,
        Filter("q", "姓名或工号", kind="search"),
        Filter("branch", "组织（含下级）", {each.public_id: each.way for each in known}),
        Filter("state", "状态", member_lists.STATES),
        Filter("bound", "微信", member_lists.BINDINGS),
        Filter("kind", "人员类别", {each.value: each.label for each in MemberKind}),
    )


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.page("member_one.html", **await _one(session, desk, public_id, now))


@router.post("/{public_id}/reveal", dependencies=[needs(Right.MEMBERS_REVEAL)])
async def reveal(
    public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> HTMLResponse:
    """Shown once, on this page; the address has nothing of it."""
    why = forms.words(await forms.read(request), "reason")[:200]
    async with desk.acting() as session:
        member = await member_lists.get(session, desk.scope(Right.MEMBERS_REVEAL), public_id)
        does(
            session,
            "members.reveal",
            public_id,
            branch_id=member.branch_id,
            reason=why or None,
        )
        shown = await _one(session, desk, public_id, now)
        whole = {"phone": member.phone, "born_on": member.born_on}
    return shell.page("member_one.html", **shown | {"whole": whole})


@router.post("/{public_id}/unbind", dependencies=[needs(Right.MEMBERS_EDIT)])
async def unbind(
    public_id: str,
    request: Request,
    desk: ActingDesk,
    shell: InShell,
    now: Now,
    version: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    why = forms.words(await forms.read(request), "reason")[:200]
    try:
        async with desk.acting() as session:
            scope = desk.scope(Right.MEMBERS_EDIT)
            member = await member_lists.get(session, scope, public_id, lock=True)
            await member_lists.refuse_moved(session, member, version, now)
            does(session, "members.unbind", public_id, branch_id=member.branch_id, reason=why or None)
            await binding.unbind_by_staff(
                session, member.staff_number, by=desk.by, channel="console", now=now
            )
    except DomainError as error:
        async with desk.reading() as session:
            shown = await _one(session, desk, public_id, now)
        return shell.refused("member_one.html", error, **shown, reason=why)
    return shell.done(f"{PAGE}/{public_id}", "已解除绑定，请本人在公众号里重新绑定。")


async def _one(session: AsyncSession, desk: Desk, public_id: str, now: datetime) -> dict[str, Any]:
    """Private values are masked here, so that a template cannot show them by mistake."""
    member = await member_lists.get(session, desk.scope(Right.MEMBERS_READ), public_id)
    moves = await members.list_moves(session, member)
    told: list[tuple[Any, str, str]] = []
    for move in reversed(moves):
        kept: Any = move.changes
        what = MemberEvent(move.what).label
        told.append((move, what, member_words.changes(kept if isinstance(kept, dict) else None)))
    facts = [(each, member_words.title(each), _said(member, each)) for each in FIELDS]
    return {"member": member, "moves": told, "facts": facts, "today": civil_date(now), "whole": {}}


def _said(member: Member, field: str) -> str:
    return member_words.said(field, getattr(member, field))


def _masked(member: Member) -> str:
    return member_words.mask_phone(member.phone) if member.phone else ""
