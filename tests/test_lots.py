"""抽签: chance decides who gets a seat, once, and anybody can count again."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.errors import DomainError
from app.jobs import activities as job
from app.services import activities, lots, sign_ups
from app.services.sign_ups import Applicant
from models import Activity, ActivityMove, Allocation, Outbox, SignUp, SignUpMove, SignUpState
from tests import making
from tests.conftest import NOON, FakeClock

S = SignUpState
DAY = timedelta(days=1)


async def by_lot(session: AsyncSession, **given: Any) -> Activity:
    return await making.activity(session, **{"capacity": 2, "allocation": Allocation.LOT, **given})


async def enters(session: AsyncSession, activity: Activity, *, seats: int = 1) -> tuple[Applicant, SignUp]:
    who = await making.person(session)
    return who, await sign_ups.sign_up(session, activity.id, who, seats=seats, now=NOON)


async def drawn(session: AsyncSession, activity: Activity, now: datetime | None = None) -> int:
    now = now or activity.closes_at
    return await lots.draw(session, await sign_ups.lock(session, activity.id), now)


async def states(session: AsyncSession, activity: Activity) -> dict[str, SignUpState]:
    found = sa.select(SignUp.public_id, SignUp.state).where(SignUp.activity_id == activity.id)
    return {row.public_id: row.state for row in await session.execute(found)}


async def told(session: AsyncSession, who: Applicant) -> str:
    chosen = sa.select(Outbox.payload).where(Outbox.person_id == who.person_id).order_by(Outbox.id)
    return "\n".join(str(payload) for payload in await session.scalars(chosen))


async def test_nobody_has_a_seat_before_the_draw_and_the_seed_is_fixed(session: AsyncSession) -> None:
    trip = await by_lot(session)
    shown, seed = lots.fingerprint(trip), trip.lot_seed

    entered = [(await enters(session, trip))[1] for _ in range(5)]

    assert {each.state for each in entered} == {S.ENTERED}
    assert await drawn(session, trip, NOON) == 0, "it is still open"
    assert trip.lot_seed == seed and shown == hashlib.sha256(str(seed).encode()).hexdigest()


async def test_the_draw_can_be_counted_again(session: AsyncSession) -> None:
    trip = await by_lot(session)
    people = dict([await enters(session, trip) for _ in range(6)])

    assert await drawn(session, trip) == 6

    order = sorted(
        await states(session, trip),
        key=lambda code: hashlib.sha256(f"{trip.lot_seed}:{code}".encode()).hexdigest(),
    )
    found = await states(session, trip)
    assert [found[code] for code in order] == [S.CONFIRMED] * 2 + [S.WAITLISTED] * 4
    for who, entry in people.items():
        words = await told(session, who)
        assert ("抽中了！" if entry.state is S.CONFIRMED else "没有抽中") in words and "截止后抽签" in words
    move = await session.scalar(sa.select(ActivityMove).order_by(ActivityMove.id.desc()))
    assert move is not None and trip.lot_seed is not None and trip.lot_seed in move.reason

    winner = next(who for who, entry in people.items() if entry.public_id == order[0])
    await sign_ups.cancel(session, trip.id, winner, now=trip.closes_at)
    assert (await states(session, trip))[order[2]] is S.OFFERED, "who is left waits in the order of the draw"


async def test_a_party_that_does_not_fit_lets_a_smaller_one_in(session: AsyncSession) -> None:
    trip = await by_lot(session, capacity=2, guests=2)
    for _ in range(4):
        await enters(session, trip, seats=3)
    _, alone = await enters(session, trip)

    await drawn(session, trip)

    assert alone.state is S.CONFIRMED
    assert list((await states(session, trip)).values()).count(S.WAITLISTED) == 4


async def test_drawn_once_whatever_dies_in_the_middle(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lots, "BATCH", 2)
    async with database.transaction() as session:
        trip = await by_lot(session)
        for _ in range(5):
            await enters(session, trip)
    clock.set(trip.closes_at)
    async with database.transaction() as session:
        assert await drawn(session, trip) == 2  # and then the process is gone
    async with database.reading() as session:
        before = await states(session, trip)
        seed = (await session.get_one(Activity, trip.id)).lot_seed

    await job.run(database, clock)
    await job.run(database, clock)

    async with database.reading() as session:
        after = await states(session, trip)
        assert {code: after[code] for code, state in before.items() if state is not S.ENTERED} == {
            code: state for code, state in before.items() if state is not S.ENTERED
        }
        assert list(after.values()).count(S.CONFIRMED) == 2 and S.ENTERED not in after.values()
        assert (await session.get_one(Activity, trip.id)).lot_seed == seed
        lot_moves = sa.select(sa.func.count()).where(SignUpMove.reason == "lot")
        assert await session.scalar(lot_moves) == 5
        draws = sa.select(sa.func.count()).where(ActivityMove.reason.startswith("抽签"))
        assert await session.scalar(draws) == 1


async def test_who_gives_up_before_is_not_drawn_and_may_enter_again(session: AsyncSession) -> None:
    trip = await by_lot(session)
    who, entry = await enters(session, trip)

    await sign_ups.cancel(session, trip.id, who, now=NOON)
    assert entry.state is S.CANCELLED
    again = await sign_ups.sign_up(session, trip.id, who, now=NOON)
    assert again.state is S.ENTERED
    await sign_ups.cancel(session, trip.id, who, now=NOON)

    assert await drawn(session, trip) == 0 and entry.state is S.CANCELLED
    assert trip.lot_drawn_at is not None, "nobody entered: it is settled all the same"


async def test_where_staff_look_first_the_drawn_wait_for_them(session: AsyncSession) -> None:
    trip = await by_lot(session, capacity=1, approval=True)
    _, entry = await enters(session, trip)

    await drawn(session, trip)

    assert entry.state is S.PENDING_APPROVAL


async def test_called_off_before_the_draw(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as session:
        trip = await by_lot(session)
        await enters(session, trip)
        assert await activities.call_off(session, trip.public_id, by="王强", now=NOON) == 1
    clock.set(trip.closes_at)

    await job.run(database, clock)

    async with database.reading() as session:
        assert set((await states(session, trip)).values()) == {S.CANCELLED}


async def test_what_a_lot_needs_and_when_it_may_be_chosen(session: AsyncSession) -> None:
    with pytest.raises(DomainError, match="要写名额"):
        await by_lot(session, capacity=None)
    trip = await by_lot(session)
    with pytest.raises(DomainError, match="要写名额"):
        await activities.set_capacity(session, trip.public_id, None, now=NOON)


async def test_how_seats_are_given_stays_once_somebody_has_entered(session: AsyncSession) -> None:
    trip = await making.activity(session)
    values = {"questions": [], "allocation": Allocation.LOT, "starts_at": trip.starts_at}

    await activities.change(session, trip.public_id, values, version=trip.version, by="王强", now=NOON)
    assert trip.lot_seed is not None, "fixed before anybody can enter"
    await enters(session, trip)

    values["allocation"] = Allocation.FIRST_COME
    with pytest.raises(DomainError, match="怎么分不能再改"):
        await activities.change(session, trip.public_id, values, version=trip.version, by="王强", now=NOON)
