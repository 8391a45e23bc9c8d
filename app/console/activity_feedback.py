"""反馈: what is asked of an activity when it is over, and what was answered, without anybody's name."""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from app.console import forms
from app.console.activities import PAGE, allowed
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import activity_feedback, feedback_figures
from app.services.audit import does
from app.services.feedback_questions import MOST, USUAL, FeedbackKind, load
from app.services.permissions import Right
from models import ActivityFeedback

router = APIRouter(prefix="/activities", dependencies=[needs(Right.ACTIVITIES_PEOPLE)])

_FIELDS: Final = ("prompt", "kind", "options", "required")


@router.get("/{public_id}/feedback")
async def feedback(public_id: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
    return await _page(public_id, desk, shell)


@router.post("/{public_id}/feedback", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def settle(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """All questions at once; without any nothing is asked."""
    rows = _rows(await forms.read(request))
    try:
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
            await activity_feedback.settle(session, activity, rows)
            does(session, "activity.feedback", public_id, branch_id=activity.branch_id)
    except NotFound:
        raise
    except DomainError as error:
        return await _page(public_id, desk, shell, status=422, error=error.message, rows=rows)
    said = (
        "问题已保存，活动结束第二天早上问签到的人。" if any(row["prompt"] for row in rows) else "不问反馈了。"
    )
    return shell.done(f"{PAGE}/{public_id}/feedback", said)


def _rows(form: FormData) -> list[dict[str, str]]:
    columns = [forms.several(form, name) for name in _FIELDS]
    rows = [[forms.plain(value) for value in row] for row in zip(*columns, strict=False)]
    return [dict(zip(_FIELDS, row, strict=True)) for row in rows[:MOST]]


def _written(kept: ActivityFeedback | None) -> list[dict[str, str]]:
    """As the form has it; where nothing was written yet, what is usually asked."""
    if kept is None:
        return [dict(each) for each in USUAL]
    return [
        {
            "prompt": each.prompt,
            "kind": each.kind.value,
            "options": "、".join(each.options),
            "required": "yes" if each.required else "",
        }
        for each in load(kept.questions)
    ]


async def _page(
    public_id: str, desk: Desk, shell: Shell, rows: list[dict[str, str]] | None = None, **values: Any
) -> HTMLResponse:
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, Right.ACTIVITIES_PEOPLE)
        kept = await activity_feedback.find(session, activity)
        figures = await feedback_figures.read(session, activity)
    filled = rows if rows is not None else _written(kept)
    blank = {"prompt": "", "kind": "text", "options": "", "required": ""}
    return shell.page(
        "activity_feedback.html",
        activity=activity,
        kept=kept,
        figures=figures,
        fewest=feedback_figures.FEWEST,
        rows=[*filled, blank, blank][:MOST],
        kinds=list(FeedbackKind),
        asks_at=activity_feedback.asks_at(activity),
        until=kept.asked_at + activity_feedback.OPEN_FOR if kept and kept.asked_at else None,
        may_change=desk.may(Right.ACTIVITIES_EDIT, activity.branch_id),
        **values,
    )
