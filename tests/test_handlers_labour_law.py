"""Labour law and the ways through the account by chat: asked in one's own words, read by topic."""

from collections.abc import AsyncIterator

import pytest

from app.database import Database
from app.knowledge import LawAnswer, LawTopic, Signpost
from app.services.library import Library
from tests.conftest import FakeClock
from tests.talking import Talk
from tests.town import our_town, shipped_library


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


# --- asking ------------------------------------------------------------------------------------------------


async def test_a_question_about_leave_gets_the_answer_the_law_and_the_last_word(talk: Talk) -> None:
    li = await talk.person("李娜")

    answered = (await li.says("年假有几天")).splitlines()

    assert answered[0] == "【年休假有几天】"
    assert "《职工带薪年休假条例》第二条至第五条" in "".join(answered)
    assert answered[-2:] == ["以承办律师、仲裁机构的意见为准。", "法律咨询"]
    assert "您同意吗？" in await li.taps("法律咨询")


async def test_an_accident_at_work_puts_the_number_first(talk: Talk) -> None:
    li = await talk.person("李娜")

    answered = await li.clicks("labour_law.show?answer=electrical-accident")

    assert answered.startswith("有危险先打电话：120（急救）\n【带电作业、登杆出事故怎么办】")


async def test_a_shock_at_work_is_danger_first_and_law_later(talk: Talk) -> None:
    li = await talk.person("李娜")

    answered = await li.says("班里同事登杆触电了，算工伤吗")

    assert answered.startswith("有人触电，马上打 120")
    assert "有危险先打电话" not in answered  # the number stands above already
    assert "《工伤保险条例》" in answered


async def test_other_answers_that_may_be_meant_stand_below(talk: Talk) -> None:
    li = await talk.person("李娜")

    answered = (await li.says("老板说给两千私了 别报 手指头缝了七针")).splitlines()

    assert answered[0] == "【工伤能私了吗】"
    below = answered[answered.index("不是这个？也可以看：") + 1 :]
    assert 1 <= len(below) <= 2
    assert (await li.taps(below[0])).startswith(f"【{below[0]}】")


async def test_where_something_is_done_is_told_with_a_line_to_tap(talk: Talk) -> None:
    li = await talk.person("李娜")

    answered = await li.says("我那个投诉受理没有")

    assert "「我的留言」里" in answered
    assert "还没有留言" in await li.taps("我的留言")


async def test_unpaid_wages_are_no_miss_any_more(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert "【工资】点一下看做法：" in await li.says("工资没发")
    assert "《" in await li.says("工资三个月没发了咋要")


async def test_a_long_answer_with_all_its_lines_fits_a_message(talk: Talk) -> None:
    li, library = await talk.person("李娜"), shipped_library()

    for entry in (*library.laws, *library.signposts):
        await li.says(f"{entry.ask[-1]}，请问")
        assert len(li.last.encode()) <= 2048, entry.id


# --- reading by topic --------------------------------------------------------------------------------------


async def test_every_law_answer_can_be_reached_by_tapping(talk: Talk) -> None:
    li, library = await talk.person("李娜"), shipped_library()

    assert "工资" in (await li.says("劳动权益")).splitlines()
    for topic in library.list_topics(LawAnswer):
        page = (await li.clicks(f"labour_law.topics?topic={topic.value}")).splitlines()
        listed = set(page)
        while "更多" in page:
            page = (await li.taps("更多")).splitlines()
            listed |= set(page)
        assert len(li.last.encode()) <= 2048
        assert {law.title for law in library.list_of(LawAnswer, topic)} <= listed


async def test_what_is_made_up_leads_back(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert "想看哪一类？" in await li.clicks("labour_law.topics?topic=cooking")
    assert "这一条已经调整" in await li.clicks("labour_law.show?answer=nothing")
    assert "这一条已经调整" in await li.clicks("signposts.show?sign=nothing")


async def test_every_signpost_shows_lines_that_lead_somewhere(talk: Talk) -> None:
    li = await talk.person("李娜")

    for sign in shipped_library().signposts:
        shown = (await li.clicks(f"signposts.show?sign={sign.id}")).splitlines()
        assert shown[-len(sign.go) :] == [label for label, _ in sign.go]
        assert len(li.last.encode()) <= 2048


async def test_without_any_content_the_account_still_answers(database: Database, clock: FakeClock) -> None:
    async with our_town(database, clock, Library()) as talk:
        li = await talk.person("李娜")

        assert "正在准备" in await li.says("劳动权益")
        assert "答不上来" in await li.says("年假有几天")


def test_every_topic_has_answers() -> None:
    library = shipped_library()

    assert library.list_topics(LawAnswer) == list(LawTopic)
    assert len(library.laws) >= 50
    assert library.list_topics(Signpost)
