"""没答上来的问题: a to-do list that becomes keywords, tips, or nothing; asked again in vain it comes back."""

import html

import pytest
import sqlalchemy as sa

from app.menus import revisions
from app.menus.adding import with_keyword
from app.menus.file import read
from app.services import questions
from models import QuestionState, Role, UnansweredQuestion
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, at_work, ends
from tests.menus_kit import KNOWN, menus

__all__ = ["ends"]


@pytest.fixture
async def li(ends: Ends) -> Worker:
    return await at_work(ends, "李娜", Role.EDITOR)


async def asked(ends: Ends, text: str, times: int = 1) -> int:
    for _ in range(times):
        ends.house.unanswered.note(text, ends.house.clock.now())
    await ends.house.unanswered.flush(ends.house.database.transaction)
    async with ends.house.database.reading() as session:
        found = await session.scalars(sa.select(UnansweredQuestion).order_by(UnansweredQuestion.id.desc()))
        return next(each.id for each in found if each.text == text)


async def state_of(ends: Ends, question_id: int) -> QuestionState:
    async with ends.house.database.reading() as session:
        return (await questions.get(session, question_id)).state


async def test_the_most_asked_come_first_and_wait_for_who_writes(ends: Ends, li: Worker) -> None:
    await asked(ends, "怎么开电费发票", 2)
    often = await asked(ends, "职工疗养怎么报名", 5)

    page = await li.reads("/questions")

    assert page.index("职工疗养怎么报名") < page.index("怎么开电费发票")
    assert f"/console/content/new?kind=tip&amp;title={'%E8%81%8C%E5%B7%A5'}" in page
    assert "写成关键词" not in page, "an editor applies no menus"
    assert "没答上来的问题" in await li.reads("")
    doctor = await at_work(ends, "周静", Role.DOCTOR)
    assert 'data-test="dismiss"' not in await doctor.reads("/questions")
    assert 'data-test="work-item"' not in await doctor.reads("")
    assert (await doctor.sends(f"/questions/{often}", state="dismissed")).status_code == 403


async def test_what_was_dismissed_stays_away_and_what_was_answered_comes_back(ends: Ends, li: Worker) -> None:
    joke, invoice = await asked(ends, "你是机器人吗"), await asked(ends, "怎么开电费发票")
    assert "已标为「不用答」" in await li.does(f"/questions/{joke}", state="dismissed")
    assert "已标为「已写答案」" in await li.does(f"/questions/{invoice}", state="answered")
    assert "大家问的都答上来了" in await li.reads("/questions")
    assert "李娜" in await li.reads("/questions?state=dismissed")

    await asked(ends, "你是机器人吗")
    await asked(ends, "怎么开电费发票")

    page = await li.reads("/questions")
    assert "怎么开电费发票" in page and "机器人" not in page
    await li.does(f"/questions/{joke}", state="open")
    assert await state_of(ends, joke) is QuestionState.OPEN
    acts = [act.act for act in await acts_of(ends) if act.act.startswith("question.")]
    assert acts == ["question.dismissed", "question.answered", "question.open"]


async def test_two_who_settle_the_same_question(ends: Ends, li: Worker) -> None:
    zhang = await at_work(ends, "张伟", Role.EDITOR)
    question = await asked(ends, "怎么开电费发票")
    await zhang.does(f"/questions/{question}", state="dismissed")

    page = await li.does(f"/questions/{question}", state="answered")

    assert "张伟已在" in page and "「不用答」" in page
    assert await state_of(ends, question) is QuestionState.DISMISSED
    for path, form in ((f"/questions/{question}", {"state": "gone"}), (f"/questions/{question}", {})):
        assert "没有这个选项" in await li.does(path, **form)
    for missing in (999, 2**63 - 1, 2**70, 10**20, 0, -1, -(10**20)):
        assert (await li.sends(f"/questions/{missing}", state="open")).status_code == 404


async def test_a_question_becomes_a_keyword(ends: Ends) -> None:
    wang = await at_work(ends, "王强", Role.OPERATOR)
    question = await asked(ends, '<b>"发票"</b>怎么开')
    assert f"/console/menus/file?question={question}" in await wang.reads("/questions")

    page = await wang.reads(f"/menus/file?question={question}")

    assert "<b>" not in page.replace("<b></b>", "").split('data-test="text"')[1].split("</textarea>")[0]
    text = html.unescape(page.split('data-test="text">\n')[1].split("</textarea>")[0])
    assert '  - say: ["<b>\\"发票\\"</b>怎么开"]\n    reply:\n' in text
    form = {"base": 1, "question": question, "do": "apply"}
    empty = await wang.sends("/menus/file", text=text, **form)
    assert empty.status_code == 422 and "要正好写一种回应" in empty.text
    assert await state_of(ends, question) is QuestionState.OPEN

    await wang.does("/menus/file", text=text.replace("reply:\n", "reply: 到营业厅。\n", 1), **form)

    assert await state_of(ends, question) is QuestionState.ANSWERED
    async with ends.house.database.reading() as session:
        revision = await revisions.live(session)
    assert revision is not None and revision.number == 2
    assert "<b>" not in (await wang.reads("/menus/history/2")).replace('<b>"', "")
    assert (await wang.gets("/menus/file?question=999")).status_code == 404


def test_a_keyword_is_put_after_the_others_and_touches_no_other_line() -> None:
    text = menus("  # 电话\n  - {say: 电话, do: hotlines.show}\n") + "# 最后\n"

    more, line = with_keyword(text, "  食堂\n几点开 ")

    assert more.split("\n")[line - 2 : line] == ['  - say: ["食堂 几点开"]', "    reply:"]
    assert [each for each in more.split("\n") if each not in text.split("\n")] == more.split("\n")[
        line - 2 : line
    ]
    assert read(more.replace("reply:", "reply: 七点"), KNOWN).keywords[-1].say == ("食堂 几点开",)
    whole, _ = with_keyword(menus(), "食堂")
    assert read(whole.replace("reply:", "reply: 七点"), KNOWN).keywords[0].say == ("食堂",)
