"""Who may sign up: how old, and how long after the last of its kind; the same words wherever one asks."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import months_later, years_between
from app.database import Database
from app.errors import DomainError
from app.jobs import activities as job
from app.services import activities, eligibility, sign_ups
from app.services.eligibility import NotEligible
from app.services.sign_ups import Applicant
from models import Activity, ActivityState, Again, Allocation, SignUp, SignUpState
from tests import making
from tests.conftest import NOON, FakeClock

S = SignUpState
DAY = timedelta(days=1)


async def born(session: AsyncSession, on: str | None) -> Applicant:
    """A member of the roster who was born on that day, as far as the roster knows."""
    who = await making.person(session)
    number = f"3{who.person_id:04d}"
    await making.member(session, "陈静", staff_number=number, born_on=on, person_id=who.person_id)
    return who


async def trip(session: AsyncSession, title: str = "秦岭疗养", days: int = 7, **given: Any) -> Activity:
    """One of 疗休养, once in a year, so many days from now; before now it is over."""
    starts = NOON + timedelta(days=days)
    kind = {"kind_of": "疗休养", "apart_months": 12} | given
    if days > 0:
        return await making.activity(session, title, starts_at=starts, **kind)
    made = await making.activity(session, title, **kind)
    made.opens_at, made.closes_at, made.starts_at = (starts - each * DAY for each in (9, 2, 0))
    made.ends_at, made.state = starts + DAY, ActivityState.ENDED
    await session.flush()
    return made


async def had(session: AsyncSession, who: Applicant, activity: Activity, state: SignUpState) -> None:
    made = SignUp(
        activity_id=activity.id, person_id=who.person_id, state=state, answers={}, signed_up_at=NOON
    )
    session.add(made)
    await session.flush()


# --- how old -----------------------------------------------------------------------------------------------


def test_years_are_full_on_the_day_itself() -> None:
    assert [years_between(date(2008, 11, 30), date(2026, 11, each)) for each in (29, 30)] == [17, 18]
    assert [years_between(date(2008, 2, 29), day) for day in (date(2026, 2, 28), date(2026, 3, 1))] == [
        17,
        18,
    ]
    assert months_later(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert months_later(date(2026, 2, 28), -12) == date(2025, 2, 28)


async def test_age_is_counted_on_the_day_it_starts(session: AsyncSession) -> None:
    run = await making.activity(session, "登山", youngest=18, oldest=60)  # starts on 2026-11-30
    on_the_day, day_late = await born(session, "2008-11-30"), await born(session, "2008-12-01")
    last_year, too_old = await born(session, "1965-12-01"), await born(session, "1965-11-30")

    for who in (on_the_day, last_year):
        assert (await sign_ups.sign_up(session, run.id, who, now=NOON)).state is S.CONFIRMED
    for who, age in ((day_late, 17), (too_old, 61)):
        said = f"「登山」的年龄要求：18 到 60 周岁，按活动开始那天算。您那天 {age} 周岁，不能报名。"
        refused, _ = await sign_ups.outlook(session, run, who, NOON)
        assert said in refused
        with pytest.raises(NotEligible, match=said):
            await sign_ups.sign_up(session, run.id, who, now=NOON)


async def test_of_whom_the_age_is_unknown_it_is_said_what_to_do(session: AsyncSession) -> None:
    run = await making.activity(session, "登山", youngest=18)
    stranger, without = await making.person(session), await born(session, None)

    assert "请在公众号里回复「绑定」绑定工号" in (await sign_ups.outlook(session, run, stranger, NOON))[0]
    assert "花名册里没有您的出生日期" in (await sign_ups.outlook(session, run, without, NOON))[0]
    for who in (stranger, without):
        with pytest.raises(NotEligible, match="年龄要求：满 18 周岁"):
            await sign_ups.sign_up(session, run.id, who, now=NOON)
    assert eligibility.conditions(run) == [("年龄", "满 18 周岁，按活动开始那天算")]


# --- not twice ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "counts"),
    [(S.CONFIRMED, True), (S.CHECKED_IN, True), (S.NO_SHOW, False), (S.WAITLISTED, False)],
)
async def test_who_was_there_lately_may_not_come_again(
    session: AsyncSession, state: SignUpState, counts: bool
) -> None:
    last = await trip(session, "华山疗养", -200)  # 2026-05-07
    now, li = await trip(session), await making.person(session)
    await had(session, li, last, state)

    refused, _ = await sign_ups.outlook(session, now, li, NOON)

    if not counts:
        assert not refused and await sign_ups.sign_up(session, now.id, li, now=NOON)
        return
    assert refused == (
        "您参加过2026年5月7日的「华山疗养」，12 个月内不能再报同类活动（疗休养）；2027年5月7日起的可以报。"
    )
    with pytest.raises(NotEligible) as again:
        await sign_ups.sign_up(session, now.id, li, now=NOON)
    assert again.value.message == refused


async def test_the_span_ends_with_the_day_and_other_kinds_do_not_count(session: AsyncSession) -> None:
    li = await making.person(session)
    await had(session, li, await trip(session, "去年的疗养", 7 - 365), S.CHECKED_IN)  # to the day a year ago
    await had(session, li, await trip(session, "取消的疗养", -9), S.CONFIRMED)
    await had(session, li, await trip(session, "看电影", -9, kind_of="观影"), S.CHECKED_IN)
    off = (await activities.search(session, ["取消的疗养"], 1))[0]
    off.state = ActivityState.CANCELLED
    await session.flush()

    assert (await sign_ups.sign_up(session, (await trip(session)).id, li, now=NOON)).state is S.CONFIRMED


async def test_of_two_that_are_ahead_one_is_chosen_whichever_is_first(session: AsyncSession) -> None:
    near, far, li = await trip(session), await trip(session, "华山疗养", 40), await making.person(session)
    waits = await trip(session, "太白山疗养", 20, capacity=0)

    await sign_ups.sign_up(session, waits.id, li, now=NOON)  # waiting counts: nobody collects several
    for other in (near, far):
        with pytest.raises(NotEligible, match="想换成这个，请先取消那一个"):
            await sign_ups.sign_up(session, other.id, li, now=NOON)
    await sign_ups.cancel(session, waits.id, li, now=NOON)

    assert (await sign_ups.sign_up(session, far.id, li, now=NOON)).state is S.CONFIRMED
    with pytest.raises(NotEligible, match=r"您已经报了2027年1月2日的「华山疗养」"):
        await sign_ups.sign_up(session, near.id, li, now=NOON)
    again = await sign_ups.sign_up(session, far.id, li, now=NOON)
    assert again.state is S.CONFIRMED, "his own sign-up stands in nobody's way"


async def test_two_of_a_kind_at_once_give_one_seat(database: Database) -> None:
    async with database.transaction() as session:
        trips = [(await trip(session, f"疗养 {each}", 7 + each)).id for each in range(4)]
        people = [await making.person(session) for _ in range(5)]

    async def ask(who: Applicant, activity_id: int) -> bool:
        try:
            async with database.transaction() as session:
                await sign_ups.sign_up(session, activity_id, who, now=NOON)
        except NotEligible:
            return False
        return True

    for who in people:
        assert sum(await asyncio.gather(*(ask(who, each) for each in trips))) == 1


# --- behind all others -------------------------------------------------------------------------------------


async def test_who_was_there_waits_until_nobody_else_can_come(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as session:
        last = await trip(session, "华山疗养", -200)
        now = await trip(session, again=Again.BEHIND, capacity=2)
        li, wang, zhao = [await making.person(session) for _ in range(3)]
        await had(session, li, last, S.CHECKED_IN)

        refused, behind = await sign_ups.outlook(session, now, li, NOON)
        assert not refused and behind.endswith("要排在没去过的人后面。")
        first = await sign_ups.sign_up(session, now.id, li, now=NOON)
        assert (first.state, first.is_behind) == (S.WAITLISTED, True), "though there are seats"
        assert (await sign_ups.sign_up(session, now.id, wang, now=NOON)).state is S.CONFIRMED
        assert (await sign_ups.sign_up(session, now.id, zhao, now=NOON)).state is S.CONFIRMED
        await sign_ups.cancel(session, now.id, zhao, now=NOON)
        assert (await sign_ups.find_own(session, now.id, li.person_id)).state is S.WAITLISTED  # type: ignore[union-attr]

    clock.set(now.closes_at)
    await job.run(database, clock)
    async with database.transaction() as session:
        own = await sign_ups.find_own(session, now.id, li.person_id)
        assert own is not None and own.state is S.OFFERED
        assert (await sign_ups.accept(session, now.id, li, now=now.closes_at)).state is S.CONFIRMED


async def test_in_a_lot_they_come_after_all_others(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as session:
        last = await trip(session, "华山疗养", -200)
        now = await trip(session, again=Again.BEHIND, capacity=2, allocation=Allocation.LOT)
        people = [await making.person(session) for _ in range(5)]
        for who in people[:3]:
            await had(session, who, last, S.CHECKED_IN)
        entries = [await sign_ups.sign_up(session, now.id, who, now=NOON) for who in people]
        assert {each.state for each in entries} == {S.ENTERED}

    clock.set(now.closes_at)
    await job.run(database, clock)

    async with database.reading() as session:
        drawn = [await sign_ups.find_own(session, now.id, who.person_id) for who in people]
    assert [each.state for each in drawn if each] == [*[S.WAITLISTED] * 3, *[S.CONFIRMED] * 2]
    assert sorted(each.priority for each in drawn if each) == [-3, -2, -1, 1, 2]


# --- what an organiser may ask for -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"youngest": 60, "oldest": 18}, "年龄先后不对"),
        ({"apart_months": 12}, "请再写是哪一类活动"),
        ({"kind_of": "疗休养"}, "请再写几个月内不重复"),
    ],
)
async def test_conditions_that_mean_nothing_are_refused(
    session: AsyncSession, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(DomainError, match=said):
        await making.activity(session, **given)
