"""An activity that takes place several times for the same people: its sittings, and checking in to each."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.errors import DomainError
from app.jobs import activities as timers
from app.services import (
    activities,
    activity_changes,
    arrivals,
    attendance,
    attendance_figures,
    certificate_pages,
    certificates,
    check_ins,
    export_sign_ups,
    merging,
    sign_ups,
    sittings,
)
from app.services.activity_reviews import ALWAYS, NEVER
from app.services.attendance import Which
from app.services.permissions import Scope, Standing
from app.services.sittings import Raw
from models import Activity, ActivityState, CheckInAnswer, CheckInScan, SignUp, SignUpState, SittingArrival
from tests import making
from tests.checking_in import guest, reads, ticket
from tests.conftest import NOON, FakeClock

A, S = CheckInAnswer, SignUpState
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
FIRST = NOON + 2 * DAY + 7 * HOUR  # 25 November, 19:00
EVENINGS = (FIRST, FIRST + WEEK, FIRST + 2 * WEEK)


def evening(starts_at: datetime, hours: float = 2, **given: str) -> Raw:
    return sittings.raw(starts_at, starts_at + hours * HOUR, **given)


async def course(session: AsyncSession, *rows: Raw, **given: Any) -> Activity:
    """Three evenings, a week apart, two hours each; signing up closes a day before the first."""
    values = {"sittings": list(rows) or [evening(each) for each in EVENINGS], "guests": 2, **given}
    return await making.activity(session, "书法课", starts_at=FIRST, closes_at=FIRST - DAY, **values)


async def changed(session: AsyncSession, activity: Activity, now: datetime, **given: Any) -> int:
    """What the console saves: all of it again, with this changed."""
    names = ("title", "place", "opens_at", "closes_at", "starts_at", "ends_at", "sittings", "questions")
    values = {name: getattr(activity, name) for name in names} | given
    return await activities.change(
        session, activity.public_id, values, version=activity.version, by="王强", now=now
    )


async def came(session: AsyncSession, activity: Activity, entry: SignUp) -> list[int]:
    """To which sittings, by number."""
    found = await arrivals.of_entry(session, activity, entry)
    return [each.number for each in sittings.of(activity) if each.key in found]


# --- planning ----------------------------------------------------------------------------------------------


async def test_start_and_end_follow_from_the_first_and_last_in_whatever_order_they_are_given(
    session: AsyncSession,
) -> None:
    made = await course(
        session, evening(EVENINGS[2]), evening(EVENINGS[0]), evening(EVENINGS[1], title="楷书")
    )

    assert (made.starts_at, made.ends_at) == (EVENINGS[0], EVENINGS[2] + 2 * HOUR)
    assert [each.name for each in sittings.of(made)] == ["第 1 次", "第 2 次（楷书）", "第 3 次"]
    assert len({each.key for each in sittings.of(made)}) == 3
    assert sittings.when(made, NOON) == "共 3 次：11月25日、12月2日、9日 19:00"


async def test_one_that_takes_place_once_is_one_sitting_of_its_own_times(session: AsyncSession) -> None:
    walk = await making.activity(session, "健步走")

    (one,) = sittings.of(walk)

    assert (one.key, one.name, one.place) == ("", "", "职工活动中心")
    assert (one.starts_at, one.ends_at, one.opens_at) == (
        walk.starts_at,
        walk.ends_at,
        walk.starts_at - 2 * HOUR,
    )
    assert sittings.when(walk, NOON) == "11月30日（周一）14:00"


def test_many_dates_and_other_hours_are_said_shortly() -> None:
    def said(*moments: datetime) -> str:
        return sittings.when(Activity(sittings=[evening(each) for each in moments], check_in_minutes=0), NOON)

    assert said(FIRST, FIRST + DAY - 5 * HOUR) == "共 2 次：11月25日 19:00、26日 14:00"
    assert said(FIRST, FIRST + 38 * DAY) == "共 2 次：11月25日、2027年1月2日 19:00"
    assert said(*(FIRST + n * WEEK for n in range(8))) == "共 8 次：11月25日 19:00 起，到2027年1月13日为止"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([evening(FIRST, hours=0)], "第 1 次：结束的时间要在开始以后。"),
        ([evening(FIRST), evening(FIRST + HOUR)], "第 1 次还没有结束，第 2 次就开始了，请把时间错开。"),
        (
            [evening(FIRST + n * DAY) for n in range(31)],
            "一个活动最多 30 次，现在写了 31 次，请分成两个活动。",
        ),
        (
            [evening(FIRST), evening(FIRST + 366 * DAY)],
            "从第一次到最后一次要在一年以内，请把日期往前写，或者分成两个活动。",
        ),
        ([evening(FIRST, title="字" * 31)], "第 1 次：名称最多 30 个字，地点最多 80 个字。"),
    ],
)
def test_what_cannot_be_is_refused_in_words(rows: list[Raw], words: str) -> None:
    with pytest.raises(DomainError) as refused:
        sittings.settled({"sittings": rows})

    assert refused.value.message == words


def test_the_limits_themselves_are_allowed_and_foreign_keys_are_made_anew() -> None:
    thirty = sittings.settled({"sittings": [evening(FIRST + n * DAY, key="abcd2") for n in range(30)]})

    assert len({each["key"] for each in thirty["sittings"]}) == 30
    assert thirty["sittings"][0]["key"] == "abcd2"  # it stays with the first
    touching = [evening(FIRST), evening(FIRST + 2 * HOUR), evening(FIRST + 365 * DAY)]
    assert len(sittings.settled({"sittings": touching})["sittings"]) == 3


async def test_what_has_begun_stays_and_what_is_ahead_may_be_moved_taken_away_or_added(
    session: AsyncSession,
) -> None:
    made = await course(session)
    one, two, three = made.sittings
    now = EVENINGS[0] + HOUR

    with pytest.raises(DomainError, match="第 1 次已经开始，开始时间不能再改，也不能去掉"):
        await changed(session, made, now, sittings=[two, three])
    with pytest.raises(DomainError, match="第 1 次：新的开始时间已经过了"):
        await changed(session, made, now, sittings=[evening(NOON), one, two, three])
    moved = sittings.shifted([two], DAY)[0]
    await changed(session, made, now, sittings=[one, moved, evening(FIRST + 20 * DAY)])

    assert [each.starts_at for each in sittings.of(made)] == [FIRST, FIRST + 8 * DAY, FIRST + 20 * DAY]
    assert made.sittings[1]["key"] == two["key"]
    assert made.ends_at == FIRST + 20 * DAY + 2 * HOUR


# --- checking in -------------------------------------------------------------------------------------------


async def test_one_ticket_is_good_for_each_sitting_once(session: AsyncSession) -> None:
    made = await course(session)
    entry, _ = await guest(session, made, "李娜", seats=2)
    await guest(session, made, "王强")
    first, second, third = sittings.of(made)

    early = await reads(session, made, ticket(entry), at=FIRST - 3 * HOUR)
    assert (early.answer, early.words) == (A.TOO_EARLY, "第 1 次今天 17:00 开始签到。")
    told = await reads(session, made, ticket(entry), at=FIRST)
    assert (told.answer, told.words, entry.arrived) == (A.OK, "签的是第 1 次。", 2)
    again = await reads(session, made, ticket(entry), at=FIRST + HOUR)
    assert again.words == "第 1 次今天 19:00 已签到（赵敏），不重复计数。"
    between = await reads(session, made, ticket(entry), at=FIRST + DAY)
    assert (between.answer, between.words) == (A.TOO_EARLY, "第 2 次12月2日（周三）17:00 开始签到。")
    late = await reads(session, made, ticket(entry), at=EVENINGS[1] + HOUR, by="钱进")
    assert (late.answer, late.arrival.by if late.arrival else "") == (A.OK, "钱进")
    over = await reads(session, made, ticket(entry), at=EVENINGS[2] + 5 * HOUR)
    assert over.answer is A.TOO_LATE

    assert await came(session, made, entry) == [1, 2]
    assert (entry.state, entry.checked_in_at) == (S.CHECKED_IN, FIRST)
    figures = [await attendance.count(session, made, each) for each in (first, second, third)]
    assert [(each.expected, each.here, each.here_seats, each.late) for each in figures] == [
        (2, 1, 2, 0),
        (2, 1, 2, 1),
        (2, 0, 0, 0),
    ]
    for which, number in ((Which.MISSING, 1), (Which.HERE, 1), (Which.LATE, 1)):
        rows = (await session.execute(attendance.chosen(made, second, "", which))).all()
        assert len(rows) == number, which
    lines = [line async for line in attendance.each(session, made)]
    assert attendance.heads(made)[4:6] == ["参加", "第 1 次 2026-11-25 19:00"]
    assert lines[0][4:] == ["2/3", "19:00", "20:00 迟到", ""]
    assert lines[1][4:] == ["0/3", "", "", ""]


async def test_the_next_door_opens_when_the_one_before_has_ended(session: AsyncSession) -> None:
    morning, noon = FIRST - 10 * HOUR, FIRST - 7 * HOUR  # 9:00 to 11:00, 12:00 to 14:00
    match = await course(session, evening(morning), evening(noon))
    entry, _ = await guest(session, match)

    def at(hours: float) -> int:
        return sittings.for_moment(match, morning + timedelta(hours=hours)).number

    assert [at(-5), at(0), at(1.9), at(2), at(5), at(30)] == [1, 1, 1, 2, 2, 2]
    await reads(session, match, ticket(entry), at=morning + HOUR)
    told = await reads(session, match, ticket(entry), at=morning + 2 * HOUR)
    assert (told.answer, await came(session, match, entry)) == (A.OK, [1, 2])


async def test_a_scan_that_waited_in_a_phone_counts_for_the_sitting_it_was_made_at_once(
    session: AsyncSession,
) -> None:
    made = await course(session)
    entry, _ = await guest(session, made)
    now = EVENINGS[1]
    await reads(session, made, ticket(entry), at=now)
    waited: dict[str, Any] = {
        "at": FIRST + HOUR,
        "now": now + HOUR,
        "offline": True,
        "request_id": "phone-0001",
    }

    told = await reads(session, made, ticket(entry), **waited)
    again = await reads(session, made, ticket(entry), **waited)

    assert (told.answer, told.is_new, told.sitting.number) == (A.OK, True, 1)
    assert (again.answer, again.is_new, again.sitting.number) == (A.OK, False, 1)
    assert await came(session, made, entry) == [1, 2]
    assert entry.checked_in_at == FIRST + HOUR  # the first that was come to, not the first we heard of
    assert await session.scalar(sa.select(sa.func.count()).select_from(SittingArrival)) == 2
    assert await session.scalar(sa.select(sa.func.count()).select_from(CheckInScan)) == 2


async def test_who_reads_the_code_of_the_venue_is_checked_in_to_each(session: AsyncSession) -> None:
    made = await course(session)
    entry, who = await guest(session, made)

    for moment in (FIRST, FIRST + HOUR, EVENINGS[1]):
        told = await check_ins.here(session, made.id, who, now=moment)

    assert told.answer is A.OK
    assert await came(session, made, entry) == [1, 2]


async def test_a_mistake_at_one_sitting_leaves_the_others(session: AsyncSession) -> None:
    made = await course(session)
    entry, _ = await guest(session, made, seats=3)
    for moment in EVENINGS[:2]:
        await reads(session, made, ticket(entry), at=moment)
    one, two, three = (each.key for each in sittings.of(made))
    how: Any = {"by": "王强", "channel": "console", "now": EVENINGS[1]}

    await check_ins.came_with(session, made.id, entry.public_id, 2, sitting=two, **how)
    assert entry.arrived == 3
    await check_ins.undo(session, made.id, entry.public_id, sitting=one, reason="扫错了", **how)
    assert (entry.state, entry.arrived, entry.checked_in_at) == (S.CHECKED_IN, 2, EVENINGS[1])
    with pytest.raises(DomainError, match="第 3 次没有签到（已签到），不用撤销"):
        await check_ins.undo(session, made.id, entry.public_id, sitting=three, reason="扫错了", **how)
    with pytest.raises(DomainError, match="没有这一次"):
        await check_ins.undo(session, made.id, entry.public_id, sitting="", reason="扫错了", **how)
    await check_ins.undo(session, made.id, entry.public_id, sitting=two, reason="扫错了", **how)

    assert (entry.state, entry.arrived, entry.checked_in_at) == (S.CONFIRMED, 0, None)
    told = await reads(session, made, ticket(entry), at=EVENINGS[1] + HOUR)
    assert (told.answer, await came(session, made, entry)) == (A.OK, [2])


async def test_a_sitting_that_is_moved_keeps_who_was_checked_in_and_is_not_taken_away(
    session: AsyncSession,
) -> None:
    made = await course(session)
    entry, _ = await guest(session, made)
    door = FIRST - HOUR  # it has opened, and has not begun
    await reads(session, made, ticket(entry), at=door)
    one, two, three = made.sittings

    with pytest.raises(DomainError, match="第 1 次已经有人签到，不能去掉"):
        await changed(session, made, door, sittings=[two, three])
    with pytest.raises(DomainError, match="已经有人签到，不能再改成分几次办，或者改回只办一次"):
        await changed(session, made, door, sittings=[])
    await changed(session, made, door, sittings=[sittings.shifted([one], HOUR)[0], two, three])

    assert await came(session, made, entry) == [1]
    told = await reads(session, made, ticket(entry), at=FIRST + HOUR)
    assert told.answer is A.ALREADY_CHECKED_IN


async def test_only_who_came_to_none_did_not_come(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as session:
        made = await course(session)
        here, absent = [(await guest(session, made))[0] for _ in range(2)]
        await reads(session, made, ticket(here), at=EVENINGS[2])
    clock.set(made.ends_at + 13 * HOUR)
    for _ in range(3):
        await timers.run(database, clock)

    async with database.reading() as session:
        states = [(await session.get_one(SignUp, each.id)).state for each in (here, absent)]
    assert states == [S.CHECKED_IN, S.NO_SHOW]


async def test_of_two_sign_ups_of_one_person_both_comings_count(session: AsyncSession) -> None:
    made = await course(session)
    first, stays = await guest(session, made)
    second, gone = await guest(session, made)
    await reads(session, made, ticket(first), at=EVENINGS[0])
    for moment in EVENINGS[:2]:
        await reads(session, made, ticket(second), at=moment)

    await merging.merge(session, stays.person_id, gone.person_id, EVENINGS[1])

    kept = await sign_ups.find_own(session, made.id, stays.person_id)
    assert kept is not None and await came(session, made, kept) == [1, 2]


# --- afterwards --------------------------------------------------------------------------------------------


async def test_figures_count_each_sitting_and_a_certificate_says_to_how_many_somebody_came(
    session: AsyncSession,
) -> None:
    made, walk = await course(session), await making.activity(session, "健步走", starts_at=FIRST)
    people = [await guest(session, made, name) for name in ("李娜", "王强", "张伟", "刘洋", "赵敏")]
    for moment, here in zip(EVENINGS, (people, people[:2], []), strict=True):
        for entry, _ in here:
            await reads(session, made, ticket(entry), at=moment)
    for _, who in people:
        entry = await sign_ups.sign_up(session, walk.id, who, now=NOON)
    await reads(session, walk, ticket(entry), at=FIRST)
    made.state = walk.state = ActivityState.ENDED

    period = attendance_figures.Period(date(2026, 1, 1), date(2027, 1, 1))
    found = await attendance_figures.read(session, Scope(everything=True), period)

    # Nobody stood at the door of the third evening: of that nobody knows who came.
    lines = {activity.title: line for activity, line in found.activities}
    assert (lines["书法课"].people, lines["书法课"].signed_up, lines["书法课"].came) == (5, 10, 7)
    assert (lines["健步走"].signed_up, lines["健步走"].came) == (5, 1)
    assert (found.total.people, found.total.signed_up, found.total.came) == (5, 15, 8)
    first = people[0][0]
    came_to = await arrivals.of_entry(session, made, first)
    said = certificates.of(made, first, "李娜", came_to)
    assert (said.share, said.hours, said.when) == ("2/3", "4 小时", "2026年11月25日至2026年12月9日")
    everybody = [each async for each in certificates.each(session, made)]
    assert sorted(each.share for each in everybody) == ["1/3", "1/3", "1/3", "2/3", "2/3"]
    verified = await certificates.verify(session, certificates.code(first))
    assert verified is not None and verified.share == "2/3"
    assert certificate_pages.pdf([said]).startswith(b"%PDF")


async def test_what_somebody_takes_along_of_himself_says_to_which_he_came(session: AsyncSession) -> None:
    made = await course(session)
    entry, who = await guest(session, made, "李娜")
    await reads(session, made, ticket(entry), at=EVENINGS[1])

    (row,) = await export_sign_ups._sign_ups(session, who.person_id)

    assert row["sittings"] == [{"which": "第 2 次", "at": "2026-12-02T19:00:00+08:00", "arrived": 1}]


async def test_once_a_course_has_begun_its_later_evenings_wait_for_an_approver_until_the_last_day(
    session: AsyncSession,
) -> None:
    activity, zhao = await course(session), Standing(0, "赵敏")

    async def waits(now: datetime, rule: str = ALWAYS) -> bool:
        asked = await activity_changes.asked(
            session, activity, {"place": "图书馆"}, later=False, by=zhao, rule=rule, now=now
        )
        return asked.is_needed

    assert await waits(EVENINGS[0] + HOUR) and await waits(EVENINGS[1] - DAY)
    assert not await waits(EVENINGS[1] - DAY + HOUR) and not await waits(EVENINGS[2] + HOUR)
    assert not await waits(NOON, NEVER)
