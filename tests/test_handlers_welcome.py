"""The first words, help, telephone lines, and what this account is."""

from collections.abc import AsyncIterator

import pytest

from app.database import Database
from app.services.hotlines import HOTLINES, Subject, lines
from handlers import about, answering, desk, help, hotlines, welcome  # noqa: A004
from tests.conftest import FakeClock
from tests.talking import Talk
from tests.town import our_town


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def test_who_follows_reads_three_things_to_do_at_once(talk: Talk) -> None:
    li = await talk.person("李娜")

    welcomed = await li.follows()

    assert welcomed.startswith("您好，感谢关注供电工会。")
    assert welcomed.splitlines()[2:5] == ["每日一条", "我要留言", "人工服务"]
    await li.follows()
    assert "您想留言哪方面的事？" in await li.taps("我要留言")


async def test_a_code_on_a_poster_says_what_opens(talk: Talk) -> None:
    li = await talk.person("李娜")

    followed = await li.follows(scene="feedback")
    assert (
        followed == "您好，感谢关注供电工会。这里可以给工会留言，实名、匿名都行。点下面一行就开始：\n我要留言"
    )
    assert (await li.scans("safety")).startswith("这里可以查用电安全知识")
    assert "居家用电" in await li.taps("安全用电")


async def test_an_old_code_turns_nobody_away(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert (await li.scans("winter-2019")).startswith("您好，感谢关注供电工会。")


async def test_help_names_everything_and_leads_there(talk: Talk) -> None:
    li = await talk.person("李娜")

    helped = await li.says("帮助")

    for label in ("安全用电", "每日一条", "我要留言", "我的留言", "人工服务", "服务电话"):
        assert label in helped.splitlines()
    assert "95598 供电服务热线" in await li.taps("服务电话")


async def test_a_greeting_is_greeted_and_opens_no_case(talk: Talk) -> None:
    li = await talk.person("李娜")

    for greeting in ("你好", "您好！", "在吗？", "有人吗", "早"):
        assert (await li.says(greeting)).startswith("您好，请说。\n"), greeting
    assert "编号 RG-2026-0001" in await li.taps("人工服务")


async def test_thanks_and_nods_are_answered_in_kind(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert (await li.says("谢谢")).startswith("不客气")
    for nod in ("好的", "嗯。", "OK", "知道了", "收到"):
        assert (await li.says(nod)).startswith("好的，有事随时发给我。"), nod


async def test_help_in_the_middle_says_that_the_question_still_waits(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("留言")

    assert (await li.says("帮助")).endswith("（「我要留言」还在等您回答，回复「继续」再看一遍问题。）")
    assert "请说说您的意见" in await li.says("4")


async def test_every_button_of_the_menu_file_answers(talk: Talk) -> None:
    li = await talk.person("李娜")

    for key in (
        "power_safety.tip_of_the_day",
        "hotlines.show",
        "about.show",
        "feedback.leave",
        "feedback.mine",
        "desk.open",
        "help.show",
        "power_safety.topics",
        "power_safety.topics?topic=household",
        "labour_law.topics",
        "legal_aid.intake",
        "legal_aid.mine",
        "power_safety.topics?topic=storms",
        "power_safety.topics?topic=ebikes",
        "power_safety.topics?topic=first_aid",
    ):
        answered = await li.clicks(key)
        assert answered, key
        assert "抱歉" not in answered, key


async def test_a_button_that_nobody_knows_any_more_says_so_and_leads_to_help(talk: Talk) -> None:
    li = await talk.person("李娜")

    for key in ("reply:000000000000000000000000", "rally.sign_up", "help.show?topic=gone"):
        answered = await li.clicks(key)
        assert answered.startswith("您点的按钮在以前的菜单里，现在已经不用了。\n"), key
        assert answered.endswith(help.HELP.splitlines()[-1]), key


def test_danger_comes_first_among_the_telephone_lines() -> None:
    assert lines().splitlines()[0] == "报警 110、火警 119、急救 120、交通事故 122"
    assert lines("electricity", Subject.DANGER).splitlines()[0].startswith("报警 110")
    assert lines(Subject.MIND).splitlines()[0].startswith("12356")
    with pytest.raises(ValueError, match="nonsense"):
        lines("nonsense")


def test_no_number_stands_twice_in_the_table() -> None:
    numbers = [each.number for each in HOTLINES]

    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize(
    "text",
    [
        welcome.WELCOME,
        help.HELP,
        about.ABOUT,
        hotlines.ALL,
        desk.URGENT,
        answering.MISS,
        answering.NOD,
        answering.WORDLESS,
        answering.OTHERWISE,
        *answering.UNREADABLE.values(),
        *("\n".join(scene) for scene in welcome.SCENES.values()),
    ],
)
def test_standing_texts_fit_one_message_and_speak_our_words(text: str) -> None:
    assert len(text.encode()) <= 2048
    assert "用户" not in text
    assert "亲" not in text
