"""组队报名: a team has seats as a whole or waits as a whole, and each in it has a sign-up of his own."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.errors import DomainError, NotFound
from app.jobs import activities as job
from app.services import (
    activities,
    closing,
    exports,
    invitations,
    merging,
    participants,
    safety_notices,
    sign_ups,
    team_rosters,
    teams,
    waiting_lists,
)
from app.services.audiences import Facts
from app.services.sign_ups import Applicant, SignUpClosed, TeamNeeded
from app.services.teams import BadName
from models import Activity, Allocation, Outbox, SignUp, SignUpMove, Team
from models import SignUpState as S
from tests import making
from tests.conftest import NOON, FakeClock
from tests.test_colleagues import bound, refused

HOUR = timedelta(hours=1)
NAMES = ["李娜", "张伟", "王强", "陈静", "吴敏", "赵敏", "孙丽", "周杰"]


async def match(session: AsyncSession, title: str = "篮球赛", **given: Any) -> Activity:
    return await making.activity(session, title, **{"team_least": 2, "team_most": 3, "capacity": 5} | given)


async def crowd(session: AsyncSession, count: int, first: int = 10001) -> list[Applicant]:
    return [await bound(session, NAMES[at % len(NAMES)], str(first + at)) for at in range(count)]


async def gathered(session: AsyncSession, run: Activity, name: str, *who: Applicant) -> Team:
    """A team with its captain first, not handed in."""
    team = await teams.create(session, run.public_id, who[0], name, answers={}, now=NOON)
    for each in who[1:]:
        await teams.join(session, team.public_id, each, answers={}, now=NOON)
    return team


async def handed_in(session: AsyncSession, run: Activity, name: str, *who: Applicant) -> Team:
    team = await gathered(session, run, name, *who)
    return await teams.submit(session, team.public_id, who[0], now=NOON)


async def states(session: AsyncSession, team: Team) -> list[S]:
    await session.flush()
    found = sa.select(SignUp.state).where(SignUp.team_id == team.id).order_by(SignUp.id)
    return list(await session.scalars(found))


async def told(session: AsyncSession, who: Applicant) -> list[str]:
    await session.flush()
    chosen = sa.select(Outbox).where(Outbox.person_id == who.person_id, Outbox.kind != "activities.reminder")
    return [each.payload["content"] for each in await session.scalars(chosen.order_by(Outbox.id))]  # type: ignore[index]


async def left(session: AsyncSession, run: Activity) -> int:
    return await waiting_lists.seats_left(session, run, NOON)


async def others_read_why_not(session: AsyncSession, run: Activity, full: Team, who: Applicant) -> None:
    """Before anybody fills in anything, in the words in which he would be refused."""
    found = await team_rosters.roster(session, full.public_id)
    assert await teams.joining(session, found, who, NOON) == teams.full(run, full)
    own = await gathered(session, run, "另一支", who)
    assert await teams.joining(session, found, who, NOON) == teams.ELSEWHERE
    await refused(teams.join(session, full.public_id, who, answers={}, now=NOON), "已经在另一支队伍里")
    entry = await sign_ups.find_own(session, run.id, who.person_id)
    assert entry is not None and await team_rosters.of_entries(session, [entry]) == {entry.id: own}
    await sign_ups.cancel(session, run.id, who, now=NOON)
    assert await team_rosters.of_entries(session, [entry]) == {}


async def test_a_team_is_gathered_handed_in_and_each_has_a_seat(session: AsyncSession) -> None:
    run = await match(session)
    li, zhang, wang, chen = await crowd(session, 4)
    with pytest.raises(TeamNeeded, match="要组队报名"):
        await sign_ups.sign_up(session, run.id, li, now=NOON)

    team = await gathered(session, run, " 飞 虎 ", li)
    assert await gathered(session, run, "别的", li) is team, "the same again"
    await refused(gathered(session, run, "飞 虎", zhang), "已经有「飞 虎」队了")
    with pytest.raises(BadName):
        await gathered(session, run, " \n", zhang)
    await refused(teams.submit(session, team.public_id, li, now=NOON), "现在 1 人，要 2 人才能提交")
    for _ in range(2):
        await teams.join(session, team.public_id, zhang, answers={}, now=NOON)
    await refused(teams.submit(session, team.public_id, zhang, now=NOON), "由队长办")
    assert await states(session, team) == [S.FORMING] * 2 and await left(session, run) == 5
    await teams.join(session, team.public_id, wang, answers={}, now=NOON)
    await refused(teams.join(session, team.public_id, chen, answers={}, now=NOON), "队满了，每队最多 3 人")
    await others_read_why_not(session, run, team, chen)

    for _ in range(2):
        await teams.submit(session, team.public_id, li, now=NOON)
    entries = await making.entries(session, run)
    assert [(each.state, each.seats) for each in entries] == [(S.CONFIRMED, 1)] * 3 + [(S.CANCELLED, 1)]
    assert await left(session, run) == 2
    for who in (li, zhang, wang):
        words = await told(session, who)
        assert ("组队中" in words[0], "报名成功" in words[1], len(words)) == (True, True, 2)
    await refused(teams.join(session, team.public_id, chen, answers={}, now=NOON), "已经提交，不能再加人")
    chapters = {each.key: each.rows for each in await exports.gather(session, li.person_id, lambda _: "")}
    assert chapters["teams"] == [{"activity": "篮球赛", "name": "飞 虎", "captain": True}]
    await sign_ups.cancel(session, run.id, li, now=NOON)
    assert await states(session, team) == [S.CANCELLED, S.CONFIRMED, S.CONFIRMED], "each has his own seat now"


async def test_a_team_that_does_not_fit_waits_as_one_and_is_seated_as_one(session: AsyncSession) -> None:
    run = await match(session)
    people = await crowd(session, 8)
    first = await handed_in(session, run, "甲", *people[:3])
    second = await handed_in(session, run, "乙", *people[3:6])
    third = await handed_in(session, run, "丙", *people[6:])
    assert await states(session, second) == [S.WAITLISTED, S.FORMING, S.FORMING]
    assert await states(session, third) == [S.CONFIRMED, S.CONFIRMED], "two seats fit it"
    assert "一起候补" in (await told(session, people[4]))[-1]

    await sign_ups.cancel(session, run.id, people[1], now=NOON)
    assert (await states(session, second))[0] is S.WAITLISTED, "one seat is too few for three"
    for who in (people[0], people[6]):
        await sign_ups.cancel(session, run.id, who, now=NOON)
    assert (await states(session, second))[0] is S.OFFERED and await left(session, run) == 0
    assert "给您留到" in (await told(session, people[3]))[-1]
    for _ in range(2):
        await sign_ups.accept(session, run.id, people[3], now=NOON)
    seats = [each.seats for each in await making.entries(session, run) if each.team_id == second.id]
    assert await states(session, second) == [S.CONFIRMED] * 3 and seats == [1, 1, 1]
    assert "报名成功" in (await told(session, people[5]))[-1] and await left(session, run) == 0
    assert first.seated_at == NOON == second.seated_at


async def test_each_of_a_team_that_waits_counts_once_and_waits(session: AsyncSession) -> None:
    run = await match(session, capacity=3)
    people = await crowd(session, 8)
    await handed_in(session, run, "甲", *people[:3])
    await handed_in(session, run, "乙", *people[3:6])
    await gathered(session, run, "丙", *people[6:])
    assert [each.seats for each in await making.entries(session, run)] == [1, 1, 1, 3, 1, 1, 1, 1]

    assert await participants.count_states(session, run) == [
        *[(S.FORMING, 2, 2), (S.CONFIRMED, 3, 3), (S.WAITLISTED, 3, 3)]
    ]
    counted = (await participants.count_people(session, [run.id]))[run.id]
    assert counted == {"组队中": 2, "已报名": 3, "候补中": 3}
    found = await session.execute(participants.chosen(run, S.WAITLISTED).order_by(SignUp.id))
    waiting = [participants.participant(row) for row in found]
    assert [(each.name, each.place_in_team) for each in waiting] == [
        *[("陈静", "乙（队长，全队 3 人一起）"), ("吴敏", "乙"), ("赵敏", "乙")]
    ]
    lines = [participants.line(run, each)[:4] async for each in participants.each(session, run)]
    assert [each[3] for each in lines] == ["1"] * 8 and [each[2] for each in lines[3:6]] == ["候补中"] * 3

    await sign_ups.cancel(session, run.id, people[3], now=NOON)
    assert (S.CANCELLED, 3, 3) in await participants.count_states(session, run)


async def test_who_leaves_a_team_that_waits_makes_it_smaller_or_unfit(session: AsyncSession) -> None:
    run = await match(session, capacity=3)
    people = await crowd(session, 6)
    await handed_in(session, run, "甲", *people[:2])
    team = await handed_in(session, run, "乙", *people[2:5])
    assert (await states(session, team))[0] is S.WAITLISTED

    await sign_ups.cancel(session, run.id, people[3], now=NOON)
    captain = await session.get_one(SignUp, team.captain_id)
    assert (captain.seats, captain.state) == (2, S.WAITLISTED)
    await teams.remove(
        session,
        team.public_id,
        (await team_rosters.roster(session, team.public_id)).people[1].code,
        people[2],
        now=NOON,
    )
    assert team.gathers and await states(session, team) == [S.FORMING, S.CANCELLED, S.CANCELLED]
    assert "请补齐以后再提交" in (await told(session, people[2]))[-1]
    assert "您不在队里了" in (await told(session, people[4]))[-1]
    await teams.join(session, team.public_id, people[5], answers={}, now=NOON)
    await teams.submit(session, team.public_id, people[2], now=NOON)
    assert (await states(session, team))[0] is S.WAITLISTED

    for act in (sign_ups.cancel, sign_ups.cancel):
        await act(session, run.id, people[2], now=NOON)
    assert team.dropped_at == NOON and S.FORMING not in await states(session, team)
    assert "解散了，队长退出了。报名还没有截止" in (await told(session, people[5]))[-1]
    await gathered(session, run, "乙", people[5])  # its name is free again


async def test_a_team_that_fell_apart_and_is_handed_in_again_is_told_again(session: AsyncSession) -> None:
    run = await match(session, team_least=3, capacity=3)
    people = await crowd(session, 7)
    await handed_in(session, run, "甲", *people[:3])
    team = await handed_in(session, run, "乙", *people[3:6])
    for at, who in ((1, people[5]), (2, people[6])):
        await sign_ups.cancel(session, run.id, who, now=NOON + (2 * at - 1) * HOUR)
        assert team.gathers
        other = people[6] if at == 1 else people[5]
        await teams.join(session, team.public_id, other, answers={}, now=NOON + 2 * at * HOUR)
        await teams.submit(session, team.public_id, people[3], now=NOON + 2 * at * HOUR)
    for at, to in ((6, 4), (7, 3), (8, 4)):
        code = next(
            each.code
            for each in (await team_rosters.roster(session, team.public_id)).people
            if each.entry.person_id == people[to].person_id
        )
        if at == 6:
            await sign_ups.cancel(session, run.id, people[5], now=NOON + at * HOUR)
        was = people[3] if to == 4 else people[4]
        await teams.hand_over(session, team.public_id, code, was, now=NOON + at * HOUR)

    said = await told(session, people[4])
    assert len([each for each in said if "一起候补" in each]) == 3
    assert len([each for each in said if "您现在是「乙」队的队长" in each]) == 2


async def test_the_captain_removes_hands_over_and_nobody_else(session: AsyncSession) -> None:
    run = await match(session)
    li, zhang, wang, chen = await crowd(session, 4)
    team = await gathered(session, run, "飞虎", li, zhang, wang)
    codes = [each.code for each in (await team_rosters.roster(session, team.public_id)).people]

    async def removes(code: str, who: Applicant) -> None:
        await teams.remove(session, team.public_id, code, who, now=NOON)

    await refused(removes(codes[2], zhang), "由队长办")
    await refused(removes(codes[0], li), "队长不能请自己出队")
    with pytest.raises(NotFound):
        await removes("nothing", li)
    for _ in range(2):
        await removes(codes[2], li)
    await refused(teams.hand_over(session, team.public_id, codes[2], li, now=NOON), "他不在队里了")
    for _ in range(2):
        await teams.hand_over(session, team.public_id, codes[1], li, now=NOON)
    assert "您现在是「飞虎」队的队长" in (await told(session, zhang))[-1]
    await teams.join(session, team.public_id, wang, answers={}, now=NOON)  # asked out, and welcome again
    await sign_ups.cancel(session, run.id, li, now=NOON)
    assert await states(session, team) == [S.CANCELLED, S.FORMING, S.FORMING]
    other = await gathered(session, run, "飞龙", chen)
    await refused(teams.join(session, other.public_id, wang, answers={}, now=NOON), "请先退出原来的")
    moves = sa.select(SignUpMove.reason).where(SignUpMove.by == "captain").order_by(SignUpMove.id)
    assert list(await session.scalars(moves)) == ["队长请出队伍", "接任队长"]


async def test_each_is_judged_when_he_joins_and_when_it_is_handed_in(session: AsyncSession) -> None:
    run = await match(session, youngest=30, safety_notice="热身。")
    li, zhang, wang = await crowd(session, 3)  # born in 1985
    notice = safety_notices.version(run)
    make: dict[str, Any] = {"answers": {}, "accepted": notice, "now": NOON}
    team = await teams.create(session, run.public_id, li, "飞虎", **make)
    await refused(teams.join(session, team.public_id, zhang, answers={}, now=NOON), "有安全须知")
    await teams.join(session, team.public_id, zhang, **make)
    nobody = Applicant((await making.person(session)).person_id, Facts(), "portal")
    await refused(teams.join(session, team.public_id, nobody, **make), "职工才能组队报名")
    run.youngest = 60
    await session.flush()
    await refused(teams.join(session, team.public_id, wang, **make), "周岁")
    await refused(teams.submit(session, team.public_id, li, now=NOON), "现在不符合这个活动的条件")
    run.youngest = None
    late = run.closes_at
    await refused(teams.submit(session, team.public_id, li, now=late), "报名已截止")
    with pytest.raises(SignUpClosed):
        await teams.create(session, run.public_id, wang, "飞龙", answers={}, accepted=notice, now=late)
    alone = await making.activity(session, "讲座")
    await refused(gathered(session, alone, "飞虎", wang), "不用组队")


async def test_what_does_not_go_with_teams_is_refused(session: AsyncSession) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"team_most": None}, "最少和最多几人"),
        ({"team_least": 4}, "每队人数先后不对"),
        ({"capacity": 1}, "一队最少 2 人也放不下"),
        ({"guests": 1, "approval": True}, "不能和每人可带同伴、报名要审核一起用"),
        ({"allocation": Allocation.LOT}, "抽签或按组织分"),
        ({"colleagues": True}, "替同事报名一起用"),
    ]
    for given, words in wrong:
        await refused(match(session, **given), words)
    run = await match(session)
    await gathered(session, run, "飞虎", *await crowd(session, 1))
    values = {"questions": [], "starts_at": run.starts_at, "team_least": None, "team_most": None}
    changed: Awaitable[Any] = activities.change(
        session, run.public_id, values, version=run.version, by="王强", now=NOON
    )
    await refused(changed, "组队还是各报各的不能再改")


async def test_an_organiser_seats_a_whole_team_and_an_account_that_closes_ends_one(
    session: AsyncSession,
) -> None:
    run = await match(session, capacity=2)
    people = await crowd(session, 6)
    await handed_in(session, run, "甲", *people[:2])
    team = await handed_in(session, run, "乙", *people[2:4])
    codes = [each.code for each in (await team_rosters.roster(session, team.public_id)).people]
    how: dict[str, Any] = {"by": "王强", "beyond": True, "now": NOON}
    await refused(invitations.give_seat(session, run.public_id, codes[1], **how), "全队一起报上")
    await invitations.give_seat(session, run.public_id, codes[0], **how)
    assert await states(session, team) == [S.CONFIRMED, S.CONFIRMED]

    last = await gathered(session, run, "丙", *people[4:])
    await closing.close(session, people[4].person_id, channel="portal", now=NOON)
    await session.refresh(last)
    assert last.dropped_at is not None and await states(session, last) == [S.CANCELLED, S.CANCELLED]


async def test_a_captain_who_was_met_twice_keeps_his_team(session: AsyncSession) -> None:
    run = await match(session)
    twin = await making.person(session)  # the older of the two: it stays
    li, zhang = await crowd(session, 2)
    facts = Facts(membership=li.facts.membership)
    old = await gathered(session, run, "甲", Applicant(twin.person_id, facts, "portal"))
    await sign_ups.cancel(session, run.id, twin, now=NOON)
    team = await gathered(session, run, "乙", li, zhang)

    await merging.merge(session, twin.person_id, li.person_id, NOON)

    captain = Applicant(twin.person_id, facts, "portal")
    await teams.submit(session, team.public_id, captain, now=NOON)
    assert old.dropped_at is not None and team.seated_at == NOON
    assert [each.name for each in (await team_rosters.roster(session, team.public_id)).people] == [
        "李娜",
        "张伟",
    ]


async def test_captains_are_reminded_and_late_teams_dropped_kindly(
    database: Database, clock: FakeClock
) -> None:
    async with database.transaction() as session:
        run = await match(session)
        li, zhang, wang = await crowd(session, 3)
        late, done = (
            await gathered(session, run, "飞虎", li),
            await handed_in(session, run, "甲", zhang, wang),
        )
    for ahead, words in ((timedelta(hours=23), "还差 1 人"), (timedelta(0), "报名截止时还没有提交")):
        clock.set(run.closes_at - ahead)
        for _ in range(2):
            await job.run(database, clock)
        async with database.reading() as session:
            said = await told(session, li)
            assert words in said[-1] and len([each for each in said if words in each]) == 1
    async with database.reading() as session:
        assert await states(session, late) == [S.CANCELLED]
        assert await states(session, done) == [S.CONFIRMED, S.CONFIRMED]
        assert "谢谢您愿意来" in (await told(session, li))[-1]


async def test_who_makes_one_on_the_last_day_is_not_reminded_at_once(
    database: Database, clock: FakeClock
) -> None:
    async with database.transaction() as session:
        run = await match(session)
        late = run.closes_at - 3 * HOUR
        (li,) = await crowd(session, 1)
        await teams.create(session, run.public_id, li, "飞虎", answers={}, now=late)
    clock.set(late + HOUR)
    await job.run(database, clock)
    async with database.reading() as session:
        assert len(await told(session, li)) == 1


async def test_all_at_once_nobody_is_beyond_the_seats_or_the_size(database: Database) -> None:
    async with database.transaction() as session:
        run = await match(session, capacity=5)
        people = await crowd(session, 9)
        one, two = [await gathered(session, run, name, people[at]) for at, name in ((0, "甲"), (1, "乙"))]

    async def joins(team: Team, who: Applicant) -> object:
        async with database.transaction() as session:
            return await teams.join(session, team.public_id, who, answers={}, now=NOON)

    asked = [joins(team, who) for team in (one, two) for who in people[2:6]]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(each, (SignUp, DomainError)) for each in found), found

    async def hands_in(team: Team, who: Applicant) -> object:
        async with database.transaction() as session:
            return await teams.submit(session, team.public_id, who, now=NOON)

    found = await asyncio.gather(
        *(hands_in(team, who) for team, who in ((one, people[0]), (two, people[1])) * 2),
        return_exceptions=True,
    )
    assert all(isinstance(each, Team) for each in found), found
    async with database.reading() as session:
        entries = await making.entries(session, run)
        assert sum(each.seats for each in entries if each.state is S.CONFIRMED) == 3
        assert sorted(each.state for each in entries if each.state is not S.CONFIRMED) == [
            *[S.FORMING] * 2,
            S.WAITLISTED,
        ]
