"""Review of activities: submitted by who plans, passed or sent back by another."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import activities as room
from app.console import forms
from app.console.activities import PAGE, allowed
from app.console.entrance import ActingDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError
from app.services import activity_reviews, activity_together
from app.services.audit import does
from app.services.permissions import Right

router = APIRouter(prefix="/activities", dependencies=[needs(Right.ACTIVITIES_READ)])


@dataclass(frozen=True, slots=True)
class Sent:
    """What the page carried: the version that was looked at, and of a series whether all dates are meant."""

    version: int
    together: bool
    mark: str  # of the other dates: `activity_together.mark`


Act = Callable[[AsyncSession, Sent], Awaitable[str]]  # what to say of it then


@router.post("/{public_id}/publish", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def publish(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    rule = desk.shared.activity_review

    async def act(session: AsyncSession, sent: Sent) -> str:
        if sent.together:
            more = await activity_together.publish(session, public_id, by=desk.standing, rule=rule, now=now)
            return f"已发布 {more + 1} 场，到报名开始的时间自动开放报名。"
        await activity_reviews.publish(session, public_id, by=desk.standing, rule=rule, now=now)
        return "已发布，到报名开始的时间自动开放报名。"

    return await _done(public_id, request, desk, shell, Right.ACTIVITIES_EDIT, "activity.publish", act)


@router.post("/{public_id}/submit", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def submit(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def act(session: AsyncSession, sent: Sent) -> str:
        how: Any = {"version": sent.version, "by": desk.standing, "rule": desk.shared.activity_review}
        if sent.together:
            more = await activity_together.submit(session, public_id, **how, now=now)
            return f"{more + 1} 场已提交审核，审核人会在「待我处理」里看到。"
        await activity_reviews.submit(session, public_id, **how, now=now)
        return "已提交审核，审核人会在「待我处理」里看到。"

    return await _done(public_id, request, desk, shell, Right.ACTIVITIES_EDIT, "activity.submit", act)


@router.post("/{public_id}/approve", dependencies=[needs(Right.ACTIVITIES_APPROVE)])
async def approve(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def act(session: AsyncSession, sent: Sent) -> str:
        how: Any = {"version": sent.version, "by": desk.standing, "now": now}
        if sent.together:
            more = await activity_together.approve(session, public_id, seen=sent.mark, **how)
            return "已经发布了。" if more is None else f"已通过并发布 {more + 1} 场。"
        first = await activity_reviews.approve(session, public_id, **how)
        return "已通过并发布，到报名开始的时间自动开放报名。" if first else "已经发布了。"

    return await _done(public_id, request, desk, shell, Right.ACTIVITIES_APPROVE, "activity.pass", act)


@router.post("/{public_id}/send-back", dependencies=[needs(Right.ACTIVITIES_APPROVE)])
async def send_back(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    why = forms.words(await forms.read(request), "reason")

    async def act(session: AsyncSession, sent: Sent) -> str:
        how: Any = {"version": sent.version, "reason": why, "by": desk.standing, "now": now}
        if sent.together:
            more = await activity_together.send_back(session, public_id, **how)
            return f"{more + 1} 场已退回，作者会在「待我处理」里看到。"
        await activity_reviews.send_back(session, public_id, **how)
        return "已退回，作者会在「待我处理」里看到。"

    right = Right.ACTIVITIES_APPROVE
    return await _done(public_id, request, desk, shell, right, "activity.send_back", act, why=why)


async def _done(
    public_id: str,
    request: Request,
    desk: Desk,
    shell: Shell,
    right: Right,
    name: str,
    act: Act,
    **typed: Any,
) -> Response:
    form = await forms.read(request)
    version = forms.number(forms.words(form, "version"), 9) or 0
    sent = Sent(version, forms.words(form, "scope") == "all", forms.words(form, "mark"))
    try:
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, right)
            branch_id, title = activity.branch_id, activity.title
            said = await act(session, sent)
            does(session, name, public_id, branch_id=branch_id, title=title, reason=typed.get("why") or None)
    except DomainError as error:
        return await room.again(public_id, desk, shell, error, **typed)
    return shell.done(f"{PAGE}/{public_id}", said)
