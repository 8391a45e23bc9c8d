"""Binding by chat: asked, refused, limited, shown, taken back; and what a member sees that others do not."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.clock import civil_date
from app.database import Database
from app.wechat.incoming import parse
from models import Consent, Member
from tests import making
from tests.conftest import NOON, FakeClock
from tests.talking import Speaker, Talk
from tests.town import our_town


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def binds(who: Speaker, number: str = "10001", name: str = "李娜", end: str = "5678") -> str:
    if "您同意吗？" in await who.says("绑定"):
        await who.taps("同意")
    await who.says(number)
    await who.says(name)
    await who.taps("手机号")
    return await who.says(end)


async def test_a_member_binds_and_reads_what_the_roster_says(talk: Talk) -> None:
    li = await talk.person("李娜")

    said = await binds(li)

    assert said.splitlines()[:4] == [
        "绑定成功。会员菜单这就换好，退出公众号再进来就能看到。",
        "李娜，工号 10001",
        "黄陵供电公司工会 › 北区分工会 › 抢修一班",
        "在职 · 配电运维",
    ]
    assert (await li.says("会员信息")).startswith("李娜，工号 10001")
    assert (await li.says("绑定")).startswith("您已经绑定了。")


async def test_what_did_not_fit_is_not_told_and_tries_are_counted(talk: Talk) -> None:
    li = await talk.person("李娜")

    said = await binds(li, end="0000")
    assert said.startswith("工号、姓名和单位登记的手机号后四位对不上，请核对后再试。今天还可以试 4 次：")
    assert await binds(li, number="77777") == said.replace("4", "3")
    for _ in range(2):
        await binds(li, name="李那")
    assert "今天不能再试了" in await binds(li, name="李那")

    assert "请明天再试" in await li.says("绑定")
    talk.clock.advance(24 * 3600 + 1)
    assert "绑定成功" in await binds(li)


async def test_the_line_after_a_failed_try_begins_anew(talk: Talk) -> None:
    li = await talk.person("李娜")
    await binds(li, end="0000")

    assert "请发您的工号" in await li.taps("会员绑定")


async def test_the_same_last_answer_twice_is_one_try(talk: Talk) -> None:
    li = await talk.person("李娜")
    said = await binds(li, end="0000")

    assert await li.pushes(parse(talk.account, li.last_body)) == said
    assert "还可以试 3 次" in await binds(li, end="0001")


async def test_who_is_not_bound_is_told_how(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert "您还没有绑定工号" in await li.says("会员信息")
    assert "您同意吗？" in await li.taps("会员绑定")


async def test_who_does_not_agree_is_not_bound_and_leaves_nothing(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("绑定")

    assert "什么也没有记下" in await li.taps("不同意")
    async with talk.database.reading() as session:
        assert await session.scalar(sa.select(Consent.id)) is None
    assert "您同意吗？" in await li.says("绑定")


async def test_who_has_left_reads_so(talk: Talk) -> None:
    li = await talk.person("李娜")
    await binds(li)
    async with talk.database.transaction() as session:
        await session.execute(sa.update(Member).values(left_on=civil_date(NOON)))

    assert "花名册里您已经离开" in await li.says("会员信息")


@pytest.mark.parametrize("hostile", ["'; DROP TABLE member; --", "<script>", "{{7*7}}", "%_%", "\u202e10001"])
async def test_hostile_words_are_just_wrong(talk: Talk, hostile: str) -> None:
    li = await talk.person("李娜")

    assert "对不上" in await binds(li, number=hostile, name=hostile)


# --- what members see --------------------------------------------------------------------------------------


FOR_MEMBERS = """\
  - {say: 福利, when: {branch: 北区分工会, kind: 在职}, reply: 给北区的}
  - {say: 福利, when: {member: true}, reply: 给会员的}
  - {say: 福利, reply: 给大家的}
"""


async def test_keywords_know_who_is_a_member_of_what(database: Database, clock: FakeClock) -> None:
    async with our_town(database, clock, keywords=FOR_MEMBERS) as talk:
        await _members_read_their_own(talk)


async def _members_read_their_own(talk: Talk) -> None:
    li, wang, zhao = [await talk.person(name) for name in ("李娜", "王强", "赵敏")]
    async with talk.database.transaction() as session:
        south = "黄陵供电公司工会/南区分工会"
        await making.member(session, "王强", staff_number="10002", lineage=south)
    await binds(li)
    await binds(wang, "10002", "王强")

    assert [await each.says("福利") for each in (li, wang, zhao)] == ["给北区的", "给会员的", "给大家的"]

    async with talk.database.transaction() as session:
        leaving = sa.update(Member).where(Member.staff_number == "10001")
        await session.execute(leaving.values(left_on=civil_date(NOON + timedelta(days=1))))
    assert await li.says("福利") == "给北区的"
    talk.clock.advance(24 * 3600)
    assert await li.says("福利") == "给大家的"


async def test_an_activity_for_members_asks_for_a_binding(talk: Talk) -> None:
    li = await talk.person("李娜")
    async with talk.database.transaction() as session:
        await making.activity(session, "登山", audience={"branch": ["北区分工会"]})

    await li.says("报名")
    told = await li.taps("登山")
    assert "是给北区分工会的会员的活动" in told and "回复「绑定」" in told and "我要报名" not in told

    await binds(li)
    await li.says("报名")
    await li.taps("登山")
    assert "确认报名吗" in await li.taps("我要报名")
