"""按组织分名额: each branch has seats of its own, and nobody takes another's before the closing."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.errors import DomainError
from app.jobs import activities as job
from app.services import activities, quotas, seats, sign_ups, waiting_lists
from app.services.audiences import Facts
from app.services.sign_ups import Applicant
from models import LIVE, Activity, Allocation, MemberKind, Membership, SignUp, SignUpState
from tests import making
from tests.conftest import NOON, FakeClock

S = SignUpState
UNION = "黄陵供电公司工会"
NORTH, SOUTH, SHIFT = f"{UNION}/北区分工会", f"{UNION}/南区分工会", f"{UNION}/北区分工会/抢修一班"


async def shared(session: AsyncSession, *given_: tuple[str, int], **values: Any) -> Activity:
    pairs = [[(await making.branch(session, lineage)).id, number] for lineage, number in given_]
    values = {"capacity": 5, "allocation": Allocation.QUOTA, "quotas": pairs} | values
    return await making.activity(session, "红石峡一日", **values)


async def of(session: AsyncSession, lineage: str | None) -> Applicant:
    who = await making.person(session)
    membership = Membership(MemberKind.IN_SERVICE, lineage) if lineage else None
    return Applicant(who.person_id, Facts(membership=membership), "chat")


async def signs_up(
    session: AsyncSession, trip: Activity, lineage: str | None, **said: Any
) -> tuple[Applicant, SignUp]:
    who = await of(session, lineage)
    return who, await sign_ups.sign_up(session, trip.id, who, now=NOON, **said)


async def test_each_branch_has_its_own_and_all_others_share_the_rest(session: AsyncSession) -> None:
    trip = await shared(session, (NORTH, 2), (SOUTH, 1))

    north = [(await signs_up(session, trip, each))[1].state for each in (NORTH, SHIFT, NORTH)]
    south = [(await signs_up(session, trip, SOUTH))[1].state for _ in range(2)]
    others = [(await signs_up(session, trip, each))[1].state for each in (UNION, None, None)]

    assert north == [S.CONFIRMED, S.CONFIRMED, S.WAITLISTED]
    assert south == [S.CONFIRMED, S.WAITLISTED]
    assert others == [S.CONFIRMED, S.CONFIRMED, S.WAITLISTED]
    stand = [
        (each.name, each.seats, each.used, each.waiting) for each in await quotas.standings(session, trip)
    ]
    assert stand == [("北区分工会", 2, 2, 1), ("南区分工会", 1, 1, 1), ("其他人", 2, 2, 1)]


async def test_a_member_belongs_to_the_nearest_branch_with_seats(session: AsyncSession) -> None:
    trip = await shared(session, (NORTH, 1), (SHIFT, 1), capacity=2)

    _, first = await signs_up(session, trip, SHIFT)
    _, second = await signs_up(session, trip, SHIFT)
    _, third = await signs_up(session, trip, f"{NORTH}/抢修一班二组")  # called alike, and not below it

    assert [first.state, second.state, third.state] == [S.CONFIRMED, S.WAITLISTED, S.CONFIRMED]
    assert first.quota_branch_id != third.quota_branch_id


async def test_a_free_seat_goes_to_the_next_of_the_same_branch(session: AsyncSession) -> None:
    trip = await shared(session, (NORTH, 1), (SOUTH, 1), capacity=2)
    li, _ = await signs_up(session, trip, NORTH)
    await signs_up(session, trip, SOUTH)
    _, southern = await signs_up(session, trip, SOUTH)
    _, northern = await signs_up(session, trip, SHIFT)
    _, outsider = await signs_up(session, trip, None)

    await sign_ups.cancel(session, trip.id, li, now=NOON)

    assert northern.state is S.OFFERED
    assert [southern.state, outsider.state] == [S.WAITLISTED] * 2


@pytest.mark.parametrize("released", [True, False])
async def test_what_is_left_at_the_closing_is_for_all_or_stays(
    database: Database, clock: FakeClock, released: bool
) -> None:
    async with database.transaction() as session:
        trip = await shared(session, (NORTH, 3), (SOUTH, 1), capacity=4, quotas_released=released)
        await signs_up(session, trip, NORTH)
        waits = [(await signs_up(session, trip, each))[1] for each in (SOUTH, SOUTH, None, None)][1:]
        assert {each.state for each in waits} == {S.WAITLISTED}

    clock.set(trip.closes_at)
    await job.run(database, clock)

    async with database.reading() as session:
        after = [(await session.get_one(SignUp, each.id)).state for each in waits]
        free = await waiting_lists.free(session, trip, clock.now())
    offered = [S.OFFERED, S.OFFERED, S.WAITLISTED]  # two were left, and who came first is asked first
    assert after == (offered if released else [S.WAITLISTED] * 3)
    assert quotas.list_left(trip, free) == [] if released else free.total == 2


async def test_many_of_one_branch_in_one_transaction_get_what_it_has(session: AsyncSession) -> None:
    trip = await shared(session, (NORTH, 3), capacity=4)

    crowd = [await signs_up(session, trip, NORTH if number % 2 else None) for number in range(10)]

    held = [entry.quota_branch_id for _, entry in crowd if entry.state is S.CONFIRMED]
    assert len(held) == 4 and held.count(None) == 1


async def test_a_quota_that_is_taken_away_leaves_its_people_among_all_others(session: AsyncSession) -> None:
    trip = await shared(session, (NORTH, 2), (SOUTH, 1), capacity=4)
    li, kept = await signs_up(session, trip, SOUTH)
    trip.quotas = trip.quotas[:1]
    await session.flush()

    found = await seats.count(session, trip, NOON)

    assert found.by_pool == {trip.quotas[0][0]: 2, None: 1}
    assert found.pool_of(li.facts.membership) is None and kept.state is S.CONFIRMED


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"capacity": None}, "要写名额"),
        ({"capacity": 3}, "加起来是 4，比总名额 3 多"),
        ({"quotas": []}, "至少一个组织"),
        ({"quotas": [[1, 1], [1, 2]]}, "只能写一次"),
    ],
)
async def test_what_contradicts_itself_is_refused(
    session: AsyncSession, changed: dict[str, Any], why: str
) -> None:
    with pytest.raises(DomainError, match=why):
        await shared(session, (NORTH, 3), (SOUTH, 1), **changed)


async def test_the_whole_cannot_become_less_than_what_was_given(session: AsyncSession) -> None:
    trip = await shared(session, (NORTH, 3), (SOUTH, 1))

    with pytest.raises(DomainError, match="比总名额 2 多"):
        await activities.set_capacity(session, trip.public_id, 2, now=NOON)


async def test_names_of_a_file_are_found_and_doubtful_ones_refused(session: AsyncSession) -> None:
    north = await making.branch(session, NORTH)
    await making.branch(session, f"{UNION}/南区分工会/抢修一班")
    await making.branch(session, SHIFT)

    assert await quotas.from_names(session, {"北区分工会": 3}) == [[north.id, 3]]
    assert len(await quotas.from_names(session, {SHIFT: 1})) == 1
    for name, why in {"抢修一班": "有几个组织叫", "西区": "没有组织叫"}.items():
        with pytest.raises(DomainError, match=why):
            await quotas.from_names(session, {name: 1})


PLACES = (NORTH, SOUTH, SHIFT, None)
acts = st.lists(
    st.tuples(
        st.sampled_from(("sign_up", "sign_up", "cancel", "accept", "decline", "wait", "close")),
        st.integers(0, 7),
        st.integers(1, 2),
    ),
    min_size=6,
    max_size=30,
)


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(numbers=st.tuples(*[st.integers(0, 2)] * 2), rest=st.integers(0, 2), acts=acts)
async def test_whatever_people_do_no_branch_has_a_seat_too_many(
    sqlite_url: str, numbers: tuple[int, int], rest: int, acts: list[tuple[str, int, int]]
) -> None:
    database, now = Database(sqlite_url), NOON
    async with database.transaction() as session:
        trip = await shared(
            session, *zip((NORTH, SOUTH), numbers, strict=True), capacity=sum(numbers) + rest, guests=1
        )
        people = [await of(session, PLACES[number % 4]) for number in range(8)]
    for act, number, wanted in acts:
        now += timedelta(hours=13 if act == "wait" else 0)
        if act == "close":
            now = max(now, trip.closes_at)
        async with database.transaction() as session:
            try:
                if act == "sign_up":
                    await sign_ups.sign_up(session, trip.id, people[number], seats=wanted, now=now)
                elif act in ("cancel", "accept", "decline"):
                    await getattr(sign_ups, act)(session, trip.id, people[number], now=now)
                else:
                    locked = await sign_ups.lock(session, trip.id)
                    await activities.advance(session, locked, now)
                    await waiting_lists.settle(session, locked, now)
            except DomainError:
                pass
        async with database.reading() as session:
            here = await session.get_one(Activity, trip.id)
            known = await seats.of_activity(session, here)
            used = await seats.by_pool(session, here, known)
            assert sum(used.values()) <= (here.capacity or 0)
            if not seats.are_for_all(here, now):
                assert all(used.get(each.branch_id, 0) <= each.seats for each in known)
                assert used.get(None, 0) <= rest
            found = await making.entries(session, here)
            assert len({each.person_id for each in found}) == len(found)
            assert all(each.seats in (1, 2) for each in found if each.state in LIVE)
    await database.close()
