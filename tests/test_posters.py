"""From the poster to the sign-up: scanned by somebody new or known, answered, counted, forgotten."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import start_of_day
from app.database import Database
from app.errors import DomainError
from app.jobs import retention as job
from app.services import activities, closing, exports, merging, posters
from app.services.export_sources import SOURCES
from models import Activity, Follower, Poster, PosterScan, SignUp
from tests import making
from tests.conftest import NOON, FakeClock
from tests.talking import Speaker, Talk
from tests.town import our_town

DAY = timedelta(days=1)


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock, activities=False) as town:
        yield town


async def hang(talk: Talk, *places: str, title: str = "登山", **given: Any) -> tuple[str, list[str]]:
    """An activity with posters at these places: its public id, and the scenes of their codes."""
    async with talk.database.transaction() as session:
        activity = await making.activity(session, title, **given)
        hung = [await posters.add(session, activity, place, NOON) for place in places]
        return activity.public_id, [posters.scene(each) for each in hung]


async def counted(talk: Talk, public_id: str) -> list[tuple[str, int, int, int]]:
    async with talk.database.reading() as session:
        activity = await activities.get(session, public_id)
        found = await posters.count(session, activity)
    return [(each.place, each.scanned, each.followed, each.signed_up) for each in found]


def later(talk: Talk, passed: timedelta) -> None:
    talk.clock.advance(passed.total_seconds())


async def scans(talk: Talk) -> Sequence[PosterScan]:
    async with talk.database.reading() as session:
        return (await session.scalars(sa.select(PosterScan).order_by(PosterScan.id))).all()


async def person_of(talk: Talk, who: Speaker) -> int:
    async with talk.database.reading() as session:
        found = await session.scalar(sa.select(Follower.person_id).where(Follower.openid == who.openid))
    assert found is not None
    return found


async def signs_up(who: Speaker) -> str:
    await who.taps("我要报名")
    return await who.says("确认")


# --- scanned -----------------------------------------------------------------------------------------------


async def test_each_poster_tells_how_many_scanned_followed_and_signed_up(talk: Talk) -> None:
    climb, (canteen, hall) = await hang(talk, "食堂门口", "北区大厅")
    li, wang, zhao = [await talk.person(name) for name in ("李娜", "王强", "赵敏")]

    welcomed = await li.follows(scene=canteen)
    assert welcomed.startswith("您好，感谢关注供电工会。「登山」报名中\n时间：")
    assert "报名成功" in await signs_up(li)
    await wang.follows()
    seen = await wang.scans(canteen)
    assert seen.startswith("「登山」报名中\n")
    assert seen.splitlines()[-2:] == ["我要报名", "近期活动"]
    assert "取消报名" in await li.scans(
        canteen
    )  # who scans again is the same person, and reads how it stands
    await zhao.follows(scene=hall)
    assert "报名成功" in await signs_up(zhao)

    assert await counted(talk, climb) == [
        ("食堂门口", 2, 1, 1),
        ("北区大厅", 1, 1, 1),
        ("没有扫海报", 0, 0, 0),
    ]


async def test_a_push_that_comes_twice_is_one_scan(talk: Talk) -> None:
    climb, (canteen,) = await hang(talk, "食堂门口")
    li = await talk.person("李娜")
    push = li.incoming("event", f"<Event>subscribe</Event><EventKey>qrscene_{canteen}</EventKey>", event=True)

    first = await li.pushes(push)

    assert await li.pushes(push) == first
    assert (await counted(talk, climb))[0] == ("食堂门口", 1, 1, 0)


async def test_the_poster_scanned_last_is_the_one_that_brought_somebody(talk: Talk) -> None:
    climb, (canteen, hall) = await hang(talk, "食堂门口", "北区大厅")
    chess, (board,) = await hang(talk, "棋牌室", title="象棋")
    li = await talk.person("李娜")
    await li.follows(scene=canteen)
    later(talk, DAY)
    await li.scans(hall)
    await li.scans(board)

    await li.scans(hall)
    await signs_up(li)

    assert [each[3] for each in await counted(talk, climb)] == [0, 1, 0]
    assert [each[3] for each in await counted(talk, chess)] == [0, 0]


async def test_two_weeks_later_nobody_came_by_a_poster(talk: Talk) -> None:
    climb, (canteen,) = await hang(talk, "食堂门口", starts_at=NOON + 30 * DAY)
    li = await talk.person("李娜")
    await li.follows(scene=canteen)

    later(talk, posters.PUT_DOWN_FOR)
    await li.says("登山")
    await li.says("报名")
    await li.taps("登山")
    await signs_up(li)

    assert await counted(talk, climb) == [("食堂门口", 1, 1, 0), ("没有扫海报", 0, 0, 1)]


async def test_who_takes_it_back_is_not_counted_as_signed_up(talk: Talk) -> None:
    climb, (canteen,) = await hang(talk, "食堂门口")
    li = await talk.person("李娜")
    await li.follows(scene=canteen)
    await signs_up(li)

    await li.taps("取消报名")
    assert "已取消" in await li.says("确认")

    assert (await counted(talk, climb))[0] == ("食堂门口", 1, 1, 0)


# --- too late ----------------------------------------------------------------------------------------------


async def test_who_comes_too_late_reads_what_comes_next(talk: Talk) -> None:
    climb, (canteen,) = await hang(talk, "食堂门口")
    li = await talk.person("李娜")
    await li.follows()

    later(talk, 5 * DAY + timedelta(hours=2))
    assert (await li.scans(canteen)).splitlines() == [
        "「登山」报名已经截止。",
        "有新活动会发在这里。",
        "近期活动",
    ]
    await hang(talk, title="象棋", starts_at=NOON + 12 * DAY)
    late = (await li.scans(canteen)).splitlines()
    assert late[:2] == ["「登山」报名已经截止。", "接下来还有："]
    assert late[2].startswith("象棋 ")
    later(talk, 2 * DAY)
    assert (await li.scans(canteen)).startswith("「登山」已经开始，不再报名了。")
    later(talk, DAY)
    assert (await li.scans(canteen)).startswith("「登山」已经结束了，谢谢您的关注。")
    assert (await counted(talk, climb))[0] == ("食堂门口", 1, 0, 0)


async def test_a_cancelled_activity_says_that_it_is_sorry(talk: Talk) -> None:
    climb, (canteen,) = await hang(talk, "食堂门口")
    async with talk.database.transaction() as session:
        await activities.call_off(session, climb, by="王强", now=NOON)
    li = await talk.person("李娜")

    said = await li.follows(scene=canteen)

    assert said.startswith("您好，感谢关注供电工会。「登山」取消了，很抱歉让您白扫一次。\n")


async def test_a_code_that_no_poster_has_turns_nobody_away(talk: Talk) -> None:
    li = await talk.person("李娜")

    for scene in ("poster.", "poster.nothing", "poster.'; DROP TABLE poster"):
        assert (await li.scans(scene)).startswith("您好，感谢关注供电工会。")
    assert await scans(talk) == []


# --- naming them -------------------------------------------------------------------------------------------


async def test_places_are_named_once_each_and_not_without_end(talk: Talk) -> None:
    climb, _ = await hang(talk, "食堂门口")

    async with talk.database.transaction() as session:
        activity = await activities.get(session, climb)
        again = await posters.add(session, activity, " 食堂门口 ", NOON)
        assert [each.id for each in await posters.list_all(session, activity)] == [again.id]
        for bad, said in (("", "贴在哪里"), ("厅" * 21, "最多 20 个字")):
            with pytest.raises(DomainError, match=said):
                await posters.add(session, activity, bad, NOON)
        for number in range(posters.MOST - 1):
            await posters.add(session, activity, f"{number} 号楼", NOON)
        with pytest.raises(DomainError, match="最多 20 个张贴地点"):
            await posters.add(session, activity, "大门", NOON)
        with pytest.raises(DomainError, match="不用再贴"):
            await posters.add(session, activity, "大门", activity.starts_at)


async def test_a_poster_that_somebody_scanned_stays(talk: Talk) -> None:
    climb, (canteen, _) = await hang(talk, "食堂门口", "北区大厅")
    li = await talk.person("李娜")
    await li.scans(canteen)

    async with talk.database.transaction() as session:
        activity = await activities.get(session, climb)
        scanned, fresh = await posters.list_all(session, activity)
        with pytest.raises(DomainError, match="已经有人扫过"):
            await posters.remove(session, scanned)
        assert await posters.remove(session, fresh) is None

    assert [each[0] for each in await counted(talk, climb)] == ["食堂门口", "没有扫海报"]


def test_a_code_is_temporary_only_where_it_outlives_its_poster() -> None:
    soon = Activity(ends_at=NOON + 23 * DAY)
    far = Activity(ends_at=NOON + 23 * DAY + timedelta(seconds=1))

    assert posters.code_seconds(soon, NOON) == 30 * 24 * 3600
    assert posters.code_seconds(far, NOON) is None
    made = Poster(code="http://weixin.qq.com/q/x", code_until=NOON + 30 * DAY)
    assert not posters.wants_code(soon, made)
    assert posters.wants_code(Activity(ends_at=NOON + 31 * DAY), made)  # it was moved
    assert not posters.wants_code(far, Poster(code="http://weixin.qq.com/q/x", code_until=None))


# --- whose they are ----------------------------------------------------------------------------------------


async def test_after_two_weeks_only_the_count_is_kept(talk: Talk) -> None:
    climb, (canteen,) = await hang(talk, "食堂门口")
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await li.follows(scene=canteen)
    later(talk, DAY)
    await wang.follows(scene=canteen)

    now = NOON + posters.PUT_DOWN_FOR + timedelta(hours=1)
    assert await job.apply(talk.database, posters.forget_who, now) == 1

    gone, kept = await scans(talk)
    assert (gone.person_id, gone.scanned_at) == (None, start_of_day(NOON))
    assert kept.person_id == await person_of(talk, wang)
    assert (await counted(talk, climb))[0] == ("食堂门口", 2, 2, 0)


async def test_who_closes_the_account_leaves_a_number(talk: Talk) -> None:
    climb, (canteen,) = await hang(talk, "食堂门口")
    li = await talk.person("李娜")
    await li.follows(scene=canteen)
    person_id = await person_of(talk, li)

    async with talk.database.transaction() as session:
        receipt = await closing.close(session, person_id, channel="portal", now=NOON)
        assert "扫过的活动海报" in str(receipt.outcome)

    assert [each.person_id for each in await scans(talk)] == [None]
    assert (await counted(talk, climb))[0] == ("食堂门口", 1, 1, 0)


async def test_two_who_are_one_scanned_once(talk: Talk) -> None:
    climb, (canteen, hall) = await hang(talk, "食堂门口", "北区大厅")
    li, other = await talk.person("李娜"), await talk.person("李娜的另一个号")
    await li.follows(scene=canteen)
    await other.follows(scene=canteen)
    await other.scans(hall)
    one, two = await person_of(talk, li), await person_of(talk, other)

    async with talk.database.transaction() as session:
        await merging.merge(session, one, two, NOON)

    assert {each.person_id for each in await scans(talk)} == {min(one, two)}
    assert [each[1] for each in await counted(talk, climb)] == [1, 1, 0]


async def test_an_export_shows_what_one_scanned_and_by_what_one_came(talk: Talk) -> None:
    _, (canteen,) = await hang(talk, "食堂门口")
    li = await talk.person("李娜")
    await li.follows(scene=canteen)
    await signs_up(li)
    person_id = await person_of(talk, li)

    async with talk.database.reading() as session:
        chapters = {each.key: each for each in await exports.gather(session, person_id, lambda _: "")}
        assert await session.scalar(sa.select(sa.func.count(SignUp.poster_id))) == 1

    assert {each.key for each in SOURCES} >= {"poster_scans"}
    (scan,) = chapters["poster_scans"].rows
    assert (scan["activity"], scan["place"]) == ("登山", "食堂门口")
    assert chapters["sign_ups"].rows[0]["poster"] == "食堂门口"
