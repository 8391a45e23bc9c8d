"""消息记录: what came and how it was answered. Words are shown by an act of its own, with its reason."""

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import forms, listing
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.listing import Filter, RowId, View
from app.console.navigation import Section, Waiting
from app.console.office import OfficeInUse
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError
from app.services import kept_deliveries, kept_messages, message_log, messages, staff_jobs
from app.services.audit import does
from app.services.message_log import Wanted
from app.services.permissions import Right, Standing
from models import Message

PAGE: Final = "/console/messages"
KEPT: Final = f"{PAGE}/confidential"
LONGEST_REASON: Final = 200  # characters

router = APIRouter(prefix="/messages", dependencies=[needs(Right.MESSAGES_READ)])


async def _waiting(session: AsyncSession, standing: Standing, now: Any) -> list[Waiting]:
    failed = await message_log.count_failed(session, Wanted())
    kept = await kept_messages.count_failed(session)
    return [
        Waiting("处理失败的消息", f"{PAGE}?trouble=failed", failed),
        Waiting("处理失败的消息（保密）", KEPT, kept),
    ]


SECTION: Final = Section(
    "messages", "公众号", "消息记录", PAGE, "talk", Right.MESSAGES_READ, waiting=_waiting
)


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell) -> HTMLResponse:
    view = _view(request)
    wanted = _wanted(view)
    async with desk.reading() as session:
        chosen = message_log.chosen().where(*await message_log.conditions(session, wanted))
        found = await listing.page(session, chosen, Message.id, view)
        failed = await message_log.count_failed(session, wanted) if _may_retry(desk) else 0
    page = replace(found, rows=[message_log.entry_of(row) for row in found.rows])
    return shell.page("messages.html", page=page, view=view, failed=failed, filters_sent=_sent(wanted))


@router.post("/retry", dependencies=[needs(Right.MESSAGES_RETRY)])
async def retry_all(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """All failed ones that the address asks for: a job."""
    wanted = _wanted(_view(request))
    async with desk.acting() as session:
        count = await message_log.count_failed(session, wanted)
        if count:
            title = f"重新处理 {count} 条失败的消息"
            await staff_jobs.start(session, desk.standing, "messages.retry", title, wanted.given(), now)
    if not count:
        return shell.done(f"{PAGE}{_sent(wanted)}", "没有失败的消息，不用重新处理。")
    return shell.done("/console/jobs", f"正在给 {count} 条失败的消息排队，办好了会在这里说明。")


@router.get("/confidential")
async def in_confidence(desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    """What was said in confidence: of each day how many; never by whom, nor when."""
    async with desk.reading() as session:
        return shell.page(
            "messages_kept.html",
            days=await kept_messages.list_days(session, now),
            failed=await kept_messages.count_failed(session),
            most=kept_messages.MOST,
            states=messages.STATES,
            longest=kept_deliveries.DAYS,
        )


@router.post("/confidential/retry", dependencies=[needs(Right.MESSAGES_RETRY)])
async def retry_in_confidence(desk: ActingDesk, shell: InShell) -> Response:
    async with desk.acting() as session:
        done = await kept_messages.queue_again(session, desk.shared.clock.real_now())
    said = [f"已排队重新处理 {done.queued} 条。"] if done.queued or not done.reasons else []
    said += [f"{count} 条没有排：{reason}" for reason, count in done.reasons.items()]
    return shell.done(KEPT, "".join(said))


@router.get("/{message_id}")
async def one(message_id: RowId, desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.page("message.html", entry=await message_log.get(session, message_id))


@router.post("/{message_id}/words", dependencies=[needs(Right.MESSAGES_RAW)])
async def reveal(
    message_id: RowId, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse
) -> HTMLResponse:
    """The words are on this answer alone: no address shows them."""
    reason = forms.words(await forms.read(request), "reason")[:LONGEST_REASON]
    try:
        if not reason:
            raise DomainError("请写明为什么要看，例如「查 12:05 没有答复的原因」。")
        async with desk.acting() as session:
            entry = await message_log.get(session, message_id)
            words = await message_log.exchange(session, message_id, office.words_in)
            does(session, "messages.reveal", str(message_id), reason=reason)
    except DomainError as error:
        return await _again(desk, shell, message_id, error)
    return shell.page("message.html", entry=entry, words=words, reason=reason)


@router.post("/{message_id}/retry", dependencies=[needs(Right.MESSAGES_RETRY)])
async def retry(message_id: RowId, desk: ActingDesk, shell: InShell) -> Response:
    try:
        async with desk.acting() as session:
            await message_log.get(session, message_id)  # what was said in confidence has no page
            (verdict,) = await messages.queue_again(session, message_id, desk.shared.clock.real_now())
            if not verdict.queued:
                raise DomainError(verdict.reason)
            does(session, "messages.retry", str(message_id))
    except DomainError as error:
        return await _again(desk, shell, message_id, error)
    return shell.done(f"{PAGE}/{message_id}", "已排队重新处理，答复会另外发给对方。")


# --- parts -------------------------------------------------------------------------------------------------


async def _again(desk: Desk, shell: InShell, message_id: int, error: DomainError) -> HTMLResponse:
    if error.status == 404:
        raise error
    async with desk.reading() as session:
        entry = await message_log.get(session, message_id)
    return shell.refused("message.html", error, entry=entry)


def _may_retry(desk: Desk) -> bool:
    return desk.may(Right.MESSAGES_RETRY)


def _view(request: Request) -> View:
    return listing.view_of(
        request,
        Filter("trouble", "只看", message_log.TROUBLES),
        Filter("state", "状态", {state.value: words for state, words in messages.STATES.items()}),
        Filter("kind", "种类", message_log.KINDS),
        Filter("rule", "命中的规则"),
        Filter("day", "哪天", kind="date"),
        Filter("person", "谁（编号）"),
    )


def _wanted(view: View) -> Wanted:
    return Wanted(**view.chosen)


def _sent(wanted: Wanted) -> str:
    """The filters as the end of an address."""
    given = wanted.given()
    return f"?{urlencode(given)}" if given else ""
