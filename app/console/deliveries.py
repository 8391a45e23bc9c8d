"""发送情况: what was to leave us, what became of it and why; sending again what certainly was not sent."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import listing
from app.console.entrance import ActingDesk, AtDesk, needs
from app.console.listing import Filter, RowId
from app.console.navigation import Section, Waiting
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError
from app.services import delivery_log, kept_deliveries
from app.services.delivery_log import Wanted
from app.services.permissions import Right, Standing
from models import DeliveryState, Outbox

PAGE: Final = "/console/deliveries"
KEPT: Final = f"{PAGE}/confidential"

AGAIN: Final = "已重新排队，几秒内会再发一次。"

router = APIRouter(prefix="/deliveries", dependencies=[needs(Right.DELIVERIES_READ)])


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> list[Waiting]:
    named = ((DeliveryState.FAILED, "7 天内发送失败"), (DeliveryState.UNKNOWN, "7 天内发送结果不明"))
    found = []
    for state, words in named:
        count = await delivery_log.count_lately(session, state, now)
        kept = await kept_deliveries.count_lately(session, state, now)
        found += [
            Waiting(words, f"{PAGE}?state={state}", count - kept),
            Waiting(f"{words}（保密）", KEPT, kept),
        ]
    return found


SECTION: Final = Section(
    "deliveries", "公众号", "发送情况", PAGE, "send", Right.DELIVERIES_READ, waiting=_waiting
)


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell) -> HTMLResponse:
    view = listing.view_of(
        request,
        Filter("state", "状态", {state.value: words for state, words in delivery_log.STATES.items()}),
        Filter("kind", "种类", delivery_log.KINDS),
        Filter("way", "方式", {way.value: words for way, words in delivery_log.WAYS.items()}),
        Filter("person", "谁（编号）"),
    )
    async with desk.reading() as session:
        chosen = delivery_log.chosen(Wanted(**view.chosen))
        found = await listing.page(session, chosen, Outbox.id, view)
    page = replace(found, rows=[delivery_log.entry_of(row) for row in found.rows])
    return shell.page("deliveries.html", page=page, view=view)


@router.get("/confidential")
async def in_confidence(desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    """What was told in confidence: of each day how many, and what was not sent; never whom, nor when."""
    async with desk.reading() as session:
        return shell.page("deliveries_kept.html", **await _kept(session, now))


@router.post("/confidential/{name}/retry", dependencies=[needs(Right.DELIVERIES_RETRY)])
async def retry_in_confidence(name: str, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    try:
        async with desk.acting() as session:
            await kept_deliveries.send_again(session, name, now)
    except DomainError as error:
        if error.status == 404:
            raise
        async with desk.reading() as session:
            return shell.refused("deliveries_kept.html", error, **await _kept(session, now))
    return shell.done(KEPT, AGAIN)


async def _kept(session: AsyncSession, now: datetime) -> dict[str, Any]:
    return {
        "days": await kept_deliveries.list_days(session, now),
        "unsent": await kept_deliveries.list_unsent(session, now),
        "states": delivery_log.STATES,
        "longest": kept_deliveries.DAYS,
    }


@router.get("/{outbox_id}")
async def one(outbox_id: RowId, desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.page("delivery.html", entry=await delivery_log.get(session, outbox_id))


@router.post("/{outbox_id}/retry", dependencies=[needs(Right.DELIVERIES_RETRY)])
async def retry(outbox_id: RowId, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    try:
        async with desk.acting() as session:
            await delivery_log.send_again(session, outbox_id, now)
    except DomainError as error:
        async with desk.reading() as session:
            entry = await delivery_log.get(session, outbox_id)
        return shell.refused("delivery.html", error, entry=entry)
    return shell.done(f"{PAGE}/{outbox_id}", AGAIN)
