"""Two persons turn out to be one: what each had goes to the one that stays; nothing is lost or doubled."""

import asyncio
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.database import Database
from app.services import binding, cases, followers, members, merging, outbox, sign_ups, waiting_lists
from app.services.audiences import Facts
from app.services.sign_ups import Applicant
from models import (
    Account,
    AccountKind,
    CaseKind,
    Follower,
    MergeState,
    Outbox,
    Person,
    PersonMerge,
    SignUp,
    SignUpMove,
    SignUpState,
)
from tests import checking_in, making
from tests.conftest import NOON
from tests.people_columns import DIGESTS, leads_to

HOUR = timedelta(hours=1)


async def follow(session: AsyncSession, kind: AccountKind = AccountKind.OFFICIAL) -> Follower:
    account = await session.scalar(sa.select(Account).where(Account.kind == kind))
    if account is None:
        account = Account(app_id=f"wx-{kind.value}", kind=kind)
        session.add(account)
        await session.flush()
    who = await making.person(session)
    row = Follower(account_id=account.id, openid=f"o{who.person_id}", person_id=who.person_id)
    session.add(row)
    await session.flush()
    return row


async def two(session: AsyncSession) -> tuple[Follower, Follower]:
    """Met on the official account first, and then in the mini-program."""
    return await follow(session), await follow(session, AccountKind.MINIPROGRAM)


def applicant(row: Follower) -> Applicant:
    return Applicant(row.person_id, Facts(), "chat")


async def fresh(session: AsyncSession, row: Any) -> Any:
    await session.refresh(row)
    return row


def test_every_column_that_leads_to_a_person_says_what_becomes_of_it() -> None:
    assert leads_to("person") | DIGESTS == set(merging.RULES)


async def test_a_unionid_learnt_late_makes_two_persons_one(database: Database) -> None:
    async with database.transaction() as session:
        li, mini = await two(session)
    older, younger = li.person_id, mini.person_id
    await merging.learn_unionid(database, mini.id, "u1", NOON)
    async with database.reading() as session:
        assert await followers.who_stayed(session, younger) == younger

    await merging.learn_unionid(database, li.id, "u1", NOON)
    await merging.learn_unionid(database, li.id, "u1", NOON)

    async with database.reading() as session:
        assert set(await session.scalars(sa.select(Follower.person_id))) == {older}
        assert await followers.who_stayed(session, younger) == older
        (kept,) = (await session.scalars(sa.select(PersonMerge))).all()
    assert (kept.stays_id, kept.gone_id, kept.state) == (older, younger, MergeState.DONE)


async def test_other_people_are_left_alone(session: AsyncSession) -> None:
    li, mini = await two(session)
    wang = await follow(session)

    await merging.merge(session, li.person_id, mini.person_id, NOON)

    assert (await fresh(session, wang)).person_id != li.person_id
    assert await followers.who_stayed(session, wang.person_id) == wang.person_id


async def test_messages_under_way_run_again_as_the_one_that_stays(session: AsyncSession) -> None:
    li, mini = await two(session)
    before = (li.version, mini.version)

    await merging.merge(session, li.person_id, mini.person_id, NOON)

    assert ((await fresh(session, li)).version, (await fresh(session, mini)).version) == (
        before[0] + 1,
        before[1] + 1,
    )


async def test_cases_and_what_is_still_to_be_told_go_along(session: AsyncSession) -> None:
    li, mini = await two(session)
    words = [{"type": "text", "text": "灯坏了"}]
    opened = [
        await cases.open_case(
            session, CaseKind.FEEDBACK, mini.person_id, mini.id, blocks=words, anonymous=anonymous, now=NOON
        )
        for anonymous in (False, True)
    ]
    outbox.add(session, "x", key="one", to=mini.person_id, payload={}, now=NOON)
    await session.flush()

    await merging.merge(session, li.person_id, mini.person_id, NOON)

    mine = await cases.list_mine(session, li.person_id, 10)
    assert {each.case.number for each in mine} == {each.number for each in opened}
    assert await session.scalar(sa.select(Outbox.person_id)) == li.person_id


async def test_a_binding_goes_along_whoever_had_it(session: AsyncSession) -> None:
    li, mini = await two(session)
    await making.member(session)
    proof = binding.Proof("10001", "李娜", phone_end="5678")
    await binding.bind(session, mini.person_id, proof, channel="api", now=NOON)

    await merging.merge(session, li.person_id, mini.person_id, NOON)

    assert await members.find_membership(session, li.person_id, civil_date(NOON))


async def test_two_members_are_not_made_one_without_staff(session: AsyncSession) -> None:
    li, mini = await two(session)
    older, younger = li.person_id, mini.person_id
    await making.member(session, person_id=older)
    await making.member(session, "王强", staff_number="10002", person_id=younger)
    badminton = await making.activity(session)
    await sign_ups.sign_up(session, badminton.id, applicant(mini), now=NOON)

    assert await merging.merge(session, older, younger, NOON) is MergeState.REFUSED

    assert (await fresh(session, mini)).person_id == younger
    assert await followers.who_stayed(session, younger) == younger
    (kept,) = await merging.list_refused(session)
    assert kept.reason == "两边绑定了不同的工号：10001、10002"

    await session.execute(sa.update(Follower).values(unionid="u1"))
    await binding.unbind_by_staff(session, "10002", by="王强", channel="cli", now=NOON + HOUR)
    assert (await fresh(session, mini)).person_id == older
    assert await merging.list_refused(session) == []


# --- signed up twice ---------------------------------------------------------------------------------------


async def entry_of(session: AsyncSession, activity_id: int, person_id: int) -> SignUp:
    found = await sign_ups.find_own(session, activity_id, person_id)
    assert found is not None
    return await fresh(session, found)  # type: ignore[no-any-return]


async def test_of_two_seats_one_is_kept_and_the_other_offered_on(session: AsyncSession) -> None:
    li, mini = await two(session)
    waits = await making.person(session)
    badminton = await making.activity(session, capacity=2)
    for who in (applicant(li), applicant(mini), waits):
        await sign_ups.sign_up(session, badminton.id, who, now=NOON)
    older, younger = li.person_id, mini.person_id

    await merging.merge(session, older, younger, NOON)

    assert (await entry_of(session, badminton.id, older)).state is SignUpState.CONFIRMED
    assert (await entry_of(session, badminton.id, younger)).state is SignUpState.CANCELLED
    assert (await entry_of(session, badminton.id, waits.person_id)).state is SignUpState.OFFERED
    assert await waiting_lists.seats_left(session, badminton, NOON) == 0


async def test_the_better_of_two_is_kept_with_what_was_answered(session: AsyncSession) -> None:
    li, mini = await two(session)
    badminton = await making.activity(session, capacity=1)
    await sign_ups.sign_up(session, badminton.id, applicant(mini), answers={"size": "L"}, now=NOON)
    await sign_ups.sign_up(session, badminton.id, applicant(li), answers={"size": "M"}, now=NOON + HOUR)
    older, younger = li.person_id, mini.person_id

    await merging.merge(session, older, younger, NOON + 2 * HOUR)

    kept = await entry_of(session, badminton.id, older)
    assert (kept.state, kept.answers, kept.signed_up_at) == (SignUpState.CONFIRMED, {"size": "L"}, NOON)
    assert (await entry_of(session, badminton.id, younger)).state is SignUpState.CANCELLED
    moves = sa.select(SignUpMove.to_state).where(SignUpMove.reason == merging.REASON).order_by(SignUpMove.id)
    assert list(await session.scalars(moves)) == [SignUpState.CONFIRMED, SignUpState.CANCELLED]
    reminders = sa.select(Outbox.person_id).where(
        Outbox.kind == "activities.reminder", Outbox.state == "queued"
    )
    assert list(await session.scalars(reminders)) == [older]


async def test_who_was_checked_in_as_either_stays_so(session: AsyncSession) -> None:
    li, mini = await two(session)
    walk = await checking_in.today(session)
    entry = await sign_ups.sign_up(session, walk.id, applicant(mini), seats=2, now=NOON)
    await sign_ups.sign_up(session, walk.id, applicant(li), now=NOON)
    await checking_in.reads(session, walk, checking_in.ticket(entry))

    await merging.merge(session, li.person_id, mini.person_id, NOON + HOUR)

    kept = await entry_of(session, walk.id, li.person_id)
    assert (kept.state, kept.arrived, kept.checked_in_at) == (SignUpState.CHECKED_IN, 2, checking_in.DOOR)


async def test_a_single_sign_up_just_changes_hands(session: AsyncSession) -> None:
    li, mini = await two(session)
    badminton = await making.activity(session)
    await sign_ups.sign_up(session, badminton.id, applicant(mini), now=NOON)

    await merging.merge(session, li.person_id, mini.person_id, NOON)

    assert (await entry_of(session, badminton.id, li.person_id)).state is SignUpState.CONFIRMED
    assert len(await sign_ups.list_own(session, li.person_id, NOON, 10)) == 1


# --- at once -----------------------------------------------------------------------------------------------


async def test_two_processes_that_learn_it_at_once_merge_once(database: Database) -> None:
    async with database.transaction() as session:
        li, mini = await two(session)

    await asyncio.gather(*[merging.learn_unionid(database, row.id, "u1", NOON) for row in (li, mini)])

    async with database.reading() as session:
        persons = set(await session.scalars(sa.select(Follower.person_id)))
        merges = (await session.scalars(sa.select(PersonMerge))).all()
    assert persons == {min(li.person_id, mini.person_id)}
    assert [each.state for each in merges] == [MergeState.DONE]


async def test_three_become_one_whatever_the_order(session: AsyncSession) -> None:
    rows = [await follow(session) for _ in range(3)]
    first, second, third = [row.person_id for row in rows]

    await merging.merge(session, second, third, NOON)
    await merging.merge(session, first, third, NOON)

    assert [await followers.who_stayed(session, each) for each in (first, second, third)] == [first] * 3
    assert set(await session.scalars(sa.select(Follower.person_id))) == {first}
    assert await session.scalar(sa.select(Person.merged_into_id).where(Person.id == third)) == first
