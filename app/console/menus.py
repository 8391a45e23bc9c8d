"""菜单: what followers see and how often they use it, every revision with its way to WeChat, and going back.

Not here: the file itself, its checks and trying it - `app.console.menu_file`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from app.clock import civil_date
from app.console import forms, listing
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.navigation import Found, Section, Waiting
from app.console.office import Office, OfficeInUse
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound, OperatorError
from app.menus import counted, pushes, revisions
from app.menus.file import read_unchecked
from app.menus.mistakes import MenuMistakes
from app.menus.model import MenuFile
from app.menus.targets import rule_target
from app.menus.wording import does
from app.services import act_codes, audience_rows
from app.services.audit import does as record
from app.services.permissions import Right, Standing, may
from models import MenuPushStep, MenuRevision, StepState

PAGE: Final = "/console/menus"
HISTORY: Final = f"{PAGE}/history"
NO_RIGHT: Final = "未认证账号没有菜单接口，请在微信公众平台里手工设置菜单。"

router = APIRouter(prefix="/menus", dependencies=[needs(Right.MENUS_READ)])


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> Sequence[Waiting]:
    """A push that WeChat has refused."""
    if not may(standing, Right.MENUS_APPLY):
        return ()
    stuck = sa.select(MenuRevision.number).join(MenuPushStep, MenuPushStep.revision_id == MenuRevision.id)
    number = await session.scalar(stuck.where(MenuPushStep.state == StepState.FAILED).limit(1))
    if number is None:
        return ()
    return [Waiting("菜单没有发布到微信", f"{HISTORY}/{number}", 1, late=1)]


async def _search(session: AsyncSession, standing: Standing, words: str) -> Sequence[Found]:
    """Keywords of the live file that have these words."""
    _, file = await _live(session)
    said = [(word, rule) for rule in file.keywords for word in rule.say if words in word] if file else []
    return [
        Found(f"关键词「{word}」", f"{PAGE}/try?{urlencode({'sentence': word})}", str(rule_target(rule)))
        for word, rule in said
    ]


SECTION: Final = Section(
    "menus", "公众号", "菜单", PAGE, "menu", Right.MENUS_READ, waiting=_waiting, search=_search
)


@router.get("")
async def live(desk: AtDesk, shell: InShell, office: OfficeInUse, now: Now) -> HTMLResponse:
    """The menus as phones show them, who sees which, and what is used."""
    today = civil_date(now)
    async with desk.reading() as session:
        revision, file = await _live(session)
        if revision is None:
            return shell.page("menus.html", revision=None)
        state = await pushes.push_state(session, revision)
        found = await counted.hits(session, today)
    bars = [] if file is None else [("所有人", file.menu)]
    bars += [] if file is None else [(str(each.when), each.menu) for each in file.menus_for]
    rows = [(*counted.named(each.rule, office.known), each) for each in found]
    return shell.page("menus.html", revision=revision, state=state, bars=bars, hits=rows, does=does)


@router.get("/audience/{place}")
async def audience(place: int, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    """How many people a menu is for, by its place in the file; 0 is everybody. Pages ask when they are open:
    with many followers counting takes longer than a page may."""
    async with desk.reading() as session:
        _, file = await _live(session)
        whom = [None, *(each.when for each in file.menus_for)] if file is not None else [None]
        if not 0 <= place < len(whom):
            raise NotFound("没有这套菜单。")
        count = await audience_rows.count(session, whom[place], civil_date(now))
    return shell.page("menus_count.html", who=str(whom[place] or "所有人"), count=count)


@router.get("/wechat")
async def at_wechat(desk: AtDesk, shell: InShell, office: OfficeInUse) -> HTMLResponse:
    """Whether WeChat shows what is live; WeChat is asked now."""
    async with desk.reading() as session:
        revision = await revisions.live(session)
    differences, error = [], ""
    if not office.settings.wechat_account.is_certified:
        error = NO_RIGHT
    elif revision is not None:
        try:
            differences = await office.menus_at_wechat(revision.text)
        except (DomainError, OperatorError) as refused:
            error = refused.message
    return shell.page("menus_wechat.html", revision=revision, differences=differences, error=error)


@router.post("/push", dependencies=[needs(Right.MENUS_APPLY)])
async def push(desk: ActingDesk, shell: InShell, office: OfficeInUse, now: Now) -> Response:
    """From the first step on, whatever became of the last time."""
    if not office.settings.wechat_account.is_certified:
        return shell.done(PAGE, NO_RIGHT)
    async with desk.acting() as session:
        revision = await revisions.live(session)
        if revision is None:
            raise NotFound("还没有生效的菜单。")
        await pushes.plan_push(session, revision, office.known, office.settings.public_url, now)
        record(session, "menus.push", f"第 {revision.number} 版")
    office.wake()
    return shell.done(f"{HISTORY}/{revision.number}", "正在重新发布到微信。")


@router.get("/history")
async def history(request: Request, desk: AtDesk, shell: InShell) -> HTMLResponse:
    view = listing.view_of(request)
    chosen = sa.select(MenuRevision).options(defer(MenuRevision.text))
    async with desk.reading() as session:
        page = await listing.page(session, chosen, MenuRevision.id, view)
        states = await pushes.push_states(session, page.rows)
    return shell.page("menus_history.html", page=page, states=states)


@router.get("/history/{number}")
async def one(number: int, desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.page("menus_one.html", **await _of(session, number))


@router.post("/history/{number}/rollback", dependencies=[needs(Right.MENUS_APPLY)])
async def rollback(
    number: int, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse, now: Now
) -> Response:
    """The old text becomes a new revision, unless somebody was quicker."""
    base = number_of(forms.words(await forms.read(request), "base"))

    async def restored(session: AsyncSession) -> MenuRevision:
        return await revisions.rollback(session, number, office.known, desk.by, now, base=base)

    async def put_down(session: AsyncSession, revision: MenuRevision) -> None:
        told = revision.difference
        record(session, "menus.rollback", f"第 {revision.number} 版", difference=told, restored=number)

    try:
        revision, is_new = await put_in_force(desk, office, now, restored, put_down)
    except (DomainError, OperatorError) as error:
        return await _refused(desk, shell, number, error)
    if not is_new:
        return shell.done(HISTORY, f"没有变化，仍是第 {revision.number} 版。")
    return shell.done(HISTORY, f"已恢复第 {number} 版，成为第 {revision.number} 版，正在发布到微信。")


# --- parts, also of the file's page -------------------------------------------------------------------------


@lru_cache(maxsize=8)
def shape(text: str) -> MenuFile | None:
    """What a revision says, for looking at; None where its form is of another time."""
    try:
        return read_unchecked(text)
    except MenuMistakes:
        return None


async def _live(session: AsyncSession) -> tuple[MenuRevision | None, MenuFile | None]:
    """The revision in force, and what it says."""
    revision = await revisions.live(session)
    return revision, await asyncio.to_thread(shape, revision.text) if revision is not None else None


async def put_in_force(
    desk: Desk,
    office: Office,
    now: datetime,
    make: Callable[[AsyncSession], Awaitable[MenuRevision]],
    put_down: Callable[[AsyncSession, MenuRevision], Awaitable[None]],
) -> tuple[MenuRevision, bool]:
    """What `make` applies, and whether it is new: then `put_down` names the act, and WeChat is to hear of it.

    In this process it is in force at once; the others look every two seconds.
    """
    async with desk.acting() as session:
        revision, is_new = await pushes.put_in_force(
            session, lambda: make(session), office.known, office.settings.public_url, now
        )
        if not is_new:
            return revision, False
        await put_down(session, revision)
    await office.menus.refresh()
    office.wake()
    return revision, True


def number_of(words: str) -> int:
    """Of the revision a form was made on; one that nobody has for what is no number."""
    found = forms.number(words, 9)
    return -1 if found is None else found


async def _of(session: AsyncSession, number: int) -> dict[str, Any]:
    """Raises: NotFound."""
    revision = await revisions.find(session, number)
    newest = await revisions.live(session)
    if revision is None or newest is None:
        raise NotFound(f"没有第 {number} 版菜单。")
    steps = await pushes.steps_of(session, revision)
    state = pushes.in_words(steps)
    return {"revision": revision, "newest": newest, "steps": steps, "state": state, "words": act_codes.STEPS}


async def _refused(desk: Desk, shell: Shell, number: int, error: DomainError | OperatorError) -> HTMLResponse:
    if isinstance(error, NotFound):
        raise error
    shown = error if isinstance(error, DomainError) else DomainError(error.message)
    async with desk.reading() as session:
        return shell.refused("menus_one.html", shown, **await _of(session, number))
