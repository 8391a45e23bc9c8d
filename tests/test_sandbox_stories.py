"""What happened on a phone as a test to paste: it says what was done and read, and it runs."""

import ast
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from sandbox import conversations
from sandbox.app import create_app
from sandbox.driver import Phone, Platform, Refusal
from sandbox.menu_bar import menus
from sandbox.world import World
from tests.test_sandbox_page import CONFIG, SERVICE

BUTTONS: list[dict[str, Any]] = [
    {"name": "服务", "sub_button": [{"type": "click", "name": "法律援助", "key": "LEGAL"}]},
    {"name": "签到", "type": "scancode_waitmsg", "key": "CHECK_IN"},
    {"name": "拍照", "type": "pic_photo_or_album", "key": "PHOTO"},
]


@dataclass
class Town:
    """A sandbox, how a test moves it, and what is inside."""

    platform: Platform
    world: World

    async def story(self, who: str, exchange: int = 0) -> str:
        answer = await self.platform.ask("GET", f"people/{who}/story?exchange={exchange}")
        return str(answer["story"])


@asynccontextmanager
async def town() -> AsyncIterator[Town]:
    app = create_app(CONFIG, httpx.ASGITransport(SERVICE))
    menus.put_default(app.state.world, BUTTONS)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as client:
        yield Town(Platform(client), app.state.world)
    await app.state.world.close()


@pytest.fixture
async def here() -> AsyncIterator[Town]:
    async with town() as opened:
        yield opened


@pytest.fixture
async def li(here: Town) -> Phone:
    return await here.platform.person("李建国")


async def test_a_conversation_is_told_from_the_last_following_on(here: Town, li: Phone) -> None:
    await li.follows()
    await li.says("先前的")
    await li.leaves()
    await li.scans("act_7")
    await li.says('他说"好"')
    await li.taps("服务", "法律援助")
    await li.taps("签到", scan_result="CHK-7")
    await here.platform.moves_time(hours=49)
    await li.says("选择")
    await li.chooses("插座怎么选")
    await li.says("坏")
    await li.sends("location", latitude=35.5, longitude=109.25, label="桥山")

    assert await here.story("李建国") == (
        """\
async def test_li_is_answered(platform: Platform) -> None:
    li = await platform.person("李建国")

    assert (await li.scans("act_7")).text == "收到qrscene_act_7"
    assert (await li.says("他说\\"好\\"")).text == "收到他说\\"好\\""
    assert (await li.taps("服务", "法律援助")).text == "收到LEGAL"
    assert (await li.taps("签到", scan_result="CHK-7")).text == "收到CHECK_IN"
    await platform.moves_time(hours=49)
    seen = await li.says("选择")
    assert seen.text == (
        "您想了解：\\n"
        "插座怎么选"
    )
    assert (await li.chooses("插座怎么选")).text == "收到插座"
    seen = await li.says("坏")
    assert (seen.result, seen.rule) == ("fault", "回复不是合法的 XML：syntax error: line 1, column 0")
    seen = await li.sends("location", latitude=35.5, longitude=109.25, label="桥山")
    assert seen.text == "收到location"
"""
    )


async def test_the_told_story_holds_in_another_town(here: Town, li: Phone) -> None:
    await li.follows()
    await li.says("换行\n" + "长" * 120)
    await li.taps("拍照", pictures=["aGVsbG8="])
    conversations.add(here.world, li.openid, "in", "text", {"text": "工作人员：\n明天给您回电"})
    await li.says("好")

    story = await here.story("李建国")
    async with town() as elsewhere:
        phone = await elsewhere.platform.person("李建国")
        conversations.add(elsewhere.world, phone.openid, "in", "text", {"text": "工作人员：\n明天给您回电"})
        names: dict[str, Any] = {"Platform": Platform}
        exec(compile(story, "story", "exec"), names)
        await names["test_li_is_answered"](elsewhere.platform)

    assert "await li.hears(\n" in story


async def test_a_page_from_a_friend_is_no_word_of_the_account(here: Town, li: Phone) -> None:
    wang = await here.platform.person("王秀兰")
    await li.follows()
    await wang.shares(li, "https://a.cn/", title="近期活动")
    await li.says("好")

    assert "近期活动" not in await here.story("李建国")


async def test_one_exchange_is_told_in_two_lines(here: Town, li: Phone) -> None:
    followed = await li.follows()
    said = await li.says("你好")

    assert await here.story("李建国", followed.detail["exchange_id"]) == (
        'li = await platform.person("李建国")\nassert (await li.follows()).text == "收到subscribe"\n'
    )
    assert await here.story("李建国", said.detail["exchange_id"]) == (
        'li = await platform.follower("李建国")\nassert (await li.says("你好")).text == "收到你好"\n'
    )


ACTS: list[Callable[[Phone], Any]] = [
    lambda li: li.sends("voice", recognition="停电了", seconds=7),
    lambda li: li.sends("picture", base64="aGVsbG8="),
    lambda li: li.sends("video", short=True),
    lambda li: li.sends("link", title="标题", url="https://a.cn/"),
    lambda li: li.sends("event", event="user_info_modified", fields={"RevokeInfo": "1"}),
]


@pytest.mark.parametrize("act", ACTS, ids=range(len(ACTS)))
async def test_every_act_is_told_as_python(here: Town, li: Phone, act: Callable[[Phone], Any]) -> None:
    await li.follows()
    await act(li)

    story = await here.story("李建国")
    ast.parse(story)
    assert story.count("await li.sends(") == 1
    assert "base64" not in story


async def test_where_nothing_was_done_there_is_no_story(here: Town) -> None:
    with pytest.raises(Refusal, match="还没有可以写成测试的往来"):
        await here.story("王秀兰")


async def test_a_voice_lasts_as_long_as_it_was_spoken_and_a_minute_at_most(here: Town, li: Phone) -> None:
    await li.follows()
    await li.sends("voice", recognition="", seconds=500)
    await li.sends("voice", recognition="有声", seconds=2, base64="data:audio/wav;base64,UklGRg==")

    silent, spoken = [one["content"] for one in await li.reads() if one["type"] == "voice"]
    assert (silent["seconds"], silent["audible"]) == (60, False)
    assert (spoken["seconds"], spoken["audible"]) == (2, True)


async def test_what_did_not_come_is_waited_for_no_longer_than_asked(here: Town, li: Phone) -> None:
    await li.follows()

    with pytest.raises(TimeoutError):
        await li.hears("不会来的话", within=0.01)
