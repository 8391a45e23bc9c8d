"""What is done with comments: let through or not, hidden, shown, answered; those of an article closed."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.console import forms
from app.console.comments import PAGE, facts
from app.console.entrance import ActingDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import comment_work
from app.services.article_comments import NOWHERE
from app.services.board_work import Seen
from app.services.permissions import Right

router = APIRouter(prefix="/comments", dependencies=[needs(Right.BOARD_READ)])
MODERATES: Final = [needs(Right.BOARD_MODERATE)]

Work = Callable[[AsyncSession, Seen, FormData, datetime], Awaitable[object]]


@router.post("/{public_id}/publish", dependencies=MODERATES)
async def publish(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
        return await comment_work.publish(session, seen, now)

    return await _do(public_id, request, desk, shell, now, work, "已公开，作者会收到通知。")


@router.post("/{public_id}/refuse", dependencies=MODERATES)
async def refuse(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
        return await comment_work.refuse(session, seen, forms.words(form, "reason"), now)

    return await _do(public_id, request, desk, shell, now, work, "没有通过，原因会告诉作者。")


@router.post("/{public_id}/hide", dependencies=MODERATES)
async def hide(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
        return await comment_work.hide(session, seen, forms.words(form, "reason"), now)

    return await _do(public_id, request, desk, shell, now, work, "已隐藏，原因会告诉作者。")


@router.post("/{public_id}/show", dependencies=MODERATES)
async def show(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
        return await comment_work.show(session, seen, now)

    return await _do(public_id, request, desk, shell, now, work, "已恢复公开，作者会收到通知。")


@router.post("/{public_id}/dismiss", dependencies=MODERATES)
async def dismiss(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
        return await comment_work.dismiss(session, seen, now)

    return await _do(public_id, request, desk, shell, now, work, "举报已处理，评论照常公开。")


@router.post("/{public_id}/reply", dependencies=[needs(Right.BOARD_ANSWER)])
async def reply(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
        unit, text = forms.words(form, "unit"), forms.words(form, "text")
        return await comment_work.reply(session, seen, unit, text, now)

    done = "已答复，显示在评论下面，作者会收到通知。"
    return await _do(public_id, request, desk, shell, now, work, done, Right.BOARD_ANSWER)


@router.post("/articles/{article_id}", dependencies=MODERATES)
async def close(article_id: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
    """Close the comments of an article, or open them again."""
    _demand(desk, Right.BOARD_MODERATE)
    closed = forms.words(await forms.read(request), "closed") == "yes"
    async with desk.acting() as session:
        article = await comment_work.close(session, article_id, closed=closed)
    said = "评论已关闭，公开的照常看得到。" if closed else "评论已打开。"
    return shell.done(f"{PAGE}?article={article.public_id}", said)


# --- parts -------------------------------------------------------------------------------------------------


async def _do(
    public_id: str,
    request: Request,
    desk: Desk,
    shell: Shell,
    now: datetime,
    work: Work,
    done: str,
    right: Right = Right.BOARD_MODERATE,
) -> Response:
    """One act on the version that was seen: done, or refused with what was typed."""
    _demand(desk, right)
    form = await forms.read(request)
    seen = Seen(public_id, forms.number(forms.words(form, "version"), 9) or 0, desk.standing)
    try:
        async with desk.acting() as session:
            await work(session, seen, form, now)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        typed = {name: forms.words(form, name) for name in ("reason", "unit", "text")}
        async with desk.reading() as session:
            shown = await facts(session, desk, public_id)
        return shell.refused("comment_one.html", error, **shown, typed=typed)
    return shell.done(f"{PAGE}/{public_id}", done)


def _demand(desk: Desk, right: Right) -> None:
    """Comments belong to no branch: for who works for one only they are not there. Raises: NotFound."""
    if not desk.may(right, None):
        raise NotFound(NOWHERE)
