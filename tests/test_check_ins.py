"""Checking in: every answer at the door, forged and old tickets, one scan sent twice, two phones at once."""

import asyncio
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.errors import DomainError, NotFound
from app.jobs import activities as timers
from app.services import (
    activities,
    approvals,
    attendance,
    check_in_codes,
    check_ins,
    participants,
    sign_ups,
    sittings,
)
from app.services.attendance import Which
from models import Activity, CheckInAnswer, CheckInScan, SignUp, SignUpState
from models.types import PUBLIC_ALPHABET
from tests.checking_in import BEGINS, DOOR, ends, guest, reads, ticket, today
from tests.conftest import NOON, FakeClock

A, S = CheckInAnswer, SignUpState


async def moves(session: AsyncSession, entry: SignUp) -> list[tuple[SignUpState, str, str, str]]:
    found = await participants.list_moves(session, entry)
    return [(each.to_state, each.by, each.channel, each.reason) for each in found]


# --- answers -----------------------------------------------------------------------------------------------


async def test_who_shows_a_ticket_is_checked_in_with_his_party(session: AsyncSession) -> None:
    walk = await today(session)
    entry, _ = await guest(session, walk, "李娜", seats=3)

    told = await reads(session, walk, ticket(entry))

    assert (told.answer, told.is_new) == (A.OK, True)
    assert told.who is not None and told.who.name == "李娜"
    assert (entry.state, entry.arrived, entry.checked_in_at) == (S.CHECKED_IN, 3, DOOR)
    assert await moves(session, entry) == [
        (S.CONFIRMED, "member", "chat", ""),
        (S.CHECKED_IN, "赵敏", "scan", ""),
    ]


async def test_the_second_time_it_is_said_when_and_by_whom(session: AsyncSession) -> None:
    walk = await today(session)
    entry, _ = await guest(session, walk)
    await reads(session, walk, ticket(entry))

    told = await reads(session, walk, ticket(entry), at=DOOR + timedelta(minutes=5), by="钱进")

    assert (told.answer, told.words) == (A.ALREADY_CHECKED_IN, "今天 12:30 已签到（赵敏），不重复计数。")
    assert entry.checked_in_at == DOOR


async def test_a_ticket_of_another_activity_is_told_from_a_forged_one(session: AsyncSession) -> None:
    walk, chess = await today(session), await today(session, "棋赛")
    entry, _ = await guest(session, chess, "李娜")

    told = await reads(session, walk, ticket(entry))

    assert told.answer is A.WRONG_ACTIVITY and told.who is None  # of whom is no matter of this door
    assert "不是「健步走」的票" in told.words
    assert entry.state is S.CONFIRMED


async def test_a_ticket_is_worth_nothing_once_it_is_cancelled_and_old_once_there_is_a_new_one(
    session: AsyncSession,
) -> None:
    walk = await today(session)
    entry, who = await guest(session, walk)
    first = ticket(entry)
    await sign_ups.cancel(session, walk.id, who, now=NOON)
    assert (await reads(session, walk, first)).answer is A.CANCELLED

    await sign_ups.sign_up(session, walk.id, who, now=NOON + timedelta(minutes=1))

    assert ticket(entry) != first
    assert (await reads(session, walk, first)).answer is A.REVOKED
    assert entry.state is S.CONFIRMED
    assert (await reads(session, walk, ticket(entry))).answer is A.OK


async def test_who_has_no_seat_is_not_let_in(session: AsyncSession) -> None:
    walk = await today(session, capacity=1)
    await guest(session, walk)
    waits, _ = await guest(session, walk)
    looked = await today(session, "参观", approval=True)
    pending, _ = await guest(session, looked)

    assert (await reads(session, walk, ticket(waits))).answer is A.WAITLISTED
    assert (await reads(session, looked, ticket(pending))).answer is A.NOT_APPROVED
    await approvals.reject(session, looked.public_id, pending.public_id, by="王强", reason="满了", now=NOON)
    assert (await reads(session, looked, ticket(pending))).answer is A.NOT_APPROVED


async def test_an_offer_that_was_not_taken_is_no_seat(session: AsyncSession) -> None:
    walk = await today(session, capacity=1)
    _, first = await guest(session, walk)
    waits, who = await guest(session, walk)
    await sign_ups.cancel(session, walk.id, first, now=NOON)
    assert waits.state is S.OFFERED
    assert (await reads(session, walk, ticket(waits))).answer is A.WAITLISTED
    await sign_ups.decline(session, walk.id, who, now=NOON)
    assert (await reads(session, walk, ticket(waits))).answer is A.CANCELLED


async def test_the_door_opens_and_closes(session: AsyncSession) -> None:
    walk = await today(session, check_in_minutes=60, starts_at=BEGINS)
    entry, _ = await guest(session, walk)
    closes = walk.ends_at + timedelta(hours=2)

    early = await reads(session, walk, ticket(entry), at=BEGINS - timedelta(minutes=60, seconds=1))
    assert (early.answer, early.words) == (A.TOO_EARLY, "今天 12:00 开始签到。")
    late = await reads(session, walk, ticket(entry), at=closes + timedelta(seconds=1))
    assert late.answer is A.TOO_LATE
    assert (await reads(session, walk, ticket(entry), at=closes)).answer is A.OK


async def test_an_activity_that_was_called_off_has_no_door(session: AsyncSession) -> None:
    walk = await today(session)
    entry, _ = await guest(session, walk)
    await activities.call_off(session, walk.public_id, by="王强", now=NOON)

    told = await reads(session, walk, ticket(entry))

    assert (told.answer, told.words) == (A.CANCELLED, "这个活动已经取消。")


@pytest.mark.parametrize(
    "words",
    [
        "",
        "x" * 4000,
        "https://evil.cn/t/",
        "' OR 1=1 --",
        "\x00\x00",
        "😀" * 40,
        "%00" * 20,
        "https://gh.example.cn/t/" + "a" * 41,
    ],
)
async def test_what_is_no_ticket_admits_nobody(session: AsyncSession, words: str) -> None:
    walk = await today(session)
    await guest(session, walk)

    for by_hand in (False, True):
        assert (await reads(session, walk, words, by_hand=by_hand)).answer is A.NOT_FOUND
    assert (await attendance.count(session, walk, *sittings.of(walk))).here == 0


async def test_a_ticket_cannot_be_made_from_what_a_member_knows(session: AsyncSession) -> None:
    walk = await today(session)
    entry, _ = await guest(session, walk)
    code = check_in_codes.ticket(entry)
    other = PUBLIC_ALPHABET[PUBLIC_ALPHABET.index(code[0]) - 1]
    last = "b" if code[-1] == "a" else "a"

    forged = (entry.public_id, check_in_codes.number(entry), code[:-1], code[:-1] + last, other + code[1:])
    for words in (*forged, code[:16] + "000000000" + code[25:], code + "a", code.upper()):
        assert (await reads(session, walk, words)).answer is A.NOT_FOUND, words
    assert entry.state is S.CONFIRMED


async def test_staff_check_in_by_the_number_that_is_read_out_or_by_choosing(session: AsyncSession) -> None:
    walk = await today(session)
    one, other = [(await guest(session, walk, name))[0] for name in ("李娜", "张伟")]

    told = await reads(session, walk, f" {check_in_codes.number(one).lower()} ", by_hand=True)
    assert told.answer is A.OK
    assert (await moves(session, one))[-1] == (S.CHECKED_IN, "赵敏", "hand", "")
    assert (await reads(session, walk, other.public_id, by_hand=True)).answer is A.OK
    elsewhere = await today(session, "棋赛")
    assert (await reads(session, elsewhere, other.public_id, by_hand=True)).answer is A.NOT_FOUND


# --- once --------------------------------------------------------------------------------------------------


async def test_a_scan_that_is_sent_again_is_answered_as_before_and_counts_once(session: AsyncSession) -> None:
    walk = await today(session)
    entry, _ = await guest(session, walk)
    first = await reads(session, walk, ticket(entry), request_id="one-and-the-same")

    again = await reads(
        session, walk, ticket(entry), request_id="one-and-the-same", at=DOOR + timedelta(hours=3)
    )

    assert (first.answer, again.answer, again.is_new) == (A.OK, A.OK, False)
    assert again.who is not None and again.who.id == entry.id
    assert await session.scalar(sa.select(sa.func.count()).select_from(CheckInScan)) == 1
    assert len(await moves(session, entry)) == 2


async def test_a_scan_that_waited_for_a_signal_is_judged_by_its_own_time(session: AsyncSession) -> None:
    walk = await today(session)
    entry, _ = await guest(session, walk)
    wrong_clock = datetime(2031, 1, 1, tzinfo=NOON.tzinfo)  # what this phone believes
    night = walk.ends_at + timedelta(hours=9)
    at, offline = check_ins.moment_of(wrong_clock, wrong_clock + (night - DOOR), night)

    told = await reads(session, walk, ticket(entry), at=at, said_at=wrong_clock, offline=offline, now=night)

    assert (told.answer, entry.checked_in_at, offline) == (A.OK, DOOR, True)
    row = (await session.scalars(sa.select(CheckInScan))).one()
    assert (row.said_at, row.at, row.offline, row.received_at) == (wrong_clock, DOOR, True, night)


@pytest.mark.parametrize(
    ("said", "sent", "at", "offline"),
    [
        (None, None, NOON, False),
        (NOON, None, NOON, False),
        (NOON - timedelta(seconds=20), NOON, NOON - timedelta(seconds=20), False),
        (NOON + timedelta(days=400), NOON, NOON, False),  # made after it was sent: it was not
        (NOON - timedelta(days=400), NOON, NOON - timedelta(days=7), True),
    ],
)
def test_no_clock_of_a_phone_leads_beyond_our_own(
    said: datetime | None, sent: datetime | None, at: datetime, offline: bool
) -> None:
    assert check_ins.moment_of(said, sent, NOON) == (at, offline)


async def test_of_two_phones_that_read_one_ticket_at_once_the_second_hears_of_the_first(
    database: Database,
) -> None:
    async with database.transaction() as session:
        walk = await today(session)
        tickets = [(await guest(session, walk))[0] for _ in range(5)]

    async def scanned(entry: SignUp, by: str) -> CheckInAnswer:
        async with database.transaction() as session:
            return (await reads(session, walk, ticket(entry), by=by)).answer

    for entry in tickets:
        answers = await asyncio.gather(*(scanned(entry, by) for by in ("赵敏", "钱进", "孙丽")))
        assert sorted(answers) == [A.ALREADY_CHECKED_IN, A.ALREADY_CHECKED_IN, A.OK]


async def test_one_scan_that_comes_twice_at_once_counts_once(database: Database) -> None:
    async with database.transaction() as session:
        walk = await today(session)
        entry, _ = await guest(session, walk)

    async def scanned() -> tuple[CheckInAnswer, bool]:
        async with database.transaction() as session:
            told = await reads(session, walk, ticket(entry), request_id="one-and-the-same")
            return told.answer, told.is_new

    assert sorted(await asyncio.gather(*(scanned() for _ in range(4)))) == [(A.OK, False)] * 3 + [
        (A.OK, True)
    ]


async def test_who_cancels_while_he_is_scanned_is_in_or_out_and_never_both(database: Database) -> None:
    async with database.transaction() as session:
        walk = await today(session)
        people = [await guest(session, walk) for _ in range(5)]

    async def scanned(entry: SignUp) -> CheckInAnswer:
        async with database.transaction() as session:
            return (await reads(session, walk, ticket(entry))).answer

    async def cancelled(index: int) -> bool:
        try:
            async with database.transaction() as session:
                await sign_ups.cancel(session, walk.id, people[index][1], now=DOOR)
        except DomainError:
            return False
        return True

    for index, (entry, _) in enumerate(people):
        answer, gone = await asyncio.gather(scanned(entry), cancelled(index))
        assert (answer, gone) in {(A.OK, False), (A.CANCELLED, True)}


async def test_what_a_crash_took_back_is_done_when_it_is_sent_again(database: Database) -> None:
    async with database.transaction() as session:
        walk = await today(session)
        entry, _ = await guest(session, walk)

    with pytest.raises(ConnectionError):
        async with database.transaction() as session:
            await reads(session, walk, ticket(entry), request_id="one-and-the-same")
            raise ConnectionError

    async with database.transaction() as session:
        told = await reads(session, walk, ticket(entry), request_id="one-and-the-same")
    assert (told.answer, told.is_new) == (A.OK, True)


# --- mistakes, parties, lists ------------------------------------------------------------------------------


async def test_a_mistake_is_taken_back_with_its_reason(session: AsyncSession) -> None:
    walk = await today(session)
    entry, _ = await guest(session, walk, "李娜")

    async def undo(reason: str) -> None:
        await check_ins.undo(
            session, walk.id, entry.public_id, by="赵敏", reason=reason, channel="console", now=DOOR
        )

    with pytest.raises(DomainError, match="李娜没有签到（已报名）"):
        await undo("点错了")
    await reads(session, walk, ticket(entry))
    with pytest.raises(DomainError, match="请写明为什么撤销"):
        await undo("  ")

    await undo("扫成了她同事的票")

    assert (entry.state, entry.arrived, entry.checked_in_at) == (S.CONFIRMED, 0, None)
    assert (await moves(session, entry))[-1] == (S.CONFIRMED, "赵敏", "console", "扫成了她同事的票")
    assert (await reads(session, walk, ticket(entry))).answer is A.OK
    with pytest.raises(NotFound):
        await check_ins.undo(session, walk.id, "nobody", by="赵敏", reason="x", channel="", now=DOOR)


async def test_of_a_party_fewer_may_come(session: AsyncSession) -> None:
    walk = await today(session)
    entry, _ = await guest(session, walk, "李娜", seats=3)

    async def came(seats: int) -> None:
        await check_ins.came_with(
            session, walk.id, entry.public_id, seats, by="赵敏", channel="console", now=DOOR
        )

    with pytest.raises(DomainError, match="还没有签到"):
        await came(2)
    await reads(session, walk, ticket(entry))
    for seats in (0, 4, -1):
        with pytest.raises(DomainError, match="实到人数应是 1 到 3"):
            await came(seats)
    await came(2)
    await came(2)

    counts = await attendance.count(session, walk, *sittings.of(walk))
    assert (counts.here, counts.here_seats, counts.expected_seats) == (1, 2, 3)
    assert [each[3] for each in await moves(session, entry)][2:] == ["实到 2 人（原来 3 人）"]


async def test_who_is_missing_here_and_late(session: AsyncSession) -> None:
    walk = await today(session)
    li, zhang, wang = [(await guest(session, walk, name))[0] for name in ("李娜", "张伟", "王强")]
    await reads(session, walk, ticket(li))
    await reads(session, walk, ticket(zhang), at=BEGINS + timedelta(minutes=5))

    async def names(words: str = "", which: Which | None = None) -> list[str]:
        rows = await session.execute(attendance.chosen(walk, sittings.last(walk), words, which))
        return sorted(participants.participant(row).name for row in rows)

    assert await names() == ["张伟", "李娜", "王强"]
    assert (await names(which=Which.MISSING), await names(which=Which.LATE)) == (["王强"], ["张伟"])
    assert await names(which=Which.HERE) == ["张伟", "李娜"]
    assert (await names("王"), await names(check_in_codes.number(li)), await names("%")) == (
        ["王强"],
        ["李娜"],
        [],
    )
    assert [each.name for each in await attendance.find(session, walk, "张")] == ["张伟"]
    counts = await attendance.count(session, walk, *sittings.of(walk))
    assert (counts.expected, counts.here, counts.late, counts.missing) == (3, 2, 1, 1)
    assert wang.state is S.CONFIRMED


async def test_the_sheet_says_who_came_how_and_when(session: AsyncSession) -> None:
    walk = await today(session)
    entries = [(await guest(session, walk, name, seats=2))[0] for name in ("李娜", "=1+1")]
    await reads(session, walk, ticket(entries[0]), at=BEGINS + timedelta(minutes=1))

    lines = [line async for line in attendance.each(session, walk)]

    assert [line[0] for line in lines] == ["李娜", "=1+1"]
    assert lines[0][2:] == ["已签到", "2", "2", "2026-11-23 13:01", "迟到", "扫票", "赵敏"]
    assert lines[1][2:] == ["已报名", "2", "0", "", "", "", ""]
    assert all(len(line) == len(attendance.HEADS) for line in lines)


# --- who did not come --------------------------------------------------------------------------------------


async def over(database: Database, walk: Activity, clock: FakeClock) -> None:
    clock.set(walk.ends_at + timedelta(hours=12))
    for _ in range(3):
        await timers.run(database, clock)


async def states(database: Database) -> list[SignUpState]:
    async with database.reading() as session:
        return list(await session.scalars(sa.select(SignUp.state).order_by(SignUp.id)))


async def test_who_did_not_come_is_noted_some_time_after_the_end(
    database: Database, clock: FakeClock
) -> None:
    async with database.transaction() as session:
        walk = await today(session, capacity=3)
        entries = [(await guest(session, walk, name))[0] for name in ("李娜", "张伟", "王强")]
        await guest(session, walk)
        await reads(session, walk, ticket(entries[0]))
    clock.set(walk.ends_at + timedelta(hours=11, minutes=59))
    await timers.run(database, clock)
    assert await states(database) == [S.CHECKED_IN, S.CONFIRMED, S.CONFIRMED, S.WAITLISTED]

    await over(database, walk, clock)

    assert await states(database) == [S.CHECKED_IN, S.NO_SHOW, S.NO_SHOW, S.WAITLISTED]
    async with database.transaction() as session:
        assert (await moves(session, entries[1]))[-1] == (S.NO_SHOW, "system", "", "")
        # A phone that was out of reach all day: he had come, and is no longer absent.
        told = await reads(session, walk, ticket(entries[1]), now=clock.now())
    assert told.answer is A.OK
    await over(database, walk, clock)
    assert await states(database) == [S.CHECKED_IN, S.CHECKED_IN, S.NO_SHOW, S.WAITLISTED]


async def test_where_nobody_stood_at_the_door_nobody_stayed_away(
    database: Database, clock: FakeClock
) -> None:
    async with database.transaction() as session:
        walk = await today(session)
        entries = [(await guest(session, walk))[0] for _ in range(2)]

    await over(database, walk, clock)
    assert await states(database) == [S.CONFIRMED, S.CONFIRMED]

    async with database.transaction() as session:  # the only phone comes home the day after
        await reads(session, walk, ticket(entries[0]), now=clock.now())
    await timers.run(database, clock)
    assert await states(database) == [S.CHECKED_IN, S.NO_SHOW]


async def test_an_end_without_a_round_is_no_matter(session: AsyncSession) -> None:
    walk = await today(session)
    entry, _ = await guest(session, walk)
    await ends(session, walk, walk.ends_at + timedelta(minutes=1))

    assert (await reads(session, walk, ticket(entry), at=walk.ends_at + timedelta(hours=1))).answer is A.OK
