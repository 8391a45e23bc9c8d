"""法律援助申请 by chat: what is asked, what is taken over, how it stands, papers, withdrawing, objecting."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from app.database import Database
from app.jobs import retention
from app.services import legal_aid_carrying, legal_aid_work
from models import CaseState, Message
from tests.aiding import look
from tests.conftest import NOON, FakeClock
from tests.talking import Speaker, Talk
from tests.test_legal_aid import DAY, UNTIL, House
from tests.town import our_town

NUMBER = "YZ-2026-0001"
PENSION = (
    *("申请法律援助", "同意", "5", "3", "跳过", "抚恤金没有发", "完成", "没有", "1"),
    *("2", "3", "1", "13812345678", "确认"),
)
CONSULTATION = (
    *("律师", "同意", "2", "昨天", "1", "2", "3", "红星煤矿", "公司要和我解约", "完成", "没有", "1"),
    *("13812345678", "确认"),
)


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def says_all(who: Speaker, *words: str) -> str:
    for each in words:
        await who.says(each)
    return who.last


async def staff(talk: Talk, act: Any) -> None:
    async with talk.database.transaction() as session:
        await act(session, await House(session).hire())


async def refuses(talk: Talk) -> None:
    await staff(
        talk,
        lambda s, house: legal_aid_work.reject(s, NUMBER, "不在援助范围内。", house.wang, talk.clock.now()),
    )


async def state_of(talk: Talk) -> CaseState:
    async with talk.database.reading() as session:
        return (await look(session, NUMBER))[0].state


async def test_who_applies_reads_number_and_day(talk: Talk) -> None:
    li = await talk.person("李娜")

    said = await says_all(li, *PENSION)

    first = ["已收到您的法律援助申请。", f"编号 {NUMBER}。", "最迟 11月30日答复（还剩 7 天）"]
    assert said.splitlines()[:3] == first
    assert "补交材料" in said and "我的援助申请" in said


async def test_what_a_lawyer_was_told_is_not_asked_again(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says_all(li, *CONSULTATION)
    await li.says("我的咨询")
    await li.taps("FL-2026-0001")
    await li.taps("申请法律援助")

    await says_all(li, "同意")
    assert "说过的会一起交给审查的人" in li.last
    await says_all(li, "跳过", "3", "3", "1")
    assert "对方：别的单位或个人（红星煤矿）" in li.last and "电话：13812345678" in li.last
    await li.says("确认")

    async with talk.database.reading() as session:
        _, row = await look(session, NUMBER)
        kept: Any = row.details
    assert kept["consultation"] == "FL-2026-0001" and kept["opponent_name"] == "红星煤矿"
    assert row.consultation_id is not None
    await li.says("我的咨询")
    assert NUMBER in li.last and "FL-2026-0001" in li.last


async def test_papers_come_as_pictures_after_the_one_list(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says_all(li, *PENSION)
    await staff(
        talk, lambda s, house: legal_aid_work.ask(s, NUMBER, "户口本、死亡证明", UNTIL, house.wang, NOON)
    )

    await li.says("补交援助材料")
    assert "要补的：户口本、死亡证明" in li.last and "12月7日" in li.last
    await li.sends_picture()
    await li.sends_picture()
    assert "已收到 YZ-2026-0001 的材料（2 张图片），接着办。" in await li.says("完成")
    assert await state_of(talk) is CaseState.REVIEWING


async def test_a_refusal_is_objected_to_by_a_tap(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says_all(li, *PENSION)
    await refuses(talk)

    await li.says("我的援助申请")
    await li.taps(NUMBER)
    assert "不予援助" in li.last and "理由：不在援助范围内。" in li.last and "还剩 15 天" in li.last
    await li.taps("提出异议")
    assert "请说说为什么不同意" in li.last
    await says_all(li, "丈夫是因公去世的", "完成")
    assert "由另一位同事复核" in li.last and "最迟 11月30日复核您的异议" in li.last
    assert await state_of(talk) is CaseState.OBJECTION


async def test_a_long_reason_does_not_push_out_the_line_to_tap(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says_all(li, *PENSION)
    reason = "不在援助范围内，" * 75
    await staff(
        talk,
        lambda s, house: legal_aid_work.reject(s, NUMBER, reason, house.wang, talk.clock.now()),
    )

    await li.says("我的援助申请")
    await li.taps(NUMBER)
    assert len(li.last.encode()) <= 2048
    await li.taps("提出异议")
    assert "请说说为什么不同意" in li.last


async def test_too_late_there_is_nothing_to_tap(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says_all(li, *PENSION)
    await refuses(talk)
    talk.clock.advance(16 * DAY.total_seconds())

    await li.says("我的援助申请")
    await li.taps(NUMBER)
    assert "提出异议" not in li.last
    forged = await li.says("x", choice=f"do:legal_aid.object?number={NUMBER}")
    assert "请说说为什么" in forged
    assert "提出异议的时间已过" in await li.says("跳过")


async def test_withdrawing_while_staff_decide_reads_what_is_true(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says_all(li, *PENSION)
    await li.says("撤回援助申请")
    assert f"确认撤回 {NUMBER} 吗？" in li.last
    await staff(talk, lambda s, house: house.grant(NUMBER))

    assert "同意援助，不能撤回" in await li.says("确认")
    assert await state_of(talk) is CaseState.GRANTED


async def test_near_a_deadline_the_numbers_to_call_are_read_at_once(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says_all(li, *PENSION[:8], "2", "后天", *PENSION[9:])

    assert "12348" in li.last and "12351" in li.last and "后补材料" in li.last
    await staff(
        talk,
        lambda s, house: legal_aid_carrying.assign(
            s, NUMBER, house.lawyer, house.wang, NOON, missing="户口本", until=date(2026, 12, 7)
        ),
    )
    await li.says("我的援助申请")
    await li.taps(NUMBER)
    assert "已指派" in li.last and "以前补材料" in li.last


async def test_nobody_reads_or_touches_anothers(talk: Talk) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await says_all(li, *PENSION)

    for handler in ("show", "papers", "withdraw", "object"):
        assert (await wang.says("x", choice=f"do:legal_aid.{handler}?number={NUMBER}")).startswith("没有找到")
    assert "没有找到" in (await wang.says("x", choice="do:legal_aid.apply?number=FL-2026-0001")) or (
        "没有找到" in await wang.says("同意")
    )


async def test_nothing_of_it_stays_in_the_chat(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says_all(li, *PENSION)
    talk.clock.advance(11 * 60)
    await retention.run(talk.database, talk.clock)

    async with talk.database.reading() as session:
        rows = (await session.scalars(sa.select(Message).order_by(Message.id))).all()
    kept = " ".join(str(row.body) for row in rows)
    assert "抚恤金没有发" not in kept and "13812345678" not in kept
    assert any(row.body is None for row in rows)
