"""法律咨询 from the first word to the answer, 我的咨询, telling more and withdrawing."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import SHANGHAI
from app.database import Database
from app.services import case_work, cases, consultation_work, consultations
from app.wechat.incoming import parse
from models import Basis, Case, CaseEntry, CaseReporter, Consultation, Counter, Dialogue, Employment, Urgency
from tests.conftest import FakeClock
from tests.talking import Speaker, Talk, left_behind
from tests.town import our_town

NUMBER = "FL-2026-0001"


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


INJURY: tuple[str, ...] = ("法律援助", "同意", "工伤", "11月10日", "还在上班", "还没有做过什么")
WAGES: tuple[str, ...] = ("法律咨询", "同意", "1", "8月15日", "已经离开", "9月30日", "和单位谈过")
REST: tuple[str, ...] = (
    "别的单位",
    "红星煤矿",
    "三个月没发工资",
    "完成",
    "1 2",
    "没有",
    "13812345678",
)


async def says(li: Speaker, *words: str) -> str:
    """One after the other, 「同意」 only where it is asked; returns the last answer."""
    answer = ""
    for each in words:
        if each != "同意" or "您同意吗？" in answer:
            answer = await li.says(each)
    return answer


async def consults(li: Speaker) -> str:
    """A whole consultation about wages; returns the last answer."""
    await says(li, *WAGES, *REST)
    return await li.taps("确认")


async def kept(talk: Talk, number: str = NUMBER) -> tuple[Case, Consultation]:
    async with talk.database.reading() as session:
        case = await case_work.get_case(session, number)
        return case, await consultations.facts_of(session, case)


async def count(talk: Talk, table: Any) -> int:
    async with talk.database.reading() as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


async def answers(talk: Talk, text: str, number: str = NUMBER) -> None:
    async with talk.database.transaction() as session:
        await case_work.answer(session, number, text, "张律师", talk.clock.now())


# --- asking a lawyer ---------------------------------------------------------------------------------------


async def test_from_the_first_word_to_the_number(talk: Talk) -> None:
    li = await talk.person("李娜")

    asked = [await li.says(words) for words in (*WAGES, *REST)]

    assert [each.splitlines()[0] for each in asked[:9]] == [
        "您写的内容、材料和电话，用来请律师答复您。",
        "您想咨询哪方面的事？",
        "从哪天起没有拿到该拿的钱？例如 3月5日、昨天。记不清请回复「跳过」。",
        "您现在还在这家单位上班吗？",
        "哪天离开的？例如 3月5日。记不清请回复「跳过」。",
        "到现在做过什么？请选走得最远的一步。",
        "为工资申请劳动仲裁最晚 2027年9月30日（《劳动争议调解仲裁法》第二十七条），还有 311 天。",
        "对方叫什么名字？不想写请回复「跳过」。",
        "请说说经过，可以发文字、语音或图片，分几次发也行。发完回复「完成」。",
    ]
    assert asked[-1].splitlines()[:10] == [
        "类型：工资、加班费",
        "时间：2026年8月15日",
        "在职：已经离开，2026年9月30日离开",
        "做过：和单位谈过",
        "对方：别的单位或个人（红星煤矿）",
        "内容：1 段文字「三个月没发工资」",
        "材料：劳动合同、工资条或银行流水",
        "电话：13812345678",
        "期限：为工资申请劳动仲裁，2027年9月30日",
        "确认提交给律师吗？",
    ]
    assert (await li.taps("确认")).splitlines() == [
        "已提交给律师。",
        "编号 FL-2026-0001。",
        "最迟 明天 9:00 答复，会发到这里。",  # four office hours from noon on
        "补充情况　我的咨询",
    ]
    case, facts = await kept(talk)
    assert (case.topic, case.anonymous) == ("wages", False)
    assert (facts.employment, facts.deadline_basis) == (Employment.LEFT, Basis.AFTER_LEAVING)
    assert (facts.urgency, facts.fast_track, facts.own_company) == (Urgency.NORMAL, False, False)


async def test_a_near_deadline_gives_the_numbers_to_call_at_once(talk: Talk) -> None:
    li = await talk.person("李娜")

    told = await says(li, "律师", "同意", "2", "昨天", "还在上班", "申请过劳动仲裁", "11月11日")

    assert told.startswith(
        "不服裁决去法院起诉最晚 2026年11月26日（《劳动争议调解仲裁法》第四十八条、第五十条），还有 3 天。\n"
        "请现在就打电话，先递申请、后补材料：\n029-12351"
    )
    assert "\n12348 " in told
    assert told.index("12348") < told.index("对方是谁？")
    asked = await says(li, "1", "公司要和我解约", "完成", "没有")
    assert asked.startswith("留个电话")  # it is urgent already: not asked again
    assert "12348" in await says(li, "跳过", "确认")
    _, facts = await kept(talk)
    assert (facts.urgency, facts.fast_track) == (Urgency.URGENT, True)


async def test_what_seems_passed_is_said_kindly_and_refuses_nobody(talk: Talk) -> None:
    li = await talk.person("李娜")

    told = await says(li, "律师", "同意", "女职工权益", "2025年11月22日", "还在上班", "和单位谈过")

    assert told.startswith(
        "申请劳动仲裁的期限看起来是 2026年11月22日（《劳动争议调解仲裁法》第二十七条），可能已经过了。"
        "期限可以中断、中止，律师会帮您看。\n对方是谁？"
    )
    await says(li, "3", "跳过", "不给哺乳时间", "完成", "没有", "没有", "跳过")
    assert NUMBER in await li.says("确认")
    _, facts = await kept(talk)
    assert (facts.deadline_on, facts.fast_track) == (date(2026, 11, 22), False)


async def test_a_last_day_somebody_named_counts(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says(li, *WAGES, *REST[:5])

    assert "期限是哪一天" in await li.taps("有人告诉过我最后期限")
    assert "已经过了" in await li.says("昨天")
    assert (await li.says("后天")).startswith("您说的事最晚 2026年11月25日，还有 2 天。\n请现在就打电话")
    await says(li, "跳过", "确认")
    _, facts = await kept(talk)
    assert (facts.deadline_basis, facts.fast_track) == (Basis.TOLD, True)


async def test_wages_owed_while_one_works_there_have_no_limit(talk: Talk) -> None:
    li = await talk.person("李娜")

    told = await says(li, "律师", "同意", "1", "2020年1月1日", "还在上班", "1")

    assert told.startswith("还在职时追讨工资不受一年的限制")


async def test_an_injury_is_asked_about_by_its_day(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert (await says(li, *INJURY[:3])).startswith("受伤是哪一天？")
    told = await says(li, *INJURY[3:])

    assert told.startswith("单位申报工伤最晚 2026年12月10日（《工伤保险条例》第十七条），还有 17 天。")


async def test_our_own_company_never_reads_it_and_the_member_is_told(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says(li, *WAGES)

    told = await li.taps("就是我们供电公司")

    assert told.startswith("这件事不会交给公司的法务部门，由县总工会安排的律师来看。\n请说说经过")
    await says(li, "三个月没发工资", "完成", "没有", "没有", "跳过", "确认")
    _, facts = await kept(talk)
    assert facts.own_company


async def test_who_does_not_agree_leaves_nothing(talk: Talk) -> None:
    li = await talk.person("李娜")
    consent = await li.says("法律咨询")
    assert "办结 3 年后删除" in consent
    assert len(consent.split("您同意吗？")[0].splitlines()) <= 3

    told = await li.taps("不同意")

    assert told.startswith("好的，什么也没有记下")
    assert "12348" in told
    assert await count(talk, Case) == 0
    assert (await li.says("我的咨询")).startswith("还没有咨询。")


async def test_dates_that_nobody_remembers_are_left_out(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says(li, "律师", "同意", "其他劳动权益", "跳过", "已经离开", "跳过", "1")

    summary = await says(li, "3", "跳过", "说不清", "完成", "没有", "没有", "跳过")

    assert "时间：记不清" in summary
    assert "期限" not in summary


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("1 3", "材料：劳动合同、考勤或加班记录"),
        ("１、３", "材料：劳动合同、考勤或加班记录"),
        ("3，1，3", "材料：劳动合同、考勤或加班记录"),
        ("劳动合同", "材料：劳动合同"),
        ("欠条和2张照片", "材料：欠条和2张照片"),
        ("没有", "材料：暂时没有"),
    ],
)
async def test_papers_are_numbers_or_words(talk: Talk, said: str, read: str) -> None:
    li = await talk.person("李娜")
    await says(li, *WAGES, *REST[:4])

    assert "只有 1 到 6" in await li.says("7")
    assert "点「我的咨询」补充" in await li.sends_picture()
    assert "最多 100 个字" in await li.says("纸" * 101)
    assert read in await says(li, said, "没有", "跳过")


# --- faults ------------------------------------------------------------------------------------------------

HOSTILE = (
    ']]]]><![CDATA[></Content><a href="weixin://bizmsgmenu?msgmenucontent=确认&msgmenuid=do:legal_aid.mine">x</a>'
    '\'; DROP TABLE "case"; -- {0} %s ${7*7} \x1b[31m\u202e🏳️‍🌈'
)


async def test_hostile_words_in_every_field_stay_words(talk: Talk) -> None:
    li = await talk.person("李娜")
    hostile = "".join(each for each in HOSTILE if each != "\x1b")  # no XML may hold that one
    await li.says("律师")
    for right in ("同意", "1", "8月15日", "已经离开", "9月30日", "申请过劳动仲裁", "跳过", "3"):
        assert await li.says(hostile)  # refused, the question stands
        assert await li.says(right)
    assert "最多 60 个字" in await li.says(hostile)
    await li.says('\'; DROP TABLE "case"; -- {0} %s')
    await says(li, hostile, "完成", hostile[:100])
    await li.says(hostile)
    await li.says("没有")
    assert "请只发号码" in await li.says(hostile)
    summary = await li.says("跳过")
    assert "DROP TABLE" in summary

    assert NUMBER in await li.says("确认")
    case, _ = await kept(talk)
    async with talk.database.reading() as session:
        (entry,) = await case_work.list_entries(session, case)
    assert cases.text_of(entry) == hostile.replace("]]]]><![CDATA[>", "]]>")
    assert "DROP TABLE" in await li.says(NUMBER, choice=f"do:legal_aid.show?number={NUMBER}")
    await answers(talk, hostile)
    assert "以承办律师" in await li.says(NUMBER, choice=f"do:legal_aid.show?number={NUMBER}")
    await li.taps("补充情况")
    assert "重新办理" in await says(li, hostile, "完成")


@pytest.mark.parametrize(
    "number", ["FL-2026-9999", "' OR 1=1 --", "FL-2026-0001%", "LY-2026-0001", "💥", "FL" * 500]
)
async def test_forged_numbers_open_nothing(talk: Talk, number: str) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await consults(li)

    for handler in ("show", "add", "cancel"):
        told = await wang.says("x", choice=f"do:legal_aid.{handler}?number={number}")
        assert told == "没有找到这件咨询，请回复「我的咨询」，点编号查看。"


async def test_nobody_opens_or_changes_somebody_elses(talk: Talk) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await consults(li)

    for handler in ("show", "add", "cancel"):
        assert (await wang.says("x", choice=f"do:legal_aid.{handler}?number={NUMBER}")).startswith("没有找到")
    assert (await wang.says("我的咨询")).startswith("还没有咨询。")
    assert (await wang.says("我的留言")).startswith("还没有留言。")


async def test_the_same_confirmation_pushed_again_is_one_consultation(talk: Talk) -> None:
    li = await talk.person("李娜")
    first = await consults(li)

    again = await li.pushes(parse(talk.account, li.last_body))

    assert again == first
    assert await count(talk, Consultation) == 1


async def test_tapping_confirm_twice_is_one_consultation(talk: Talk) -> None:
    """An impatient thumb: two messages, the second after the talk was over."""
    li = await talk.person("李娜")
    await says(li, *WAGES, *REST)
    shown = li.last
    await li.taps("确认")
    li.last = shown

    await li.taps("确认")

    assert await count(talk, Consultation) == await count(talk, Case) == 1


async def test_an_old_tap_changes_no_answer(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says(li, "律师", "同意")
    topics = li.last
    await li.taps("工伤")
    li.last = topics

    told = await li.taps("工资")

    assert "这是之前的选项" in told
    assert "受伤是哪一天" in told


async def test_a_crash_in_the_middle_of_keeping_leaves_nothing_and_can_be_tried_again(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    li = await talk.person("李娜")
    await says(li, *WAGES, *REST)

    def breaks(*given: Any) -> Any:
        raise LookupError

    with monkeypatch.context() as broken:
        broken.setattr(consultations, "to_details", breaks)  # number and case are written by then
        assert "出了点问题" in await li.says("确认")
    for table in (Case, CaseEntry, CaseReporter, Consultation, Counter):
        assert await count(talk, table) == 0

    assert NUMBER in await li.says("确认")
    assert await count(talk, Consultation) == 1


async def test_a_process_that_dies_with_the_last_yes_in_hand_leaves_it_to_another(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says(li, *WAGES, *REST)
    async with talk.database.reading() as session:
        dialogue = (await session.scalars(sa.select(Dialogue))).one()
    await left_behind(talk, li, "确认", dialogue.ref, dialogue.serial)

    assert await talk.sweep.run() == 1

    assert await talk.sweep.run() == 0
    assert await count(talk, Consultation) == 1
    assert (await kept(talk))[0].number == NUMBER


async def test_the_talk_is_confidential(talk: Talk) -> None:
    li = await talk.person("李娜")
    await consults(li)
    await li.says("我的咨询")
    await li.taps(NUMBER)
    await li.taps("补充情况")

    async with talk.database.reading() as session:
        flows = (await session.execute(sa.select(Dialogue.flow, Dialogue.confidential))).all()
    assert {flow for flow, _ in flows} == {f"legal_aid.{name}" for name in ("intake", "mine", "show", "add")}
    assert all(confidential for _, confidential in flows)


# --- one's own ---------------------------------------------------------------------------------------------


async def test_ones_own_with_state_question_and_answer(talk: Talk) -> None:
    li = await talk.person("李娜")
    await consults(li)
    await consults(li)
    async with talk.database.transaction() as session:
        await consultation_work.ask(session, NUMBER, "合同是哪年签的？", "张律师", talk.clock.now())
    await answers(talk, "可以申请仲裁。", "FL-2026-0002")

    assert (await li.says("我的咨询")).splitlines() == [
        "您的法律咨询，点编号看详情：",
        "FL-2026-0002 已答复（工资、加班费，11月23日），答复：可以申请仲裁。",
        "FL-2026-0001 待您补充（工资、加班费，11月23日）",
        "法律咨询",
    ]
    assert (await li.taps("FL-2026-0002")).splitlines() == [
        "FL-2026-0002　已答复",
        "11月23日提交，工资、加班费",
        "为工资申请劳动仲裁最晚 2027年9月30日（《劳动争议调解仲裁法》第二十七条），还有 311 天。",
        "您说：三个月没发工资",
        "11月23日答复：",
        "可以申请仲裁。",
        "以承办律师、仲裁机构的意见为准。",
        "补充情况",
        "申请法律援助",
    ]
    assert "11月23日律师问您：\n合同是哪年签的？" in await li.says(
        "x", choice=f"do:legal_aid.show?number={NUMBER}"
    )


async def test_a_question_is_read_again_and_answered(talk: Talk) -> None:
    li = await talk.person("李娜")
    await consults(li)
    async with talk.database.transaction() as session:
        await consultation_work.ask(session, NUMBER, "合同是哪年签的？", "张律师", talk.clock.now())

    assert (await li.says("补充咨询")).startswith("律师问您：合同是哪年签的？\n请回答")
    await li.sends_picture()
    assert (await li.says("完成")).startswith(
        f"共收到 1 张图片。\n已记到 {NUMBER}，律师接着办。\n最迟 明天 9:00 答复，会发到这里。"
    )
    async with talk.database.reading() as session:
        entries = await case_work.list_entries(session, await case_work.get_case(session, NUMBER))
    assert cases.text_of(entries[-1]) == "[图片]"


async def test_after_the_answer_it_is_opened_again_for_a_week(talk: Talk) -> None:
    li = await talk.person("李娜")
    await consults(li)
    await answers(talk, "可以申请仲裁。")
    async with talk.database.transaction() as session:
        await case_work.close(session, NUMBER, "张律师", talk.clock.now())
    talk.clock.advance(6 * 86400)

    assert "重新办理" in await says(li, "补充咨询", "公司又打电话来了", "完成")
    await answers(talk, "先不要答应。")
    async with talk.database.transaction() as session:
        await case_work.close(session, NUMBER, "张律师", talk.clock.now())
    talk.clock.advance(7 * 86400)

    assert await li.says("补充咨询") == "现在没有可以补充的咨询。有新情况，请重新咨询：法律咨询"
    told = await li.says("x", choice=f"do:legal_aid.add?number={NUMBER}")
    assert told == f"{NUMBER} 已办结，不能再补充了。有新情况，请重新咨询：法律咨询"


async def test_of_several_one_is_chosen(talk: Talk) -> None:
    li = await talk.person("李娜")
    await consults(li)
    await consults(li)

    assert (await li.says("补充咨询")).splitlines()[:3] == [
        "要补充哪一件？",
        "1. FL-2026-0002 工资、加班费",
        "2. FL-2026-0001 工资、加班费",
    ]
    assert "FL-2026-0001" in await li.taps("FL-2026-0001")
    assert "已记到 FL-2026-0001" in await says(li, "还有加班费", "完成")


async def test_withdrawn_after_a_clear_yes(talk: Talk) -> None:
    li = await talk.person("李娜")
    await consults(li)

    assert (await li.says("撤销咨询")).startswith("确认撤销 FL-2026-0001 吗？")
    assert "请回复「确认」" in await li.says("好吧")
    assert (await li.says("确认")).startswith("FL-2026-0001 已撤销。")
    assert (await li.says("撤销咨询")).startswith("现在没有可以撤销的咨询。")
    told = await li.says("x", choice=f"do:legal_aid.cancel?number={NUMBER}")  # the same tap again
    assert told.startswith("FL-2026-0001 已撤销。")
    assert await count(talk, CaseEntry) == 2


async def test_what_was_answered_meanwhile_is_not_withdrawn(talk: Talk) -> None:
    li = await talk.person("李娜")
    await consults(li)
    await li.says("撤销咨询")
    await answers(talk, "可以申请仲裁。")

    assert "已答复，不用撤销了" in await li.says("确认")


async def test_a_late_answer_is_admitted(talk: Talk) -> None:
    li = await talk.person("李娜")
    await consults(li)
    talk.clock.set(datetime(2026, 11, 24, 10, 0, tzinfo=SHANGHAI))

    assert "答复比说好的晚了，很抱歉" in await li.says("x", choice=f"do:legal_aid.show?number={NUMBER}")
    assert "答复会发到这里。" in await says(li, "补充咨询", "急", "完成")


async def test_long_answers_and_many_consultations_still_fit(talk: Talk) -> None:
    li = await talk.person("李娜")
    for _ in range(9):
        await consults(li)
    for n in range(1, 10):
        await answers(talk, "答" * 600, f"FL-2026-{n:04d}")

    await li.says("我的咨询")
    assert len(li.last.encode()) <= 2048
    await li.taps("FL-2026-0009")
    assert len(li.last.encode()) <= 2048
    assert "答" * 500 in li.last


async def test_the_intake_runs_over_days_and_yesterday_stays_that_day(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says(li, "律师", "同意", "2", "昨天")
    talk.clock.advance(timedelta(hours=20).total_seconds())

    await says(li, "继续", "还在上班", "和单位谈过", *REST[:3], "完成", "没有", "没有", "跳过")
    await li.says("确认")

    _, facts = await kept(talk)
    assert facts.known_on == date(2026, 11, 22)
