"""An organiser hangs a poster, in Chromium: named, made, looked at; a phone scans it and signs up."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import httpx
import pytest

from tests import browser
from tests.browser import PATIENCE, Office, Phone
from tests.test_story_console import Worker, before_a_screen, starts

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import Browser, Page, expect

office, chromium, phone = browser.office, browser.chromium, browser.phone
SEEN = PATIENCE * 1000


@pytest.fixture
async def worker(chromium: Browser, office: Office) -> AsyncIterator[Worker]:
    async with before_a_screen(chromium, office) as opened:
        yield opened


async def fits(page: Page) -> bool:
    """Nothing reaches beyond the right edge."""
    return bool(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


async def test_a_poster_is_hung_scanned_and_counted(worker: Worker, phone: Phone) -> None:
    await starts(worker, "zhao.min", "赵敏", "organiser")
    await worker.goes("/activities")
    await worker.page.get_by_role("link", name="登山").first.click()
    await worker.part("posters").click()
    await worker.part("place").fill("食堂门口")
    await worker.part("add").click()
    await expect(worker.part("poster")).to_contain_text("食堂门口")
    await expect(worker.part("print")).to_be_visible(timeout=SEEN)

    async with worker.page.context.expect_page() as opening:
        await worker.part("print").click()
    sheet = await opening.value
    await expect(sheet.locator("h1")).to_contain_text("登山")
    await expect(sheet.get_by_role("img", name="二维码：微信扫一扫，马上报名")).to_be_visible()
    await expect(sheet.get_by_test_id("really-print")).to_be_visible()
    for width in (390, 1440):
        await sheet.set_viewport_size({"width": width, "height": 900})
        assert await fits(sheet)
        words, code = sheet.locator(".words"), sheet.locator(".code")
        above, below = await words.bounding_box(), await code.bounding_box()
        assert above is not None
        assert below is not None
        assert above["y"] + above["height"] <= below["y"]
