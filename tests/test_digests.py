"""每周精选: once a week to who asked for it, what suits each, whatever happens on the way."""

import asyncio
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import SHANGHAI
from app.database import Database
from app.jobs import weekly_digests
from app.services import (
    campaign_rows,
    closing,
    digest_notices,
    digest_picks,
    digest_reading,
    digests,
    interests,
    merging,
    notices,
)
from app.services.deliveries import Obstacle
from app.services.digests import LEFT_OUT, NOTHING_NEW, STOPPED, Moment
from app.settings import Settings
from models import (
    Account,
    AccountKind,
    AlertState,
    CrisisAlert,
    DeliveryState,
    DigestCopy,
    DigestWeek,
    DigestWish,
    Follower,
    NoticeTemplate,
    Outbox,
    Person,
    Role,
    Way,
)
from sandbox.driver import Phone
from tests import api_app
from tests.both_ends import Ends
from tests.console_kit import at_work
from tests.portal_member import HTML, Visiting, member
from tests.test_article_search import put
from tests.test_campaign_notices import CARRIER, known
from tests.test_recommendations import reads

opened = api_app.ends
FRIDAY = Moment(5, 17)
D = DeliveryState


class Killed(BaseException):
    """A process ends in the middle; nothing of ours catches it."""


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """In November 2026, whose 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


@pytest.fixture
async def ends(opened: Ends) -> Ends:
    """Thursday at noon, of this week or the next."""
    await opened.until_noon()
    days = (3 - opened.house.clock.now().astimezone(SHANGHAI).weekday()) % 7
    await opened.moves_time(hours=24 * days)
    return opened


async def wants(ends: Ends, *people: Visiting) -> None:
    async with ends.house.database.transaction() as session:
        for each in people:
            assert await digests.want(session, await each.person_id(), "portal", ends.house.clock.now())


async def goes_round(ends: Ends) -> None:
    """Copies are made by two processes at once, sent, and put down."""
    house = ends.house
    again = (weekly_digests.run(house.database, house.clock, FRIDAY) for _ in range(2))
    await asyncio.gather(*again)
    await house.rounds.once()
    await weekly_digests.run(house.database, house.clock, FRIDAY)


async def got(phone: Phone) -> list[str]:
    return [
        str(each) for each in await phone.reads() if each["direction"] == "in" and "本周精选" in str(each)
    ]


async def copies(database: Database) -> list[DigestCopy]:
    async with database.reading() as session:
        return list(await session.scalars(sa.select(DigestCopy).order_by(DigestCopy.id)))


def test_a_weeks_moment_is_on_the_clock_of_china() -> None:
    assert FRIDAY.words == "每周五 17:00"
    assert FRIDAY.last(at(27, 16, 59)) == (date(2026, 11, 16), at(20, 17))
    assert FRIDAY.last(at(27, 17)) == FRIDAY.last(at(29, 23)) == (date(2026, 11, 23), at(27, 17))
    assert Moment(1, 8).last(at(23, 8)) == (date(2026, 11, 23), at(23, 8))
    with pytest.raises(ValueError, match="digest_weekday"):
        Settings(digest_weekday=8, digest_hour=17)
    with pytest.raises(ValueError, match="digest_hour"):
        Settings(digest_hour=21)


async def test_each_gets_what_suits_him_once_a_week(ends: Ends) -> None:
    titles = (
        "电动车充电要注意",
        "电动车充电三不要",
        "书画展开幕",
        "羽毛球赛战报",
        "社保缴费问答",
        "秋检收官",
    )
    for number, title in enumerate(titles):
        await put(ends, title, hours=number + 1)
    await put(ends, "八天以前的电动车充电", hours=24 * 7)
    li, wang, chen = [await member(ends, name) for name in ("李建国", "王秀英", "陈静")]
    await reads(ends, li, titles[0])
    await wants(ends, li, wang)
    await ends.moves_time(hours=28.9)
    for each in (li, wang, chen):
        await each.phone.says("帮助")

    await goes_round(ends)
    assert await copies(ends.house.database) == []
    await ends.moves_time(hours=0.2)
    await wants(ends, chen)
    for _ in range(2):
        await goes_round(ends)

    first, second = await copies(ends.house.database)
    assert {first.state, second.state} == {D.DELIVERED} and first.way is Way.CUSTOMER_MESSAGE
    (of_li,), (of_wang,) = await got(li.phone), await got(wang.phone)
    assert "本周精选：电动车充电三不要" in of_li and "/digest" in of_li and "退订周报" in of_li
    assert titles[0] not in of_li, "he has read it"
    assert f"本周精选：{titles[0]}" in of_wang and of_wang.count("· ") == digest_picks.SENT - 1, "most read"
    assert "八天以前" not in of_li + of_wang
    assert await got(chen.phone) == [], "he asked after the week's moment"
    async with ends.house.database.reading() as session:
        mine = await digest_reading.this_week(session, await li.person_id(), ends.house.clock.now())
    assert mine[0].title == titles[1] and mine[0].reason == f"因为您看过「{titles[0]}」"

    await ends.moves_time(hours=24 * 7)
    for each in (li, wang, chen):
        await each.phone.says("帮助")
    await goes_round(ends)
    assert len(await got(li.phone)) == 1 and await got(chen.phone) == []
    assert [each.reason for each in (await copies(ends.house.database))[2:]] == [NOTHING_NEW] * 3


async def test_who_cannot_be_written_to_is_told_by_a_notice_he_agreed_to_or_not_at_all(ends: Ends) -> None:
    number = await known(ends)
    fields = {"thing1": "标题", "time2": "时间", "thing3": "说明", "thing4": "说明"}
    async with ends.house.database.transaction() as session:
        account = sa.select(Account).where(Account.kind == AccountKind.OFFICIAL)
        official = (await session.scalars(account)).one()
        session.add(
            NoticeTemplate(
                account_id=official.id,
                kind=digest_notices.WEEKLY,
                template_id=number,
                fields=fields,
                mapped_by="张伟",
                mapped_at=ends.house.clock.now(),
            )
        )
    offered = notices.of_account(AccountKind.MINIPROGRAM)
    assert digest_notices.WEEKLY in offered, "the mini-program may ask for it, too"
    await put(ends, "书画展开幕，二百多幅作品等您来看，周末也开放")
    await put(ends, "秋检收官")
    li, wang = await member(ends, "李建国"), await member(ends, "王秀英")
    await li.phone.accepts(CARRIER)
    await wants(ends, li, wang)
    await ends.moves_time(hours=24 * 7 + 30)
    await put(ends, "书画展开幕，二百多幅作品等您来看，周末也开放")

    await goes_round(ends)

    first, second = await copies(ends.house.database)
    assert (first.state, first.way) == (D.DELIVERED, Way.SUBSCRIPTION)
    assert (second.state, second.reason) == (D.SKIPPED, Obstacle.NO_WINDOW)
    said = [each for each in await li.phone.reads() if "书画展" in str(each)]
    assert len(said) == 1 and "点开看全文" in str(said[0]) and "/digest" in str(said[0])
    assert await li.phone.says("帮助")
    assert not [each for each in await wang.phone.reads() if "书画展" in str(each)]


async def test_who_does_not_want_it_any_more_or_is_spared_gets_none(ends: Ends) -> None:
    await put(ends, "书画展开幕")
    names = ("李建国", "王秀英", "陈静", "张伟", "刘洋", "赵敏")
    people = [await member(ends, name) for name in names]
    li, wang, chen, zhang, liu, zhao = people
    await wants(ends, *people)
    await ends.moves_time(hours=29.5)
    house = ends.house
    for each in people:
        await each.phone.says("帮助")
    async with house.database.transaction() as session:
        now = house.clock.now()
        await campaign_rows.refuse(session, await li.person_id(), now)
        assert not await digests.is_wanted(session, await li.person_id())
        alert = {"key": "a", "person_id": await wang.person_id(), "channel": "chat", "excerpt": "不想活了"}
        session.add(CrisisAlert(**alert, state=AlertState.WAITING, created_at=now, **_due(now)))
    await chen.phone.leaves()

    await weekly_digests.run(house.database, house.clock, FRIDAY)
    async with house.database.transaction() as session:
        now = house.clock.now()
        assert await digests.stop(session, await zhang.person_id(), now)
        assert not await digests.stop(session, await zhang.person_id(), now)
        assert await digests.want(session, await zhang.person_id(), "chat", now)
        await closing.close(session, await liu.person_id(), channel="portal", now=now)
    await goes_round(ends)

    found = await copies(house.database)
    ids = [await each.person_id() for each in (wang, chen, zhang, liu, zhao)]
    by_person = {each.person_id: each for each in found}
    assert by_person[ids[0]].reason == LEFT_OUT
    assert by_person[ids[1]].reason == Obstacle.NOT_FOLLOWING
    assert (by_person[ids[2]].state, by_person[ids[2]].reason) == (D.SKIPPED, STOPPED)
    assert by_person[None].articles == [] and by_person[None].state is D.SKIPPED
    assert by_person[ids[4]].state is D.DELIVERED
    assert [len(await got(each.phone)) for each in people] == [0, 0, 0, 0, 0, 1]
    async with house.database.reading() as session:
        left = set(await session.scalars(sa.select(DigestWish.person_id)))
    assert left == {ids[0], ids[2], ids[4]}, "who left asks again when he is back"


def _due(now: datetime) -> dict[str, Any]:
    return {"due_at": now + timedelta(days=9)}


async def crowd(ends: Ends, many: int) -> None:
    """So many who want it."""
    now = ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        accounts = sa.select(Account.id).where(Account.kind == AccountKind.OFFICIAL)
        account_id = (await session.scalars(accounts)).one()
        people = [Person(created_at=now) for _ in range(many)]
        session.add_all(people)
        await session.flush()
        for each in people:
            session.add(Follower(account_id=account_id, openid=f"o-many-{each.id}", person_id=each.id))
            session.add(DigestWish(person_id=each.id, at=now, channel="chat"))


async def test_hundreds_get_one_each_from_processes_that_die(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(ends, "书画展开幕")
    house, many = ends.house, 230
    await crowd(ends, many)
    monkeypatch.setattr(digests, "PAGE", 40)
    monkeypatch.setattr(digests, "MOST_WAITING", 80)
    await ends.moves_time(hours=29.5)
    send, calls = digests._send, 0

    def dying(*given: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 60:
            raise Killed
        send(*given)

    monkeypatch.setattr(digests, "_send", dying)
    with suppress(Killed):
        await weekly_digests.run(house.database, house.clock, FRIDAY)
    assert len(await copies(house.database)) == 40, "the page under way left nothing behind"

    most = 0
    for _ in range(8):
        await asyncio.gather(*(weekly_digests.run(house.database, house.clock, FRIDAY) for _ in range(3)))
        async with house.database.transaction() as session:
            waiting = sa.select(sa.func.count()).where(
                Outbox.kind == digest_notices.WEEKLY, Outbox.state == D.QUEUED
            )
            most = max(most, int(await session.scalar(waiting) or 0))
            done = {"state": D.DELIVERED, "way": Way.CUSTOMER_MESSAGE, "settled_at": house.clock.now()}
            await session.execute(sa.update(Outbox).where(Outbox.kind == digest_notices.WEEKLY).values(done))
        await ends.moves_time(hours=-0.2)  # somebody puts the clock right

    found = await copies(house.database)
    assert len({each.person_id for each in found}) == len(found) == many and most == 80
    assert {each.state for each in found} == {D.DELIVERED}
    async with house.database.reading() as session:
        week = (await session.scalars(sa.select(DigestWeek))).one()
        rows = await session.scalar(sa.select(sa.func.count()).where(Outbox.kind == digest_notices.WEEKLY))
    assert week.filled_at is not None and rows == many


async def test_two_who_turn_out_to_be_one_get_one(ends: Ends) -> None:
    await put(ends, "书画展开幕")
    house = ends.house
    li, wang, chen = [await member(ends, name) for name in ("李建国", "王秀英", "陈静")]
    await wants(ends, li, wang)
    await ends.moves_time(hours=29.5)
    await weekly_digests.run(house.database, house.clock, FRIDAY)

    first, second, third = [await each.person_id() for each in (li, wang, chen)]
    async with house.database.transaction() as session:
        await merging.merge(session, first, second, house.clock.now())
        await merging.merge(session, first, third, house.clock.now())

    async with house.database.reading() as session:
        wishes = list(await session.scalars(sa.select(DigestWish.person_id)))
        states = list(
            await session.scalars(sa.select(Outbox.state).where(Outbox.kind == digest_notices.WEEKLY))
        )
    assert wishes == [first] and sorted(states) == [D.QUEUED, D.SKIPPED]
    assert {each.person_id for each in await copies(house.database)} == {first, None}


async def test_who_is_not_counted_gets_what_most_people_read_and_old_weeks_are_not_made_up_for(
    ends: Ends,
) -> None:
    for number, title in enumerate(("电动车充电要注意", "电动车充电三不要", "书画展开幕")):
        await put(ends, title, hours=number + 1)
    li, wang = await member(ends, "李建国"), await member(ends, "王秀英")
    await reads(ends, wang, "书画展开幕")
    await reads(ends, li, "电动车充电要注意")
    house = ends.house
    async with house.database.transaction() as session:
        await interests.switch(session, await li.person_id(), house.clock.now(), on=False)
    await wants(ends, li)
    async with house.database.reading() as session:
        now, person_id = house.clock.now(), await li.person_id()
        found = await digest_reading.this_week(session, person_id, now)
        assert list(found) == list(await digest_reading.this_week(session, None, now))
    assert [each.reason for each in found] == ["大家最近都在看"] * 2 + [digest_picks.NEW_REASON]

    await ends.moves_time(hours=29 + 49)
    await goes_round(ends)
    assert await copies(house.database) == [], "two days later it is no news"


async def test_it_is_asked_for_read_and_stopped_in_chat_on_the_page_and_in_the_mini_program(
    ends: Ends,
) -> None:
    for number, title in enumerate(("电动车充电要注意", "书画展开幕")):
        await put(ends, title, hours=number + 1)
    li = await member(ends, "李建国")
    general = (await ends.browser().get("/digest", headers=HTML)).text
    assert "书画展开幕" in general and "登录后订阅" in general and "/digest/want" not in general

    assert (await li.phone.says("本周精选")).text == "电动车充电要注意"
    assert "另有：《书画展开幕》" in str((await li.phone.reads())[-1])
    assert "每周五 17:00" in (await li.phone.says("订阅周报")).text
    assert "已经订阅了" in (await li.phone.says("订阅周报")).text
    assert "每周精选：已订阅" in await li.reads("/me/interests")
    assert "每周精选也不发了" in (await li.phone.says("退订")).text
    assert "没有订阅每周精选" in (await li.phone.says("退订周报")).text
    assert "每周精选要另外订阅" in (await li.phone.says("恢复接收")).text

    back = await li.taps("/me/interests", "/digest/want", back="interests")
    assert back.headers["location"] == "/me/interests" and "退订周报" in await li.reads("/digest")
    assert (await li.taps("/digest", "/digest/stop")).headers["location"] == "/digest"
    assert "没有订阅" in await li.reads("/digest")

    app = await api_app.app_of(ends, "王秀英")
    assert (await app.gets(f"{api_app.API}/me/digest"))["on"] is False
    now = (await app.calls("PUT", f"{api_app.API}/me/digest", {"on": True})).json()
    assert now["on"] and now["sent"] == "每周五 17:00" and len(now["items"]) == 2
    assert now["items"][0]["reason"] == digest_picks.NEW_REASON
    assert "已退订" not in (await li.phone.says("周报")).text


async def test_staff_see_how_many_and_how_it_went_and_never_who(ends: Ends) -> None:
    await put(ends, "书画展开幕")
    li, wang, chen = [await member(ends, name) for name in ("李建国", "王秀英", "陈静")]
    await wants(ends, li, wang, chen)
    zhao = await at_work(ends, "赵敏", Role.EDITOR)
    assert "订阅了的有 <b>3</b> 人。还没有发过" in await zhao.reads("/campaigns")
    await ends.moves_time(hours=29.5)
    for each in (li, chen):
        await each.phone.says("帮助")
    async with ends.house.database.transaction() as session:
        alert = {"key": "a", "person_id": await chen.person_id(), "channel": "chat", "excerpt": "不想活了"}
        now = ends.house.clock.now()
        session.add(CrisisAlert(**alert, state=AlertState.WAITING, created_at=now, **_due(now)))
    await goes_round(ends)

    wang_of_office = await at_work(ends, "王芳", Role.APPROVER)
    assert "送到 <b>1</b> 人，微信不让发 1 人，其他 1 人。" in await wang_of_office.reads("/campaigns")
