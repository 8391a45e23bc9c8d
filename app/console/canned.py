"""常用语: words for answers, everybody's and one's own: adding, changing, deleting them."""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import forms
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.navigation import Section
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError
from app.services import branches, canned_replies, macro_steps, permissions
from app.services.canned_replies import NAMES, ROOMS, TITLE_LENGTH, Filled, MovedOn
from app.services.case_work import ANSWER_LENGTH
from app.services.macro_steps import BACK
from app.services.permissions import Right
from models import CannedReply, Staff

PAGE: Final = "/console/canned"
EVERYBODY: Final = "all"

router = APIRouter(prefix="/canned", dependencies=[needs(Right.CANNED_USE)])
SECTION: Final = Section("canned", "事务", "常用语", PAGE, "quote", Right.CANNED_USE)


@router.get("")
async def everything(desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        found = await canned_replies.list_seen(session, desk.standing)
        ways = {each.id: each.way for each in await branches.list_all(session)}
    own = [each for each in found if each.staff_id is not None]
    return shell.page(
        "canned.html", own=own, shared=[each for each in found if each not in own], rooms=ROOMS, ways=ways
    )


@router.get("/new")
async def new(desk: AtDesk, shell: InShell) -> HTMLResponse:
    rooms = canned_replies.rooms_of(desk.standing)
    typed = {"rooms": rooms if len(rooms) == 1 else []}
    async with desk.reading() as session:
        return shell.page("canned_one.html", **await _form(session, desk, None), typed=typed)


@router.post("/new")
async def add(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    typed = await _typed(request)
    try:
        async with desk.acting() as session:
            filled = await _filled(session, desk, typed)
            made = await canned_replies.add(session, desk.standing, filled, now)
    except DomainError as error:
        return await _again(desk, shell, None, error, typed)
    return shell.done(PAGE, f"「{made.title}」已添加。")


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        reply = await canned_replies.get(session, desk.standing, public_id)
        return shell.page("canned_one.html", **await _form(session, desk, reply), typed=_kept(reply))


@router.post("/{public_id}")
async def change(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    typed = await _typed(request)
    version = forms.number(typed["version"], 9) or 0
    try:
        async with desk.acting() as session:
            filled = await _filled(session, desk, typed)
            made = await canned_replies.change(session, desk.standing, public_id, filled, version, now)
    except DomainError as error:
        return await _again(desk, shell, public_id, error, typed)
    return shell.done(PAGE, f"「{made.title}」已保存。")


@router.post("/{public_id}/delete")
async def delete(public_id: str, desk: ActingDesk, shell: InShell) -> Response:
    async with desk.acting() as session:
        title = await canned_replies.delete(session, desk.standing, public_id)
    return shell.done(PAGE, f"「{title}」已删除。")


# --- parts -------------------------------------------------------------------------------------------------


async def _typed(request: Request) -> dict[str, Any]:
    form = await forms.read(request)
    names = ("title", "text", "whose", "branch", "version", *macro_steps.FIELDS)
    return {name: forms.words(form, name) for name in names} | {"rooms": forms.several(form, "rooms")}


def _kept(reply: CannedReply) -> dict[str, Any]:
    kept = {"title": reply.title, "text": reply.text, "rooms": reply.rooms, "version": reply.version}
    return kept | (reply.steps or {})


async def _filled(session: AsyncSession, desk: Desk, typed: dict[str, Any]) -> Filled:
    """Raises: DomainError: no such branch."""
    is_shared, branch_id = typed["whose"] == EVERYBODY, None
    if is_shared and typed["branch"]:
        branch = await branches.find_public(session, typed["branch"])
        if branch is None:
            raise DomainError("没有这个分会，请刷新页面再选。")
        branch_id = branch.id
    owner = None if is_shared else desk.standing.staff_id
    steps = macro_steps.steps_of(typed)
    to = steps.get("hand", BACK) if steps else BACK
    if to != BACK and to not in {each.public_id for each in await _colleagues(session, desk)}:
        raise DomainError("没有这位同事，请刷新页面再选。")
    return Filled(typed["title"], typed["text"], typed["rooms"], owner, branch_id, steps)


async def _colleagues(session: AsyncSession, desk: Desk) -> list[Staff]:
    """To whom somebody may be handed in one of the desk's rooms; by name."""
    rights = [ROOMS[key].right for key in canned_replies.rooms_of(desk.standing)]
    found = {each.id: each for right in rights for each in await permissions.list_able(session, right)}
    return sorted(found.values(), key=lambda each: (each.name, each.id))


async def _form(session: AsyncSession, desk: Desk, reply: CannedReply | None) -> dict[str, Any]:
    scope, rooms = desk.scope(Right.CANNED_EDIT), canned_replies.rooms_of(desk.standing)
    listed = await branches.list_all(session)
    kept = reply.rooms if reply is not None else []
    return {
        "reply": reply,
        "may_change": reply is None or canned_replies.may_change(desk.standing, reply),
        "may_share": bool(scope) if reply is None else reply.staff_id is None,
        "whole": scope.everything,
        "branches": [each for each in listed if scope.covers(each.id)],
        "branch": next((each for each in listed if reply and each.id == reply.branch_id), None),
        "rooms": {key: room for key, room in ROOMS.items() if key in rooms or key in kept},
        "without": [room.label for key, room in ROOMS.items() if key in rooms and not room.one_press],
        "names": NAMES,
        "longest": ANSWER_LENGTH,
        "colleagues": await _colleagues(session, desk),
        "longest_note": macro_steps.NOTE_LENGTH,
        "most_days": macro_steps.MOST_DAYS,
        "longest_title": TITLE_LENGTH,
    }


async def _again(
    desk: Desk, shell: Shell, public_id: str | None, error: DomainError, typed: dict[str, Any]
) -> HTMLResponse:
    """What was typed; of what another saved meanwhile also how it is now, to be saved over knowingly."""
    if error.status in (403, 404):
        raise error
    async with desk.reading() as session:
        reply = await canned_replies.get(session, desk.standing, public_id) if public_id else None
        form = await _form(session, desk, reply)
    moved_on = reply if isinstance(error, MovedOn) else None
    if moved_on is not None:
        typed = typed | {"version": moved_on.version}
    return shell.refused("canned_one.html", error, **form, typed=typed, present=moved_on)
