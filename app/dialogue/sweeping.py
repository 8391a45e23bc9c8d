"""Messages that were left behind: their process died or gave up, so somebody runs them again."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from app.clock import Clock
from app.database import Database
from app.dialogue.engine import Engine
from app.dialogue.performing import CALM
from app.dialogue.runs import Run
from app.dialogue.turns import LEASE
from app.services import outbox
from app.wechat.crypto import Account, BadCallback
from app.wechat.incoming import Incoming, parse
from app.wechat.replies import Text, to_store
from models import Follower, Message, MessageState
from models.sealing import SealBroken

log = structlog.get_logger(__name__)

AT_ONCE = 20
TRIES = 5  # then it is a bug, not bad luck

# Written out as in the index: with states that come as parameters neither database would use it, and
# every sweep would read all messages there are.
_UNSETTLED = sa.text("message.state IN ('received', 'deferred')")


@dataclass(frozen=True, slots=True)
class _Found:
    message: Message
    incoming: Incoming | None  # None: there is nothing to run


class Sweep:
    """`patience`: seconds a round waits for what it began; slower ones go on by themselves."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        accounts: dict[int, Account],
        clock: Clock,
        *,
        patience: float = 3.0,
    ) -> None:
        self._database, self._engine, self._accounts, self._clock = database, engine, accounts, clock
        self._patience = patience

    async def run(self) -> int:
        """Run again what nobody is at; returns how many there were."""
        count = 0
        while found := await self._claim():
            count += len(found)
            begun = [self._engine.resume(run) for run in map(_run_of, found) if run is not None]
            if begun:  # one that is slow or hangs must not keep the next round from coming
                await asyncio.wait(begun, timeout=self._patience)
        return count

    async def _claim(self) -> list[_Found]:
        now = self._clock.real_now()
        left_behind = (_UNSETTLED, Message.lease_until <= now)
        async with self._database.reading() as session:
            waiting = await session.scalar(sa.select(Message.id).where(*left_behind).limit(1))
        if waiting is None:  # the usual case costs no lock
            return []
        async with self._database.transaction() as session:
            rows = await session.scalars(
                sa.select(Message)
                .options(defer(Message.body), defer(Message.reply))
                .where(*left_behind)
                .order_by(Message.id)
                .limit(AT_ONCE)
                .with_for_update(skip_locked=True)
            )
            return [await self._lease(session, row, now) for row in rows.all()]

    async def _lease(self, session: AsyncSession, row: Message, now: datetime) -> _Found:
        incoming = await self._incoming(session, row)
        row.tries += 1
        row.lease_until = now + LEASE
        row.lease_token = f"{row.request_id[:12]}.{row.tries}"
        if row.tries > TRIES or incoming is None:
            await self._give_up(session, row, incoming)
        return _Found(row, incoming)

    async def _incoming(self, session: AsyncSession, row: Message) -> Incoming | None:
        """What WeChat pushed; a body that no key opens, or no parser, must not stop the others."""
        account = self._accounts.get(row.account_id)
        try:
            body = await session.scalar(sa.select(Message.body).where(Message.id == row.id))
            return parse(account, body.encode()) if account is not None and body is not None else None
        except (SealBroken, BadCallback) as error:
            log.error("stored_body_unreadable", message=row.id, error=type(error).__name__)
            return None

    async def _give_up(self, session: AsyncSession, row: Message, incoming: Incoming | None) -> None:
        """It failed as a bug does; the person, who was told nothing yet, reads so as the late answer."""
        log.error("message_given_up", message=row.id, request_id=row.request_id)
        row.state, row.lease_token, row.lease_until = MessageState.FAILED, None, None
        if incoming is None or not incoming.is_person:
            return
        follower = await session.scalar(
            sa.select(Follower).where(
                Follower.account_id == row.account_id, Follower.openid == incoming.openid
            )
        )
        if follower is not None:
            outbox.add(
                session,
                outbox.LATE_REPLY,
                key=f"late:{row.id}",
                to=follower.person_id,
                follower_id=follower.id,
                message_id=row.id,
                payload=to_store(Text(CALM)),
                now=self._clock.now(),
            )


def _run_of(found: _Found) -> Run | None:
    row, incoming = found.message, found.incoming
    if not row.lease_token or incoming is None:
        return None
    stood = None if row.dialogue_serial is None else (row.dialogue_ref or "", row.dialogue_serial)
    return Run(incoming, row.account_id, row.received_at, row.lease_token, deferred=True, stood=stood)
