"""Alerts ring until somebody on duty has taken them: at once, then every five minutes.

One that reached nobody within a minute is an ERROR line and a metric; WeChat's windows may be closed.
"""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.sql.dml import ReturningUpdate

from app import metrics
from app.clock import Clock, spoken
from app.database import Database
from app.services import crisis
from app.wechat.api import messages as wire
from app.wechat.client import WeChatClient
from app.wechat.errors import WeChatError
from app.wechat.replies import choice_line
from models import AlertState, CrisisAlert

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=5)
SOON = timedelta(seconds=15)
LEASE = timedelta(seconds=60)


class Bell:
    """Rings for the followers in `openids`."""

    def __init__(
        self, database: Database, client: WeChatClient, clock: Clock, openids: Sequence[str]
    ) -> None:
        self._database, self._client, self._clock, self._openids = database, client, clock, openids
        self._complained: dict[int, datetime] = {}  # alerts nobody heard, and when we last said so

    async def ring(self) -> int:
        """One round for every alert that is due; returns how many there were."""
        count = 0
        try:
            while (alert := await self._claim()) is not None:
                count += 1
                # All at once: somebody's slow answer must not keep the others from hearing of it.
                heard = await asyncio.gather(*(self._tell(openid, alert) for openid in self._openids))
                await self._note(alert, reached=any(heard))
        finally:
            await self._complain()
        return count

    async def _claim(self) -> CrisisAlert | None:
        now, real_now = self._clock.now(), self._clock.real_now()
        async with self._database.reading() as session:
            if not await crisis.due(session, now):
                return None
        async with self._database.transaction() as session:
            for alert in await crisis.due(session, now):
                if await session.scalar(_lease(alert.id, now, real_now)) is not None:
                    await session.refresh(alert)
                    return alert
        return None

    async def _tell(self, openid: str, alert: CrisisAlert) -> bool:
        at = spoken(alert.created_at, self._clock.now())
        text = (
            f"【紧急】{at} 有职工在聊天中流露出伤害自己的念头（第 {alert.rounds + 1} 次提醒）。\n"
            f"请马上处理，编号 {alert.id}。\n"
            + choice_line("我来处理", f"do:crisis.take?alert={alert.id}", "点这里：我来处理")
        )
        try:
            await self._client.messages.send(wire.CustomerMessage(openid, wire.Text(text)))
        except WeChatError as error:
            log.warning("alert_not_delivered", alert=alert.id, error=str(error))
            return False
        return True

    async def _note(self, alert: CrisisAlert, *, reached: bool) -> None:
        now = self._clock.now()
        async with self._database.transaction() as session:
            row = await session.get(CrisisAlert, alert.id, with_for_update=True)
            if row is None:
                return
            if reached and row.reached_at is None:
                row.reached_at = now
            if row.lease_token != alert.lease_token:
                return  # it took so long that somebody else has begun a round
            row.rounds += 1
            # Nobody heard it: try again soon, until the minute is over.
            soon = not reached and now - row.created_at < metrics.MUST_REACH_WITHIN
            row.due_at = now + (SOON if soon else EVERY)
            row.lease_token, row.lease_until = None, None
        if not reached and alert.reached_at is not None:
            log.error("crisis_alert_heard_no_more", alert=alert.id, on_duty=len(self._openids))

    async def _complain(self) -> None:
        """Say loudly what nobody has heard, as often as rounds are rung; every process does."""
        now = self._clock.now()
        async with self._database.reading() as session:
            unheard = (
                await session.scalars(
                    sa.select(CrisisAlert.id).where(
                        CrisisAlert.state == AlertState.WAITING,
                        CrisisAlert.reached_at.is_(None),
                        CrisisAlert.created_at <= now - metrics.MUST_REACH_WITHIN,
                    )
                )
            ).all()
        metrics.alerts_unreached(len(unheard))
        before = self._complained
        self._complained = {alert: before[alert] for alert in unheard if alert in before}
        for alert in unheard:
            if alert not in before or now - before[alert] >= EVERY:
                self._complained[alert] = now
                log.error("crisis_alert_reached_nobody", alert=alert, on_duty=len(self._openids))


def _lease(alert_id: int, now: datetime, real_now: datetime) -> ReturningUpdate[int]:
    """Take an alert that is still due: another process may have rung it since we looked."""
    return (
        sa.update(CrisisAlert)
        .where(
            CrisisAlert.id == alert_id,
            CrisisAlert.state == AlertState.WAITING,
            CrisisAlert.due_at <= now,
            sa.or_(CrisisAlert.lease_until.is_(None), CrisisAlert.lease_until <= real_now),
        )
        .values(lease_token=secrets.token_hex(8), lease_until=real_now + LEASE)
        .returning(CrisisAlert.id)
        .execution_options(synchronize_session=False)
    )
