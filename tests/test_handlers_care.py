"""心理疏导 and 健康咨询 in the chat: from the first word to the answer, one's own ones, danger, secrecy."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from app.database import Database
from app.jobs import retention
from app.jobs.deliveries import Sender
from app.services import care_facts, case_work, consultation_work
from app.services.confidential import CONFIDENTIAL
from app.wechat.incoming import parse
from models import (
    Care,
    Case,
    CaseEntry,
    CaseReporter,
    CaseState,
    Consent,
    Counter,
    CrisisAlert,
    Dialogue,
    Message,
)
from tests import mailing
from tests.caring import look
from tests.conftest import FakeClock
from tests.mailing import Mailbox
from tests.talking import Speaker, Talk
from tests.town import our_town

mailbox, client, sender = mailing.mailbox, mailing.client, mailing.sender
NUMBER, HEALTH_NUMBER = "XL-2026-0001", "JK-2026-0001"
DAY = 86400
MIND = ("心理咨询", "同意", "工作压力", "连着值夜班，心里烦", "完成", "小雨", "1")
HEALTH = ("健康咨询", "同意", "体检报告", "上个月", "血压 150，要紧吗", "完成", "没有", "跳过", "1")


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def says(li: Speaker, *words: str) -> str:
    """One after the other, 「同意」 only where it is asked; returns the last answer."""
    answer = ""
    for each in words:
        if each != "同意" or "您同意吗？" in answer:
            answer = await li.says(each)
    return answer


async def confides(li: Speaker) -> str:
    await says(li, *MIND)
    return await li.taps("确认")


async def count(talk: Talk, table: Any) -> int:
    async with talk.database.reading() as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


async def kept(talk: Talk, number: str = NUMBER) -> tuple[Case, Care]:
    async with talk.database.reading() as session:
        return await look(session, number)


async def answers(talk: Talk, text: str, number: str = NUMBER) -> None:
    async with talk.database.transaction() as session:
        await case_work.answer(session, number, text, "周咨询师", talk.clock.now())


async def asks(talk: Talk, text: str, number: str = NUMBER) -> None:
    async with talk.database.transaction() as session:
        await consultation_work.ask(session, number, text, "周咨询师", talk.clock.now())


# --- the first talk ----------------------------------------------------------------------------------------


async def test_from_the_first_word_to_the_number(talk: Talk) -> None:
    li = await talk.person("李娜")

    asked = [await li.says(words) for words in MIND]

    assert [each.splitlines()[0] for each in asked[:6]] == [
        "您说的话，用来请咨询师陪您聊、给您回话。这是疏导，不能代替去医院。",
        "想聊哪方面的事？",
        "您慢慢说，想到哪儿说到哪儿。可以发文字、语音或图片，分几次发也行。发完回复「完成」。",
        "收到，共 1 条。可以接着发文字、图片或语音，发完回复「完成」。",
        "共收到 1 段文字。",
        "希望咨询师怎么回您？",
    ]
    assert asked[-1].splitlines()[:5] == [
        "想聊：工作压力",
        "内容：1 段文字「连着值夜班，心里烦」",
        "称呼：小雨",
        "回复：打字回复就行",
        "确认交给咨询师吗？",
    ]
    assert (await li.taps("确认")).splitlines() == [
        "谢谢您说出来，已交给咨询师。",
        f"编号 {NUMBER}。",
        "最迟 明天 9:00 答复，会发到这里。",  # four office hours from noon on
        "补充情况　我的疏导和健康咨询",
    ]
    case, facts = await kept(talk)
    assert (case.topic, facts.urgent) == ("work", False)
    assert ("怎么称呼", "小雨") in care_facts.read(facts)


async def test_a_doctor_is_told_since_when_and_who_looks_after_it(talk: Talk) -> None:
    li = await talk.person("李娜")

    shown = await says(li, *HEALTH)

    assert shown.splitlines()[:7] == [
        "想问：体检报告",
        "从：上个月",
        "内容：1 段文字「血压 150，要紧吗」",
        "称呼：不写",
        "回复：打字回复就行",
        "在看的医生：没有",
        "确认交给医生吗？",
    ]
    told = (await li.says("确认")).splitlines()
    assert told[:2] == ["已交给医生。健康咨询不能代替诊断和处方。", f"编号 {HEALTH_NUMBER}。"]
    assert told[2] == "最迟 明天 15:30 答复，会发到这里。"  # eight office hours


async def test_nothing_is_kept_without_consent(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("心理疏导")

    told = await li.taps("不同意")

    assert told.startswith("好的，什么也没有记下。") and "12356" in told
    assert await count(talk, Case) == 0 == await count(talk, Consent)
    assert "您同意吗？" in await li.says("健康咨询")  # each is asked for itself


async def test_who_agreed_is_not_asked_again_but_told_what_it_is_not(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says(li, *HEALTH, "确认")

    asked = await li.says("找医生")

    assert asked.startswith("健康咨询不能代替诊断和处方。急病请打 120。\n想问哪方面的事？")


async def test_a_number_is_asked_only_of_who_wants_a_call(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says(li, *MIND[:-1])
    assert "请留个方便接的电话" in await li.taps("想通电话")
    assert "11 位" in await li.says("138")
    await says(li, "13812345678", "确认")

    async with talk.database.transaction() as session:
        assert await case_work.open_contact(session, NUMBER, "周咨询师", talk.clock.now()) == "13812345678"


async def test_no_small_talk_about_treating(talk: Talk) -> None:
    li = await talk.person("李娜")
    shown = [await li.says(words) for words in (*MIND, "确认", "我的疏导")]
    await answers(talk, "先歇一歇。")
    shown += [await li.says("我的疏导"), await li.taps(NUMBER)]

    assert not any(word in each for each in shown for word in ("治疗", "诊断"))


@pytest.mark.parametrize("wrong", ["天气", "9", "😀"])
async def test_what_is_not_offered_is_asked_again(talk: Talk, wrong: str) -> None:
    li = await talk.person("李娜")
    await says(li, "心理疏导", "同意")

    assert "想聊哪方面的事" in await li.says(wrong)


async def test_a_step_back_and_a_name_that_is_too_long(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says(li, *MIND[:5])
    assert "最多 20 个字" in await li.says("雨" * 21)

    assert "您慢慢说" in await li.says("上一步")


async def test_the_same_confirmation_pushed_again_is_one_case(talk: Talk) -> None:
    li = await talk.person("李娜")
    first = await confides(li)

    assert await li.pushes(parse(talk.account, li.last_body)) == first
    assert await count(talk, Case) == 1 == await count(talk, Care)


async def test_a_crash_in_the_middle_of_keeping_leaves_nothing_and_can_be_tried_again(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    li = await talk.person("李娜")
    await says(li, *MIND)

    def breaks(*given: Any) -> Any:
        raise LookupError

    with monkeypatch.context() as broken:
        broken.setattr(care_facts, "to_details", breaks)  # number and case are written by then
        assert "出了点问题" in await li.says("确认")
    for table in (Case, CaseEntry, CaseReporter, Care, Counter, Consent):
        assert await count(talk, table) == 0

    assert NUMBER in await li.says("确认")


# --- danger ------------------------------------------------------------------------------------------------


async def test_words_of_danger_in_the_middle_come_first_and_the_talk_goes_on(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says(li, "心理疏导", "同意", "2")

    told = await li.says("我不想活了")

    assert told.startswith("您现在的安全最要紧：有危险请马上打 110 或 120")
    assert await count(talk, CrisisAlert) == 1
    await says(li, "完成", "跳过", "1")
    assert (await li.says("确认")).splitlines()[:2] == [
        "现在就需要有人陪，请打 12356；有危险请打 110 或 120。",
        "谢谢您说出来，已交给咨询师。",
    ]
    assert (await kept(talk))[1].urgent


async def test_danger_said_instead_of_an_answer_makes_it_urgent_too(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says(li, "心理疏导", "同意")
    await li.says("我不想活了")  # no topic: asked again
    await says(li, "2", "难受", "完成", "跳过", "1", "确认")

    assert (await kept(talk))[1].urgent


async def test_danger_told_later_brings_it_to_the_front(talk: Talk) -> None:
    li = await talk.person("李娜")
    await confides(li)
    await says(li, "补充疏导", "我想跳楼")

    told = await li.says("完成")

    assert "现在就需要有人陪，请打 12356" in told
    assert (await kept(talk))[1].urgent


# --- going on ----------------------------------------------------------------------------------------------


async def test_question_and_answer_come_back_each_with_its_caution(
    talk: Talk, sender: Sender, mailbox: Mailbox
) -> None:
    li = await talk.person("李娜")
    await confides(li)
    await says(li, *HEALTH, "确认")

    await asks(talk, "睡得着吗？")
    await sender.send_due()
    await says(li, "补充疏导", NUMBER, "睡不着觉", "完成")
    await answers(talk, "先歇一歇。")
    await answers(talk, "少盐。", HEALTH_NUMBER)
    await sender.send_due()

    assert mailbox.texts == [
        f"您的心理疏导 {NUMBER}，咨询师想再问您：\n睡得着吗？\n"
        "请回复「补充疏导」告诉咨询师，可以发文字、图片或语音。",
        f"您的心理疏导 {NUMBER} 有答复了：\n先歇一歇。\n需要马上有人陪时，请打 12356。",
        f"您的健康咨询 {HEALTH_NUMBER} 有答复了：\n少盐。\n健康咨询不能代替诊断和处方。",
    ]


async def test_ones_own_with_state_question_and_answer(talk: Talk) -> None:
    li = await talk.person("李娜")
    await confides(li)
    await says(li, *HEALTH, "确认")
    await asks(talk, "睡得着吗？")
    await answers(talk, "少盐，多走路。", HEALTH_NUMBER)

    assert (await li.says("我的疏导")).splitlines() == [
        "您的疏导和健康咨询，点编号看详情：",
        f"{HEALTH_NUMBER} 已答复（健康咨询：体检报告，11月23日），答复：少盐，多走路。",
        f"{NUMBER} 待您补充（心理疏导：工作压力，11月23日）",
        "心理疏导　健康咨询",
    ]
    assert (await li.taps(HEALTH_NUMBER)).splitlines() == [
        f"{HEALTH_NUMBER}　已答复",
        "11月23日提交，健康咨询：体检报告",
        "您说：血压 150，要紧吗",
        "11月23日医生答复：",
        "少盐，多走路。",
        "健康咨询不能代替诊断和处方。",
        "补充情况",
    ]
    await li.says("我的健康咨询")
    assert "咨询师问您：" in await li.taps(NUMBER)
    assert (await li.taps("补充情况")).startswith("咨询师问您：睡得着吗？\n请回答")


async def test_after_an_answer_it_is_opened_again_and_after_a_week_not(talk: Talk) -> None:
    li = await talk.person("李娜")
    await confides(li)
    await answers(talk, "先歇一歇。")
    assert f"{NUMBER} 重新办理。" in await says(li, "补充疏导", "还是睡不着觉", "完成")
    assert (await kept(talk))[0].state is CaseState.REOPENED

    async with talk.database.transaction() as session:
        await case_work.answer(session, NUMBER, "好。", "周咨询师", talk.clock.now())
        await case_work.close(session, NUMBER, "周咨询师", talk.clock.now())
    talk.clock.advance(7 * DAY)
    assert (await li.says("补充疏导")).startswith("现在没有可以补充的。")
    assert "不能再补充了" in await li.says("x", choice=f"do:care.add?number={NUMBER}")


async def test_a_promise_we_broke_is_said_with_who_helps_at_once(talk: Talk) -> None:
    li = await talk.person("李娜")
    await confides(li)
    talk.clock.advance(3 * DAY)
    await li.says("我的疏导")

    told = await li.taps(NUMBER)

    assert "答复比说好的晚了，很抱歉。\n现在就需要有人陪，请打 12356" in told


async def test_withdrawing_leaves_nothing_to_be_done(talk: Talk) -> None:
    li = await talk.person("李娜")
    await confides(li)
    await li.says("撤销疏导")
    assert await li.says("确认") == f"{NUMBER} 已撤销。以后需要，随时再来：心理疏导　健康咨询"
    assert (await li.says("撤销疏导")).startswith("现在没有可以撤销的。")


async def test_what_is_another_persons_cannot_be_reached(talk: Talk) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await confides(li)

    for handler in ("show", "add", "cancel"):
        assert (await wang.says("x", choice=f"do:care.{handler}?number={NUMBER}")).startswith("没有找到")
        assert (await wang.says("x", choice=f"do:legal_aid.{handler}?number={NUMBER}")).startswith("没有找到")
    assert (await li.says("x", choice=f"do:legal_aid.show?number={NUMBER}")).startswith("没有找到")
    assert (await wang.says("我的疏导")).startswith("还没有问过。")


# --- secrecy -----------------------------------------------------------------------------------------------


async def test_ten_minutes_after_the_talk_the_journal_knows_neither_words_nor_who(
    talk: Talk, database: Database, clock: FakeClock
) -> None:
    li = await talk.person("李娜")
    await confides(li)
    await li.says("我的疏导")
    await li.taps(NUMBER)

    clock.advance(11 * 60)
    await retention.run(database, clock)

    async with database.reading() as session:
        said = (await session.scalars(sa.select(Message))).all()
        assert await session.scalar(sa.select(sa.func.count()).select_from(Dialogue)) == 0
    assert {each.rule for each in said} == {CONFIDENTIAL}
    assert all(each.body is None and each.reply is None and each.follower_id is None for each in said)
    assert li.openid not in "".join(each.key for each in said)
    assert (await li.says("我的疏导")).splitlines()[1].startswith(NUMBER)  # it is still hers
