"""What is done with posts: deciding, hiding, pinning, answering, opening who wrote one; many at once."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.console import forms
from app.console.board import PAGE, facts
from app.console.entrance import ActingDesk, Desk, needs
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import board_bulk, board_work
from app.services.board_bulk import Act
from app.services.board_rows import NOWHERE
from app.services.board_work import Seen
from app.services.permissions import Right

router = APIRouter(prefix="/board", dependencies=[needs(Right.BOARD_READ)])
MODERATES: Final = [needs(Right.BOARD_MODERATE)]

Work = Callable[[AsyncSession, Seen, FormData, Any], Awaitable[object]]


@router.post("/many", dependencies=MODERATES)
async def many(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """What was ticked; what moved on meanwhile, or must be read first, is left and counted."""
    form = await forms.read(request)
    act, reason = forms.words(form, "act"), forms.words(form, "reason")
    ticked = list(dict.fromkeys(forms.several(form, "post")))
    try:
        _demand(desk, Right.BOARD_MODERATE)
        if act not in set(Act):
            raise DomainError("没有这个选项，请刷新页面再选。")
        async with desk.acting() as session:
            done = await board_bulk.act(session, Act(act), ticked, reason, desk.standing, now)
    except NotFound:
        raise
    except DomainError as error:
        return shell.done(PAGE, error.message)
    return shell.done(PAGE, done.said)


@router.post("/{public_id}/publish", dependencies=MODERATES)
async def publish(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, seen: Seen, form: FormData, now: Any) -> object:
        knowingly = forms.words(form, "knowingly") == "yes"
        return await board_work.publish(session, seen, now, knowingly=knowingly)

    return await _do(public_id, request, desk, shell, now, work, "已公开，作者会收到通知。")


@router.post("/{public_id}/refuse", dependencies=MODERATES)
async def refuse(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, seen: Seen, form: FormData, now: Any) -> object:
        return await board_work.refuse(session, seen, forms.words(form, "reason"), now)

    return await _do(public_id, request, desk, shell, now, work, "没有通过，原因会告诉作者。")


@router.post("/{public_id}/hide", dependencies=MODERATES)
async def hide(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, seen: Seen, form: FormData, now: Any) -> object:
        return await board_work.hide(session, seen, forms.words(form, "reason"), now)

    return await _do(public_id, request, desk, shell, now, work, "已隐藏，原因会告诉作者。")


@router.post("/{public_id}/show", dependencies=MODERATES)
async def show(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, seen: Seen, form: FormData, now: Any) -> object:
        return await board_work.show(session, seen, now)

    return await _do(public_id, request, desk, shell, now, work, "已恢复公开，作者会收到通知。")


@router.post("/{public_id}/dismiss", dependencies=MODERATES)
async def dismiss(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, seen: Seen, form: FormData, now: Any) -> object:
        return await board_work.dismiss(session, seen, now)

    return await _do(public_id, request, desk, shell, now, work, "举报已处理，帖子照常公开。")


@router.post("/{public_id}/pin", dependencies=MODERATES)
async def pin(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, seen: Seen, form: FormData, now: Any) -> object:
        return await board_work.pin(session, seen, now, on=forms.words(form, "on") == "yes")

    return await _do(public_id, request, desk, shell, now, work, "置顶已更改。")


@router.post("/{public_id}/answer", dependencies=[needs(Right.BOARD_ANSWER)])
async def answer(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, seen: Seen, form: FormData, now: Any) -> object:
        unit, text = forms.words(form, "unit"), forms.words(form, "text")
        return await board_work.answer(session, seen, unit, text, now)

    done = "已答复，显示在帖子下面，作者会收到通知。"
    return await _do(public_id, request, desk, shell, now, work, done, Right.BOARD_ANSWER)


@router.post("/{public_id}/answer/change", dependencies=[needs(Right.BOARD_ANSWER)])
async def change_answer(
    public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    async def work(session: AsyncSession, seen: Seen, form: FormData, now: Any) -> object:
        unit, text = forms.words(form, "unit"), forms.words(form, "text")
        return await board_work.change_answer(session, public_id, seen.by, unit, text, seen.version, now)

    return await _do(public_id, request, desk, shell, now, work, "答复已改好。", Right.BOARD_ANSWER)


@router.post("/{public_id}/author", dependencies=[*MODERATES, needs(Right.REPORTER_REVEAL)])
async def author(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """Shown once, on this page; the address has nothing of it."""
    why = forms.words(await forms.read(request), "why")
    try:
        async with desk.acting() as session:
            _demand(desk, Right.BOARD_MODERATE)
            _demand(desk, Right.REPORTER_REVEAL)
            known = await board_work.reveal(session, public_id, desk.standing, why, now)
            shown = await facts(session, desk, public_id)
    except DomainError as error:
        return await _again(public_id, desk, shell, error, {"why": why})
    return shell.page("board_one.html", **shown, known=known)


# --- parts -------------------------------------------------------------------------------------------------


async def _do(
    public_id: str,
    request: Request,
    desk: Desk,
    shell: InShell,
    now: Any,
    work: Work,
    done: str,
    right: Right = Right.BOARD_MODERATE,
) -> Response:
    """One act on the version that was seen: done, or refused with what was typed."""
    form = await forms.read(request)
    seen = Seen(public_id, forms.number(forms.words(form, "version"), 9) or 0, desk.standing)
    try:
        _demand(desk, right)
        async with desk.acting() as session:
            await work(session, seen, form, now)
    except DomainError as error:
        typed = {name: forms.words(form, name) for name in ("reason", "unit", "text")}
        return await _again(public_id, desk, shell, error, typed)
    return shell.done(f"{PAGE}/{public_id}", done)


def _demand(desk: Desk, right: Right) -> None:
    """Posts belong to no branch: for who works for one only they are not there. Raises: NotFound."""
    if not desk.may(right, None):
        raise NotFound(NOWHERE)


async def _again(
    public_id: str, desk: Desk, shell: InShell, error: DomainError, typed: dict[str, str]
) -> HTMLResponse:
    if error.status in (403, 404):
        raise error
    async with desk.reading() as session:
        shown = await facts(session, desk, public_id)
    return shell.refused("board_one.html", error, **shown, typed=typed)
