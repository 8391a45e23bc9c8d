"""留言 from the first word to the answer, and 我的留言."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from app.database import Database
from app.services import case_work, cases
from models import Case, Dialogue, StoredFile
from tests.conftest import FakeClock
from tests.talking import Speaker, Talk
from tests.town import our_town


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def leaves(li: Speaker, *, naming: str = "匿名", contact: str = "") -> str:
    """A whole 留言 about safety; returns the last answer."""
    await li.says("留言")
    await li.taps("安全生产")
    await li.says("三号库的灯坏了")
    await li.says("完成")
    await li.taps(naming)
    if naming != "匿名":
        await li.says(contact or "跳过")
    return await li.taps("确认")


async def the_case(talk: Talk, number: str = "LY-2026-0001") -> Case:
    async with talk.database.reading() as session:
        return await case_work.get_case(session, number)


# --- leaving one -------------------------------------------------------------------------------------------


async def test_from_the_first_word_to_the_number(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert (await li.says("留言")).splitlines()[:6] == [
        "您想留言哪方面的事？",
        "1. 工作生活建议",
        "2. 活动与福利",
        "3. 权益保障",
        "4. 安全生产",
        "5. 其他",
    ]
    assert (await li.says("4")).startswith("请说说您的意见")
    assert (await li.says("三号库的灯坏了")).startswith("收到，共 1 条。")
    assert await li.sends_picture() == ""  # a part that comes at once is taken without a word
    assert await li.sends_voice("已经三天了") == ""
    assert (await li.says("完成")).startswith("共收到 1 段文字、1 张图片、1 段语音。\n要实名还是匿名？")
    assert (await li.says("实名，方便联系我")).startswith("留个电话方便联系吗？")
    assert (await li.says("138 1234 5678")).splitlines()[:5] == [
        "类型：安全生产",
        "署名：实名",
        "电话：13812345678",
        "内容：1 段文字、1 张图片、1 段语音「三号库的灯坏了 已经三天了」",
        "确认提交吗？",
    ]
    assert await li.says("确认") == (
        "已收到您的留言。\n编号 LY-2026-0001。\n最迟 11月26日答复，会发到这里。\n进度随时可查：我的留言"
    )
    async with talk.database.reading() as session:
        case = await case_work.get_case(session, "LY-2026-0001")
        (entry,) = await case_work.list_entries(session, case)
    assert (case.topic, case.anonymous) == ("safety", False)
    assert cases.text_of(entry) == "三号库的灯坏了\n[图片]\n[语音] 已经三天了"


async def test_a_wrong_number_says_what_is_wrong_and_how_to_skip(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("留言")
    await li.says("1")
    await li.says("多办活动")
    await li.says("完成")
    await li.says("1")

    refused = await li.says("138123456")

    assert "手机号应为 11 位数字，您发的是 9 位" in refused
    assert "「跳过」" in refused
    assert "电话：不留" in await li.says("跳过")


async def test_who_stays_unnamed_is_not_asked_for_a_number(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("留言")
    await li.says("3")
    await li.says("加班不给钱")
    await li.says("完成")

    summary = await li.taps("匿名")

    assert summary.startswith("类型：权益保障\n署名：匿名\n内容：")
    assert "LY-2026-0001" in await li.taps("确认")
    assert (await the_case(talk)).anonymous


async def test_pictures_of_an_anonymous_message_belong_to_nobody(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("留言")
    await li.says("3")
    await li.sends_picture()
    await li.says("完成")
    await li.taps("匿名")
    async with talk.database.reading() as session:
        assert (await session.scalars(sa.select(StoredFile.owner_id))).one() is not None

    await li.taps("确认")

    async with talk.database.reading() as session:
        assert (await session.scalars(sa.select(StoredFile.owner_id))).one() is None


async def test_a_no_at_the_end_leaves_nothing(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("留言")
    await li.says("5")
    await li.says("灯坏了")
    await li.says("完成")
    await li.taps("匿名")

    assert await li.taps("取消") == "好的，「我要留言」已取消，没有提交任何内容。"
    assert await li.says("我的留言") == "还没有留言。有想说的，点这里：我要留言"


async def test_the_same_confirmation_twice_is_one_case(talk: Talk) -> None:
    li = await talk.person("李娜")
    await leaves(li)
    again = await li.pushes(_again(talk, li))

    assert "LY-2026-0001" in again
    async with talk.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Case)) == 1


def _again(talk: Talk, li: Speaker) -> Any:
    from app.wechat.incoming import parse

    return parse(talk.account, li.last_body)


async def test_the_dialogue_is_confidential(talk: Talk) -> None:
    """Its texts are emptied ten minutes after the end: they would name who stayed unnamed."""
    li = await talk.person("李娜")
    await leaves(li)

    async with talk.database.reading() as session:
        assert (await session.scalars(sa.select(Dialogue.confidential))).one() is True


async def test_the_last_step_writes_little(talk: Talk) -> None:
    """What the flow itself adds to the engine's statements: number, case, reporter, words."""
    li = await talk.person("李娜")
    await li.says("留言")
    await li.says("4")
    await li.says("灯坏了")
    await li.says("完成")
    await li.taps("匿名")
    ours: list[str] = []

    def note(*given: Any) -> None:
        if any(
            table in given[2] for table in ("counter", '"case"', "case_entry", "case_reporter", "stored_")
        ):
            ours.append(given[2])

    sa.event.listen(talk.database.writer.sync_engine, "before_cursor_execute", note)
    sa.event.listen(talk.database.reader.sync_engine, "before_cursor_execute", note)

    assert "编号" in await li.taps("确认")

    assert len(ours) == 4


# --- looking at one's own ----------------------------------------------------------------------------------


async def test_ones_own_messages_with_state_day_and_answer(talk: Talk) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await leaves(li)
    await leaves(wang)
    await leaves(li, naming="实名")
    async with talk.database.transaction() as session:
        await case_work.answer(session, "LY-2026-0001", "灯已换好。", "赵敏", talk.clock.now())

    mine = await li.says("我的留言")

    assert mine.splitlines() == [
        "您的留言和人工服务，点编号看详情：",
        "LY-2026-0003 已提交（安全生产，11月23日）",
        "LY-2026-0001 已答复（安全生产，11月23日），答复：灯已换好。",
        "我要留言",
    ]
    assert (await li.taps("LY-2026-0001")).splitlines() == [
        "LY-2026-0001　已答复",
        "11月23日提交，安全生产，匿名",
        "您说：三号库的灯坏了",
        "11月23日答复：",
        "灯已换好。",
        "补充情况",
    ]


async def test_nobody_opens_somebody_elses_message(talk: Talk) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await leaves(li)

    tapped = await wang.says("LY-2026-0001", choice="do:feedback.show?number=LY-2026-0001")
    clicked = await wang.clicks("feedback.show?number=LY-2026-0001")

    assert tapped == clicked == "没有找到这条留言，请在「我的留言」里点编号查看。"


async def test_long_answers_and_many_messages_still_fit(talk: Talk) -> None:
    li = await talk.person("李娜")
    for _ in range(10):
        await leaves(li)
    async with talk.database.transaction() as session:
        for n in range(1, 11):
            await case_work.answer(session, f"LY-2026-{n:04d}", "修" * 600, "赵敏", talk.clock.now())

    await li.says("我的留言")
    assert len(li.last.encode()) <= 2048
    assert "LY-2026-0010" in li.last
    await li.taps("LY-2026-0010")
    assert len(li.last.encode()) <= 2048
