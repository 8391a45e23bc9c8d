"""Binding: who may call himself which member, and how often one may guess."""

import asyncio
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.database import Database
from app.errors import DomainError, NotFound
from app.jobs import retention
from app.services import binding, guesses, members
from app.services.binding import Bound, Proof, Taken
from app.services.guesses import NotFitting
from models import Guess, MemberEvent, MemberKind, MemberMove, Membership, Sex
from tests import making
from tests.conftest import NOON, FakeClock

LI = Proof("10001", "李娜", phone_end="5678")
DAY = timedelta(days=1)


async def bind(session: AsyncSession, who: int, proof: Proof = LI) -> Bound | NotFitting | Taken:
    return await binding.bind(session, who, proof, channel="chat", now=NOON)


async def someone(session: AsyncSession) -> int:
    return (await making.person(session)).person_id


async def events(session: AsyncSession) -> list[MemberEvent]:
    return list(await session.scalars(sa.select(MemberMove.what).order_by(MemberMove.id)))


@pytest.mark.parametrize(
    "proof",
    [
        LI,
        Proof(" １０００１ ", "李 娜", phone_end="5678"),
        Proof("10001", "李娜", born_on=date(1985, 3, 5)),
    ],
)
async def test_number_name_and_one_more_fact_make_a_member(session: AsyncSession, proof: Proof) -> None:
    await making.member(session)
    li = await someone(session)

    found = await bind(session, li, proof)

    assert isinstance(found, Bound)
    assert (found.member.person_id, found.member.bound_at) == (li, NOON)
    lineage = "黄陵供电公司工会/北区分工会/抢修一班"
    membership = await members.find_membership(session, li, civil_date(NOON))
    assert membership == Membership(MemberKind.IN_SERVICE, lineage, Sex.FEMALE)


async def test_a_name_with_any_of_the_usual_dots_fits(session: AsyncSession) -> None:
    await making.member(session, "阿依古丽·买买提")

    found = await bind(session, await someone(session), Proof("10001", "阿依古丽•买买提", phone_end="5678"))

    assert isinstance(found, Bound)


async def test_binding_twice_is_binding_once(session: AsyncSession) -> None:
    await making.member(session)
    li = await someone(session)

    await bind(session, li)
    await bind(session, li)

    assert await events(session) == [MemberEvent.BOUND]


@pytest.mark.parametrize(
    "proof",
    [
        Proof("10002", "李娜", phone_end="5678"),
        Proof("10001", "李那", phone_end="5678"),
        Proof("10001", "李娜", phone_end="5679"),
        Proof("10001", "李娜", born_on=date(1985, 3, 6)),
        Proof("10001", "李娜"),
    ],
)
async def test_whatever_does_not_fit_is_said_the_same_way(session: AsyncSession, proof: Proof) -> None:
    await making.member(session)

    assert await bind(session, await someone(session), proof) == NotFitting(tries_left=4)


async def test_a_fact_the_roster_does_not_have_proves_nothing(session: AsyncSession) -> None:
    await making.member(session, phone=None, born_on=None)

    for proof in (LI, Proof("10001", "李娜", born_on=date(1985, 3, 5))):
        assert isinstance(await bind(session, await someone(session), proof), NotFitting)


async def test_after_five_failed_tries_even_the_truth_waits_a_day(session: AsyncSession) -> None:
    await making.member(session)
    li = await someone(session)
    for left in (4, 3, 2, 1, 0):
        assert await bind(session, li, Proof("10001", "李娜", phone_end="0000")) == NotFitting(left)

    with pytest.raises(DomainError, match="请明天再试"):
        await bind(session, li)
    with pytest.raises(DomainError, match="请明天再试"):
        await binding.check_may_bind(session, li, NOON)

    tomorrow = NOON + DAY + timedelta(seconds=1)
    assert isinstance(await binding.bind(session, li, LI, channel="chat", now=tomorrow), Bound)


async def test_many_persons_cannot_share_the_guessing_of_one_number(session: AsyncSession) -> None:
    await making.member(session)
    for number in range(guesses.PER_SUBJECT):
        await bind(session, await someone(session), Proof("10001", "李娜", phone_end=f"{number:04d}"))

    with pytest.raises(DomainError, match="这个号码"):
        await bind(session, await someone(session))
    assert isinstance(await bind(session, await someone(session), Proof("10002", "王强")), NotFitting)


async def test_one_member_is_one_person(session: AsyncSession) -> None:
    await making.member(session)
    await making.member(session, "王强", staff_number="10002", phone="13900001111")
    li = await someone(session)
    await bind(session, li)

    assert isinstance(await bind(session, await someone(session)), Taken)
    with pytest.raises(DomainError, match="已经绑定了工号 10001"):
        await bind(session, li, Proof("10002", "王强", phone_end="1111"))


async def test_who_does_not_fit_is_not_told_that_somebody_is_bound(session: AsyncSession) -> None:
    await making.member(session)
    await bind(session, await someone(session))

    found = await bind(session, await someone(session), Proof("10001", "李娜", phone_end="0000"))

    assert isinstance(found, NotFitting)


async def test_two_who_bind_one_number_at_once_are_one(database: Database) -> None:
    async with database.transaction() as session:
        await making.member(session)
        people = [await someone(session) for _ in range(2)]

    async def one(person_id: int) -> bool:
        async with database.transaction() as session:
            return isinstance(await bind(session, person_id), Bound)

    assert sorted(await asyncio.gather(*map(one, people))) == [False, True]


# --- leaving, unbinding ------------------------------------------------------------------------------------


async def test_who_has_left_is_no_member_any_more_and_cannot_bind(session: AsyncSession) -> None:
    row = await making.member(session)
    li = await someone(session)
    await bind(session, li)
    today = civil_date(NOON)

    row.left_on = today + DAY
    await session.flush()
    assert await members.find_membership(session, li, today)
    assert await members.find_membership(session, li, today + DAY) is None
    assert (await members.find_of_person(session, li)) is row  # what is his stays his

    row.left_on, row.person_id = today, None
    await session.flush()
    with pytest.raises(DomainError, match="已经离开"):
        await bind(session, li)


async def test_who_unbinds_may_bind_again(session: AsyncSession) -> None:
    await making.member(session)
    li = await someone(session)
    await bind(session, li)

    assert await binding.unbind(session, li, channel="chat", now=NOON)
    assert await binding.unbind(session, li, channel="chat", now=NOON) is None
    assert await members.find_membership(session, li, civil_date(NOON)) is None
    await bind(session, li)

    assert await events(session) == [MemberEvent.BOUND, MemberEvent.UNBOUND, MemberEvent.BOUND]


async def test_staff_unbind_who_lost_his_account(session: AsyncSession) -> None:
    await making.member(session)
    await bind(session, await someone(session))

    assert await binding.unbind_by_staff(session, "10001", by="王强", channel="cli", now=NOON)
    assert not await binding.unbind_by_staff(session, "10001", by="王强", channel="cli", now=NOON)
    with pytest.raises(NotFound, match="花名册里没有工号「99999」"):
        await binding.unbind_by_staff(session, "99999", by="王强", channel="cli", now=NOON)

    found = await bind(session, await someone(session))
    assert isinstance(found, Bound)


async def test_guesses_are_forgotten_when_they_no_longer_count(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as session:
        li = await someone(session)
        await bind(session, li)
    for hours, left in ((23, 4), (1, 5)):
        clock.advance(hours * 3600)
        await retention.apply(database, guesses.forget_old, clock.now())

        async with database.reading() as session:
            kept = await session.scalar(sa.select(sa.func.count(Guess.id)))
            assert await guesses.left(session, binding.PURPOSE, li, clock.now()) == left
        assert kept == 5 - left


async def test_what_the_roster_says_of_a_person_is_sealed(session: AsyncSession) -> None:
    row = await making.member(session)

    (stored,) = await session.execute(sa.text("SELECT born_on, phone FROM member"))

    assert b"1985" not in bytes(stored.born_on) and b"138" not in bytes(stored.phone)
    assert row.phone == "13812345678"
