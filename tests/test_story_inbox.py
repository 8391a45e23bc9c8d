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
