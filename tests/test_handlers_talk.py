"""Talking with staff in the chat: what is written without a keyword goes to the case that is open."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
import sqlalchemy as sa

from app.clock import start_of_day
from app.database import Database
from app.jobs import retention
from app.services import advice, case_work, cases, consultation_work, questions
from app.services.confidential import CONFIDENTIAL
from app.wechat.incoming import parse
from models import (
    Care,
    Case,
    CaseEntry,
    CaseKind,
    CaseState,
    CrisisAlert,
    EntryKind,
    Follower,
    Message,
    StoredFile,
)
from tests.complaining import Office, complain
from tests.conftest import FakeClock
from tests.consulting import consult
from tests.talking import Speaker, Talk, left_behind
from tests.town import our_town

DESK, LEGAL, LEFT = "RG-2026-0001", "FL-2026-0001", "LY-2026-0001"
MINUTE, HOUR, DAY = 60, 3600, 86400
CONTAINS = "  - {say: [工资卡], match: contains, reply: 工资卡请找财务。}\n"


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock, keywords=CONTAINS) as town:
        yield town


async def person_id(talk: Talk, who: Speaker) -> int:
    async with talk.database.reading() as session:
        found = await session.scalar(sa.select(Follower.person_id).where(Follower.openid == who.openid))
    assert found is not None
    return found


async def consults(talk: Talk, who: Speaker) -> None:
    await who.says("使用帮助")
    whose = await person_id(talk, who)
    async with talk.database.transaction() as session:
        await consult(session, whose, now=talk.clock.now())


async def answers(talk: Talk, number: str, text: str = "请带上工资条来一趟。") -> None:
    async with talk.database.transaction() as session:
        await case_work.answer(session, number, text, "刘干事", talk.clock.now())


async def asks(talk: Talk, number: str, text: str) -> None:
    async with talk.database.transaction() as session:
        await consultation_work.ask(session, number, text, "吴律师", talk.clock.now())


async def closes(talk: Talk, number: str) -> None:
    async with talk.database.transaction() as session:
        await case_work.close(session, number, "刘干事", talk.clock.now())


async def thread(talk: Talk, number: str, *kinds: EntryKind) -> Sequence[str]:
    async with talk.database.reading() as session:
        case = await case_work.get_case(session, number)
        entries = await case_work.list_entries(session, case)
    return [cases.text_of(each) for each in entries if each.kind in (kinds or (EntryKind.MEMBER,))]


async def state(talk: Talk, number: str) -> CaseState:
    async with talk.database.reading() as session:
        return (await case_work.get_case(session, number)).state


# --- 人工 --------------------------------------------------------------------------------------------------


async def test_after_asking_for_a_person_one_simply_writes(talk: Talk) -> None:
    li = await talk.person("李娜")
    assert "接着发给我就行" in await li.says("人工")

    told = await li.says("办公楼的门禁坏了，想请人上门")

    assert told.splitlines() == [
        f"已转给工作人员（{DESK}）。最迟 11月26日答复，会发到这里。",
        "接下来发的也会转过去。不是说给工作人员的？点这里",
    ]
    assert await li.sends_picture() == ""  # it follows at once: nothing needs saying again
    assert await li.sends_voice("就是厨房那个") == ""
    assert await li.sends_place("黄陵县桥山街道") == ""
    assert await thread(talk, DESK) == [
        "人工",
        "办公楼的门禁坏了，想请人上门",
        "[图片]",
        "[语音] 就是厨房那个",
        "[位置] 黄陵县桥山街道",
    ]
    talk.clock.advance(5 * MINUTE)
    assert (await li.says("还有走廊的灯")).startswith("已转给工作人员")


async def test_who_writes_of_a_danger_is_told_at_once_what_to_do(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("人工")
    await li.says("我在食堂")

    told = await li.says("插座冒火花了怎么办")

    assert "【插座冒火花、打火】" in told and told.endswith(f"这句也转给工作人员了（{DESK}）。")
    assert (await thread(talk, DESK))[-1] == "插座冒火花了怎么办"


async def test_an_answer_that_we_have_is_offered_beside(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("人工")

    told = await li.says("加班费怎么算")

    assert told.startswith("已转给工作人员") and "这里也有现成的答案：" in told


async def test_keywords_and_open_questions_come_first(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("人工")

    assert "已转给" not in await li.says("每日一条")
    await li.says("我要留言")
    assert "没有认出您选的是哪一项" in await li.says("我的电表坏了")
    await li.says("取消")

    assert await thread(talk, DESK) == ["人工"]
    assert (await li.says("我的工资卡换了")).startswith("已转给工作人员")  # not an exact keyword


async def test_who_says_nothing_for_half_an_hour_is_answered_by_the_search_again(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("人工")
    talk.clock.advance(30 * MINUTE)

    assert "【插座冒火花、打火】" in await li.says("插座冒火花怎么办")
    missed = await li.says("食堂周三的菜谱")
    assert missed.endswith(f"补充到 {DESK}")
    assert f"补充到 {DESK}" in await li.sends_picture()
    assert await thread(talk, DESK) == ["人工"]

    assert f"请发要补充到 {DESK} 的情况" in await li.taps(f"补充到 {DESK}")
    await li.says("食堂周三的菜谱")
    assert (await li.says("完成")).splitlines()[-1].startswith(f"已补充到 {DESK}。")
    assert (await thread(talk, DESK))[-1] == "食堂周三的菜谱"


async def test_an_answer_opens_the_talk_for_two_days_and_words_make_it_wait_again(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("人工")
    talk.clock.advance(DAY)
    await answers(talk, DESK)
    talk.clock.advance(47 * HOUR)
    await li.says("使用帮助")  # reads the answer

    told = await li.says("工资条在哪里打印")

    assert told.startswith(f"已转给工作人员（{DESK}）。最迟 ")
    assert await state(talk, DESK) is CaseState.SUBMITTED
    await answers(talk, DESK)
    talk.clock.advance(48 * HOUR + 1)
    await li.says("使用帮助")
    assert "已转给" not in await li.says("食堂几点开门")


@pytest.mark.parametrize("thanks", ["好的，谢谢您！", "明白了", "太感谢了", "收到，辛苦了老师", "OK"])
async def test_thanks_are_kept_and_open_nothing_again(talk: Talk, thanks: str) -> None:
    li = await talk.person("李娜")
    await consults(talk, li)
    await answers(talk, LEGAL)
    await li.says("使用帮助")

    assert await li.says(thanks) == ""

    assert (await thread(talk, LEGAL))[-1] == thanks
    assert await state(talk, LEGAL) is CaseState.ANSWERED


@pytest.mark.parametrize("words", ["好的吗？", "谢谢，那我先去仲裁", "明白了，几天内要去", "不行", "9月1日"])
async def test_what_wants_an_answer_opens_it_again(talk: Talk, words: str) -> None:
    li = await talk.person("李娜")
    await consults(talk, li)
    await answers(talk, LEGAL)
    await li.says("使用帮助")

    assert (await li.says(words)).startswith(f"{LEGAL} 已经答复了。您这句是：")
    assert await state(talk, LEGAL) is CaseState.ANSWERED  # nobody opens it by a stray sentence

    told = await li.taps("还有问题，接着办")

    assert told.startswith(f"已转给律师（{LEGAL}），重新办理。最迟 ")
    assert await state(talk, LEGAL) is CaseState.REOPENED
    assert (await thread(talk, LEGAL))[-1] == words


async def test_a_word_after_the_answer_may_be_only_told_or_meant_for_the_search(talk: Talk) -> None:
    li = await talk.person("李娜")
    await consults(talk, li)
    await answers(talk, LEGAL)
    await li.says("使用帮助")

    await li.says("我已经去仲裁委交了")
    assert await li.taps("只是告诉一声") == ""
    assert (await thread(talk, LEGAL))[-1] == "我已经去仲裁委交了"
    await li.says("加班费怎么算")
    assert "加班" in await li.taps("问别的，帮我找答案")
    assert (await thread(talk, LEGAL))[-1] == "我已经去仲裁委交了"
    assert await state(talk, LEGAL) is CaseState.ANSWERED


@pytest.mark.parametrize("words", ["可以", "没有", "好的", "不用", "行"])
async def test_a_short_word_to_a_question_of_ours_is_its_answer(talk: Talk, words: str) -> None:
    li = await talk.person("李娜")
    await consults(talk, li)
    await asks(talk, LEGAL, "要我们帮您写仲裁申请书吗？")
    await li.says("使用帮助")

    assert (await li.says(words)).startswith(f"已转给律师（{LEGAL}）。")
    assert await state(talk, LEGAL) is CaseState.IN_PROGRESS
    await answers(talk, LEGAL, "那就这样办。明天上午来一趟方便吗？")
    await li.says("使用帮助")
    assert (await li.says(words)).startswith(f"{LEGAL} 已经答复了。")


async def test_danger_told_to_a_counsellor_brings_the_case_to_the_front(talk: Talk) -> None:
    li = await talk.person("李娜")
    for words in ("心理咨询", "同意", "家庭", "和家里人吵架了", "完成", "跳过", "1", "确认"):
        await li.says(words)
    await asks(talk, "XL-2026-0001", "现在好些了吗？")
    await li.says("使用帮助")

    told = await li.says("我不想活了")

    assert "12356" in told
    async with talk.database.reading() as session:
        assert (await session.scalars(sa.select(Care.urgent))).all() == [True]


async def test_a_question_of_the_lawyers_is_answered_by_writing_even_days_later(talk: Talk) -> None:
    li = await talk.person("李娜")
    await consults(talk, li)
    await asks(talk, LEGAL, "合同是哪年签的？")
    talk.clock.advance(6 * DAY)
    await li.says("使用帮助")

    assert (await li.says("2021年5月")).startswith(f"已转给律师（{LEGAL}）。")
    assert await state(talk, LEGAL) is CaseState.IN_PROGRESS


async def test_a_complaint_that_was_replied_to_goes_on_by_writing_and_is_named_nowhere(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("使用帮助")
    office = Office(talk.database, talk.clock)
    await office.opens()
    office.person = await person_id(talk, li)
    async with talk.database.transaction() as session:
        office.number = number = (await complain(session, office.person, now=talk.clock.now())).number
    await office.does("accept", "dispatch", "take", "reply")
    await li.says("使用帮助")

    await li.says("门口的灯还是不亮")
    assert (await li.taps("还有问题，接着办")).startswith(f"已转给工作人员（{number}），重新办理。")
    talk.clock.advance(3 * DAY)
    assert number not in await li.says("食堂几点开门")


# --- several, and the way out ------------------------------------------------------------------------------


async def test_with_two_talks_one_is_asked_which(talk: Talk) -> None:
    li = await talk.person("李娜")
    await consults(talk, li)
    await asks(talk, LEGAL, "合同是哪年签的？")
    await li.says("人工")
    await li.says("使用帮助")

    asked = await li.sends_picture()
    assert asked.splitlines()[0] == "您有几件事正在谈，这句要说给哪一件？"
    assert [each in asked for each in (f"{LEGAL} 法律咨询", f"{DESK} 人工服务", "都不是")] == [True] * 3
    assert (await li.taps(LEGAL)).startswith(f"已转给律师（{LEGAL}）。")

    assert await thread(talk, LEGAL) == ["公司三个月没发工资", "[图片]"]
    assert await li.says("还有一张") == ""  # in the middle of it
    assert await thread(talk, DESK) == ["人工"]
    talk.clock.advance(5 * MINUTE)
    assert "这句要说给哪一件" in await li.says("第三张")
    await li.taps(DESK)
    await asks(talk, LEGAL, "还有别的合同吗？")
    assert "这句要说给哪一件" in await li.says("没有别的合同")  # somebody spoke there


async def test_neither_of_the_two_was_meant(talk: Talk) -> None:
    li = await talk.person("李娜")
    await consults(talk, li)
    await asks(talk, LEGAL, "合同是哪年签的？")
    await li.says("人工")
    await li.says("使用帮助")
    await li.says("插座冒火花怎么办")

    answer = await li.taps("都不是")

    assert "已转给" not in answer and "插座" in answer
    assert await thread(talk, DESK) == ["人工"]


async def test_what_was_not_meant_for_staff_is_searched_and_the_talk_rests(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("人工")
    await li.says("加班费怎么算")
    old = li.last

    told = await li.taps("点这里")

    assert "加班" in told and told.endswith("后面发的话由我来答。要接着和工作人员说，点这里：继续说")
    assert (await thread(talk, DESK, EntryKind.NOTE)) == ["本人说，上面这句不是说给我们的"]
    assert "已转给" not in await li.says("电动车能在楼道充电吗")
    li.last = old
    assert (await li.taps("点这里")).startswith("好的，后面发的话由我来答。")  # twice
    assert len(await thread(talk, DESK, EntryKind.NOTE)) == 1
    assert f"请发要补充到 {DESK} 的情况" in await li.taps("继续说")


async def test_it_is_over_by_the_time_one_has_chosen(talk: Talk) -> None:
    li = await talk.person("李娜")
    await consults(talk, li)
    await asks(talk, LEGAL, "合同是哪年签的？")
    await li.says("人工")
    await li.says("使用帮助")
    await li.says("食堂几点开门")
    await closes(talk, DESK)

    assert "现在已经不能选了" in await li.taps(DESK)
    assert await thread(talk, DESK) == ["人工"]


@pytest.mark.parametrize("number", ["RG-2026-0001", "XX", ""])
async def test_nobody_writes_into_another_persons_case(talk: Talk, number: str) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await li.says("人工")

    told = await wang.says("补充", choice=f"do:talk.add?number={number}")

    assert "不能再补充" in told
    assert "可能已过保存期限" in await wang.says("点这里", choice=f"do:talk.aside?number={number}")


# --- what must not happen ----------------------------------------------------------------------------------


async def test_the_journal_keeps_none_of_the_words(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("人工")
    await li.says("我只跟工作人员说")
    talk.clock.advance(11 * MINUTE)
    await retention.run(talk.database, talk.clock)

    async with talk.database.reading() as session:
        kept = (await session.scalars(sa.select(Message).order_by(Message.id))).all()
    assert [each.body is None for each in kept] == [False, True]
    assert (kept[1].rule, kept[1].follower_id) == (CONFIDENTIAL, None)


async def test_an_anonymous_case_is_never_a_talk(talk: Talk) -> None:
    li = await talk.person("李娜")
    for words in ("我要留言", "其他", "食堂太贵", "完成", "匿名", "确认"):
        await li.says(words)
    await answers(talk, LEFT)
    await li.says("使用帮助")

    assert LEFT not in await li.says("食堂几点开门")
    async with talk.database.reading() as session:
        assert (await session.scalars(sa.select(Case.talk_until))).all() == [None]


async def test_what_is_added_to_an_anonymous_case_leads_to_nobody(talk: Talk) -> None:
    li = await talk.person("李娜")
    for words in ("我要留言", "其他", "食堂太贵", "完成", "匿名", "确认", "我的留言"):
        await li.says(words)
    await li.taps(LEFT)
    await li.taps("补充情况")
    await li.sends_picture()
    await li.says("完成")

    assert await thread(talk, LEFT) == ["食堂太贵", "[图片]"]
    async with talk.database.reading() as session:
        owners = (await session.scalars(sa.select(StoredFile.owner_id))).all()
        times = (await session.scalars(sa.select(CaseEntry.created_at).distinct())).all()
    assert (owners, times) == ([None], [start_of_day(talk.clock.now())])


async def test_the_same_message_pushed_again_is_said_once(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("人工")
    first = await li.says("办公楼的门禁坏了，想请人上门")

    assert await li.pushes(parse(talk.account, li.last_body)) == first
    assert len(await thread(talk, DESK)) == 2


async def test_a_message_reads_with_one_connection_and_writes_holding_no_other(talk: Talk) -> None:
    """Who held one and waited for a second would wait for all others who do the same."""
    li = await talk.person("李娜")
    await li.says("使用帮助")
    held, most = 0, 0

    def takes(*_: object) -> None:
        nonlocal held, most
        held += 1
        most = max(most, held)

    def gives(*_: object) -> None:
        nonlocal held
        held -= 1

    for engine in {talk.database.reader.sync_engine, talk.database.writer.sync_engine}:
        sa.event.listen(engine, "checkout", takes)
        sa.event.listen(engine, "checkin", gives)
    await li.says("人工")
    await li.says("门禁坏了")
    talk.clock.advance(30 * MINUTE)
    assert f"补充到 {DESK}" in await li.sends_picture()  # looked for a talk, then for cases under way

    assert (most, held) == (1, 0)


async def test_a_crash_in_the_middle_keeps_nothing_and_can_be_said_again(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    li = await talk.person("李娜")
    await consults(talk, li)
    await asks(talk, LEGAL, "合同是哪年签的？")
    await li.says("使用帮助")

    def breaks(*_: object) -> None:
        raise RuntimeError("the process died here")

    with monkeypatch.context() as patched:
        patched.setattr(advice, "_take_up", lambda *_: 1 / 0)
        assert "没有办成" in await li.says("2021年")
    assert await thread(talk, LEGAL) == ["公司三个月没发工资"]
    assert await state(talk, LEGAL) is CaseState.WAITING_USER

    assert (await li.says("2021年")).startswith("已转给律师")


async def test_what_is_said_in_a_talk_is_no_question_that_the_search_missed(talk: Talk) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await wang.says("使用帮助")
    await li.says("人工")

    told, missed = await asyncio.gather(
        li.says("师傅答应我的那件事情"), wang.says("彩虹几点钟出来呢")
    )  # in one group

    assert told.startswith(f"已转给工作人员（{DESK}）") and missed.startswith("这个问题我还答不上来")
    await talk.unanswered.flush(talk.database.transaction)
    async with talk.database.reading() as session:
        assert [each.text for each in await questions.list_misses(session)] == ["彩虹几点钟出来呢"]
    assert await thread(talk, DESK) == ["人工", "师傅答应我的那件事情"]


async def test_words_that_a_process_left_behind_go_to_the_talk_all_the_same(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("人工")
    await left_behind(talk, li, "师傅答应我的那件事情", "", 0)

    await talk.sweep.run()

    assert await thread(talk, DESK) == ["人工", "师傅答应我的那件事情"]


async def test_danger_in_a_talk_is_answered_first_and_goes_on_to_the_case(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("人工")

    told = await li.says("我不想活了")

    assert "12356" in told.split("已转给")[0]
    assert (await thread(talk, DESK))[-1] == "我不想活了"
    async with talk.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(CrisisAlert)) == 1


async def test_a_named_message_can_be_added_to_and_says_so(talk: Talk) -> None:
    li = await talk.person("李娜")
    for words in ("我要留言", "其他", "食堂太贵", "完成", "实名", "跳过", "确认"):
        await li.says(words)
    await li.says("我的留言")
    await li.taps(LEFT)
    await li.taps("补充情况")
    await li.says("尤其是晚饭")

    assert (await li.says("完成")).splitlines()[-1].startswith(f"已补充到 {LEFT}。最迟 ")
    async with talk.database.reading() as session:
        channels = (await session.scalars(sa.select(CaseEntry.channel).order_by(CaseEntry.id))).all()
        kinds = (await session.scalars(sa.select(Case.kind))).all()
    assert (channels[-1], list(kinds)) == ("chat", [CaseKind.FEEDBACK])
