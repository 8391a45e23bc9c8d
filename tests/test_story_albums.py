"""After an activity, in Chromium: an organiser drags pictures into the album, sees each go up, and looks."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from tests import browser
from tests.browser import PATIENCE, Office
from tests.test_story_console import Worker, before_a_screen, starts
from tests.test_story_posters import fits, written

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import Browser, FilePayload, expect

office, chromium = browser.office, browser.chromium
SEEN = PATIENCE * 1000


@pytest.fixture
async def worker(chromium: Browser, office: Office) -> AsyncIterator[Worker]:
    async with before_a_screen(chromium, office) as opened:
        yield opened


def picture(name: str, size: tuple[int, int]) -> FilePayload:
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": out.getvalue()}


async def test_pictures_go_up_one_by_one_and_a_bad_one_says_why(
    worker: Worker, office: Office, tmp_path: Path
) -> None:
    await office.runs("activities", "add", str(written(office)), "--by", "王强")
    await starts(worker, "zhao.min", "赵敏", "organiser")
    await worker.goes("/activities")
    await worker.page.get_by_role("link", name="登山").first.click()
    await worker.follows(worker.part("photos"))
    bad: FilePayload = {"name": "通知.jpg", "mimeType": "image/jpeg", "buffer": b"%PDF-1.7"}
    files = [picture("出发.jpg", (1600, 1200)), bad, picture("山顶.jpg", (900, 1600))]
    await worker.part("files").set_input_files(files)
    await worker.part("agreed").check()
    await worker.part("upload").click()

    await expect(worker.page.locator("#sent")).to_contain_text("传好 2 张，1 张没有传上", timeout=SEEN)
    await expect(worker.page.locator("#sent li")).to_have_text(
        "通知.jpg：这不是图片，请选 JPG、PNG、GIF 或 WebP。"
    )
    await worker.page.locator("#sent a").click()
    await expect(worker.part("shown")).to_have_count(2, timeout=SEEN)
    await worker.part("seen-by").select_option("everybody")
    await worker.part("save").click()
    for width in (390, 1440):
        await worker.page.set_viewport_size({"width": width, "height": 900})
        assert await fits(worker.page)
    await worker.page.goto(worker.page.url.replace("/console", ""))
    await worker.page.locator(".album a").first.click()
    await expect(worker.page.locator("figure.photo")).to_contain_text("第 1 张，共 2 张")
    assert await fits(worker.page)
