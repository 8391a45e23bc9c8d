"""The inbox that stands open: what people write appears in it, and what somebody is writing stays."""

import asyncio

import pytest

from tests import browser
from tests.browser import PATIENCE, Office, Phone
from tests.test_story_console import before_a_screen, starts, worker

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import Browser, expect

__all__ = ["worker"]
office, chromium, phone = browser.office, browser.chromium, browser.phone
SOON = PATIENCE * 1000


async def test_what_people_write_appears_by_itself(chromium: Browser, office: Office, phone: Phone) -> None:
    await phone.follows()
    async with before_a_screen(chromium, office) as zhang, before_a_screen(chromium, office) as li:
        await asyncio.gather(
            starts(zhang, "zhang.jie", "张姐", "union_admin"), starts(li, "li.ge", "李哥", "union_admin")
        )
        for each in (zhang, li):
            await each.opens("cases")
        await expect(zhang.part("count")).to_contain_text("0 件等答复")

        await phone.says("人工")
        await phone.says("食堂的灯坏了，晚上看不见路")

        line = zhang.page.locator("#list tbody tr")
        await expect(line).to_contain_text("食堂的灯坏了", timeout=SOON)
        await expect(zhang.part("count")).to_contain_text("1 件等答复")
        await expect(li.page.locator("#list tbody tr")).to_contain_text("食堂的灯坏了", timeout=SOON)

        # Opened beside the list, taken, and being answered, when the next words come.
        await line.get_by_role("link").click()
        await expect(zhang.page.locator("#pane").get_by_test_id("thread")).to_contain_text("食堂的灯坏了")
        await zhang.part("take").click()
        await zhang.has_heard("由您接手了")
        await expect(li.page.locator("#list tbody tr")).to_contain_text("张姐", timeout=SOON)
        await zhang.part("answer-text").fill("电工今天下午去")
        await phone.says("北门那一盏")
        await expect(zhang.part("thread")).to_contain_text("北门那一盏", timeout=SOON)
        await expect(zhang.part("answer-text")).to_have_value("电工今天下午去")
        await zhang.part("answer").click()
        await zhang.has_heard("已答复")
        await expect(li.page.locator("#list tbody tr")).to_contain_text("已答复", timeout=SOON)


async def test_an_answer_is_seen_coming_and_several_acts_are_one_press(
    chromium: Browser, office: Office, phone: Phone
) -> None:
    await phone.follows()
    async with before_a_screen(chromium, office) as zhang:
        await starts(zhang, "zhang.jie", "张姐", "union_admin")
        await zhang.goes("/canned/new")
        await zhang.part("title").fill("路灯修好了")
        await zhang.part("text").fill("{称呼}好，{编号}的路灯修好了。")
        await zhang.part("room-desk").check()
        await zhang.part("steps").click()
        await zhang.part("step-note").fill("电工班已修")
        await zhang.part("step-close").check()
        await zhang.part("save").click()
        await zhang.has_heard("已添加")
        await zhang.opens("cases")
        await phone.says("人工")
        await phone.says("食堂的灯坏了，晚上看不见路")
        await zhang.page.locator("#list tbody tr").get_by_role("link").click(timeout=SOON)

        await zhang.part("answer-text").press_sequentially("电工", delay=10)
        await expect(phone.page.get_by_text("对方正在输入…")).to_be_visible(timeout=SOON)
        await zhang.part("answer-text").fill("")
        await zhang.part("macro").click()
        await expect(zhang.part("macro-does")).to_contain_text("电工班已修")
        await zhang.part("really-macro").click()

        await zhang.has_heard("已按「路灯修好了」办好")
        await expect(zhang.part("thread")).to_contain_text("的路灯修好了")
