"""每周精选 and persons: when two turn out to be one, when one closes the account, and after half a year.

What is forgotten is who and what; how many got it stays.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.services import digests
from app.services.digest_notices import key_of
from app.services.forgetting import Ids, Rule, Where, change
from models import DigestCopy, DigestWish, Outbox

KEPT_FOR: Final = timedelta(days=180)
_NOBODY: Final[dict[str, Any]] = {"person_id": None, "articles": []}


async def hand_over_wish(session: AsyncSession, gone: int, stays: int) -> None:
    """Who wanted it as either wants it, since the first time."""
    chosen = sa.select(DigestWish).where(DigestWish.person_id.in_((gone, stays)))
    rows = (await session.scalars(chosen.order_by(DigestWish.id).with_for_update())).all()
    for row in rows[1:]:
        await session.delete(row)
    await session.flush()
    if rows:
        rows[0].person_id = stays
        await session.flush()


async def hand_over(session: AsyncSession, gone: int, stays: int, now: datetime) -> None:
    """Of a week in which both got one, one copy is nobody's; what waits of that is not sent a second time."""
    other = aliased(DigestCopy)
    both = sa.exists().where(other.person_id == stays, other.week_on == DigestCopy.week_on)
    twice = sa.select(DigestCopy.id).where(DigestCopy.person_id == gone, both)
    ids = (await session.scalars(twice)).all()
    await digests.withdraw(session, Outbox.key.in_([key_of(each) for each in ids]), now)
    await change(session, sa.update(DigestCopy).where(DigestCopy.id.in_(ids)).values(_NOBODY))
    await change(session, sa.update(DigestCopy).where(DigestCopy.person_id == gone).values(person_id=stays))


async def forget(session: AsyncSession, person_id: int, now: datetime) -> None:
    """Of an account that is closed."""
    await digests.stop(session, person_id, now)
    await change(session, sa.update(DigestCopy).where(DigestCopy.person_id == person_id).values(_NOBODY))


async def list_of(session: AsyncSession, person_id: int) -> Sequence[DigestCopy]:
    """The oldest first."""
    theirs = sa.select(DigestCopy).where(DigestCopy.person_id == person_id)
    return (await session.scalars(theirs.order_by(DigestCopy.week_on))).all()


def _is_old(now: datetime) -> Where:
    return DigestCopy.person_id.is_not(None), DigestCopy.settled_at <= now - KEPT_FOR


async def _forget_who(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = sa.update(DigestCopy).where(DigestCopy.id.in_(ids), *_is_old(now))
    return await change(session, old.values(_NOBODY))


forget_who = Rule("digest_copies", DigestCopy.id, _is_old, _forget_who)
