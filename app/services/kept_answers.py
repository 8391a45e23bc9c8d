"""The same call again is told the same: answers kept under the key that a caller gave, for a day.

The row is written first and its answer last, in the transaction of what the call does: a call that failed
leaves no row, and of two at once the second waits for the first.

Who called lies in the digest of the key alone. It names the follower, not the person, since that stays the
same when two persons turn out to be one; and with no person in it a row does not tell who wrote an anonymous
case at its hour.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services.coordination import upsert
from app.services.forgetting import Ids, Rule, Where, change
from models import KeptAnswer
from models.sealing import keyring

KEPT_FOR = timedelta(hours=24)
_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL: waited `lock_timeout` in vain


class KeyReused(DomainError):
    status = 422

    def __init__(self) -> None:
        super().__init__("这个 Idempotency-Key 已经用在别的请求上，请换一个新的。")


class InProgress(DomainError):
    def __init__(self) -> None:
        super().__init__("同一个请求正在办理，请稍等一两秒再发一次。")


@dataclass(frozen=True, slots=True)
class Call:
    """A call as far as it matters whether another is the same. `route` has no ids in it, `target` does."""

    follower_id: int
    route: str
    key: str
    target: str
    body: bytes

    @property
    def key_digest(self) -> bytes:
        return keyring().digest(f"{self.follower_id}\n{self.route}\n{self.key}", "kept-answer.key")

    @property
    def call_digest(self) -> bytes:
        return keyring().digest(f"{self.target}\n{self.body.hex()}", "kept-answer.call")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


async def begin(session: AsyncSession, call: Call, now: datetime) -> int | Answer:
    """The row to be filled by `keep`; or what the same call was answered before.

    Raises:
        KeyReused: another call had this key.
        InProgress: the first is still at work.
    """
    row_id = await _insert(session, call, now)
    if row_id is not None:
        return row_id
    row = (await session.scalars(sa.select(KeptAnswer).where(KeptAnswer.key_digest == call.key_digest))).one()
    if row.call_digest != call.call_digest:
        raise KeyReused
    kept: Any = row.answer
    return Answer(**kept)


async def find(session: AsyncSession, call: Call, now: datetime) -> Answer | None:
    """What the same call was answered before, without asking to be the one who answers."""
    chosen = sa.select(KeptAnswer.answer).where(KeptAnswer.key_digest == call.key_digest)
    kept: Any = await session.scalar(chosen.where(KeptAnswer.at > now - KEPT_FOR))
    return Answer(**kept) if kept else None


async def keep(session: AsyncSession, row_id: int, answer: Answer) -> None:
    told = {"status": answer.status, "headers": answer.headers, "body": answer.body}
    await session.execute(sa.update(KeptAnswer).where(KeptAnswer.id == row_id).values(answer=told))


async def drop(session: AsyncSession, row_id: int) -> None:
    """It was refused: the same call again may succeed."""
    await session.execute(sa.delete(KeptAnswer).where(KeptAnswer.id == row_id))


async def _insert(session: AsyncSession, call: Call, now: datetime) -> int | None:
    """The id of a row that is new, or that nobody may ask for any more. Waits for who has it in hand."""
    insert = upsert(session, KeptAnswer).values(
        key_digest=call.key_digest, call_digest=call.call_digest, answer=None, at=now
    )
    anew = {name: insert.excluded[name] for name in ("call_digest", "answer", "at")}
    statement = insert.on_conflict_do_update(
        index_elements=["key_digest"], set_=anew, where=KeptAnswer.__table__.c.at <= now - KEPT_FOR
    ).returning(KeptAnswer.__table__.c.id)
    try:
        found: int | None = await session.scalar(statement)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") == _LOCK_NOT_AVAILABLE:
            raise InProgress from None
        raise
    return found


def _is_old(now: datetime) -> Where:
    return (KeptAnswer.at <= now - KEPT_FOR,)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await change(session, sa.delete(KeptAnswer).where(KeptAnswer.id.in_(ids), *_is_old(now)))


forget_old = Rule("kept_answers", KeptAnswer.id, _is_old, _forget)
