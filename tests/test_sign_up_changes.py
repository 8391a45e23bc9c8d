"""Saying otherwise after one has signed up: nobody loses his place by coming with fewer, nobody gains one."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.errors import DomainError
from app.services import activities, sign_up_changes, sign_ups
from app.services.parties import Guest, Party
from app.services.sign_ups import Applicant
from models import HOLDING, Activity, SignUp, SignUpMove, SignUpState
from tests import making
from tests.conftest import NOON

S = SignUpState
HOUR = timedelta(hours=1)
LATER = NOON + HOUR


async def picnic(session: AsyncSession, **given: Any) -> Activity:
    """Three guests each, changes until two days from now."""
    values = {"guests": 3, "capacity": 4, "changes_until": NOON + 48 * HOUR} | given
    return await making.activity(session, "春游", **values)


async def comes(session: AsyncSession, activity: Activity, seats: int = 1) -> Applicant:
    who = await making.person(session)
    await sign_ups.sign_up(session, activity.id, who, seats=seats, answers={"bus": "要"}, now=NOON)
    return who


async def says(
    session: AsyncSession, activity: Activity, who: Applicant, seats: int, bus: str = "要", **given: Any
) -> SignUp:
    given = {"now": LATER} | given
    return await sign_up_changes.change(session, activity.id, who, seats=seats, answers={"bus": bus}, **given)


async def state(session: AsyncSession, activity: Activity, who: Applicant) -> SignUpState:
    entry = await sign_ups.find_own(session, activity.id, who.person_id)
    assert entry is not None
    return entry.state


async def test_fewer_keep_the_place_and_the_seat_goes_to_who_waits(session: AsyncSession) -> None:
    trip = await picnic(session)
    li, wang = await comes(session, trip, 3), await comes(session, trip, 2)
    zhao = await comes(session, trip, 4)
    assert await state(session, trip, wang) is S.WAITLISTED

    entry = await says(session, trip, li, 2, bus="不要")

    assert (entry.state, entry.seats, entry.signed_up_at, entry.answers) == (
        *(S.CONFIRMED, 2, NOON),
        {"bus": "不要"},
    )
    assert await state(session, trip, wang) is S.OFFERED
    moves = await session.scalars(sa.select(SignUpMove).where(SignUpMove.sign_up_id == entry.id))
    assert [move.reason for move in moves] == ["", "改为 2 人（原来 3 人），改了报名时的回答"]
    waits = await says(session, trip, zhao, 2)
    assert (waits.state, waits.signed_up_at) == (S.WAITLISTED, NOON), "fewer wait where they waited"


async def test_more_take_only_what_nobody_waits_for(session: AsyncSession) -> None:
    trip = await picnic(session, capacity=3)
    li = await comes(session, trip, 1)
    assert (await says(session, trip, li, 2)).seats == 2
    wang = await comes(session, trip, 2)  # waits: one seat is left, which he cannot use

    assert (await says(session, trip, li, 3)).seats == 3
    with pytest.raises(DomainError, match="名额已满，加不了 1 位。您原来的报名没有变"):
        await says(session, trip, li, 4)
    with pytest.raises(DomainError, match="最多带 3 位"):
        await says(session, trip, li, 5)
    sun = await comes(session, trip, 1)
    own = await sign_ups.find_own(session, trip.id, wang.person_id)
    assert own is not None and sign_up_changes.caution(own, 3) == "人数变多，要排到候补最后。"
    assert (await says(session, trip, wang, 3)).signed_up_at == LATER
    await says(session, trip, li, 2)
    assert await state(session, trip, sun) is S.OFFERED, "who came after him is before him now"


async def test_the_same_again_is_nothing_and_a_consent_keeps_its_moment(session: AsyncSession) -> None:
    trip = await picnic(session, names_guests=True)
    li, party = await making.person(session), Party((Guest("小明", 8),), "李娜", agreed=True)
    first = await sign_ups.sign_up(session, trip.id, li, seats=2, party=party, now=NOON)
    kept, version = first.party, first.version

    same = await sign_up_changes.change(session, trip.id, li, seats=2, answers={}, party=party, now=LATER)
    assert (same.party, same.version) == (kept, version)
    unticked = Party((Guest("小明", 8),), "李娜")  # who agreed once need not say so again for the same child
    same = await sign_up_changes.change(session, trip.id, li, seats=2, answers={}, party=unticked, now=LATER)
    assert (same.party, same.version) == (kept, version)
    older = Party((Guest("小明", 9),), "李娜", agreed=True)
    for _ in range(2):
        await sign_up_changes.change(session, trip.id, li, seats=2, answers={}, party=older, now=LATER)
    moves = await session.scalars(sa.select(SignUpMove.reason).order_by(SignUpMove.id))
    assert list(moves) == ["", "改了同伴"]
    with pytest.raises(DomainError, match="要有监护人"):
        child = Party((Guest("小红", 7),))
        await sign_up_changes.change(session, trip.id, li, seats=2, answers={}, party=child, now=LATER)


async def test_when_it_is_too_late_or_nothing_can_be_changed(session: AsyncSession) -> None:
    fixed, trip = await picnic(session, changes_until=None), await picnic(session)
    looked = await picnic(session, approval=True)
    li = await comes(session, trip)

    with pytest.raises(DomainError, match="报名以后不能改"):
        await says(session, fixed, await comes(session, fixed), 2)
    assert (await says(session, trip, li, 2, now=NOON + 48 * HOUR - timedelta(seconds=1))).seats == 2
    with pytest.raises(DomainError, match="只能改到今天 12:00"):
        await says(session, trip, li, 1, now=NOON + 48 * HOUR)
    with pytest.raises(DomainError, match="您没有报名"):
        await says(session, trip, await making.person(session), 1)
    await sign_ups.cancel(session, trip.id, li, now=NOON)
    with pytest.raises(DomainError, match="「已取消」，不能改"):
        await says(session, trip, li, 1)

    sun = await comes(session, looked, 2)
    assert (await says(session, looked, sun, 3)).state is S.PENDING_APPROVAL
    own = await sign_ups.find_own(session, looked.id, sun.person_id)
    assert own is not None
    own.state = S.CONFIRMED
    await session.flush()
    with pytest.raises(DomainError, match="审核通过以后只能减少人数"):
        await says(session, looked, sun, 4)
    with pytest.raises(DomainError, match="不能晚于活动开始"):
        await picnic(session, changes_until=NOON + 999 * HOUR)
    await activities.call_off(session, looked.public_id, by="王强", now=NOON)
    with pytest.raises(DomainError, match="不能改"):
        await says(session, looked, sun, 1)


async def test_who_grow_at_once_never_fill_more_than_there_is(database: Database) -> None:
    async with database.transaction() as session:
        trip = await picnic(session, capacity=12)
        people = [await comes(session, trip, 1) for _ in range(8)]

    async def grow(who: Applicant, seats: int) -> None:
        try:
            async with database.transaction() as session:
                await says(session, trip, who, seats)
        except DomainError:
            pass

    await asyncio.gather(*(grow(who, 1 + place % 4) for place, who in enumerate(people * 2)))
    async with database.reading() as session:
        held = await session.scalar(sa.select(sa.func.sum(SignUp.seats)).where(SignUp.state.in_(HOLDING)))
    assert held == 12
