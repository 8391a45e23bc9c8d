"""A series by chat: listed once with its next date, and the date is chosen."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from app.database import Database
from app.services import activities
from models import Activity, SignUp
from tests import making
from tests.conftest import NOON, FakeClock
from tests.talking import Talk
from tests.test_activity_series import series
from tests.town import our_town


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock, activities=False) as town:
        yield town


async def chosen_day(talk: Talk) -> date:
    async with talk.database.reading() as session:
        starts = sa.select(Activity.starts_at).join(SignUp, SignUp.activity_id == Activity.id)
        return (await session.scalars(starts)).one().date()


async def test_a_series_is_listed_once_and_each_date_opens(talk: Talk) -> None:
    async with talk.database.transaction() as session:
        await series(session, [date(2026, 12, 7) + timedelta(days=7 * each) for each in range(7)])
    li = await talk.person("李娜")

    listed = await li.says("活动")
    assert listed.count("太极班") == 1
    assert "太极班 报名中（11月30日（周一）14:00，还有 7 场）" in listed
    shown = await li.taps("太极班")
    assert "本系列还有 7 场：" in shown and "1月4日" in shown and "1月11日" not in shown
    second = await li.taps("12月7日（周一）14:00")
    assert "时间：12月7日（周一）14:00" in second and "11月30日（周一）14:00 报名中" in second
    await li.taps("我要报名")
    assert "12月7日" in await li.says("确认")
    assert await chosen_day(talk) == date(2026, 12, 7)


async def test_who_signs_up_by_a_word_chooses_the_date(talk: Talk) -> None:
    async with talk.database.transaction() as session:
        first, second, *_ = await series(session)
        await making.activity(session, "登山")
    li = await talk.person("李娜")

    assert "请选择活动：" in await li.clicks("activities.sign_up")
    asked = await li.taps("太极班")
    assert "「太极班」有几场，参加哪一场？" in asked and "12月21日" in asked
    async with talk.database.transaction() as session:
        await activities.call_off(session, second.public_id, by="赵敏", now=NOON)
    assert "现在已经不能选了" in await li.taps("12月7日")  # it was called off meanwhile
    assert "时间：12月14日" in await li.taps("12月14日")
    assert "报名成功" in await li.says("确认")
    assert await chosen_day(talk) == date(2026, 12, 14)
    async with talk.database.transaction() as session:
        await activities.call_off(session, first.public_id, by="赵敏", now=NOON)
    wang = await talk.person("王强")
    await wang.clicks("activities.sign_up")
    assert "活动：登山" in await wang.taps("登山")  # which is no series
