"""投诉建议 in the chat: from the first word to the answer, one's own ones, danger, secrecy."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from app.database import Database
from app.dialogue.routing import TAP_DO
from app.jobs import retention
from app.services import case_work, complaint_work
from app.services.confidential import CONFIDENTIAL
from models import (
    Case,
    CaseEntry,
    CaseRating,
    CaseReporter,
    CaseState,
    Complaint,
    CrisisAlert,
    Message,
    Naming,
)
from tests.complaining import department, employ, look
from tests.conftest import FakeClock
from tests.talking import Speaker, Talk
from tests.town import our_town

NUMBER = "TS-2026-0001"
FIRST = ("投诉", "1", "1", "不说是哪个单位", "加班费少发了", "完成")


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def says(li: Speaker, *words: str) -> str:
    answer = ""
    for each in words:
        answer = await li.says(each)
    return answer


async def kept(talk: Talk, number: str = NUMBER) -> tuple[Case, Complaint]:
    async with talk.database.reading() as session:
        return await look(session, number)


async def replied(talk: Talk, text: str) -> None:
    async with talk.database.transaction() as session:
        now = talk.clock.now()
        chen = await employ(session, "陈晨", "chen.chen")
        office = await department(session, "后勤部", chen)
        case = await case_work.get_case(session, NUMBER, lock=True)
        await complaint_work.accept(session, case, "王强", now)
        await complaint_work.dispatch(session, case, office, "王强", now)
        await complaint_work.take(session, case, chen, now)
        await complaint_work.reply(session, case, text, "陈晨", now)


async def test_from_the_first_word_to_the_number(talk: Talk) -> None:
    li = await talk.person("李娜")

    shown = await says(li, *FIRST, "1", "13812345678")

    assert shown.splitlines()[:6] == [
        "投诉：工资福利",
        "反映的单位：不说",
        "内容：1 段文字「加班费少发了」",
        "署名：实名",
        "电话：13812345678",
        "确认提交吗？",
    ]
    assert (await li.taps("确认")).splitlines() == [
        "已收到您的投诉。",
        f"编号 {NUMBER}。",
        "最迟 11月26日告诉您是否受理，会发到这里。",
        "进度随时可查：我的投诉",
    ]
    case, complaint = await kept(talk)
    assert (case.topic, case.state, complaint.naming) == ("welfare", CaseState.SUBMITTED, Naming.NAMED)


async def test_the_unit_is_chosen_from_the_tree_or_written(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says(li, "建议", "2", "1")
    await li.taps("北区分工会")
    await says(li, "抢修一班", "多发手套", "完成")
    await li.taps("匿名")
    await li.says("确认")
    await says(li, "建议", "2", "1")
    await li.taps("不在里面，我来写")
    await says(li, "长" * 41)
    await says(li, "二号食堂", "加个菜", "完成", "3", "确认")

    _, chosen = await kept(talk)
    _, written = await kept(talk, "TS-2026-0002")
    assert chosen.about_branch_id is not None and chosen.about is None
    assert (written.about_branch_id, written.about) == (None, "二号食堂")


async def test_an_anonymous_one_leaves_no_trace_in_the_journal(talk: Talk, clock: FakeClock) -> None:
    li = await talk.person("李娜")
    await says(li, *FIRST, "3", "确认")
    clock.advance(660)
    await retention.run(talk.database, clock)

    async with talk.database.reading() as session:
        rows = (await session.scalars(sa.select(Message))).all()
        reporter = await session.scalar(sa.select(CaseReporter))
        entry = await session.scalar(sa.select(CaseEntry))
    assert {row.rule for row in rows} == {CONFIDENTIAL} and {row.follower_id for row in rows} == {None}
    assert all(row.body is None for row in rows)
    assert reporter is not None and "contact" not in str(reporter.reporter)
    case, complaint = await kept(talk)
    assert case.anonymous and complaint.naming is Naming.ANONYMOUS
    assert entry is not None and entry.created_at == case.opened_at  # midnight


async def test_words_of_danger_come_first_and_the_talk_goes_on(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says(li, "投诉", "1", "1", "不说是哪个单位")

    told = await li.says("班长骂我，我不想活了")

    assert told.startswith("您现在的安全最要紧")
    await says(li, "完成", "3")
    assert f"编号 {NUMBER}" in await li.says("确认")
    async with talk.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(CrisisAlert)) == 1


async def test_one_reads_ones_own_goes_on_and_withdraws(talk: Talk) -> None:
    li, zhang = await talk.person("李娜"), await talk.person("张伟")
    assert "还没有投诉或建议" in await li.says("我的投诉")
    assert "现在没有可以补充的" in await li.says("补充投诉")
    assert "现在没有可以撤销的" in await li.says("撤销投诉")
    await says(li, *FIRST, "2", "小雨", "跳过", "确认")

    assert NUMBER in await li.says("我的投诉")
    shown = await li.taps(NUMBER)
    assert "已提交" in shown and "昵称" in shown and "您说：加班费少发了" in shown
    assert "最迟 11月26日回复您" in shown
    await li.taps("补充情况")
    assert f"已记到 {NUMBER}" in await says(li, "还有工资条", "完成")
    assert "还没有投诉或建议" in await zhang.says("我的投诉")
    await li.says("我的投诉")
    await li.taps(NUMBER)
    await li.taps("撤销")
    assert f"{NUMBER} 已撤销" in await li.says("确认")
    assert (await kept(talk))[0].state is CaseState.CANCELLED
    assert "现在没有可以补充的" in await li.says("补充投诉")


async def test_a_reply_is_read_and_answered_with_a_new_fact(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says(li, *FIRST, "1", "跳过", "确认")
    await replied(talk, "已经补发。")

    await li.says("我的投诉")
    assert "已经补发。" in await li.taps(NUMBER)
    await li.taps("补充情况")
    assert f"{NUMBER} 重新办理" in await says(li, "还是没到账", "完成")
    assert (await kept(talk))[0].state is CaseState.REOPENED


async def test_a_bad_score_opens_it_again_and_says_so(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says(li, *FIRST, "1", "跳过", "确认")
    await replied(talk, "已经补发。")
    async with talk.database.transaction() as session:
        await case_work.close(session, NUMBER, "王强", talk.clock.now())
        await session.execute(sa.update(CaseRating).values(invited_at=talk.clock.now()))

    told = await li.says("非常不满意", choice=f"{TAP_DO}rating.give?vote=1-{NUMBER}")

    assert told.startswith(f"谢谢您说实话，{NUMBER} 重新办理。最迟 12月10日答复")
    await li.taps("说两句")
    assert "记下了" in await li.says("没有到账")
    assert (await kept(talk))[0].state is CaseState.REOPENED


@pytest.mark.parametrize("words", ["投诉", "我要投诉", "反映问题", "举报", "建议", "提建议"])
async def test_words_that_lead_here(talk: Talk, words: str) -> None:
    li = await talk.person("李娜")
    assert (await li.says(words)).startswith("您要投诉，还是提建议？")


async def test_a_message_stays_a_message(talk: Talk) -> None:
    li = await talk.person("李娜")
    assert (await li.says("留言")).startswith("您想留言哪方面的事？")


async def test_hostile_words_are_taken_as_words(talk: Talk) -> None:
    li = await talk.person("李娜")
    await says(li, "投诉", "1", "1", "不说是哪个单位", "<a href='x'>=1+1", "完成", "2")
    await li.says("<b>雨</b>")
    assert f"编号 {NUMBER}" in await says(li, "跳过", "确认")
    assert (await kept(talk))[1].nickname == "<b>雨</b>"
