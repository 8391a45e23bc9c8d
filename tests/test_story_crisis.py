"""A crisis from end to end: what saves comes first, the alert goes from one to the next until it is taken."""

import asyncio
import re

import pytest

from tests import browser
from tests.browser import PATIENCE, Office, Phone, phone_of
from tests.test_story_console import Worker, before_a_screen, starts, worker
from tests.test_story_membership import roster

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import Browser, FrameLocator, expect

__all__ = ["worker"]
office, chromium, phone = browser.office, browser.chromium, browser.phone
NUMBER = re.compile(r"XL-2026-\d{4}")
WORDS = "连着值夜班，睡不着，我不想活了"


async def test_a_crisis_from_the_first_word_to_taken(
    chromium: Browser, office: Office, phone: Phone, worker: Worker
) -> None:
    wang = worker
    async with before_a_screen(chromium, office) as zhao, phone_of(chromium, office) as duty:
        await starts(wang, "wang.qiang", "王强", "counsellor", "auditor")
        await starts(zhao, "zhao.min", "赵敏", "counsellor")
        for each, name in ((wang, "王强"), (zhao, "赵敏")):
            await joins_duty(each, duty, name)
        desk = await had_a_question(phone, office)

        number = await writes_of_it(phone)
        await rings_from_one_to_the_next(office, duty, wang)
        seen = await duty.chooses("我来处理")
        assert WORDS in seen
        assert "由您接手" in seen

        await hands_over(wang, number, "赵敏")
        case = await opens_from_the_notice(duty, number)
        await learns_who_it_is(case)
        await answers_and_closes(case, number)
        await phone.reads("我是咨询师赵敏")
        await asyncio.gather(nobody_asks_how_it_was(phone, office, desk), shows_who_looked(wang, number))


async def joins_duty(worker: Worker, duty: Phone, name: str) -> None:
    """Binds his own WeChat, with the address that stands below the code; says a word, so that it can ring."""
    await duty.adds(name)
    await duty.follows()
    await duty.says("早上好")
    await worker.goes("/me")
    await worker.part("wechat").click()
    page = await duty.opens_page(await worker.part("address").inner_text())
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("linked")).to_contain_text(name)
    await duty.page.get_by_test_id("webview-close").click()


async def had_a_question(phone: Phone, office: Office) -> str:
    """王秀兰 is a member; a word of hers was answered and closed: soon she is to be asked about it."""
    await office.runs("members", "import", roster(office.folder), "--by", "王芳")
    await phone.follows()
    for words in ("会员绑定", "同意", "10086", "王秀兰", "1"):
        await phone.says(words)
    assert "绑定成功" in await phone.says("5678")
    await phone.says("人工")
    await phone.says("食堂几点开门")
    number = "RG-" + (await office.runs("cases", "list")).split("RG-")[1].split()[0]
    await office.runs("cases", "answer", number, "早上七点。", "--by", "王芳")
    await phone.reads("早上七点。")
    await office.runs("cases", "close", number, "--by", "王芳")
    return number


async def writes_of_it(phone: Phone) -> str:
    """Under a name of her own choice; the number of the case."""
    assert "您同意吗？" in await phone.says("心理咨询")
    await phone.chooses("1. 同意")
    await phone.chooses("睡眠")
    first, second, *_ = (await phone.says(WORDS)).splitlines()
    assert first.startswith("您现在的安全最要紧：有危险请马上打 110 或 120，心里难受打 12356")
    assert second.startswith("请先到有人的地方")
    await phone.says("完成")
    await phone.says("小雨")
    assert "称呼：小雨" in await phone.chooses("打字回复就行")
    told = await phone.chooses("确认")
    assert told.startswith("现在就需要有人陪，请打 12356")
    found = NUMBER.search(told)
    assert found, told
    return found[0]


async def rings_from_one_to_the_next(office: Office, duty: Phone, at_desk: Worker) -> None:
    """Both hear of it twice; then each in turn, every five minutes."""
    for times in (1, 2):
        await duty.becomes("王强")
        assert WORDS not in await duty.reads(f"（第 {times} 次提醒）")
        await duty.becomes("赵敏")
        await duty.reads(f"（第 {times} 次提醒）")
        await five_minutes_later(office, at_desk, times)
    await duty.becomes("王强")
    await duty.reads("（第 3 次提醒）")
    await five_minutes_later(office, at_desk, 3)
    await duty.becomes("赵敏")
    await duty.reads("（第 4 次提醒）")
    await expect(duty.answers.filter(has_text="（第 3 次提醒）")).to_have_count(0)


async def five_minutes_later(office: Office, at_desk: Worker, times: int) -> None:
    """Counted from the end of a round, which somebody may hear of before it is over."""
    row = at_desk.page.locator(".rows tbody tr")
    async with asyncio.timeout(PATIENCE):
        await at_desk.goes("/alerts")
        while f"{times} 次" not in await row.inner_text():
            await at_desk.page.reload()
    await expect(row.get_by_test_id("waiting")).to_be_visible()
    await office.moves_time(minutes=5)


async def hands_over(worker: Worker, number: str, name: str) -> None:
    await worker.opens("counselling")
    line = worker.page.locator("#list tbody tr").filter(has_text=number)
    await expect(line).to_contain_text("加急")
    await worker.goes(f"/counselling/{number}")
    await expect(worker.part("known")).to_have_count(0)
    await worker.part("hand").click()
    await worker.page.get_by_label(name).check()
    await worker.part("really-hand").click()
    await worker.has_heard(name)


async def opens_from_the_notice(duty: Phone, number: str) -> FrameLocator:
    """The line in her chat leads to the console, which knows her by her WeChat."""
    await duty.reads(number)
    await duty.answers.last.get_by_role("link").click()
    page = duty.page.frame_locator("#webview-frame")
    await page.get_by_test_id("by-wechat").click()
    await page.get_by_test_id("enter").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(number)
    await expect(page.get_by_test_id("owner")).to_contain_text("由您在办")
    await expect(page.get_by_test_id("thread")).to_contain_text(WORDS)
    return page


async def learns_who_it_is(case: FrameLocator) -> None:
    await expect(case.locator("body")).not_to_contain_text("王秀兰")
    await case.get_by_test_id("reveal").click()
    await case.get_by_label("为什么要看").fill("有危险，要马上联系家里人")
    await case.get_by_test_id("really-reveal").click()
    await expect(case.get_by_test_id("known")).to_contain_text("王秀兰")


async def answers_and_closes(case: FrameLocator, number: str) -> None:
    await case.get_by_test_id("answer-text").fill("小雨您好，我是咨询师赵敏，现在可以给您打电话吗？")
    await case.get_by_test_id("answer").click()
    await expect(case.get_by_test_id("said")).to_contain_text("已答复")
    await case.get_by_test_id("close").click()
    await case.get_by_test_id("really-close").click()
    await expect(case.get_by_test_id("said")).to_contain_text(number)


async def nobody_asks_how_it_was(phone: Phone, office: Office, desk: str) -> None:
    """Not about this, and not about what she brought before."""
    await office.moves_time(hours=1)
    await office.logs("case_rating_spared")
    await phone.says("你好")  # whatever waited for her would open this answer
    await expect(phone.answers.filter(has_text="办得怎么样")).to_have_count(0)
    assert desk in await phone.says("我的留言")


async def shows_who_looked(worker: Worker, number: str) -> None:
    await worker.goes(f"/record?subject={number}")
    looked = worker.page.locator(".rows tbody tr").filter(has_text="查看当事人是谁")
    await expect(looked).to_contain_text("赵敏")
    await looked.get_by_role("link").click()
    await expect(worker.page.locator("#pane")).to_contain_text("有危险，要马上联系家里人")
