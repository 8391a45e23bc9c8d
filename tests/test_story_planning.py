"""A course for every week, in Chromium: planned by one, looked at by another, found and joined on a phone."""

import asyncio
import re

import pytest

from tests import browser
from tests.browser import Office, Phone
from tests.test_story_console import Worker, before_a_screen, starts

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import Browser, Route, expect

office, chromium, phone = browser.office, browser.chromium, browser.phone

FORM = {
    "title": "太极班",
    "summary": "零基础，一小时。",
    "opens": "2026-11-23T08:00",
    "closes": "2026-12-01T18:00",
    "starts": "2026-12-02T19:00",
    "ends": "2026-12-02T20:00",
    "place": "职工活动中心",
    "capacity": "20",
}


async def plans(zhao: Worker) -> None:
    """A draft, and four more for the Wednesdays behind it; New Year's Day is none of them."""
    await zhao.goes("/activities/new")
    for name, words in FORM.items():
        await zhao.part(name).fill(words)
    await zhao.page.get_by_text("地图", exact=True).click()
    await zhao.part("map_point").fill("35.5847, 109.2655")
    await zhao.part("map_address").fill("桥山中路 12 号")
    await zhao.part("block-text").fill("穿宽松的衣服。")
    await zhao.part("save").click()
    await zhao.has_heard("草稿已保存")
    await expect(zhao.part("review")).to_contain_text("可以审核的：钱进")
    await zhao.part("make-series").click()
    await zhao.part("until").fill("2026-12-30")
    await zhao.part("opens").select_option("same")
    await zhao.part("look").click()
    await expect(zhao.part("day")).to_have_count(4)
    await zhao.part("make").click()
    await zhao.has_heard("做好 4 场草稿")
    await zhao.part("submit-all").click()
    await zhao.has_heard("5 场已提交审核")


async def test_a_course_is_planned_reviewed_and_joined(
    chromium: Browser, office: Office, phone: Phone
) -> None:
    async with before_a_screen(chromium, office) as zhao, before_a_screen(chromium, office) as qian:
        await starts(qian, "qian.jin", "钱进", "approver")
        await starts(zhao, "zhao.min", "赵敏", "organiser")
        await plans(zhao)

        await qian.goes("")
        await qian.page.get_by_role("link", name="活动等您审核").click()
        await qian.part("open").first.click()
        await expect(qian.part("review")).to_contain_text("先看「预览」")
        async with qian.page.expect_popup() as opened:
            await qian.part("preview").click()
        preview = await opened.value
        await expect(preview.get_by_test_id("preview-mark")).to_be_visible()
        await expect(preview.get_by_role("heading", level=1)).to_have_text("太极班")
        await preview.close()
        await qian.part("approve-all").click()
        await qian.has_heard("已通过并发布 5 场")

    await phone.adds("李娜")
    await phone.follows()
    assert "还有 4 场" in await phone.says("活动")
    shown = await phone.chooses("太极班")
    assert "地图：职工活动中心，桥山中路 12 号" in shown and "本系列还有 4 场：" in shown
    assert "时间：12月9日（周三）19:00" in await phone.chooses("12月9日（周三）19:00")
    await phone.chooses("我要报名")
    assert "「太极班」报名成功，12月9日" in await phone.says("确认")

    address = await phone.page.locator("a", has_text="看怎么走").last.get_attribute("href")
    assert address
    runs, tapped = asyncio.Event(), asyncio.Event()  # WeChat's own map is ready only after the tap

    async def slowly(route: Route) -> None:
        runs.set()
        await tapped.wait()
        await route.continue_()

    await phone.page.route("**/share/signature*", slowly)
    page = await phone.opens_page(address)
    await expect(page.get_by_test_id("dates").get_by_role("link")).to_have_count(4)
    await runs.wait()  # the page's script: until then it is a link like any other
    await page.get_by_role("link", name=re.compile("看怎么走")).click()
    tapped.set()
    await expect(phone.page.locator(".map")).to_be_visible()
    await expect(phone.page.get_by_text("35.584421, 109.270669")).to_be_visible()
