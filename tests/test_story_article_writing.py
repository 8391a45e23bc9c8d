"""Writing an article in Chromium: pasted from Word and WeChat, saved by itself, there again after a crash."""

import re
from pathlib import Path

import pytest

from tests import browser
from tests.browser import Office
from tests.test_story_console import Worker

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import Browser, Page, expect

office, chromium = browser.office, browser.chromium

COPIED = {name: Path(f"tests/data/pasted_{name}.html").read_text("utf-8") for name in ("word", "wechat")}
_PASTE = """(field, html) => {
  const given = new DataTransfer();
  given.setData("text/html", html);
  given.setData("text/plain", "纯文字");
  field.focus();
  field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: given, bubbles: true, cancelable: true}));
}"""


async def _paste(page: Page, number: int, name: str) -> None:
    field = page.get_by_test_id("block-text").nth(number)
    await field.evaluate(_PASTE, COPIED[name])


async def test_what_is_pasted_and_typed_is_kept_without_a_button(office: Office, chromium: Browser) -> None:
    zhang = Worker(office, await chromium.new_page(viewport={"width": 1440, "height": 900}))
    page, part = zhang.page, zhang.part
    await zhang.is_invited("zhang", "张伟", "editor")
    await zhang.chooses_password()
    await zhang.signs_in()
    await expect(part("own")).to_be_visible()
    await page.goto(f"{office.service}/console/content/new?kind=article")
    await part("title").fill("冬季安全用电")

    await _paste(page, 0, "word")
    await expect(part("pasted")).to_contain_text("已粘贴")
    await expect(part("block")).to_have_count(7)
    await expect(part("block-text").nth(2)).to_have_value("检查插座\n清理配电箱周围的杂物")
    await _paste(page, 6, "wechat")
    await expect(part("block").nth(9)).to_be_visible()
    await expect(part("kept")).to_have_text(re.compile(r"^已自动保存 \d\d:\d\d$"))
    assert page.url.endswith("/edit")

    await page.reload()
    await expect(part("title")).to_have_value("冬季安全用电")
    await expect(part("block-text").nth(2)).to_have_value("检查插座\n清理配电箱周围的杂物")
    await expect(part("left")).to_be_hidden()

    await page.route("**/autosave", lambda route: route.abort())
    await part("summary").fill("断网的时候写的摘要。")
    await expect(part("kept")).to_contain_text("没有连上，写的都还在这里")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.goto(f"{page.url}?again")  # as after a crash, with what the browser had kept
    await expect(part("summary")).to_have_value("")
    await page.unroute("**/autosave")
    await part("left-take").click()
    await expect(part("summary")).to_have_value("断网的时候写的摘要。")
    await expect(part("kept")).to_have_text(re.compile(r"^已自动保存 \d\d:\d\d$"))
    await part("save").click()
    await expect(page.get_by_text("草稿已保存，还没有发布。")).to_be_visible()
