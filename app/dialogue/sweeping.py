"""Messages that were left behind: their process died or gave up, so somebody runs them again."""

from datetime import datetime

import sqlalchemy as sa
import structlog

from app.clock import Clock
from app.database import Database
from app.dialogue.engine import Engine
from app.dialogue.runs import Run
from app.dialogue.turns import LEASE
from app.wechat.crypto import Account, BadCallback
from app.wechat.incoming import parse
from models import Message, MessageState

log = structlog.get_logger(__name__)

AT_ONCE = 20
TRIES = 5  # then it is a bug, not bad luck


class Sweep:
    def __init__(
        self, database: Database, engine: Engine, accounts: dict[int, Account], clock: Clock
    ) -> None:
        self._database, self._engine, self._accounts, self._clock = database, engine, accounts, clock

    async def run(self) -> int:
        """Run again what nobody is at; returns how many there were."""
        rows = await self._claim()
        for row, token in rows:
            run = self._run_of(row, token)
            if run is not None:
                await self._engine.resume(run)
        return len(rows)

    async def _claim(self) -> list[tuple[Message, str]]:
        now = self._clock.real_now()
        async with self._database.reading() as session:
            waiting = await session.scalar(
                sa.select(Message.id).where(_unsettled(), Message.lease_until <= now).limit(1)
            )
        if waiting is None:  # the usual case costs no lock
            return []
        async with self._database.transaction() as session:
            found = await session.scalars(
                sa.select(Message)
                .where(_unsettled(), Message.lease_until <= now)
                .order_by(Message.id)
                .limit(AT_ONCE)
                .with_for_update(skip_locked=True)
            )
            return [(row, self._lease(row, now)) for row in found]

    def _lease(self, row: Message, now: datetime) -> str:
        row.tries += 1
        row.lease_until = now + LEASE
        row.lease_token = f"{row.request_id[:12]}.{row.tries}"
        if row.tries > TRIES:
            log.error("message_given_up", message=row.id, request_id=row.request_id)
            row.state, row.lease_token, row.lease_until = MessageState.FAILED, None, None
        return row.lease_token or ""

    def _run_of(self, row: Message, token: str) -> Run | None:
        account = self._accounts.get(row.account_id)
        if not token or account is None or row.body is None:
            return None
        try:
            incoming = parse(account, row.body.encode())
        except BadCallback:
            log.exception("stored_body_unreadable", message=row.id)
            return None
        return Run(incoming, row.account_id, row.received_at, token, deferred=True)


def _unsettled() -> sa.ColumnElement[bool]:
    return Message.state.in_([MessageState.RECEIVED, MessageState.DEFERRED])
