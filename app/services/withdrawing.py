"""Taking consent back (PIPL 15): at once, and with it what relied on it stops.

What was done before stays lawful and stays done.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import advice, appointment_forgetting, binding, consents, customer_moves, legal_aid
from app.services.purposes import ACCOUNTS, AID, COUNSELLING, HEALTH, LEGAL_AID, MEMBERSHIP, Purpose
from models import CaseKind, ConsentEnd

Stop = Callable[[AsyncSession, int, str, datetime], Awaitable[object]]


async def withdraw(
    session: AsyncSession, person_id: int, purpose: Purpose, *, channel: str, now: datetime
) -> bool:
    """End the consent and what relied on it; false where none stood. Twice is no error."""
    ended = await consents.end(session, person_id, purpose, ConsentEnd.WITHDRAWN, now)
    await STOPS[purpose.key](session, person_id, channel, now)
    return ended


async def _unbind(session: AsyncSession, person_id: int, channel: str, now: datetime) -> None:
    await binding.unbind(session, person_id, channel=channel, now=now)


def _cancel(kind: CaseKind) -> Stop:
    async def stop(session: AsyncSession, person_id: int, channel: str, now: datetime) -> None:
        await advice.cancel_unanswered(session, person_id, kind, channel=channel, now=now)
        await appointment_forgetting.give_up_kind(session, person_id, kind, channel, now)

    return stop


async def _unbind_accounts(session: AsyncSession, person_id: int, channel: str, now: datetime) -> None:
    await customer_moves.forget_person(session, person_id, now)


async def _withdraw_aid(session: AsyncSession, person_id: int, channel: str, now: datetime) -> None:
    await legal_aid.cancel_undecided(session, person_id, channel=channel, now=now)


# By purpose: what stops. A test fails for one that asks for consent and is not here.
STOPS: Mapping[str, Stop] = {
    MEMBERSHIP.key: _unbind,
    LEGAL_AID.key: _cancel(CaseKind.CONSULTATION),
    AID.key: _withdraw_aid,
    COUNSELLING.key: _cancel(CaseKind.COUNSELLING),
    HEALTH.key: _cancel(CaseKind.HEALTH),
    ACCOUNTS.key: _unbind_accounts,
}
