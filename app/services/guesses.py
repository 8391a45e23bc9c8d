"""Limits on proving who one is: failed tries are counted by person, and by what was tried.

The second count keeps several persons from sharing out the guessing of one number. Only failed tries count.
Whoever notes one has locked the person's row, so that two at once are counted one after the other.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services.forgetting import Ids, Rule, Where, change
from models import Guess, Person
from models.sealing import keyring

SPAN = timedelta(hours=24)
PER_PERSON, PER_SUBJECT = 5, 15


@dataclass(frozen=True, slots=True)
class NotFitting:
    """What we know says otherwise. No exception: the try must be kept."""

    tries_left: int

    def told(self, otherwise: str = "") -> str:
        """How many tries are left today; `otherwise` adds to what is said to who has none."""
        if self.tries_left:
            return f"今天还可以试 {self.tries_left} 次。"
        return f"今天不能再试了，请明天再来{otherwise}。"


async def left(session: AsyncSession, purpose: str, person_id: int, now: datetime) -> int:
    """How many tries this person still has."""
    return max(0, PER_PERSON - await _count(session, purpose, Guess.person_id == person_id, now))


async def check(session: AsyncSession, purpose: str, person_id: int, subject: str, now: datetime) -> None:
    """Raises: DomainError: too many tries, by this person or at this `subject`."""
    await check_person(session, purpose, person_id, now)
    if await _count(session, purpose, Guess.subject == _digest(purpose, subject), now) >= PER_SUBJECT:
        raise DomainError("这个号码今天核对不上的次数太多了，请明天再试，或回复「人工」请工作人员核对。")


async def check_person(session: AsyncSession, purpose: str, person_id: int, now: datetime) -> None:
    """Raises: DomainError: too many tries by this person."""
    if not await left(session, purpose, person_id, now):
        raise DomainError("今天核对不上的次数太多了，请明天再试，或回复「人工」请工作人员核对。")


def note(session: AsyncSession, purpose: str, person_id: int, subject: str, now: datetime) -> None:
    session.add(Guess(purpose=purpose, person_id=person_id, subject=_digest(purpose, subject), at=now))


async def fail(
    session: AsyncSession, purpose: str, person_id: int, subject: str, now: datetime
) -> NotFitting:
    """Keep a failed try."""
    note(session, purpose, person_id, subject, now)
    await session.flush()
    return NotFitting(await left(session, purpose, person_id, now))


async def lock_person(session: AsyncSession, person_id: int) -> None:
    """Two messages of one person on two accounts go one after the other."""
    await session.execute(sa.select(Person.id).where(Person.id == person_id).with_for_update())


async def _count(session: AsyncSession, purpose: str, which: sa.ColumnElement[bool], now: datetime) -> int:
    chosen = sa.select(sa.func.count()).where(Guess.purpose == purpose, which, Guess.at > now - SPAN)
    return int(await session.scalar(chosen.select_from(Guess)) or 0)


def _digest(purpose: str, subject: str) -> bytes:
    return keyring().digest(subject, f"guess.{purpose}")


def _no_longer_counts(now: datetime) -> Where:
    return (Guess.at <= now - SPAN,)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await change(session, sa.delete(Guess).where(Guess.id.in_(ids), *_no_longer_counts(now)))


forget_old = Rule("guesses", Guess.id, _no_longer_counts, _forget)
