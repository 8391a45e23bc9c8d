"""Alerts ring until somebody on duty has taken them: at once, then every five minutes.

The first rounds go to everybody on duty, later ones to one after another, so that the few customer messages
of their windows last; where a window is closed, a template message goes, if one is mapped. A round that
reached nobody within a minute is an ERROR line and a metric, and the ringing goes on.
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
from app.services import alert_cases, crisis, notices, on_duty, windows
from app.services.windows import Place
from app.wechat.api import messages as wire
from app.wechat.client import WeChatClient
from app.wechat.errors import AllowanceUsed, OutcomeUnknown, PersonGone, WeChatError, WindowClosed
from app.wechat.replies import choice_line
from models import AlertState, CrisisAlert, Follower
from models.alert import RINGS_EVERY

log = structlog.get_logger(__name__)

SOON = timedelta(seconds=15)
LEASE = timedelta(seconds=60)
TO_EVERYBODY = 2  # rounds; of five messages in a window three are left for the turns that follow


class Bell:
    """Rings for the followers in `openids` and for staff on duty, whoever that is when a round begins.

    The two flags are what the account has a right to send.
    """

    def __init__(
        self,
        database: Database,
        client: WeChatClient,
        clock: Clock,
        openids: Sequence[str],
        *,
        customer_messages: bool = True,
        templates: bool = True,
    ) -> None:
        self._database, self._client, self._clock, self._openids = database, client, clock, openids
        self._customer_messages, self._templates = customer_messages, templates
        self._complained: dict[int, datetime] = {}  # alerts nobody heard, and when we last said so

    async def ring(self) -> int:
        """One round for every alert that is due; returns how many there were."""
        count = 0
        try:
            while (alert := await self._claim()) is not None:
                count += 1
                await self._note(alert, reached=await self._round(alert))
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

    async def _on_duty(self) -> Sequence[str]:
        async with self._database.reading() as session:
            return await on_duty.list_openids(session, self._openids, self._client.app_id)

    async def _round(self, alert: CrisisAlert) -> bool:
        """Whether anybody was reached."""
        openids = await self._on_duty()
        if alert.reached_at is None or alert.rounds < TO_EVERYBODY:
            # All at once: somebody's slow answer must not keep the others from hearing of it.
            return any(await asyncio.gather(*(self._tell(openid, alert) for openid in openids)))
        turn = alert.rounds % max(1, len(openids))
        for openid in (*openids[turn:], *openids[:turn]):
            if await self._tell(openid, alert):
                return True
        return False

    async def _note(self, alert: CrisisAlert, *, reached: bool) -> None:
        now = self._clock.now()
        async with self._database.transaction() as session:
            row = await session.get(CrisisAlert, alert.id, with_for_update=True)
            if row is None:
                return
            if reached:
                row.reached_at = now
            if row.lease_token != alert.lease_token:
                return  # it took so long that somebody else has begun a round
            row.rounds += 1
            # Nobody heard it: try again soon, until the minute is over.
            row.due_at = now + (SOON if not reached and now < row.must_reach_by else RINGS_EVERY)
            row.lease_token, row.lease_until = None, None

    async def _complain(self) -> None:
        """Say loudly what nobody hears, as often as rounds are rung; every process does."""
        now = self._clock.now()
        async with self._database.reading() as session:
            unheard = (await session.scalars(sa.select(CrisisAlert).where(CrisisAlert.unheard(now)))).all()
        metrics.alerts_unreached(len(unheard))
        if not unheard:
            self._complained = {}
            return
        count, before = len(await self._on_duty()), self._complained
        self._complained = {alert.id: before[alert.id] for alert in unheard if alert.id in before}
        for alert in unheard:
            if alert.id not in before or now - before[alert.id] >= RINGS_EVERY:
                self._complained[alert.id] = now
                event = "reached_nobody" if alert.reached_at is None else "heard_no_more"
                log.error(f"crisis_alert_{event}", alert=alert.id, on_duty=count)

    # --- one person -----------------------------------------------------------------------------------------

    async def _tell(self, openid: str, alert: CrisisAlert) -> bool:
        return await self._by_message(openid, alert) or await self._by_template(openid, alert)

    async def _by_message(self, openid: str, alert: CrisisAlert) -> bool:
        if not self._customer_messages:
            return False
        async with self._database.transaction() as session:
            who = await on_duty.find_standing(session, self._client.app_id, openid)
            where = await alert_cases.line(session, alert, who)
            whom = windows.of_openid(self._client.app_id, openid).with_for_update(of=Follower)
            follower = await session.scalar(whom)
            place = windows.reserve(follower, self._clock.now()) if follower is not None else None
        # Of whom we have never heard we do not know the windows: WeChat may.
        if place is None and follower is not None:
            return False
        words = wire.Text(_words(alert, where, self._clock.now()))
        try:
            await self._client.messages.send(wire.CustomerMessage(openid, words))
        except WeChatError as error:
            log.warning("alert_not_delivered", alert=alert.id, way="customer_message", error=str(error))
            if place is not None:
                await self._settle(place, error)
            return False
        return True

    async def _settle(self, place: Place, error: WeChatError) -> None:
        async with self._database.transaction() as session:
            match error:
                case WindowClosed() | AllowanceUsed():
                    await windows.close(session, place)
                case PersonGone():
                    await windows.leave(session, place, self._clock.now())
                case OutcomeUnknown():
                    pass  # it may have arrived, and counts
                case _:
                    await windows.give_back(session, place)

    async def _by_template(self, openid: str, alert: CrisisAlert) -> bool:
        if not self._templates:
            return False
        async with self._database.reading() as session:
            template = await notices.find_template(session, self._client.app_id, notices.ALERT)
        if template is None:
            log.warning("alert_not_delivered", alert=alert.id, way="template", error="no template is mapped")
            return False
        data = notices.filled(template.fields, notices.alert_values(alert))
        once = f"{notices.ALERT}-{alert.id}-{alert.rounds}"
        try:
            await self._client.templates.send(openid, template.template_id, data, client_msg_id=once)
        except WeChatError as error:
            log.warning("alert_not_delivered", alert=alert.id, way="template", error=str(error))
            return False
        return True


def _words(alert: CrisisAlert, where: str, now: datetime) -> str:
    """`where`: in which case it was said, for who may open that case."""
    return (
        f"【紧急】{spoken(alert.created_at, now)} 有职工在聊天中流露出伤害自己的念头"
        f"（第 {alert.rounds + 1} 次提醒）。\n"
        f"请马上处理，编号 {alert.id}。\n"
        + (f"{where}\n" if where else "")
        + choice_line("我来处理", f"do:crisis.take?alert={alert.id}", "点这里：我来处理")
        + f"\n点不开，请直接回复「{crisis.TAKE}」。"
    )


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
