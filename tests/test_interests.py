"""What is counted of people's interests: seen, deleted and switched off by them, in chat, portal and API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.errors import NotFound
from app.services import interests, merging, retention
from app.services.interests import Noticed
from models import AccountKind, ArticleCategory, Follower, Interest, InterestChoice
from tests import making
from tests.both_ends import Ends, both_ends, settings_for
from tests.conftest import NOON
from tests.portal_member import Visiting, member
from tests.test_merging import follow

UNION, NOTICE = interests.of_news(ArticleCategory.UNION), interests.of_news(ArticleCategory.NOTICE)
SPARKS = "/tips/socket-sparks"
LATER = NOON + timedelta(seconds=1)


async def somebody(database: Database) -> int:
    async with database.transaction() as session:
        return (await follow(session)).person_id


async def counts(database: Database, person_id: int) -> dict[str, int]:
    async with database.reading() as session:
        return {each.topic: each.count for each in await interests.list_own(session, person_id)}


async def test_what_was_noticed_is_added_up(database: Database) -> None:
    li, noticed = await somebody(database), Noticed()
    for topic in (UNION, UNION, NOTICE):
        noticed.note(li, topic, NOON)
    await noticed.flush(database.transaction)
    noticed.note(li, UNION, LATER)

    assert await noticed.flush(database.transaction) == 1
    assert await noticed.flush(database.transaction) == 0

    assert await counts(database, li) == {UNION: 3, NOTICE: 1}


async def test_only_known_topics_are_counted(database: Database) -> None:
    li, noticed = await somebody(database), Noticed()
    for topic in ("law:injury", "news:secret", "tips:", ""):
        noticed.note(li, topic, NOON)

    assert await noticed.flush(database.transaction) == 0


async def test_what_cannot_be_written_waits(database: Database) -> None:
    li, noticed = await somebody(database), Noticed()
    noticed.note(li, UNION, NOON)

    @asynccontextmanager
    async def away() -> AsyncIterator[AsyncSession]:
        raise OSError
        yield

    with pytest.raises(OSError):
        await noticed.flush(away)
    noticed.note(li, UNION, LATER)
    await noticed.flush(database.transaction)

    assert await counts(database, li) == {UNION: 2}


async def test_off_stops_at_once_and_deletes_what_was_kept(database: Database) -> None:
    li, noticed = await somebody(database), Noticed()
    noticed.note(li, UNION, NOON)
    await noticed.flush(database.transaction)
    noticed.note(li, NOTICE, NOON)  # not written yet

    async with database.transaction() as session:
        await interests.switch(session, li, LATER, on=False)
    await noticed.flush(database.transaction)
    noticed.note(li, UNION, LATER)
    await noticed.flush(database.transaction)

    assert await counts(database, li) == {}
    async with database.transaction() as session:
        assert await interests.weights(session, li) == {}
        await interests.switch(session, li, LATER, on=True)
    noticed.note(li, UNION, LATER)
    await noticed.flush(database.transaction)
    assert await counts(database, li) == {UNION: 1}


async def test_what_was_deleted_does_not_come_back_with_the_next_flush(database: Database) -> None:
    li, noticed = await somebody(database), Noticed()
    for topic in (UNION, NOTICE):
        noticed.note(li, topic, NOON)
    await noticed.flush(database.transaction)
    noticed.note(li, UNION, NOON)

    async with database.transaction() as session:
        await interests.forget_one(session, li, UNION, LATER)
        with pytest.raises(NotFound):
            await interests.forget_one(session, li, UNION, LATER)
    await noticed.flush(database.transaction)
    assert await counts(database, li) == {NOTICE: 1}

    async with database.transaction() as session:
        assert await interests.forget_all(session, li, LATER) == 1
        assert await interests.is_on(session, li)
    assert await counts(database, li) == {}


async def test_nothing_is_written_of_who_has_left_or_became_another(database: Database) -> None:
    li, noticed = await somebody(database), Noticed()
    noticed.note(li, UNION, NOON)
    async with database.transaction() as session:
        await session.execute(sa.update(Follower).values(subscribed=False, unsubscribed_at=NOON))

    assert await noticed.flush(database.transaction) == 0


async def test_of_two_who_are_one_counts_are_added_and_a_no_holds_for_both(database: Database) -> None:
    noticed = Noticed()
    async with database.transaction() as session:
        older, younger = await follow(session), await follow(session, AccountKind.MINIPROGRAM)
        third = await follow(session)
    for person_id, topic in (
        (older.person_id, UNION),
        (younger.person_id, UNION),
        (younger.person_id, NOTICE),
    ):
        noticed.note(person_id, topic, NOON)
    await noticed.flush(database.transaction)

    async with database.transaction() as session:
        await merging.merge(session, older.person_id, younger.person_id, NOON)
    assert await counts(database, older.person_id) == {UNION: 2, NOTICE: 1}

    async with database.transaction() as session:
        await interests.switch(session, third.person_id, NOON, on=False)
        await merging.merge(session, older.person_id, third.person_id, NOON)
    assert await counts(database, older.person_id) == {}
    async with database.reading() as session:
        assert not await interests.is_on(session, older.person_id)


async def test_a_person_is_forgotten_with_his_choice(database: Database) -> None:
    li, noticed = await somebody(database), Noticed()
    noticed.note(li, UNION, NOON)
    await noticed.flush(database.transaction)

    async with database.transaction() as session:
        await interests.forget_one(session, li, UNION, NOON)
        await interests.forget_person(session, li, NOON)

    async with database.reading() as session:
        for table in (Interest, InterestChoice):
            assert await session.scalar(sa.select(sa.func.count()).select_from(table)) == 0


async def test_what_nobody_met_for_half_a_year_is_forgotten(session: AsyncSession) -> None:
    li = (await making.person(session)).person_id
    for topic, days in ((UNION, 181), (NOTICE, 179)):
        at = NOON - timedelta(days=days)
        session.add(Interest(person_id=li, topic=topic, count=1, first_at=at, last_at=at))
    await session.flush()
    ids = list(await session.scalars(interests.forget_old.find(NOON, 10)))

    assert await interests.forget_old.act(session, ids, NOON) == 1
    assert interests.forget_old in retention.DEEP


# --- where people see it -----------------------------------------------------------------------------------


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


async def opens_a_tip(who: Visiting, ends: Ends) -> None:
    assert (await who.browser.get("/tips/socket-sparks")).status_code == 200
    await ends.house.interests.flush(ends.house.database.transaction)


async def test_what_one_opens_is_seen_deleted_and_switched_off_on_the_portal(ends: Ends) -> None:
    li = await member(ends, "李娜")
    assert "还没有记下什么" in await li.reads("/me/interests")
    await opens_a_tip(li, ends)

    page = await li.reads("/me/interests")
    assert "安全用电" in page and "看过 1 次" in page
    topic = page.split('name="topic" value="')[1].split('"')[0]
    await li.taps("/me/interests", "/me/interests/forget", topic=topic)
    assert "看过 1 次" not in await li.reads("/me/interests")

    await opens_a_tip(li, ends)
    assert (await li.taps("/me/interests", "/me/interests/off")).status_code == 303
    await opens_a_tip(li, ends)
    assert "个性化推荐：已关闭" in await li.reads("/me/interests")
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Interest.id))) == 0
    await li.taps("/me/interests", "/me/interests/on")
    assert "个性化推荐：已打开" in await li.reads("/me/interests")


async def test_the_first_page_is_in_ones_own_order_until_that_is_switched_off(ends: Ends) -> None:
    li = await member(ends, "李娜")
    async with ends.house.database.transaction() as session:
        for number in range(8):
            await making.activity(
                session, f"活动 {number}", starts_at=ends.house.clock.now() + timedelta(days=9)
            )
    page = await li.browser.get("/")
    assert SPARKS not in page.text and page.headers["cache-control"] == "no-store"
    await opens_a_tip(li, ends)

    page = await li.browser.get("/")
    assert "您可能想看" in page.text and SPARKS in page.text and "按您常看的内容排序" in page.text

    await li.taps("/me/interests", "/me/interests/off")
    page = await li.browser.get("/")
    assert "您可能想看" in page.text and SPARKS not in page.text and "按您常看的内容排序" not in page.text
    assert "cache-control" not in (await ends.web.get("/")).headers  # of nobody known nothing is one's own


async def test_a_foreign_form_changes_nothing(ends: Ends) -> None:
    li = await member(ends, "李娜")
    await opens_a_tip(li, ends)

    for act in ("off", "forget", "on"):
        assert (await li.browser.post(f"/me/interests/{act}", data={"token": "0" * 64})).status_code == 403

    assert "看过 1 次" in await li.reads("/me/interests")


async def test_the_same_in_chat(ends: Ends) -> None:
    li = await ends.platform.follower("李娜")
    assert "还没有记下您的兴趣" in (await li.says("我的兴趣")).text
    await li.says("通知公告")
    await ends.house.interests.flush(ends.house.database.transaction)

    told = (await li.says("我的兴趣")).text
    assert "通知公告 1 次" in told and "关闭个性化推荐" in told
    assert "已删除「通知公告」" in (await li.chooses("删除")).text

    await li.says("通知公告")
    await ends.house.interests.flush(ends.house.database.transaction)
    assert "已经关闭" in (await li.says("关闭个性化推荐")).text
    assert "什么都没有记" in (await li.says("我的兴趣")).text
    assert "已经打开" in (await li.chooses("打开个性化推荐")).text
    await li.says("通知公告")
    await ends.house.interests.flush(ends.house.database.transaction)
    await li.says("我的兴趣")
    assert "已全部删除" in (await li.chooses("全部删除")).text


async def counted(ends: Ends) -> list[tuple[str, int]]:
    await ends.house.interests.flush(ends.house.database.transaction)
    async with ends.house.database.reading() as session:
        return [(each.topic, each.count) for each in await session.scalars(sa.select(Interest))]


async def test_activities_opened_and_signed_up_for_in_chat_count_as_on_the_portal(ends: Ends) -> None:
    li = await ends.platform.follower("李娜")
    async with ends.house.database.transaction() as session:
        await making.activity(session, "健步走", starts_at=ends.house.clock.now() + timedelta(days=9))
    await li.says("活动")
    assert await counted(ends) == []  # a list is nothing of anybody's choice

    assert "「健步走」" in (await li.chooses("健步走")).text
    assert await counted(ends) == [("activities", 1)]
    assert "确认报名吗" in (await li.chooses("我要报名")).text
    assert await counted(ends) == [("activities", 1)]
    assert "报名成功" in (await li.says("确认")).text
    assert await counted(ends) == [("activities", 2)]
    assert "工会活动 2 次" in (await li.says("我的兴趣")).text

    await li.says("关闭个性化推荐")
    await li.says("活动")
    await li.chooses("健步走")
    assert await counted(ends) == []


async def test_leaving_deletes_them_at_once(ends: Ends) -> None:
    li = await member(ends, "李娜")
    await opens_a_tip(li, ends)
    await ends.moves_time(seconds=60)

    await li.phone.leaves()

    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Interest.id))) == 0
