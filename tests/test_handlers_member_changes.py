"""资料变更 by chat: another phone number, a binding asked for in one talk, and 「不是我」."""

from collections.abc import AsyncIterator

import pytest

from app.database import Database
from app.services import member_change_work
from app.services.binding_claims import OBJECTION_FOR
from tests.conftest import FakeClock
from tests.talking import Speaker, Talk
from tests.test_handlers_membership import binds
from tests.town import our_town


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def asks_to_move(who: Speaker) -> str:
    assert "这个工号已经绑定了另一个微信号" in await binds(who)
    return await who.says("确认")


async def test_who_has_another_wechat_asks_where_he_binds(talk: Talk) -> None:
    li, new = await talk.person("李娜"), await talk.person("新手机")
    await binds(li)

    said = await asks_to_move(new)

    assert said.splitlines() == ["已提交。", "编号 BG-2026-0001。", "最迟 12月1日答复，会发到这里。"]
    assert "BG-2026-0001 换微信号，11月23日，已提交" in await new.says("我的变更")
    talk.clock.advance(OBJECTION_FOR.total_seconds())
    async with talk.database.transaction() as session:
        await member_change_work.approve(session, "BG-2026-0001", "王强", talk.clock.now())
    assert (await new.says("会员信息")).startswith("李娜，工号 10001")
    assert "您还没有绑定工号" in await li.says("会员信息")


async def test_who_says_no_asks_for_nothing(talk: Talk) -> None:
    li, new = await talk.person("李娜"), await talk.person("新手机")
    await binds(li)
    await binds(new)

    assert "没有提交" in await new.taps("取消")
    assert "没有变更申请" in await new.says("我的变更")


async def test_asking_again_is_the_same_request(talk: Talk) -> None:
    li, new = await talk.person("李娜"), await talk.person("新手机")
    await binds(li)
    await asks_to_move(new)

    assert "您已经申请过了，正在办理。\n编号 BG-2026-0001。" in await asks_to_move(new)


async def test_not_me_keeps_the_binding(talk: Talk) -> None:
    li, new = await talk.person("李娜"), await talk.person("新手机")
    await binds(li)
    assert "现在没有人申请换走您的绑定" in await li.says("不是我")
    await asks_to_move(new)

    assert "您的绑定不变" in await li.says("不是我")
    assert (await li.says("会员信息")).startswith("李娜，工号 10001")
    assert "现在没有人申请" in await new.says("不是我")


async def test_nobody_takes_back_what_is_not_his(talk: Talk) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await binds(li)
    await li.says("换手机号")
    await li.says("13900001111")
    await li.says("确认")

    taken = "do:membership.withdraw_change?number=BG-2026-0001"
    assert "没有找到这件申请" in await wang.says("撤销", choice=taken)
    assert "已提交" in await li.says("我的变更")
    await li.taps("撤销")
    assert "BG-2026-0001 换手机号，11月23日，已撤销" in await li.says("我的变更")


async def test_a_number_that_is_the_old_one_is_said_so(talk: Talk) -> None:
    li = await talk.person("李娜")
    await binds(li)
    await li.says("换手机号")
    await li.says("13812345678")

    assert "就是这个手机号，不用改" in await li.says("确认")
