"""An organiser hangs a poster, in Chromium: named, made, looked at; a phone scans it and signs up."""

from collections.abc import AsyncIterator
from pathlib import Path

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


def written(office: Office) -> Path:
    path = office.folder / "climb.yaml"
    path.write_text(
        "title: 登山\nsummary: 慢慢走，可以带家属。\nplace: 桥山景区南门\norganiser: 公司工会\n"
        'opens: "+0 00:00"\ncloses: "+3 18:00"\nstarts: "+4 09:00"\nends: "+4 12:00"\n',
        encoding="utf-8",
    )
    return path


async def scans(phone: Phone) -> None:
    """Hold the camera at the newest code."""
    await phone.page.get_by_test_id("scan").click()
    await phone.page.locator("dialog .chips button").first.click()
    await phone.page.get_by_test_id("confirm").click()


async def fits(page: Page) -> bool:
    """Nothing reaches beyond the right edge."""
    return bool(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


async def test_a_poster_is_hung_scanned_and_counted(worker: Worker, phone: Phone, office: Office) -> None:
    await office.runs("activities", "add", str(written(office)), "--by", "王强")
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
    await scans(phone)
    await expect(phone.answers.last).to_contain_text("「登山」报名中", timeout=SEEN)
    await expect(phone.exchanges).to_have_count(1, timeout=SEEN)
    await phone.chooses("我要报名")
    await phone.chooses("确认")
    await worker.page.reload()
    await expect(worker.part("counts").locator("tbody tr").first).to_have_text("食堂门口111")
    for width in (390, 1440):
        await worker.page.set_viewport_size({"width": width, "height": 900})
        assert await fits(worker.page)
