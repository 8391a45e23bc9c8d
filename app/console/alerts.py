"""紧急提醒: somebody may harm himself. Who takes an alert, and nobody else, is shown the words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import forms
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.listing import RowId
from app.console.navigation import Section, Waiting
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import alert_cases, crisis, on_duty, staff_notices
from app.services.permissions import Right, Standing, may
from models import AlertState, CrisisAlert

PAGE: Final = "/console/alerts"
WHOLE_UNION: Final = None  # an alert belongs to no branch

router = APIRouter(prefix="/alerts", dependencies=[needs(Right.ALERTS_TAKE)])


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> Sequence[Waiting]:
    """Each of them is late: it ought to have been taken at once."""
    if not may(standing, Right.ALERTS_TAKE, WHOLE_UNION):
        return []
    count = await crisis.count_waiting(session)
    return [Waiting("紧急提醒，请马上接手", PAGE, count, count)]


SECTION: Final = Section("alerts", "事务", "紧急提醒", PAGE, "bell", Right.ALERTS_TAKE, waiting=_waiting)


@router.get("")
async def everything(desk: AtDesk, shell: InShell) -> HTMLResponse:
    found: Sequence[CrisisAlert] = []
    async with desk.reading() as session:
        if desk.may(Right.ALERTS_TAKE, WHOLE_UNION):
            found = await crisis.list_alerts(session, waiting_only=False)
    found = sorted(found, key=lambda alert: alert.state is not AlertState.WAITING)
    return shell.page("alerts.html", found=found, own=_taker(desk))


@router.get("/{alert_id}")
async def one(alert_id: RowId, desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        alert = await _get(session, desk, alert_id)
        known = await _known(session, desk, alert)
    return shell.page("alert_one.html", alert=alert, **known)


@router.post("/{alert_id}/take")
async def take(alert_id: RowId, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    try:
        async with desk.acting() as session:
            await _get(session, desk, alert_id)
            await crisis.take(session, alert_id, _taker(desk), now)
    except DomainError as error:
        return await _again(desk, shell, alert_id, error)
    return shell.done(f"{PAGE}/{alert_id}", "由您接手，不再重复提醒。请马上联系本人。")


@router.post("/{alert_id}/reply")
async def reply(alert_id: RowId, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    text = forms.words(await forms.read(request), "text")
    try:
        async with desk.acting() as session:
            alert = await _get(session, desk, alert_id)
            if alert.state is AlertState.TAKEN and alert.taken_by != _taker(desk):
                raise DomainError(f"这条提醒由{alert.taken_by}接手，请由接手的人回话。")
            await crisis.reply(session, alert_id, text, now)
    except DomainError as error:
        return await _again(desk, shell, alert_id, error, text)
    return shell.done(
        f"{PAGE}/{alert_id}", "已交给微信发送。对方回的话，这里暂时看不到，请打电话或当面跟进。"
    )


# --- parts -------------------------------------------------------------------------------------------------


def _taker(desk: Desk) -> str:
    return on_duty.taker(desk.by, desk.login)


async def _known(session: AsyncSession, desk: Desk, alert: CrisisAlert) -> dict[str, Any]:
    """The words that caused it are for who has taken it; the case they are in for who may open it."""
    is_own = alert.state is AlertState.TAKEN and alert.taken_by == _taker(desk)
    return {
        "is_own": is_own,
        "words": alert.excerpt if is_own else None,
        "longest": crisis.REPLY_LENGTH,
        "case": await alert_cases.find(session, alert, desk.standing),
        "cases": staff_notices.PAGE,
    }


async def _get(session: AsyncSession, desk: Desk, alert_id: int) -> CrisisAlert:
    """Raises: NotFound: none, or one that the desk may not see."""
    alert = await session.get(CrisisAlert, alert_id)
    if alert is None or not desk.may(Right.ALERTS_TAKE, WHOLE_UNION):
        raise NotFound("没有找到这条提醒。")
    return alert


async def _again(desk: Desk, shell: InShell, alert_id: int, error: DomainError, text: str = "") -> Response:
    if error.status in (403, 404):
        raise error
    async with desk.reading() as session:
        alert = await _get(session, desk, alert_id)
        known = await _known(session, desk, alert)
    return shell.refused("alert_one.html", error, alert=alert, typed=text, **known)
