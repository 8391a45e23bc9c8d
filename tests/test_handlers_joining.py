"""入会申请 by chat: what is asked, what staff want to know, and how it stands at each step."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from app.database import Database
from app.jobs import retention
from app.services import application_work
from app.services.application_work import Admission
from app.wechat.incoming import parse
from models import CaseKind, Message
from models.case import Case
from tests.conftest import FakeClock
from tests.talking import Speaker, Talk
from tests.town import our_town

WORDS = (
    "入会",
    "赵敏",
    "女",
    "1995-06-01",
    "13900001111",
    "在职",
    "1",
    "1",
    "20001",
    "配电运维",
    "我自愿申请",
)


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def applies(who: Speaker) -> str:
    for words in WORDS:
        await who.says(words)
    assert "确认提交入会申请吗" in who.last
    return await who.says("确认")


async def staff(talk: Talk, act: Any) -> None:
    async with talk.database.transaction() as session:
        await act(session)


async def test_an_applicant_reads_every_step(talk: Talk) -> None:
    zhao = await talk.person("赵敏")

    assert (await applies(zhao)).splitlines() == [
        "已收到您的入会申请。",
        "编号 RH-2026-0001。",
        "最迟 12月7日答复，会发到这里。",
        "进度随时可查：我的申请",
    ]
    await staff(
        talk, lambda s: application_work.ask(s, "RH-2026-0001", "请补工作证照片", "王强", talk.clock.now())
    )
    said = await zhao.says("我的申请")
    assert "RH-2026-0001　待您补正" in said and "要补正的：请补工作证照片" in said
    assert "要补正的：请补工作证照片" in await zhao.taps("补正")
    await zhao.sends_picture()
    assert "已补到 RH-2026-0001，接着审查。" in await zhao.says("完成")
    await staff(
        talk, lambda s: application_work.approve(s, "RH-2026-0001", Admission(), "王强", talk.clock.now())
    )

    said = await zhao.says("我的申请")
    assert "RH-2026-0001　已通过" in said and "11月23日 待您补正" in said
    assert (await zhao.says("会员信息")).startswith("赵敏，工号 20001")
    assert "您已经是会员（工号 20001），不用再申请" in await zhao.says("入会")


async def test_a_refusal_is_read_with_its_reason_and_leads_to_a_new_form(talk: Talk) -> None:
    zhao = await talk.person("赵敏")
    await applies(zhao)
    await staff(
        talk,
        lambda s: application_work.refuse(s, "RH-2026-0001", "不在本单位", "王强", talk.clock.now()),
    )

    said = await zhao.says("我的申请")
    assert "原因：不在本单位" in said
    assert "请发您的姓名" in await zhao.taps("入会申请")


async def test_the_last_yes_twice_is_one_application(talk: Talk) -> None:
    zhao = await talk.person("赵敏")
    said = await applies(zhao)

    assert await zhao.pushes(parse(talk.account, zhao.last_body)) == said
    assert "入会申请 RH-2026-0001　已提交" in await zhao.says("入会申请")
    async with talk.database.reading() as session:
        counted = sa.select(sa.func.count(Case.id)).where(Case.kind == CaseKind.APPLICATION)
        assert await session.scalar(counted) == 1


async def test_without_the_declaration_nothing_is_sent(talk: Talk) -> None:
    zhao = await talk.person("赵敏")
    for words in WORDS[:-1]:
        await zhao.says(words)

    assert "没有认出您选的是哪一项" in await zhao.says("好吧")
    assert "没有提交" in await zhao.taps("先不申请")
    async with talk.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Case.id))) == 0


async def test_what_was_typed_is_forgotten_soon(talk: Talk) -> None:
    zhao = await talk.person("赵敏")
    await applies(zhao)
    talk.clock.advance(11 * 60)
    await retention.run(talk.database, talk.clock)

    async with talk.database.reading() as session:
        bodies = await session.scalars(sa.select(Message.body))
        assert not [body for body in bodies if body and "13900001111" in body]


@pytest.mark.parametrize("hostile", ["'; DROP TABLE member; --", "<script>", "{{7*7}}", "%_%"])
async def test_hostile_words_are_just_wrong(talk: Talk, hostile: str) -> None:
    zhao = await talk.person("赵敏")
    await zhao.says("入会")

    assert "不像姓名" in await zhao.says(hostile)
