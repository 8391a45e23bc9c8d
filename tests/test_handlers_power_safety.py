"""Power safety by chat, the tips behind it, and what becomes of questions nobody could answer."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.database import Database
from app.knowledge import Hit, Shipped, Tip, Topic
from app.services import coordination, library, questions
from app.services.library import Library
from app.services.questions import Unanswered
from models import Tip as TipRow
from tests.conftest import NOON, FakeClock
from tests.talking import Talk
from tests.town import our_town, shipped_library


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


def only_tips(*tips: Tip) -> Shipped:
    return Shipped(tips, (), ())


async def misses(talk: Talk) -> list[tuple[str, int]]:
    await talk.unanswered.flush(talk.database.transaction)
    async with talk.database.reading() as session:
        return [(each.text, each.count) for each in await questions.list_misses(session)]


# --- asking ------------------------------------------------------------------------------------------------


async def test_a_sparking_socket_gets_the_number_and_the_first_step(talk: Talk) -> None:
    li = await talk.person("李娜")

    answered = (await li.says("我家插座冒火花了")).splitlines()

    assert answered[0] == "有危险先打电话：119（火警）、95598（供电抢修，24 小时）"
    assert answered[1] == "先做：马上离开插座，到家里的配电箱把总开关拉下来。"
    assert await misses(talk) == []


async def test_below_the_lines_for_danger_the_answer_repeats_no_number(talk: Talk) -> None:
    li = await talk.person("李娜")

    answered = await li.says("有人触电了怎么救")

    assert answered.startswith("有人触电，马上打 120")
    assert "先做：先断电" in answered
    assert answered.count("120") == answered.count("95598") == 1


async def test_an_unclear_question_is_asked_back_with_lines_to_tap(talk: Talk) -> None:
    li = await talk.person("李娜")

    asked = await li.says("电线")

    assert "您问的是哪一种？点一下就能看：" in asked
    assert asked.splitlines()[-1].startswith("都不是？")
    assert "先做：" in await li.taps("电线垂得低、挂着东西")


async def test_what_nobody_can_answer_is_said_so_and_counted(talk: Talk) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")

    answered = await li.says("今天天气怎么样")
    await wang.says("今天天气怎么样？")
    await wang.says("周杰伦的歌")

    assert answered.startswith("这个问题我还答不上来，已经记下，会补上。")
    assert "我要留言" in answered.splitlines()
    assert await misses(talk) == [("今天天气怎么样", 2), ("周杰伦的歌", 1)]


async def test_a_question_is_searched_by_voice_too(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert "【插座冒火花、打火】" in await li.sends_voice("插座冒火花怎么办。")
    assert (await li.sends_voice("")).startswith("语音收到了，不过没有听清。")


async def test_what_cannot_be_read_gets_a_way_on(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert (await li.sends_picture()).startswith("图片收到了，不过这里还看不懂图片。")
    place = (
        "<Location_X>35.58</Location_X><Location_Y>109.26</Location_Y><Scale>20</Scale><Label>桥山</Label>"
    )
    assert (await li.pushes(li.incoming("location", place))).startswith("位置收到了。报修请打 95598")
    link = "<Title>t</Title><Description>d</Description><Url>https://example.org</Url>"
    assert (await li.pushes(li.incoming("link", link))).startswith("链接收到了，不过这里打不开。")
    assert (await li.pushes(li.incoming("chamois", ""))).startswith("这类消息这里还看不懂")
    sticker = "【收到不支持的消息类型，暂无法显示】"
    assert (await li.says(sticker)).startswith("这类消息这里还看不懂")


async def test_what_has_no_words_is_asked_for_words_and_not_counted_as_a_question(talk: Talk) -> None:
    li = await talk.person("李娜")

    for said in ("？", "。。。", "😀", "[微笑]", "/::)", "1", "是的"):
        assert (await li.says(said)).startswith("想问什么，请用一句话告诉我"), said

    assert await misses(talk) == []
    assert (await li.says("96123")).startswith("这个问题我还答不上来")  # a number may be a question


# --- reading by topic --------------------------------------------------------------------------------------


async def test_topics_come_eight_at_a_time_and_lead_to_tips(talk: Talk) -> None:
    li = await talk.person("李娜")

    first = await li.says("安全用电")
    second = await li.taps("更多")

    shown = [topic.label for topic in Topic]
    assert [line for line in first.splitlines() if line in shown] == shown[:8]
    assert [line for line in second.splitlines() if line in shown] == shown[8:]
    listed = await li.taps("节日与出行")
    assert listed.splitlines()[-1] == "全部分类"
    assert "想看哪一类？" in await li.taps("全部分类")


async def test_every_tip_can_be_reached_by_tapping_and_fits_a_message(talk: Talk) -> None:
    li, live = await talk.person("李娜"), shipped_library()

    for topic in live.list_topics(Tip):
        page = (await li.clicks(f"power_safety.topics?topic={topic.value}")).splitlines()
        listed = set(page)
        while "更多" in page:
            assert len(li.last.encode()) <= 2048
            page = (await li.taps("更多")).splitlines()
            listed |= set(page)
        assert len(li.last.encode()) <= 2048
        assert {tip.title for tip in live.list_of(Tip, topic)} <= listed
    for tip in live.tips:
        assert tip.first in await li.clicks(f"power_safety.show?tip={tip.id}")
        assert len(li.last.encode()) <= 2048


async def test_a_topic_with_many_tips_has_pages(database: Database, clock: FakeClock) -> None:
    one = shipped_library().tips[0]
    ten = [replace(one, id=f"tip-{n}", title=f"第{n}条", topic=Topic.METERS, danger=False) for n in range(10)]
    many = Library(only_tips(*ten))
    async with our_town(database, clock, many) as talk:
        li = await talk.person("李娜")

        assert "第7条" in await li.clicks("power_safety.topics?topic=meters")
        assert "第8条" not in re.sub("<[^>]*>", "", li.last)
        assert "第9条" in await li.taps("更多")
        assert "更多" not in li.last
        assert "第0条" not in li.last


async def test_made_up_topics_pages_and_tips_lead_back(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert "想看哪一类？" in await li.clicks("power_safety.topics?topic=cooking")
    assert "想看哪一类？" in await li.clicks("power_safety.topics?after_tip=nothing")
    assert "这一条已经调整" in await li.clicks("power_safety.show?tip=nothing")
    assert "这一条已经调整" in await li.clicks("power_safety.show")


async def test_the_tip_of_the_day_is_the_same_all_day_and_another_tomorrow(talk: Talk) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")

    today = await li.clicks("power_safety.tip_of_the_day")
    talk.clock.advance(11 * 3600)
    assert await wang.clicks("power_safety.tip_of_the_day") == today
    assert "先做：" in await wang.taps("看完整做法")
    talk.clock.advance(3 * 3600)

    assert await li.clicks("power_safety.tip_of_the_day") != today


async def test_all_tips_have_their_day() -> None:
    live, day = shipped_library(), civil_date(NOON)

    shown = {live.of_the_day(day + timedelta(days=n)) for n in range(len(live.tips))}

    assert len(shown) == len(live.tips)


async def test_without_any_tip_the_account_still_answers(database: Database, clock: FakeClock) -> None:
    async with our_town(database, clock, Library()) as talk:
        li = await talk.person("李娜")

        assert "服务电话" in await li.clicks("power_safety.tip_of_the_day")
        assert "正在准备" in await li.says("安全用电")
        assert "答不上来" in await li.says("插座冒火花怎么办")


# --- tips as rows ------------------------------------------------------------------------------------------


async def test_loading_tells_what_is_new_changed_and_gone(session: AsyncSession) -> None:
    first, second, third = shipped_library().tips[:3]

    assert await library.load(session, only_tips(first, second), NOON) == library.Loaded(2, 0, 0)
    assert await library.load(session, only_tips(first, second), NOON) == library.Loaded(0, 0, 0)
    changed = replace(second, title="换了标题")
    assert await library.load(session, only_tips(changed, third), NOON) == library.Loaded(1, 1, 1)

    left = sorted([changed, third], key=lambda tip: tip.id)
    assert await library.read(session) == only_tips(*left)
    assert (
        await session.scalar(sa.select(sa.func.count()).select_from(TipRow)) == 3
    )  # what is gone stays a row
    assert await library.load(session, only_tips(first, changed, third), NOON) == library.Loaded(
        0, 1, 0
    )  # and comes back


async def test_only_news_wakes_the_other_processes(session: AsyncSession) -> None:
    some = only_tips(*shipped_library().tips[:2])

    await library.load(session, some, NOON)
    before = await coordination.version(session, library.VERSION)
    await library.load(session, some, NOON)

    assert await coordination.version(session, library.VERSION) == before


async def test_a_running_process_answers_from_what_another_loaded(database: Database) -> None:
    live = Library()
    assert not await live.refresh(database.reading)
    async with database.transaction() as session:
        await library.load(session, only_tips(*shipped_library().tips), NOON)

    assert await live.refresh(database.reading)

    assert isinstance(live.index.search("插座冒火花怎么办"), Hit)
    assert not await live.refresh(database.reading)


# --- questions nobody could answer -------------------------------------------------------------------------


async def test_a_missed_question_is_sealed_and_the_same_words_are_counted(database: Database) -> None:
    unanswered = Unanswered()
    unanswered.note("疗养去哪？", NOON)
    unanswered.note("  疗养 去哪 ", NOON + timedelta(hours=1))
    await unanswered.flush(database.transaction)
    unanswered.note("疗养去哪", NOON + timedelta(hours=2))
    await unanswered.flush(database.transaction)

    async with database.reading() as session:
        (row,) = await questions.list_misses(session)
        assert (row.text, row.count, row.first_at) == ("疗养去哪？", 3, NOON)
        assert row.last_at == NOON + timedelta(hours=2)
        stored = (await session.execute(sa.text("SELECT text FROM unanswered_question"))).scalar_one()
    assert "疗养".encode() not in bytes(stored)


async def test_two_processes_count_the_same_words_and_what_fails_is_counted_the_next_time(
    database: Database,
) -> None:
    here, there = Unanswered(), Unanswered()
    for text in ("几点抢票", "食堂几点开"):
        here.note(text, NOON)
    for text in ("食堂几点开", "几点抢票"):
        there.note(text, NOON)
    await there.flush(database.transaction)

    @asynccontextmanager
    async def broken() -> AsyncIterator[AsyncSession]:
        async with database.transaction() as session:
            yield session
            here.note("几点抢票", NOON + timedelta(hours=1))  # somebody asks meanwhile
            raise OSError("the database is gone")

    with pytest.raises(OSError, match="gone"):
        await here.flush(broken)
    await here.flush(database.transaction)

    async with database.reading() as session:
        found = [(row.text, row.count) for row in await questions.list_misses(session)]
    assert found == [("几点抢票", 3), ("食堂几点开", 2)]
    assert await here.flush(database.transaction) == 0


async def test_whoever_asks_what_nobody_can_answer_writes_no_row_of_it(talk: Talk) -> None:
    """Else a crowd that sends the same words would wait in line for one row."""
    li = await talk.person("李娜")
    assert (await li.says("几点抢票呢")).startswith("这个问题我还答不上来")

    async with talk.database.reading() as session:
        assert list(await questions.list_misses(session)) == []
    assert await misses(talk) == [("几点抢票呢", 1)]


async def test_smiles_and_dots_are_not_questions(database: Database) -> None:
    unanswered = Unanswered()
    for text in ("", "😀😀", "。。。", "?", "嗯"):
        unanswered.note(text, NOON)

    assert await unanswered.flush(database.transaction) == 0
