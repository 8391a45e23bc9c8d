"""What happens to bindings of electricity accounts without their persons, and how the register forgets.

The register says something new, staff unbind, two persons turn out to be one, somebody wants to be forgotten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.services import customer_notices, guesses, tags
from app.services.customer_accounts import called, digest, written
from app.services.forgetting import Ids, Rule, Where, change
from models import AccountBinding, BindingState, CustomerAccount

log = structlog.get_logger(__name__)

CLOSED_FOR = timedelta(days=180)  # then the register forgets an account; a bill may be disputed until then


@dataclass(frozen=True, slots=True)
class Moved:
    """An account of the register as it is now, and whether it is another's than before."""

    digest: bytes
    area: str
    is_closed: bool
    owner_changed: bool


async def follow_register(session: AsyncSession, moved: Sequence[Moved], now: datetime) -> int:
    """Bring bindings to what the register now says; how many must be verified anew, whose persons are told.

    The accounts are locked by who calls: nobody verifies by what they said before.
    """
    by_digest = {each.digest: each for each in moved}
    bound = sa.select(AccountBinding).where(AccountBinding.number_digest.in_(list(by_digest)))
    # All of them before any menu is looked at: people lock in that order too.
    rows = (await session.scalars(bound.order_by(AccountBinding.id).with_for_update())).all()
    told, touched = 0, set()
    for row in rows:
        account = by_digest[row.number_digest]
        if row.is_verified and (account.owner_changed or account.is_closed):
            row.state, row.verified_at = BindingState.UNVERIFIED, None
            await session.flush()
            customer_notices.unverified(session, row, called(row), is_closed=account.is_closed, now=now)
            told += 1
        registered = None if account.is_closed else account.area
        area = registered if row.is_verified else row.chosen_area or registered
        if area != row.area:
            row.area = area
            touched.add(row.person_id)
    await session.flush()
    for person_id in sorted(touched):
        await tags.look_again(session, person_id, now)
    return told


async def unbind_by_staff(session: AsyncSession, number: str, *, by: str, now: datetime) -> int:
    """Nobody is bound to this account any more, such as when its customer asks for that; how many were.

    Raises: DomainError: no account has such a number.
    """
    chosen = sa.select(AccountBinding).where(AccountBinding.number_digest == digest(written(number)))
    rows = (await session.scalars(chosen.order_by(AccountBinding.id).with_for_update())).all()
    for row in rows:
        customer_notices.unbound(session, row, called(row), now=now)
        await session.delete(row)
    await session.flush()
    for person_id in sorted({row.person_id for row in rows}):
        await tags.look_again(session, person_id, now)
    log.info("customers.unbound_by_staff", bindings=len(rows), by=by)
    return len(rows)


async def hand_over(session: AsyncSession, gone: int, stays: int) -> None:
    """One person turned out to be another: his accounts go along. Of two the verified one stays.

    The one that stays may have more than `MOST` then; he binds no more until he has unbound some.
    """
    chosen = sa.select(AccountBinding).where(AccountBinding.person_id.in_([gone, stays]))
    rows = (await session.scalars(chosen.order_by(AccountBinding.id).with_for_update())).all()
    kept = {row.number_digest: row for row in rows if row.person_id == stays}
    for row in rows:
        if row.person_id != gone:
            continue
        own = kept.get(row.number_digest)
        if own is None:
            row.person_id = stays
            continue
        if row.is_verified and not own.is_verified:
            own.state, own.verified_at, own.area = row.state, row.verified_at, row.area
        own.nickname = own.nickname or row.nickname
        if not own.chosen_area and not own.is_verified:
            own.chosen_area, own.area = row.chosen_area, row.area
        await session.delete(row)
    await session.flush()


async def forget_person(session: AsyncSession, person_id: int, now: datetime) -> int:
    """Delete all that the person has bound, because he wants us to forget him; how many there were."""
    await guesses.lock_person(session, person_id)
    gone = await change(session, sa.delete(AccountBinding).where(AccountBinding.person_id == person_id))
    if gone:
        await tags.look_again(session, person_id, now)
    return gone


def _long_closed(now: datetime) -> Where:
    return (CustomerAccount.closed_on <= civil_date(now) - CLOSED_FOR,)


async def _forget_closed(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = sa.delete(CustomerAccount).where(CustomerAccount.id.in_(ids), *_long_closed(now))
    return await change(session, old)


forget_closed = Rule("closed_accounts", CustomerAccount.id, _long_closed, _forget_closed)
