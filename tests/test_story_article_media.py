"""Writing an article with pictures in Chromium: what is chosen is there at once, what is typed stays."""

import re
from pathlib import Path

import pytest

from tests import browser
from tests.browser import Office
from tests.media_files import photo
from tests.test_story_console import Worker

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import Browser, expect

office, chromium = browser.office, browser.chromium


async def test_pictures_are_shown_cut_and_moved_without_losing_a_word(
    office: Office, chromium: Browser, tmp_path: Path
) -> None:
    zhang = Worker(office, await chromium.new_page(viewport={"width": 390, "height": 844}))
    page, part = zhang.page, zhang.part
    await zhang.is_invited("zhang", "张伟", "editor")
    await zhang.chooses_password()
    await zhang.signs_in()
    await expect(part("own")).to_be_visible()
    await page.goto(f"{office.service}/console/content/new?kind=article")
    (tmp_path / "合影.jpg").write_bytes(photo(900, 600))
    (tmp_path / "假的.jpg").write_bytes(b"MZ not a picture")

    await part("add-type").select_option("picture")
    await part("add").click()
    await expect(part("block")).to_have_count(2)
    block = part("block").nth(1)
    await block.get_by_test_id("file").set_input_files(tmp_path / "合影.jpg")
    await part("block-text").fill("传图片的时候写的话。")
    await expect(block.get_by_test_id("seen")).to_have_attribute("src", re.compile("/whole/480$"))
    await expect(part("block-text")).to_have_value("传图片的时候写的话。")

    await block.get_by_test_id("alt").fill("队员合影")
    await block.get_by_test_id("shape").select_option("1x1")
    await expect(block.get_by_test_id("seen")).to_have_attribute("src", re.compile("/1x1-50-50/480$"))
    await block.get_by_test_id("file").set_input_files(tmp_path / "假的.jpg")
    await expect(part("error")).to_contain_text("这不是图片")
    await part("block").nth(1).get_by_test_id("up").click()
    await expect(part("block").nth(0).get_by_test_id("alt")).to_have_value("队员合影")
    await expect(part("error")).to_be_hidden()
    await expect(part("block-text")).to_have_value("传图片的时候写的话。")
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
