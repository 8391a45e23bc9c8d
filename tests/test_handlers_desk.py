"""人工: a numbered case, one at a time, and what it is about."""

import re
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from app.database import Database
from app.services import case_work, cases, correcting
from models import Case, CaseEntry, CaseKind, EntryKind, Follower
from tests.conftest import FakeClock
from tests.talking import Talk
from tests.town import our_town


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def test_asking_for_a_person_gives_a_number_a_date_and_the_urgent_lines(talk: Talk) -> None:
    li = await talk.person("李娜")

    answered = await li.says("人工")

    assert answered.startswith("已转给工作人员。\n编号 RG-2026-0001。\n最迟 11月26日答复，会发到这里。\n")
    assert "报警 110" in answered
    assert "95598" in answered
    assert not {"122", "12398"} & set(re.findall(r"\d+", answered))


async def test_asking_twice_is_one_case_and_says_its_number(talk: Talk) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await li.says("人工")

    again = await li.says("找人工")

    assert again.startswith("您的人工服务 RG-2026-0001 正在办理")
    assert "RG-2026-0002" in await wang.says("人工")
    async with talk.database.reading() as session:
        kinds = (await session.scalars(sa.select(CaseEntry.kind).where(CaseEntry.case_id == 1))).all()
    assert kinds == [EntryKind.MEMBER, EntryKind.EVENT]


async def test_what_it_is_about_goes_into_the_open_case(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("人工")

    assert "请说说是什么事" in await li.says("说说是什么事")
    await li.says("我的工资卡换了")
    await li.sends_picture()
    assert (await li.says("完成")).startswith("共收到 1 段文字、1 张图片。\n已记到 RG-2026-0001")

    async with talk.database.reading() as session:
        case = await case_work.get_case(session, "RG-2026-0001")
        entries = await case_work.list_entries(session, case)
    assert [cases.text_of(each) for each in entries] == ["人工", "我的工资卡换了\n[图片]"]


async def test_telling_first_opens_the_case(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.clicks("desk.tell")
    await li.says("想问补贴的事")

    assert "编号 RG-2026-0001" in await li.says("完成")


async def test_a_picture_and_a_place_belong_to_the_button_that_asked_for_them(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert "请说说是什么事" in await li.opens_camera("desk.tell")
    assert (await li.sends_picture()).startswith("收到，共 1 条。")
    await li.says("取消")
    await li.opens_map("desk.tell")
    assert (await li.sends_place("黄陵县桥山街道")).startswith("收到，共 1 条。")
    assert (await li.says("完成")).startswith("共收到 1 个位置。\n已转给工作人员。")


async def test_the_last_answer_is_repeated_when_somebody_asks_again(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("人工")
    async with talk.database.transaction() as session:
        await case_work.answer(session, "RG-2026-0001", "明天给您打电话。", "赵敏", talk.clock.now())

    assert "上次的答复（今天 12:00）：明天给您打电话。" in await li.says("人工")


async def test_after_closing_a_new_case_is_opened(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("人工")
    async with talk.database.transaction() as session:
        await case_work.close(session, "RG-2026-0001", "赵敏", talk.clock.now())

    assert "编号 RG-2026-0002" in await li.says("人工")


async def test_in_the_middle_of_a_message_a_person_can_be_asked_for(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("留言")

    asked = await li.says("人工")

    assert "编号 RG-2026-0001" in asked
    assert "「我要留言」还没办完" in asked
    assert "您想留言哪方面的事？" in await li.says("继续")


async def test_the_same_push_twice_opens_one_case(talk: Talk) -> None:
    li = await talk.person("李娜")
    pushed = li.incoming("text", "<Content>人工</Content>")

    first, second = await li.pushes(pushed), await li.pushes(pushed)

    assert first == second
    async with talk.database.reading() as session:
        desks = sa.select(sa.func.count()).select_from(Case).where(Case.kind == CaseKind.DESK)
        assert await session.scalar(desks) == 1


async def test_a_request_to_put_data_right_is_no_talk(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.follows()
    async with talk.database.transaction() as session:
        whose = await session.scalar(sa.select(Follower.person_id).where(Follower.openid == li.openid))
        assert whose is not None
        await correcting.ask(session, whose, "手机号写错了一位", channel="portal", now=talk.clock.now())

    await li.says("今天天气怎么样")
    answered = await li.says("人工")

    assert answered.startswith("已转给工作人员。\n编号 RG-2026-0002。")
    await li.says("北门的灯坏了")
    async with talk.database.reading() as session:
        asked = await case_work.get_case(session, "RG-2026-0001")
        entries = await case_work.list_entries(session, asked)
    assert [cases.text_of(each) for each in entries] == ["更正个人信息：手机号写错了一位"]
