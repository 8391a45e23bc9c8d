"""Signing up: who gets a seat, who waits, who is offered one; nothing twice and never one seat too many."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI
from app.database import Database
from app.errors import DomainError, NotFound
from app.services import activities, sign_ups, sittings, waiting_lists
from app.services.audiences import Audience, Facts
from app.services.sign_up_notices import reminders_at
from app.services.sign_ups import Applicant, SignUpClosed
from models import (
    HOLDING,
    ActivityState,
    DeliveryState,
    Outbox,
    SignUp,
    SignUpMove,
    SignUpState,
)
from tests import making
from tests.conftest import NOON

HOUR = timedelta(hours=1)


async def told(session: AsyncSession, who: Applicant) -> list[str]:
    """What is on its way to somebody, oldest first."""
    rows = await session.scalars(
        sa.select(Outbox)
        .where(Outbox.person_id == who.person_id, Outbox.due_at <= NOON + 3 * HOUR)
        .order_by(Outbox.id)
    )
    return [str(row.payload["content"]) for row in rows]  # type: ignore[index]


# --- a seat, or a place on the list ------------------------------------------------------------------------


async def test_the_second_to_ask_for_the_last_seat_waits(session: AsyncSession) -> None:
    badminton = await making.activity(session, capacity=1)
    li, wang = await making.person(session), await making.person(session)

    first = await sign_ups.sign_up(session, badminton.id, li, now=NOON)
    second = await sign_ups.sign_up(session, badminton.id, wang, now=NOON)

    assert first.state is SignUpState.CONFIRMED
    assert second.state is SignUpState.WAITLISTED
    assert "报名成功" in (await told(session, li))[0]
    assert "候补" in (await told(session, wang))[0]


async def test_who_asks_twice_signs_up_once(session: AsyncSession) -> None:
    badminton, li = await making.activity(session), await making.person(session)

    first = await sign_ups.sign_up(session, badminton.id, li, answers={"size": "L"}, now=NOON)
    again = await sign_ups.sign_up(session, badminton.id, li, answers={"size": "M"}, now=NOON + HOUR)

    assert again is first
    assert (first.answers, first.signed_up_at) == ({"size": "L"}, NOON)
    assert len(await told(session, li)) == 1


async def test_guests_take_seats_too(session: AsyncSession) -> None:
    picnic = await making.activity(session, "春游", capacity=4, guests=2)
    li, wang = await making.person(session), await making.person(session)

    await sign_ups.sign_up(session, picnic.id, li, seats=3, now=NOON)
    waiting = await sign_ups.sign_up(session, picnic.id, wang, seats=2, now=NOON)

    assert waiting.state is SignUpState.WAITLISTED
    with pytest.raises(DomainError, match="最多带 2 位"):
        await sign_ups.sign_up(session, picnic.id, await making.person(session), seats=4, now=NOON)


async def test_without_a_limit_everybody_finds_a_seat(session: AsyncSession) -> None:
    lecture = await making.activity(session, "健康讲座", capacity=None)

    for _ in range(5):
        entry = await sign_ups.sign_up(session, lecture.id, await making.person(session), now=NOON)
        assert entry.state is SignUpState.CONFIRMED


async def test_where_staff_look_first_the_seat_is_held_meanwhile(session: AsyncSession) -> None:
    visit = await making.activity(session, "疗休养", capacity=1, approval=True)
    li, wang = await making.person(session), await making.person(session)

    first = await sign_ups.sign_up(session, visit.id, li, now=NOON)
    second = await sign_ups.sign_up(session, visit.id, wang, now=NOON)

    assert (first.state, second.state) == (SignUpState.PENDING_APPROVAL, SignUpState.WAITLISTED)


# --- a crowd that shares a transaction ---------------------------------------------------------------------


async def test_of_a_crowd_only_the_first_looks_how_many_seats_there_are(session: AsyncSession) -> None:
    badminton = await making.activity(session, capacity=2)
    crowd = [await making.person(session) for _ in range(4)]
    asked: list[str] = []
    connection = (await session.connection()).sync_connection
    sa.event.listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))

    entries = []
    for each in crowd:
        session.expunge_all()  # as between two messages
        entries.append(await sign_ups.sign_up(session, badminton.id, each, now=NOON))

    assert [entry.state.value for entry in entries] == ["confirmed"] * 2 + ["waitlisted"] * 2
    assert sum("FROM activity" in each for each in asked) == 1
    assert sum("coalesce(sum(sign_up.seats)" in each for each in asked) == 1


async def test_of_a_crowd_only_the_first_reads_the_activity_and_nobody_asks_twice_for_his_own(
    session: AsyncSession,
) -> None:
    badminton = await making.activity(session, capacity=2)
    first, li, late = [await making.person(session) for _ in range(3)]
    await sign_ups.sign_up(session, badminton.id, first, now=NOON)
    asked: list[str] = []
    connection = (await session.connection()).sync_connection
    sa.event.listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))

    session.expunge_all()  # as between two messages
    seen = await activities.get(session, badminton.public_id)
    assert await sign_ups.find_own(session, seen.id, li.person_id) is None
    made = await sign_ups.sign_up(session, seen.id, li, now=NOON)

    assert [each for each in asked if "FROM activity" in each] == []
    assert sum("FROM sign_up" in each for each in asked) == 1
    assert await sign_ups.find_own(session, seen.id, li.person_id) is made
    session.expunge_all()
    assert (await sign_ups.sign_up(session, seen.id, li, now=NOON)).id == made.id
    assert await sign_ups.find_own(session, seen.id, late.person_id) is None


async def test_a_seat_given_back_or_added_within_the_crowd_is_seen(session: AsyncSession) -> None:
    badminton = await making.activity(session, capacity=1)
    li, wang, zhao = [await making.person(session) for _ in range(3)]
    for each in (li, wang):
        await sign_ups.sign_up(session, badminton.id, each, now=NOON)

    await sign_ups.cancel(session, badminton.id, li, now=NOON)
    await sign_ups.sign_up(session, badminton.id, zhao, now=NOON)
    assert await state(session, badminton, wang) is SignUpState.OFFERED  # his turn, before hers
    assert await state(session, badminton, zhao) is SignUpState.WAITLISTED

    await activities.set_capacity(session, badminton.public_id, 3, now=NOON)
    assert await state(session, badminton, zhao) is SignUpState.OFFERED
    assert (await sign_ups.sign_up(session, badminton.id, li, now=NOON)).state is SignUpState.CONFIRMED


async def test_who_is_refused_takes_no_seat_from_the_crowd(session: AsyncSession) -> None:
    badminton = await making.activity(session, capacity=2, guests=1)
    li, wang, zhao = [await making.person(session) for _ in range(3)]
    entry = await sign_ups.sign_up(session, badminton.id, li, now=NOON)
    entry.state = SignUpState.NO_SHOW  # noted too early; he cannot sign up anew
    await session.flush()
    await sign_ups.lock(session, badminton.id)
    await sign_ups.sign_up(session, badminton.id, wang, now=NOON)

    with pytest.raises(DomainError, match="缺席"):
        await sign_ups.sign_up(session, badminton.id, li, now=NOON)
    with pytest.raises(DomainError, match="最多带 1 位"):
        await sign_ups.sign_up(session, badminton.id, zhao, seats=3, now=NOON)

    assert (await sign_ups.sign_up(session, badminton.id, zhao, now=NOON)).state is SignUpState.CONFIRMED


async def test_a_call_off_within_the_crowd_ends_it(session: AsyncSession) -> None:
    badminton, li, wang = (await making.activity(session), *[await making.person(session) for _ in range(2)])
    await sign_ups.sign_up(session, badminton.id, li, now=NOON)

    await activities.call_off(session, badminton.public_id, by="王强", now=NOON)

    with pytest.raises(SignUpClosed, match="已取消"):
        await sign_ups.sign_up(session, badminton.id, wang, now=NOON)


# --- who may not -------------------------------------------------------------------------------------------


async def test_before_and_after_its_time_nobody_signs_up(session: AsyncSession) -> None:
    li = await making.person(session)
    later = await making.activity(session, "冬泳", opens_at=NOON + HOUR)
    over = await making.activity(session, "登山", closes_at=NOON)

    with pytest.raises(SignUpClosed, match="「冬泳」今天 13:00开始报名"):
        await sign_ups.sign_up(session, later.id, li, now=NOON)
    with pytest.raises(SignUpClosed, match="「登山」报名已截止。"):
        await sign_ups.sign_up(session, over.id, li, now=NOON)
    entry = await sign_ups.sign_up(session, later.id, li, now=NOON + HOUR)
    assert entry.state is SignUpState.CONFIRMED  # though no round has moved its state on


async def test_others_activities_are_refused_by_name(session: AsyncSession) -> None:
    women = await making.activity(session, "瑜伽课", audience=Audience(tag=("女职工",)).model_dump())
    li = await making.person(session)

    with pytest.raises(DomainError, match="给女职工的活动"):
        await sign_ups.sign_up(session, women.id, li, now=NOON)
    known = Applicant(li.person_id, Facts(tags=frozenset({"女职工"})), "chat")
    assert (await sign_ups.sign_up(session, women.id, known, now=NOON)).state is SignUpState.CONFIRMED


async def test_drafts_and_invented_ids_are_as_if_they_did_not_exist(session: AsyncSession) -> None:
    li = await making.person(session)
    ahead = {"opens_at": NOON, "closes_at": NOON + HOUR, "starts_at": NOON + 2 * HOUR}
    draft = await activities.create(
        session, {"title": "未定", **ahead, "ends_at": NOON + 3 * HOUR}, by="王强", now=NOON
    )

    for number in (draft.id, 999):
        with pytest.raises(NotFound):
            await sign_ups.sign_up(session, number, li, now=NOON)
    with pytest.raises(NotFound):
        await activities.get(session, draft.public_id)


# --- giving back, offering, taking -------------------------------------------------------------------------


async def full(session: AsyncSession, **given: Any) -> tuple[Any, Applicant, Applicant, Applicant]:
    """A full activity: one has the seat, two wait."""
    badminton = await making.activity(session, **({"capacity": 1} | given))
    people = [await making.person(session) for _ in range(3)]
    for number, who in enumerate(people):
        await sign_ups.sign_up(session, badminton.id, who, now=NOON + number * timedelta(minutes=1))
    li, wang, zhao = people
    return badminton, li, wang, zhao


async def state(session: AsyncSession, activity: Any, who: Applicant) -> SignUpState:
    found = await sign_ups.find_own(session, activity.id, who.person_id)
    assert found is not None
    return found.state


async def test_a_seat_given_back_is_offered_to_the_first_who_waits(session: AsyncSession) -> None:
    badminton, li, wang, zhao = await full(session)

    await sign_ups.cancel(session, badminton.id, li, now=NOON + HOUR)

    assert await state(session, badminton, wang) is SignUpState.OFFERED
    assert await state(session, badminton, zhao) is SignUpState.WAITLISTED
    assert "给您留到明天 1:00" in (await told(session, wang))[-1]

    await sign_ups.accept(session, badminton.id, wang, now=NOON + 2 * HOUR)
    assert await state(session, badminton, wang) is SignUpState.CONFIRMED
    assert (await sign_ups.accept(session, badminton.id, wang, now=NOON + 2 * HOUR)).seats == 1  # again


async def test_while_a_seat_is_offered_nobody_else_gets_it(session: AsyncSession) -> None:
    badminton, li, *_ = await full(session)
    await sign_ups.cancel(session, badminton.id, li, now=NOON + HOUR)

    newcomer = await making.person(session)
    entry = await sign_ups.sign_up(session, badminton.id, newcomer, now=NOON + HOUR)

    assert entry.state is SignUpState.WAITLISTED


async def test_an_offer_that_runs_out_goes_to_the_next(session: AsyncSession) -> None:
    badminton, li, wang, zhao = await full(session)
    await sign_ups.cancel(session, badminton.id, li, now=NOON)
    at_last = NOON + 12 * HOUR

    assert await waiting_lists.list_with_offers_run_out(session, at_last - HOUR, 10) == []
    assert await waiting_lists.list_with_offers_run_out(session, at_last, 10) == [badminton.id]
    with pytest.raises(DomainError, match="已经到时间，让给下一位了"):
        await sign_ups.accept(session, badminton.id, wang, now=at_last)

    assert await state(session, badminton, wang) is SignUpState.OFFER_EXPIRED
    assert await state(session, badminton, zhao) is SignUpState.OFFERED


async def test_an_offer_declined_goes_to_the_next_and_the_list_may_end(session: AsyncSession) -> None:
    badminton, li, wang, zhao = await full(session)
    await sign_ups.cancel(session, badminton.id, li, now=NOON)

    await sign_ups.decline(session, badminton.id, wang, now=NOON)
    await sign_ups.decline(session, badminton.id, wang, now=NOON)  # again
    await sign_ups.decline(session, badminton.id, zhao, now=NOON)

    assert await state(session, badminton, wang) is SignUpState.DECLINED
    assert await waiting_lists.seats_left(session, badminton, NOON) == 1


async def test_whoever_fits_is_offered_a_seat_though_several_before_him_do_not(session: AsyncSession) -> None:
    trip = await making.activity(session, capacity=0, guests=1)
    waits = [
        await sign_ups.sign_up(session, trip.id, await making.person(session), seats=seats, now=NOON)
        for seats in (1, 2, 2, 1)
    ]

    await activities.set_capacity(session, trip.public_id, 2, now=NOON)

    offered, waiting = SignUpState.OFFERED, SignUpState.WAITLISTED
    assert [each.state for each in waits] == [offered, waiting, waiting, offered]


async def test_offers_made_at_night_wait_for_the_morning(session: AsyncSession) -> None:
    badminton, li, wang, _ = await full(session)
    night = NOON.replace(hour=23)

    await sign_ups.cancel(session, badminton.id, li, now=night)

    entry = await sign_ups.find_own(session, badminton.id, wang.person_id)
    assert entry is not None
    assert entry.offer_expires_at is not None
    assert entry.offer_expires_at.astimezone(SHANGHAI).hour == 20  # 8:00 and twelve hours


async def test_on_the_last_day_an_offer_lasts_two_hours_and_not_beyond_the_start(
    session: AsyncSession,
) -> None:
    badminton, li, wang, zhao = await full(session)
    start = badminton.starts_at

    assert waiting_lists.offer_until(badminton, start - 5 * HOUR) == start - 3 * HOUR
    assert waiting_lists.offer_until(badminton, start - HOUR) == start
    assert waiting_lists.offer_until(badminton, start) is None
    await sign_ups.cancel(session, badminton.id, li, now=start - HOUR)
    assert await state(session, badminton, wang) is SignUpState.OFFERED
    await waiting_lists.settle(session, badminton, start)
    assert await state(session, badminton, wang) is SignUpState.OFFER_EXPIRED
    assert await state(session, badminton, zhao) is SignUpState.WAITLISTED  # it has begun


async def test_who_comes_back_after_cancelling_is_the_last_in_the_line(session: AsyncSession) -> None:
    badminton, li, wang, zhao = await full(session)
    await sign_ups.cancel(session, badminton.id, wang, now=NOON + HOUR)
    back = await sign_ups.sign_up(session, badminton.id, wang, now=NOON + HOUR)
    assert back.state is SignUpState.WAITLISTED

    await sign_ups.cancel(session, badminton.id, li, now=NOON + 2 * HOUR)

    assert await state(session, badminton, zhao) is SignUpState.OFFERED
    rows = await session.execute(
        sa.select(SignUpMove.from_state, SignUpMove.to_state, SignUpMove.by, SignUpMove.channel)
        .where(SignUpMove.sign_up_id == back.id)
        .order_by(SignUpMove.id)
    )
    assert [tuple(row) for row in rows] == [
        (None, SignUpState.WAITLISTED, "member", "chat"),
        (SignUpState.WAITLISTED, SignUpState.CANCELLED, "member", "chat"),
        (SignUpState.CANCELLED, SignUpState.WAITLISTED, "member", "chat"),
    ]


async def test_a_pair_keeps_its_place_while_one_seat_goes_to_a_single(session: AsyncSession) -> None:
    picnic = await making.activity(session, "春游", capacity=2, guests=1)
    li, wang, pair, single = [await making.person(session) for _ in range(4)]
    for who, seats in ((li, 1), (wang, 1), (pair, 2), (single, 1)):
        await sign_ups.sign_up(session, picnic.id, who, seats=seats, now=NOON)

    await sign_ups.cancel(session, picnic.id, li, now=NOON)
    assert await state(session, picnic, single) is SignUpState.OFFERED
    await sign_ups.decline(session, picnic.id, single, now=NOON)
    await sign_ups.cancel(session, picnic.id, wang, now=NOON)
    assert await state(session, picnic, pair) is SignUpState.OFFERED


async def test_what_has_begun_is_not_cancelled_and_cancelling_twice_frees_one_seat(
    session: AsyncSession,
) -> None:
    badminton, li, _, zhao = await full(session)

    await sign_ups.cancel(session, badminton.id, li, now=NOON)
    await sign_ups.cancel(session, badminton.id, li, now=NOON)
    assert await state(session, badminton, zhao) is SignUpState.WAITLISTED
    with pytest.raises(DomainError, match="已经开始"):
        await sign_ups.cancel(session, badminton.id, zhao, now=badminton.starts_at)


async def test_nothing_to_accept_is_said_so(session: AsyncSession) -> None:
    badminton, li, wang, _ = await full(session)

    with pytest.raises(DomainError, match="候补中"):
        await sign_ups.accept(session, badminton.id, wang, now=NOON)
    with pytest.raises(NotFound, match="您没有报名"):
        await sign_ups.accept(session, badminton.id, await making.person(session), now=NOON)
    with pytest.raises(DomainError, match="没有给您留的空位"):
        await sign_ups.decline(session, badminton.id, li, now=NOON)


# --- reminders ---------------------------------------------------------------------------------------------


async def reminders(session: AsyncSession, who: Applicant) -> list[Outbox]:
    chosen = sa.select(Outbox).where(Outbox.person_id == who.person_id, Outbox.kind == "activities.reminder")
    return list(await session.scalars(chosen.order_by(Outbox.id)))


async def test_the_day_before_at_ten_one_is_reminded(session: AsyncSession) -> None:
    badminton, li = await making.activity(session), await making.person(session)
    await sign_ups.sign_up(session, badminton.id, li, now=NOON)

    (row,) = await reminders(session, li)

    assert row.due_at == (NOON + timedelta(days=6)).replace(hour=10)
    assert row.state is DeliveryState.QUEUED
    assert "明天 14:00，职工活动中心" in str(row.payload)


async def test_who_cancels_is_not_reminded_and_who_comes_back_is_once(session: AsyncSession) -> None:
    badminton, li = await making.activity(session), await making.person(session)
    await sign_ups.sign_up(session, badminton.id, li, now=NOON)
    await sign_ups.cancel(session, badminton.id, li, now=NOON)
    await sign_ups.sign_up(session, badminton.id, li, now=NOON)

    assert [row.state for row in await reminders(session, li)] == [
        DeliveryState.SKIPPED,
        DeliveryState.QUEUED,
    ]


async def test_a_late_comer_is_reminded_two_hours_before_or_not_at_all(session: AsyncSession) -> None:
    badminton = await making.activity(session)

    (one,) = sittings.of(badminton)
    assert reminders_at(one, badminton.starts_at - 5 * HOUR) == [badminton.starts_at - 2 * HOUR]
    assert reminders_at(one, badminton.starts_at - HOUR) == []


# --- called off, widened, moved on by time -----------------------------------------------------------------


async def test_when_an_activity_is_called_off_everybody_is_told_once(session: AsyncSession) -> None:
    badminton, li, wang, zhao = await full(session)

    assert (
        await activities.call_off(session, badminton.public_id, by="王强", reason="场馆检修", now=NOON) == 3
    )
    assert await activities.call_off(session, badminton.public_id, by="王强", now=NOON) == 0

    for who in (li, wang, zhao):
        assert await state(session, badminton, who) is SignUpState.CANCELLED
        assert "取消了。原因：场馆检修" in (await told(session, who))[-1]
    assert [row.state for row in await reminders(session, li)] == [DeliveryState.SKIPPED]
    with pytest.raises(SignUpClosed, match="「羽毛球赛」已取消。"):
        await sign_ups.sign_up(session, badminton.id, li, now=NOON)


async def test_more_seats_are_offered_and_fewer_take_none_away(session: AsyncSession) -> None:
    badminton, li, wang, zhao = await full(session)

    await activities.set_capacity(session, badminton.public_id, 2, now=NOON)
    assert await state(session, badminton, wang) is SignUpState.OFFERED
    await activities.set_capacity(session, badminton.public_id, 0, now=NOON)

    assert await state(session, badminton, li) is SignUpState.CONFIRMED
    assert await state(session, badminton, wang) is SignUpState.OFFERED
    await sign_ups.decline(session, badminton.id, wang, now=NOON)
    assert await state(session, badminton, zhao) is SignUpState.WAITLISTED


async def test_time_moves_an_activity_on_and_a_late_round_leaves_steps_out(session: AsyncSession) -> None:
    badminton = await making.activity(session)
    assert badminton.state is ActivityState.REGISTRATION_OPEN

    for moment, expected in (
        (badminton.closes_at, ActivityState.REGISTRATION_CLOSED),
        (badminton.starts_at, ActivityState.ONGOING),
        (badminton.ends_at, ActivityState.ENDED),
    ):
        assert await activities.list_to_advance(session, moment, 10) == [badminton.id]
        await activities.advance(session, badminton, moment)
        assert badminton.state is expected
        assert await activities.list_to_advance(session, moment, 10) == []

    slept = await making.activity(session, "登山")
    await activities.advance(session, slept, slept.ends_at)
    assert slept.state is ActivityState.ENDED


async def test_times_that_contradict_each_other_are_refused(session: AsyncSession) -> None:
    with pytest.raises(DomainError, match="时间先后不对"):
        await making.activity(session, closes_at=NOON + timedelta(days=30))


# --- many at once ------------------------------------------------------------------------------------------


async def test_forty_five_for_twenty_seats_at_once(database: Database) -> None:
    async with database.transaction() as session:
        badminton = await making.activity(session, capacity=20)
        people = [await making.person(session) for _ in range(45)]

    async def ask(who: Applicant) -> SignUpState:
        async with database.transaction() as session:
            return (await sign_ups.sign_up(session, badminton.id, who, now=NOON)).state

    states = await asyncio.gather(*(ask(who) for who in people for _ in range(2)))

    assert len(states) == 90
    async with database.reading() as session:
        held = await session.scalar(sa.select(sa.func.sum(SignUp.seats)).where(SignUp.state.in_(HOLDING)))
        rows = await session.scalar(sa.select(sa.func.count(SignUp.id)))
    assert (held, rows) == (20, 45)
