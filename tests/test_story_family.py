"""A day out for families, in Chromium: written in the console, signed up for on the phone, changed there."""

import re
from collections.abc import AsyncIterator

import pytest

from tests import browser
from tests.browser import Office, Phone
from tests.test_story_console import Worker, before_a_screen, starts
from tests.test_story_mine import opens_mine
from tests.test_story_posters import fits

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import Browser, FrameLocator, expect

office, chromium, phone = browser.office, browser.chromium, browser.phone

FORM = {
    "title": "亲子采摘",
    "opens": "2026-11-20T09:00",
    "closes": "2026-11-27T18:00",
    "starts": "2026-11-28T08:30",
    "ends": "2026-11-28T16:00",
    "capacity": "4",
    "guests": "2",
}
NOTICE = "孩子不离开大人的视线。\n不爬树，剪刀由大人拿。"


@pytest.fixture
async def worker(chromium: Browser, office: Office) -> AsyncIterator[Worker]:
    async with before_a_screen(chromium, office) as opened:
        yield opened


async def plans(worker: Worker) -> None:
    """Up to the page of the activity that was announced."""
    await starts(worker, "zhao.min", "赵敏", "organiser")
    await worker.goes("/activities/new")
    for name, words in FORM.items():
        await worker.part(name).fill(words)
    await worker.page.get_by_text("年龄和不重复").click()
    await worker.part("kind_of").fill("亲子")
    await worker.part("apart_months").fill("6")
    await worker.page.get_by_text("安全须知、同伴和改报名").click()
    await worker.part("safety-notice").fill(NOTICE)
    await worker.part("changes_until").fill("2026-11-26T18:00")
    await worker.part("names-guests").check()
    await worker.part("save").click()
    await worker.part("publish").click()
    await expect(worker.part("safety")).to_contain_text("不爬树")


async def opens_the_form(phone: Phone) -> FrameLocator:
    page = await opens_mine(phone)
    await page.get_by_role("link", name="看看近期活动").click()
    await page.get_by_role("link", name="亲子采摘").click()
    await expect(page.get_by_text("6 个月内参加过「亲子」的不能再报")).to_be_visible()
    await page.get_by_test_id("sign-up").click()
    return page


async def brings_ming(page: FrameLocator) -> None:
    await page.get_by_label("姓名", exact=True).first.fill("小明")
    await page.get_by_label("活动那天几周岁").first.fill("8")
    await page.get_by_test_id("accepted").check()
    await page.get_by_role("button", name="报名").click()
    await expect(page.get_by_test_id("error")).to_contain_text("小明（8 岁）不满 14 周岁，要有监护人")


async def test_a_family_signs_up_with_a_guardians_word(worker: Worker, phone: Phone) -> None:
    await plans(worker)
    await phone.follows()
    page = await opens_the_form(phone)
    await brings_ming(page)
    assert await page.locator("body").evaluate("body => body.scrollWidth <= window.innerWidth")
    await page.get_by_label("监护人姓名").fill("王秀兰")
    await page.get_by_test_id("agrees").check()
    await page.get_by_role("button", name="报名").click()
    await expect(page.get_by_text("报名成功，前一天会提醒您")).to_be_visible()
    await phone.reads("「亲子采摘」报名成功")

    await page.get_by_test_id("change").click()
    await page.get_by_label("活动那天几周岁").first.fill("9")
    await page.get_by_test_id("agrees").check()
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_text("小明（9 岁）")).to_be_visible()

    await worker.part("people").click()
    await worker.page.get_by_role("link", name=re.compile("未绑定的关注者")).click()
    await expect(worker.page.get_by_text("我是小明（9 岁）的监护人王秀兰，同意孩子参加")).to_be_visible()
    await expect(worker.page.get_by_text("改了同伴")).to_be_visible()
    for width in (390, 1440):
        await worker.page.set_viewport_size({"width": width, "height": 900})
        assert await fits(worker.page)
