"""Broadcasts: announced, reminded of by day, moved, called off, and watched once by each."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import live_notices, live_visits, lives
from app.services.live_visits import Watched
from app.services.lives import Written
from models import DeliveryState, LivePhase, LiveSession, LiveVisit, Outbox, Person
from tests import making
from tests.conftest import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOSTS = frozenset({"live.example.cn"})


def written(starts_at: datetime = NOON + 2 * DAY, **given: Any) -> Written:
    values = {"title": "安全讲座", "about": "", "link": "https://meeting.example.com/1"}
    return Written(**{**values, "starts_at": starts_at, "ends_at": starts_at + 2 * HOUR, **given})


async def announced(session: AsyncSession, starts_at: datetime = NOON + 2 * DAY, **given: Any) -> LiveSession:
    live = await lives.create(session, written(starts_at, **given), None, None, hosts=HOSTS, now=NOON)
    await lives.announce(session, live, NOON)
    return live


async def told(session: AsyncSession) -> list[tuple[str, str, DeliveryState]]:
    rows = await session.scalars(sa.select(Outbox).order_by(Outbox.id))
    return [(each.kind, str(each.payload), each.state) for each in rows]


def test_a_broadcast_is_what_the_clock_makes_of_it() -> None:
    live = LiveSession(state="announced", starts_at=NOON, ends_at=NOON + HOUR, replay="")
    phases = [live.phase(NOON + step) for step in (-HOUR, timedelta(0), HOUR)]
    assert phases == [LivePhase.SCHEDULED, LivePhase.LIVE, LivePhase.ENDED]
    live.replay = "https://a.cn/b"
    assert live.phase(NOON + HOUR) is LivePhase.REPLAY


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"title": " "}, "写直播的名称"),
    ({"ends_at": NOON}, "结束要在开始以后"),
    ({"ends_at": NOON + 4 * DAY}, "最长 24 小时"),
    ({"link": "http://a.cn/1"}, "https:// 开头"),
    ({"link": "javascript:alert(1)"}, "https:// 开头"),
    ({"link": "https://user@a.cn/1"}, "https:// 开头"),
    ({"link": "https://a.cn/1' onload='x"}, "https:// 开头"),
    ({"link": "https://[::1"}, "https:// 开头"),
    ({"link": "https://elsewhere.cn/a.m3u8"}, "允许的是：live.example.cn"),
    ({"replay": "https://live.example.cn.evil.cn/a.m3u8?x=1"}, "回看地址是直播流"),
    ({"chapters": "开场"}, "第 1 行没有看懂"),
    ({"chapters": "0:00 开场\n0:61 答疑"}, "第 2 行没有看懂"),
    ({"chapters": "12:30 答疑\n2:00 开场"}, "不比上一行晚"),
]


async def test_what_cannot_be_is_refused_in_words(session: AsyncSession) -> None:
    for given, said in WRONG:
        with pytest.raises(DomainError, match=said):
            await lives.create(session, written(**given), None, None, hosts=HOSTS, now=NOON)


async def test_chapters_are_read_as_they_are_written(session: AsyncSession) -> None:
    live = await announced(
        session, chapters="0:00 开场\n\n75:30　用电\n1:42:30 答疑", replay="https://a.cn/b"
    )

    assert lives.chapters_of(live) == [(0, "开场"), (4530, "用电"), (6150, "答疑")]
    assert lives.lines_of(live) == "0:00 开场\n1:15:30 用电\n1:42:30 答疑"
    assert lives.is_played_here("https://live.example.cn/a/B.M3U8?k=1", HOSTS)
    assert not lives.is_played_here("https://live.example.cn/room/1", HOSTS)
    assert not lives.is_played_here("https://a.cn/b.mp4", HOSTS)


async def test_who_asks_is_reminded_once_and_not_at_night(session: AsyncSession) -> None:
    li = await making.person(session)
    by_day = await announced(session)
    at = await live_visits.remind(session, by_day, li.person_id, NOON)
    assert at == by_day.starts_at - timedelta(minutes=30)
    assert await live_visits.remind(session, by_day, li.person_id, NOON) == at
    assert len(await told(session)) == 1

    dawn = await announced(session, (NOON + 2 * DAY).replace(hour=8, minute=10))
    assert await live_visits.remind(session, dawn, li.person_id, NOON) == (NOON + DAY).replace(hour=20)
    with pytest.raises(DomainError, match="来不及提醒"):
        await live_visits.remind(session, by_day, li.person_id, by_day.starts_at - timedelta(minutes=10))
    with pytest.raises(DomainError, match="直播中，不用提醒"):
        await live_visits.remind(session, by_day, li.person_id, by_day.starts_at)


async def test_taken_back_it_is_not_said_and_asked_again_it_is(session: AsyncSession) -> None:
    li = await making.person(session)
    live = await announced(session)
    await live_visits.remind(session, live, li.person_id, NOON)
    await live_visits.forget_reminder(session, live, li.person_id, NOON + HOUR)
    await live_visits.remind(session, live, li.person_id, NOON + 2 * HOUR)

    assert [state for _, _, state in await told(session)] == [DeliveryState.SKIPPED, DeliveryState.QUEUED]


async def test_another_time_or_none_is_told_to_who_waits_for_it(session: AsyncSession) -> None:
    li, wang = await making.person(session), await making.person(session)
    live = await announced(session)
    await live_visits.remind(session, live, li.person_id, NOON)
    await live_visits.remind(session, live, wang.person_id, NOON)
    await live_visits.forget_reminder(session, live, wang.person_id, NOON)
    same = written(live.starts_at, about="带上问题")
    assert await lives.change(session, live, same, None, None, hosts=HOSTS, now=NOON) == 0

    later = written(live.starts_at + DAY)
    assert await lives.change(session, live, later, None, None, hosts=HOSTS, now=NOON) == 1
    assert await lives.call_off(session, live, NOON + HOUR) == 1

    said = [(kind, state) for kind, _, state in await told(session)]
    assert said == [
        (live_notices.REMINDER, DeliveryState.SKIPPED),
        (live_notices.REMINDER, DeliveryState.SKIPPED),
        (live_notices.CHANGED, DeliveryState.QUEUED),
        (live_notices.REMINDER, DeliveryState.SKIPPED),
        (live_notices.CALLED_OFF, DeliveryState.QUEUED),
    ]
    with pytest.raises(DomainError, match="已经取消，不能再改"):
        await lives.change(session, live, later, None, None, hosts=HOSTS, now=NOON)


async def test_each_is_counted_once_and_only_while_there_is_something_to_see(session: AsyncSession) -> None:
    li, wang = await making.person(session), await making.person(session)
    live = await announced(session, replay="https://a.cn/b")
    with pytest.raises(DomainError, match="预告，现在没有可看的"):
        await live_visits.watch(session, live, li.person_id, NOON)
    for _ in range(3):
        await live_visits.watch(session, live, li.person_id, live.starts_at + HOUR)
    await live_visits.watch(session, live, li.person_id, live.ends_at + DAY)
    await live_visits.watch(session, live, wang.person_id, live.ends_at + DAY)
    assert await live_visits.count(session, live) == Watched(live=1, replay=1)

    # Two who are one watched once, as it went on; and later nobody is behind it.
    await live_visits.hand_over(session, wang.person_id, li.person_id, NOON)
    assert await live_visits.count(session, live) == Watched(live=1)
    assert await live_visits.forget_person(session, li.person_id, NOON) == 1
    assert await live_visits.count(session, live) == Watched(live=1)
    assert (await session.scalars(sa.select(LiveVisit.person_id))).all() == [None]


async def test_two_who_are_one_are_reminded_once(session: AsyncSession) -> None:
    li, wang = await making.person(session), await making.person(session)
    live = await announced(session)
    await live_visits.remind(session, live, li.person_id, NOON)
    await live_visits.remind(session, live, wang.person_id, NOON)
    moved = sa.update(Outbox).where(Outbox.person_id == wang.person_id).values(person_id=li.person_id)
    await session.execute(moved)  # as a merge does before

    await live_visits.hand_over(session, wang.person_id, li.person_id, NOON)

    assert sorted(state for _, _, state in await told(session)) == ["queued", "skipped"]
    assert len((await session.scalars(sa.select(LiveVisit))).all()) == 1


async def test_names_go_after_half_a_year_and_the_count_stays(session: AsyncSession) -> None:
    li = await making.person(session)
    live = await announced(session)
    await live_visits.watch(session, live, li.person_id, live.starts_at)
    rule, late = live_visits.forget_who, live.starts_at + live_visits.NAMED_FOR
    assert await rule.count(session, late - HOUR) == 0
    ids = (await session.scalars(rule.find(late, 10))).all()
    assert await rule.act(session, ids, late) == 1

    assert await live_visits.count(session, live) == Watched(live=1)
    assert await rule.count(session, late) == 0


async def test_lists_show_what_is_on_and_what_can_be_seen_again(session: AsyncSession) -> None:
    soon = await announced(session, NOON + DAY, title="讲座")
    on = await announced(session, NOON - HOUR, title="比赛")
    old = await announced(session, NOON - 3 * DAY, title="晚会", replay="https://a.cn/b")
    with pytest.raises(DomainError, match="发布了也没得看"):
        await announced(session, NOON - 3 * DAY, title="无")
    draft = await lives.create(session, written(), None, None, hosts=HOSTS, now=NOON)

    assert [each.id for each in await lives.list_ahead(session, NOON, 9)] == [on.id, soon.id]
    assert [each.id for each in await lives.list_replays(session, NOON, 9)] == [old.id]
    with pytest.raises(NotFound):
        await lives.get(session, draft.public_id)
    with pytest.raises(DomainError, match="已经开始或者结束"):
        await lives.call_off(session, on, NOON)
    assert await session.scalar(sa.select(sa.func.count(Person.id))) == 0
