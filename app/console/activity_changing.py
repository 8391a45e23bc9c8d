"""A change of an announced activity that waits: passed, sent back, or taken back by who wrote it.

Not here: writing it, which is the form of the activity (`activity_writing`).
"""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.console import activities as room
from app.console import forms
from app.console.activities import PAGE, allowed
from app.console.entrance import ActingDesk, needs
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError
from app.services import activity_changes
from app.services.audit import does
from app.services.permissions import Right

router = APIRouter(prefix="/activities", dependencies=[needs(Right.ACTIVITIES_READ)])


@router.post("/{public_id}/change/approve", dependencies=[needs(Right.ACTIVITIES_APPROVE)])
async def approve(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    version = forms.number(forms.words(await forms.read(request), "version"), 9) or 0
    try:
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, Right.ACTIVITIES_APPROVE)
            told, more = await activity_changes.approve(
                session, public_id, version=version, by=desk.standing, now=now
            )
            does(
                session,
                "activity.change_pass",
                public_id,
                branch_id=activity.branch_id,
                title=activity.title,
                told=told,
                later=more,
            )
    except DomainError as error:
        return await room.again(public_id, desk, shell, error)
    said = f"已通过，这一场和以后 {more} 场都改好了" if more else "已通过，改好了"
    return shell.done(f"{PAGE}/{public_id}", f"{said}，将通知 {told} 位职工。" if told else f"{said}。")


@router.post("/{public_id}/change/send-back", dependencies=[needs(Right.ACTIVITIES_APPROVE)])
async def send_back(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    form = await forms.read(request)
    version, why = forms.number(forms.words(form, "version"), 9) or 0, forms.words(form, "reason")
    try:
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, Right.ACTIVITIES_APPROVE)
            await activity_changes.send_back(
                session, public_id, version=version, reason=why, by=desk.standing, now=now
            )
            branch_id, title = activity.branch_id, activity.title
            does(session, "activity.change_back", public_id, branch_id=branch_id, reason=why, title=title)
    except DomainError as error:
        return await room.again(public_id, desk, shell, error, change_why=why)
    return shell.done(f"{PAGE}/{public_id}", "已退回，作者会在「待我处理」里看到。职工看到的没有变。")


@router.post("/{public_id}/change/drop", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def drop(public_id: str, desk: ActingDesk, shell: InShell) -> Response:
    async with desk.acting() as session:
        activity = await allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
        branch_id, title = activity.branch_id, activity.title
        await activity_changes.take_back(session, public_id)
        does(session, "activity.change_drop", public_id, branch_id=branch_id, title=title)
    return shell.done(f"{PAGE}/{public_id}", "改动已收回，职工看到的没有变。")
