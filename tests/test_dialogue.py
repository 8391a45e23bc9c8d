"""The dialogue engine, told as conversations: flows that replay, in order of routing, on both databases."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import sqlalchemy as sa

from app.database import Database
from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.dialogue.runs import Run
from app.errors import DomainError
from app.wechat.replies import Reply, Text
from models import Counter, Dialogue, DialogueState, Follower, Message, MessageState, StoredFile
from tests.conftest import FakeClock
from tests.talking import Talk, talking

MENUS = """
version: 1
account: 测试工会
menu:
  - name: 服务
    items:
      - {name: 报名, do: sport.sign_up}
      - {name: 计数, do: sport.count}
      - {name: 故障, do: sport.broken}
      - {name: 满员, do: sport.full}
      - {name: 撞车, do: sport.doubled}
keywords:
  - {say: [报名], do: sport.sign_up}
  - {say: [讲故事], do: sport.story}
  - {say: [计数], do: sport.count}
  - {say: [值班电话], reply: 值班电话 95598。}
  - say: [轻生讲座, 不想活]
    match: contains
    reply: {article: {title: 心理讲座, url: "https://example.com/a"}}
  - {say: [怎么办], match: contains, reply: 请拨打 95598。}
fallback: sport.fallback
"""

COURSES = {1: "羽毛球", 2: "乒乓球", 3: "太极拳"}


def sport() -> tuple[Router, dict[str, object]]:
    router = Router("sport")
    world: dict[str, object] = {"courses": dict(COURSES), "question": None, "fails": False}

    async def bump(chat: Chat) -> int:
        row = await chat.session.scalar(sa.select(Counter).where(Counter.series == "T"))
        if row is None:
            row = Counter(series="T", year=2026, value=0)
            chat.session.add(row)
        row.value += 1
        await chat.session.flush()
        return row.value

    @router.flow("sport.sign_up", title="活动报名", version=1)
    async def sign_up(chat: Chat) -> Reply:
        course = await chat.choose("course", "请选择活动：", dict(world["courses"]))  # type: ignore[call-overload]
        with chat.within("contact"):
            phone = await chat.ask("phone", "请留一个手机号。", answers.phone)
        await chat.confirm("ok", f"报名{COURSES[course]}，电话 {phone}，确认吗？")
        number = await bump(chat)
        if world["fails"]:
            raise RuntimeError("a bug")
        if world["question"]:
            raise DomainError("这个活动刚刚报满了。", question=str(world["question"]))
        return Text(f"报名成功，第 {number} 位。")

    @router.flow("sport.story", title="讲故事", version=1)
    async def story(chat: Chat) -> Reply:
        await chat.ask("story", "请讲，讲完回复「完成」。", answers.story)
        return Text("听到了。")

    _single_answers(router, bump)
    return router, world


def _single_answers(router: Router, bump: Callable[[Chat], Awaitable[int]]) -> None:
    @router.on("sport.count", title="计数")
    async def count(chat: Chat) -> Reply:
        return Text(f"第 {await bump(chat)} 次。")

    @router.on("sport.broken", title="故障")
    async def broken(chat: Chat) -> Reply:
        await bump(chat)
        raise RuntimeError("a bug")

    @router.on("sport.doubled", title="撞车")
    async def doubled(chat: Chat) -> Reply:
        chat.session.add_all(
            [Counter(series="D", year=2026, value=1), Counter(series="D", year=2026, value=2)]
        )
        await chat.session.flush()
        return Text("不会到这里。")

    @router.on("sport.full", title="满员")
    async def full(chat: Chat) -> Reply:
        raise DomainError("已经满员。")

    @router.on("sport.long", title="长篇")
    async def long(chat: Chat) -> Reply:
        return Text("很久很久以前。" * 200)

    @router.on("sport.fallback", title="听不懂")
    async def fallback(chat: Chat) -> Reply:
        return Text(f"没听懂「{chat.text}」。")


@pytest.fixture
def world() -> dict[str, object]:
    return {}


@pytest.fixture
async def talk(database: Database, clock: FakeClock, world: dict[str, object]) -> AsyncIterator[Talk]:
    router, made = sport()
    async with talking(database, clock, [router], MENUS) as town:
        world.clear()
        world.update(made)
        made.update(world)
        town.world = made  # type: ignore[attr-defined]
        yield town


async def messages(database: Database) -> list[Message]:
    async with database.reading() as session:
        return list(await session.scalars(sa.select(Message).order_by(Message.id)))


async def counted(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(sa.select(Counter.value).where(Counter.series == "T")) or 0


async def test_a_keyword_is_answered_and_both_sides_are_kept(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert await li.says("值班电话") == "值班电话 95598。"

    (kept,) = await messages(talk.database)
    assert kept.state is MessageState.ANSWERED
    assert "值班电话" in str(kept.body)
    assert kept.reply == {"type": "text", "content": "值班电话 95598。"}


async def test_the_same_push_again_gets_the_same_answer_and_counts_once(talk: Talk) -> None:
    li = await talk.person("李娜")
    push = li.incoming("text", "<Content>计数</Content>")

    assert await li.pushes(push) == "第 1 次。"
    assert await li.pushes(push) == "第 1 次。"
    assert await counted(talk.database) == 1


async def test_three_pushes_in_parallel_count_once(talk: Talk) -> None:
    li = await talk.person("李娜")
    push = li.incoming("text", "<Content>计数</Content>")

    assert set(await asyncio.gather(*(li.pushes(push) for _ in range(3)))) == {"第 1 次。"}
    assert await counted(talk.database) == 1


async def test_a_flow_goes_question_by_question_and_writes_at_the_end(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert "请选择活动" in await li.says("报名")
    assert "手机号" in await li.taps("羽毛球")
    assert await counted(talk.database) == 0
    assert "应为 11 位" in await li.says("1381234567")
    assert "报名羽毛球，电话 13812345678" in await li.says("138 1234 5678")
    assert "「确认」" in await li.says("好吧")  # anything but a clear yes: ask, never guess
    assert await li.says("确认") == "报名成功，第 1 位。"
    assert await counted(talk.database) == 1


async def test_a_choice_is_taken_by_number_name_and_tap(talk: Talk) -> None:
    for way in ("2", "２", "第二个", "乒乓球", "我选2", "我要乒乓球", "乒乓球吧"):
        person = await talk.person(way)
        await person.says("报名")
        assert "手机号" in await person.says(way), way
    lost = await talk.person("某人")
    await lost.says("报名")
    for unclear in ("9", "不要乒乓球", "我不选2"):
        assert "没有认出" in await lost.says(unclear), unclear


async def test_back_drops_the_last_answer_and_cancel_ends(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")
    await li.says("1")

    assert "请选择活动" in await li.says("上一步")
    assert "第一步" in await li.says("上一步")
    assert "已取消" in await li.says("取消")
    assert "没听懂" in await li.says("13812345678")


async def test_back_takes_a_story_apart_from_its_end_and_loses_nothing_of_it(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("讲故事")
    for part in ("从前有座山", "山里有座庙", "写错了"):
        await li.says(part)
        talk.clock.advance(20)

    assert (await li.says("上一步")).startswith("去掉了最后一条。\n已经收到 2 条，可以接着发。\n请讲")
    assert await li.says("完成") == "共收到 2 段文字。\n听到了。"

    await li.says("讲故事")
    await li.says("从前有座山")
    assert (await li.says("上一步")).startswith("去掉了最后一条。\n请讲")
    assert "第一步" in await li.says("上一步")


async def test_a_story_that_was_ended_stands_open_again_as_it_was(
    database: Database, clock: FakeClock
) -> None:
    router, _ = sport()

    @router.flow("sport.report", title="报告", version=1)
    async def report(chat: Chat) -> Reply:
        told = await chat.ask("story", "请说，说完回复「完成」。", answers.story)
        await chat.ask("phone", "请留一个手机号。", answers.phone)
        return Text(told.text)

    async with talking(database, clock, [router], MENUS) as talk:
        li = await talk.person("李娜")
        await li.clicks("sport.report")
        await li.says("灯坏了")
        await li.says("完成")

        assert (await li.says("上一步")).startswith("已经收到 1 条，可以接着发。\n请说")
        assert "共 2 条" in await li.says("门也坏了")
        assert (await li.says("完成")).startswith("共收到 2 段文字。\n请留一个手机号。")
        assert await li.says("13812345678") == "灯坏了\n门也坏了"


async def test_a_sticker_is_no_part_of_a_story_and_no_question(talk: Talk) -> None:
    li = await talk.person("李娜")
    sticker = "【收到不支持的消息类型，暂无法显示】"

    assert await li.says(sticker) == "没听懂「」。"
    await li.says("讲故事")
    assert (await li.says(sticker)).startswith("这类消息收不了，请发文字、图片、语音、视频或位置")
    await li.says("从前有座山")
    assert await li.says("完成") == "共收到 1 段文字。\n听到了。"


async def test_words_that_are_meant_for_us_are_no_part_of_a_story(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("讲故事")
    await li.says("从前有座山")

    assert await li.says("算了") == "要退出请回复「取消」，改上一条请回复「上一步」；说完了请回复「完成」。"
    assert await li.sends_voice("说完了。") == "共收到 1 段文字。\n听到了。"


async def test_a_no_at_the_end_submits_nothing(talk: Talk) -> None:
    li = await talk.person("李娜")
    for word in ("报名", "1", "13812345678"):
        await li.says(word)

    assert "没有提交" in await li.says("否")
    assert await counted(talk.database) == 0


async def test_a_menu_tap_suspends_the_flow_and_continue_comes_back(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")
    await li.says("1")

    interrupted = await li.clicks("sport.count")
    assert interrupted.startswith("第 1 次。")
    assert "「活动报名」还没办完" in interrupted
    assert "接着办「活动报名」" in await li.says("继续")
    assert "报名羽毛球" in await li.says("13812345678")


async def test_of_three_flows_the_oldest_becomes_a_draft(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")
    await li.clicks("sport.sign_up")
    await li.clicks("sport.sign_up")

    async with talk.database.reading() as session:
        states = sorted((await session.scalars(sa.select(Dialogue.state))).all())
    assert states == [DialogueState.DRAFT, DialogueState.OPEN, DialogueState.SUSPENDED]


async def test_a_tap_on_an_old_question_is_told_so(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")
    old = li.last
    await li.taps("羽毛球")

    li.last = old
    answer = await li.taps("太极拳")
    assert "这是之前的选项" in answer
    assert "手机号" in answer
    await li.says("取消")
    li.last = old
    assert "那次对话已经结束" in await li.taps("太极拳")


async def test_a_choice_that_is_gone_meanwhile_is_asked_again(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")
    talk.world["courses"] = {2: "乒乓球"}  # type: ignore[attr-defined]

    answer = await li.taps("羽毛球")

    assert "「羽毛球」现在已经不能选了" in answer
    assert "乒乓球" in answer


async def test_a_stored_choice_that_is_gone_is_asked_again_later(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")
    await li.taps("羽毛球")
    talk.world["courses"] = {2: "乒乓球"}  # type: ignore[attr-defined]

    assert "已经不能选了" in await li.says("13812345678")


async def test_a_refusal_with_a_question_asks_it_again(talk: Talk) -> None:
    li = await talk.person("李娜")
    for word in ("报名", "1", "13812345678"):
        await li.says(word)
    talk.world["question"] = "course"  # type: ignore[attr-defined]

    answer = await li.says("确认")

    assert answer.startswith("这个活动刚刚报满了。")
    assert "请选择活动" in answer
    assert await counted(talk.database) == 0  # what it wrote was rolled back


async def test_a_bug_is_answered_calmly_and_the_question_stays_open(talk: Talk) -> None:
    li = await talk.person("李娜")
    for word in ("报名", "1", "13812345678"):
        await li.says(word)
    talk.world["fails"] = True  # type: ignore[attr-defined]

    assert "出了点问题" in await li.says("确认")
    assert (await messages(talk.database))[-1].state is MessageState.FAILED
    talk.world["fails"] = False  # type: ignore[attr-defined]
    assert await li.says("确认") == "报名成功，第 1 位。"


async def test_a_refusal_without_a_question_is_just_said(talk: Talk) -> None:
    li = await talk.person("李娜")
    assert await li.clicks("sport.full") == "已经满员。"


async def test_a_story_of_nine_pictures_at_once_keeps_all(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("讲故事")

    await asyncio.gather(*(li.sends_picture() for _ in range(9)))

    assert await li.says("完成") == "共收到 9 张图片。\n听到了。"
    async with talk.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(StoredFile)) == 9


async def test_a_long_answer_is_cut_before_what_waits_is(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")

    await li.clicks("sport.long")

    assert len(li.last.encode()) <= 2048
    assert li.last.endswith("接着办。）")


async def test_a_story_whose_next_words_count_it_is_counted_once(
    database: Database, clock: FakeClock
) -> None:
    router, _ = sport()

    @router.flow("sport.report", title="报告", version=1)
    async def report(chat: Chat) -> Reply:
        told = await chat.ask("story", "请说，说完回复「完成」。", answers.story)
        await chat.confirm("ok", f"内容：{told.summary}，提交吗？")
        return Text("已提交。")

    async with talking(database, clock, [router], MENUS) as talk:
        li = await talk.person("李娜")
        await li.clicks("sport.report")
        await li.says("灯坏了")

        assert (await li.says("完成")).startswith("内容：1 段文字，提交吗？")
        assert await li.says("确认") == "已提交。"


async def test_only_the_first_part_of_a_quick_story_is_acknowledged(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("讲故事")

    assert "收到" in await li.says("插座冒火花")
    assert await li.sends_picture() == ""
    talk.clock.advance(30)
    assert "共 3 条" in await li.sends_picture()


async def test_words_a_question_refuses_but_a_keyword_knows_offer_both_ways(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")
    await li.says("1")

    assert await li.says("计数") == "「计数」不像刚才那个问题的答案。您想：\n继续回答刚才的问题\n去「计数」"
    counted = await li.taps("去「计数」")
    assert counted.startswith("第 1 次。")
    assert "「活动报名」还在等您回答" in counted
    assert "手机号" in await li.taps("继续")


async def test_a_keyword_with_a_fixed_answer_is_offered_at_the_crossroads_too(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")

    assert (await li.says("值班电话？")).endswith("继续回答刚才的问题\n看「值班电话」的答复")
    assert (await li.taps("看「值班电话」")).startswith("值班电话 95598。\n\n（「活动报名」还在等您回答")
    assert "手机号" in await li.says("羽毛球")
    assert "应为 11 位" in await li.says("1381234567")


async def test_a_word_that_leads_to_the_flow_one_is_in_is_no_crossroads(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")

    refused = await li.says("报名")

    assert "没有认出" in refused
    assert "1. 羽毛球" in refused


async def test_what_waits_is_named_when_something_else_is_over(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")
    await li.clicks("sport.story")
    await li.says("从前有座山")

    told = await li.says("完成")

    assert told.endswith("（「活动报名」还没办完，回复「继续」接着办。）")
    assert "请选择活动" in await li.taps("继续")


async def test_an_answer_that_comes_a_day_late_is_told_what_waits(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")
    talk.clock.advance(25 * 3600)

    late = await li.says("羽毛球")

    assert late.endswith("（「活动报名」还没办完，回复「继续」接着办。）")
    assert "请选择活动" in await li.taps("继续")


async def test_a_button_tapped_twice_leaves_nothing_half_finished_to_name(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.clicks("sport.sign_up")

    assert "还没办完" not in await li.clicks("sport.sign_up")
    await li.taps("羽毛球")
    assert "「活动报名」还没办完" in await li.clicks("sport.sign_up")


async def test_danger_opens_the_answer_and_the_text_goes_on(talk: Talk) -> None:
    li = await talk.person("李娜")
    answer = await li.says("有人触电了怎么办")
    assert answer.splitlines()[0].count("120") == 1
    assert "95598" in answer


async def test_follow_and_leave_move_the_facts(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")
    await li.leaves()

    assert "没有办到一半的事" in await li.says("继续")


async def test_an_old_version_of_a_flow_starts_again_with_a_word(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")
    async with talk.database.transaction() as session:
        await session.execute(sa.update(Dialogue).values(version=0))

    assert "从头" in await li.says("1")


async def test_an_expired_dialogue_is_left_and_can_be_continued(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")
    talk.clock.advance(25 * 3600)

    assert "没听懂" in await li.says("1")
    assert "接着办" in await li.says("继续")


async def test_one_failed_flush_takes_nobody_along(talk: Talk) -> None:
    people = [await talk.person(name) for name in ("一", "二", "三")]
    keys = ("sport.count", "sport.doubled", "sport.count")
    talk.clock.advance(1)
    events = [
        person.incoming("event", f"<Event>CLICK</Event><EventKey>{key}</EventKey>", event=True)
        for person, key in zip(people, keys, strict=True)
    ]

    said = await asyncio.gather(*(p.pushes(e) for p, e in zip(people, events, strict=True)))

    assert {said[0], said[2]} == {"第 1 次。", "第 2 次。"}
    assert "出了点问题" in said[1]
    assert await counted(talk.database) == 2
    assert sorted(m.state for m in await messages(talk.database)) == [
        MessageState.ANSWERED,
        MessageState.ANSWERED,
        MessageState.FAILED,
    ]


async def test_words_of_crisis_come_first_even_where_a_card_was_meant(talk: Talk) -> None:
    li = await talk.person("李娜")
    assert "12356" in (await li.says("我不想活了")).splitlines()[0] + li.last


async def test_what_was_told_before_an_interruption_is_kept(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("讲故事")
    await li.says("插座冒火花")
    await li.clicks("sport.count")

    assert "已经收到 1 条" in await li.says("继续")
    assert await li.says("完成") == "共收到 1 段文字。\n听到了。"


async def test_a_message_run_again_late_does_not_bring_back_who_left(talk: Talk) -> None:
    li = await talk.person("李娜")
    early = li.incoming("text", "<Content>值班电话</Content>")
    await li.says("值班电话")
    run = Run(early, talk.account_id, talk.clock.now(), "late")
    talk.clock.advance(30)
    await li.leaves()

    await talk.engine.resume(run)

    async with talk.database.reading() as session:
        follower = (await session.scalars(sa.select(Follower))).one()
    assert not follower.subscribed
    assert follower.spoke_at is None or follower.spoke_at <= run.at


async def test_an_old_way_out_does_not_cancel_another_dialogue(talk: Talk) -> None:
    li = await talk.person("李娜")
    for word in ("报名", "1", "13812345678"):
        await li.says(word)
    old = li.last
    await li.says("确认")
    await li.says("讲故事")

    li.last = old
    assert "这是之前的选项" in await li.taps("取消")
    assert "收到" in await li.says("插座冒火花")


async def test_cancel_names_what_waits(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")
    await li.clicks("sport.count")
    assert "「活动报名」还没办完" in await li.says("取消")


async def test_who_leaves_takes_all_drafts_along(talk: Talk) -> None:
    li = await talk.person("李娜")
    for _ in range(4):
        await li.clicks("sport.sign_up")
    await li.leaves()

    async with talk.database.reading() as session:
        assert set(await session.scalars(sa.select(Dialogue.state))) == {DialogueState.ENDED}
