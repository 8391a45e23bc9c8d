"""补签: a list on paper, typed in the next morning. Points follow, and nobody is called absent too soon."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.errors import DomainError, NotFound
from app.jobs import activities as timers
from app.services import (
    activities,
    attendance,
    certificates,
    check_ins,
    check_ins_later,
    participants,
    points,
    sign_ups,
    sittings,
)
from models import Activity, CheckInAnswer, SignUp
from models import SignUpState as S
from tests.checking_in import guest, reads, ticket, today
from tests.conftest import NOON, FakeClock
from tests.test_sittings import DAY, EVENINGS, HOUR, came, course

PAPER = "纸质签到表"


async def adds(
    session: AsyncSession, run: Activity, now: datetime, *entries: SignUp, key: str = "", **given: Any
) -> int:
    how: Any = {"by": "赵敏", "reason": PAPER, "now": now} | given
    codes = [each.public_id for each in entries]
    return len(await check_ins_later.add(session, run.id, codes, key, **how))


async def test_the_next_morning_a_list_on_paper_says_who_came_to_which_evening(session: AsyncSession) -> None:
    made = await course(session, points=3, capacity=2)
    (li, who), (wang, _) = [await guest(session, made, name) for name in ("李娜", "王强")]
    waits, _ = await guest(session, made, "张伟")
    await reads(session, made, ticket(wang), at=EVENINGS[0])
    first, second, third = sittings.of(made)
    morning = EVENINGS[0] + 14 * HOUR

    assert await adds(session, made, morning, li, wang, li, key=first.key) == 1
    assert await adds(session, made, morning, li, key=first.key) == 0, "twice is no error"
    assert (li.state, li.checked_in_at, await came(session, made, li)) == (S.CHECKED_IN, EVENINGS[0], [1])
    moves = await participants.list_moves(session, li)
    assert [(each.by, each.channel, each.reason, each.at) for each in moves[1:]] == [
        ("赵敏", "later", f"第 1 次：{PAPER}", morning)
    ]
    counted = await attendance.count(session, made, first)
    assert (counted.here, counted.late) == (2, 0), "paper does not say when he came: in time"
    assert [each.points for each in await points.of_person(session, who.person_id)] == [3]
    lines = [line async for line in attendance.each(session, made)]
    assert lines[0][4:] == ["1/3", "补签", "", ""]

    for at, words, entry, reason in (
        (second, "第 2 次还没有开始", li, PAPER),
        (first, "请写明为什么补签", li, " "),
        (first, "没有名额，不能补签", waits, PAPER),
    ):
        with pytest.raises(DomainError, match=words):
            await adds(session, made, morning, entry, key=at.key, reason=reason)
    for key, code in (("none", li.public_id), (first.key, "none")):
        with pytest.raises(NotFound):
            await check_ins_later.add(session, made.id, [code], key, by="赵敏", reason=PAPER, now=morning)
    over = EVENINGS[2] + 3 * HOUR
    assert await adds(session, made, over + DAY, li, key=third.key) == 1
    own = await sign_ups.get_own(session, li.public_id, who.person_id)
    assert (await certificates.own(session, own, over)).share == "2/3"
    with pytest.raises(DomainError, match="结束满 30 天了"):
        await adds(session, made, first.ends_at + 31 * DAY, li, key=first.key)
    how: Any = {"sitting": first.key, "by": "赵敏", "reason": "看错了行", "channel": "console", "now": over}
    await check_ins.undo(session, made.id, li.public_id, **how)
    assert await came(session, made, li) == [3]


async def test_while_the_door_is_open_it_is_the_door_that_says_when(session: AsyncSession) -> None:
    walk = await today(session)
    entry, _ = await guest(session, walk, "李娜")
    with pytest.raises(DomainError, match="还没有开始"):
        await adds(session, walk, NOON, entry)
    for moment in (walk.starts_at, walk.ends_at + 2 * HOUR):
        with pytest.raises(DomainError, match="还在签到，请直接签到"):
            await adds(session, walk, moment, entry)
    assert (await reads(session, walk, ticket(entry), at=walk.ends_at + 3 * HOUR)).answer is (
        CheckInAnswer.TOO_LATE
    )
    off = await today(session, "棋赛")
    other, _ = await guest(session, off)
    await activities.call_off(session, off.public_id, by="王强", reason="下雨", now=NOON)
    with pytest.raises(DomainError, match="取消了，不能补签"):
        await adds(session, off, off.ends_at + DAY, other)


async def test_nobody_is_called_absent_while_a_list_is_typed_in(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as session:
        walk = await today(session)
        entries = [(await guest(session, walk))[0] for _ in range(3)]

    async def states() -> list[S]:
        for _ in range(3):
            await timers.run(database, clock)
        async with database.reading() as session:
            return [(await session.get_one(SignUp, each.id)).state for each in entries]

    clock.set(walk.ends_at + 14 * HOUR)
    assert await states() == [S.CONFIRMED] * 3, "nobody was at the door: nobody stayed away"
    for entry in entries[:2]:
        async with database.transaction() as session:
            await adds(session, await sign_ups.lock(session, walk.id), clock.now(), entry)
        assert (await states())[2] is S.CONFIRMED
        clock.set(clock.now() + HOUR)

    clock.set(clock.now() + 12 * HOUR)
    assert await states() == [S.CHECKED_IN, S.CHECKED_IN, S.NO_SHOW]
    async with database.transaction() as session:
        assert await adds(session, walk, clock.now(), entries[2]) == 1
    assert await states() == [S.CHECKED_IN] * 3
