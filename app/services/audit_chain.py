"""The chain that seals the record of staff's acts: whoever changes, takes out or adds a row is found out.

Each seal is a digest, under a key that is not in the database, of the act and of the seal before. Acts are
sealed in the order of their ids; one that was committed late comes after those that were there.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from models import StaffAct, StaffActSeal
from models.sealing import SealBroken, keyring

BATCH: Final = 200
LATE: Final = timedelta(seconds=5)  # a transaction with a smaller id may end after one with a greater
_START: Final = b"\0" * 32


@dataclass(frozen=True, slots=True)
class Verdict:
    """What going through the chain has shown. `broken` names the first act that is not as it was."""

    sealed: int
    waiting: int
    broken: str | None = None  # public id
    last: str = ""  # the newest seal, to be noted down elsewhere

    @property
    def is_whole(self) -> bool:
        return self.broken is None


async def seal(session: AsyncSession, now: datetime) -> int:
    """Put the acts that wait at the end of the chain; returns how many. One caller at a time."""
    found = (await session.scalars(_unsealed(now).order_by(StaffAct.id).limit(BATCH))).all()
    if not found:
        return 0
    last = sa.select(StaffActSeal.digest).order_by(StaffActSeal.id.desc()).limit(1)
    digest = await session.scalar(last) or _START
    for act in found:
        digest = _digest(digest, act)
        session.add(StaffActSeal(act_id=act.id, digest=digest))
        await session.flush()  # one by one: the order of the ids is the order of the chain
    return len(found)


async def any_waiting(session: AsyncSession, now: datetime) -> bool:
    return await session.scalar(_unsealed(now).with_only_columns(StaffAct.id).limit(1)) is not None


async def verify(session: AsyncSession) -> Verdict:
    """Go through the whole chain, batch by batch."""
    digest, after, sealed = _START, 0, 0
    while rows := await _next(session, after):
        for seal_id, kept, act in rows:
            after = seal_id
            digest = b"" if act is None else _opened(digest, act)
            if not hmac.compare_digest(digest, kept):
                return await _broken(session, sealed, act)
            sealed += 1
        session.expunge_all()
    return Verdict(sealed, await _waiting(session), last=digest.hex() if sealed else "")


def _unsealed(now: datetime) -> sa.Select[StaffAct]:
    waiting = sa.select(StaffAct).outerjoin(StaffActSeal, StaffActSeal.act_id == StaffAct.id)
    return waiting.where(StaffActSeal.id.is_(None), StaffAct.at <= now - LATE)


async def _next(session: AsyncSession, after: int) -> Sequence[Any]:
    """Seals with their digests and acts; None where the act was taken out."""
    chosen = sa.select(StaffActSeal.id, StaffActSeal.digest, StaffAct)
    chosen = chosen.outerjoin(StaffAct, StaffAct.id == StaffActSeal.act_id)
    chosen = chosen.where(StaffActSeal.id > after).order_by(StaffActSeal.id).limit(BATCH)
    return (await session.execute(chosen)).all()


async def _broken(session: AsyncSession, sealed: int, act: StaffAct | None) -> Verdict:
    return Verdict(sealed, await _waiting(session), broken="" if act is None else act.public_id)


async def _waiting(session: AsyncSession) -> int:
    acts = await session.scalar(sa.select(sa.func.count()).select_from(StaffAct)) or 0
    seals = await session.scalar(sa.select(sa.func.count()).select_from(StaffActSeal)) or 0
    return max(0, int(acts) - int(seals))


def _opened(before: bytes, act: StaffAct) -> bytes:
    try:
        return _digest(before, act)
    except SealBroken:
        return b""


def _digest(before: bytes, act: StaffAct) -> bytes:
    """Over what the row says, opened: another encryption key leaves it as it was."""
    said = [
        *(act.id, act.public_id, act.at.isoformat(), act.staff_id, act.by, act.channel),
        *(act.act, act.subject, act.branch_id, act.reason, act.changes, act.address),
    ]
    words = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    link = hashlib.sha256(before + words.encode()).hexdigest()
    return keyring().digest(link, "staff-act") + keyring().digest(link, "staff-act-2")
