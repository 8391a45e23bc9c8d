"""What is done with claims: taking, writing, approving, updating, merging, refusing, ending."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.clock import civil_date
from app.console import evidence_uploads, forms
from app.console.clarifications import PAGE, facts
from app.console.content import news
from app.console.entrance import ActingDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError
from app.knowledge.front_matter import a_year_after
from app.services import clarification_merging
from app.services import clarification_work as work
from app.services.board_wording import Wrong
from app.services.board_work import Seen
from app.services.clarification_evidence import Given
from app.services.clarification_writing import Written
from app.services.permissions import Right, demand

W: Final = Right.CLARIFICATIONS_WORK
P: Final = Right.CLARIFICATIONS_PUBLISH
router = APIRouter(prefix="/clarifications", dependencies=[needs(Right.CLARIFICATIONS_READ)])

Name = Literal[
    "take", "submit", "refuse", "merge", "update", "review",
    "publish", "send-back", "retell", "update-publish", "update-drop", "close",
]  # fmt: skip
Do = Callable[[AsyncSession, Seen, FormData, datetime], Awaitable[object]]


@router.post("/{public_id}/save", dependencies=[needs(W)])
async def save(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """What was found out, with the files that back it; the same button may have it approved at once."""
    demand(desk.standing, W, None)
    form = await forms.read(request)
    seen = Seen(public_id, forms.number(forms.words(form, "version"), 9) or 0, desk.standing)
    submits, given = forms.words(form, "then") == "submit", evidence_uploads.typed(form)
    try:
        given, refused = await evidence_uploads.take(form, desk, seen, now)
        if refused:
            raise Wrong({"evidence": refused})
        async with desk.acting() as session:
            row = await work.save(session, seen, _written(form, given), now)
            if submits:
                await work.submit(session, Seen(row.public_id, row.version, seen.by), now)
    except DomainError as error:
        return await _again(public_id, desk, shell, error, form, now, given)
    return shell.done(f"{PAGE}/{public_id}", ACTS["submit"][2] if submits else "已保存。")


@router.post("/{public_id}/{act}")
async def do(
    public_id: str, act: Name, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    """One act on the version that was seen: done, or refused with what was typed."""
    right, perform, said = ACTS[act]
    demand(desk.standing, right, None)
    form = await forms.read(request)
    seen = Seen(public_id, forms.number(forms.words(form, "version"), 9) or 0, desk.standing)
    try:
        async with desk.acting() as session:
            await perform(session, seen, form, now)
    except DomainError as error:
        return await _again(public_id, desk, shell, error, form, now)
    await news(desk)
    return shell.done(f"{PAGE}/{public_id}", said)


async def _take(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
    return await work.take(session, seen, now)


async def _submit(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
    return await work.submit(session, seen, now)


async def _refuse(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
    return await work.refuse(session, seen, forms.words(form, "why"), forms.words(form, "reason"), now)


async def _merge(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
    return await clarification_merging.merge(session, seen, forms.words(form, "into"), now)


async def _update(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
    text, verdict = forms.words(form, "text"), forms.words(form, "verdict")
    return await work.propose_update(session, seen, text, verdict, now)


async def _review(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
    return await work.review(session, seen, _day(form) or a_year_after(civil_date(now)), now)


async def _publish(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
    return await work.approve(session, seen, now)


async def _send_back(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
    return await work.send_back(session, seen, forms.words(form, "reason"), now)


async def _retell(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
    return await work.retell(session, seen, forms.words(form, "told").splitlines(), now)


async def _update_publish(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
    return await work.approve_update(session, seen, _update_of(form), now)


async def _update_drop(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
    return await work.drop_update(session, seen, _update_of(form))


async def _close(session: AsyncSession, seen: Seen, form: FormData, now: datetime) -> object:
    return await work.close(session, seen, forms.words(form, "reason"), now)


ACTS: Final[dict[Name, tuple[Right, Do, str]]] = {
    "take": (W, _take, "开始核实。写好结论和依据，再交给别的同事审批。"),
    "submit": (W, _submit, "已交去审批。"),
    "refuse": (W, _refuse, "不受理，原因会告诉反映的人。"),
    "merge": (W, _merge, "已并成一件。"),
    "update": (W, _update, "更新写好了，别的同事审批后显示。"),
    "review": (W, _review, "已记下，复核过了。"),
    "publish": (P, _publish, "已发布，反映的人会收到通知。"),
    "send-back": (P, _send_back, "已退回。"),
    "retell": (P, _retell, "说法已改，这样问的人找得到了。"),
    "update-publish": (P, _update_publish, "更新已显示，反映的人会收到通知。"),
    "update-drop": (P, _update_drop, "更新已作废。"),
    "close": (P, _close, "已下线。"),
}


def _written(form: FormData, given: Sequence[Given]) -> Written:
    words = {name: forms.words(form, name) for name in ("title", "verdict", "short", "answer", "organ")}
    return Written(
        **words,
        told=forms.words(form, "told").splitlines(),
        evidence=given,
        next_review_on=_day(form),
    )


def _day(form: FormData) -> date | None:
    """Raises: DomainError."""
    day = forms.words(form, "next_review_on")
    try:
        return date.fromisoformat(day) if day else None
    except ValueError:
        raise DomainError("复核的日子请写成 2027-06-01。") from None


def _update_of(form: FormData) -> int:
    return forms.number(forms.words(form, "update")) or 0


async def _again(
    public_id: str,
    desk: Desk,
    shell: Shell,
    error: DomainError,
    form: FormData,
    now: datetime,
    written: Sequence[Given] | None = None,
) -> HTMLResponse:
    """`written`: what backs it, where the form was that of what was found out."""
    if error.status in (403, 404):
        raise error
    async with desk.reading() as session:
        shown = await facts(session, desk, public_id, now, written)
    if written is not None:
        names = ("title", "verdict", "short", "answer", "organ", "told", "next_review_on")
        shown["filled"] = {name: forms.words(form, name) for name in names}
    typed = {name: forms.words(form, name) for name in ("reason", "why", "into", "text")}
    return shell.refused("clarification.html", error, **shown, typed=typed)
