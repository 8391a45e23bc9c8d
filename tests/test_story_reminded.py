"""Somebody signs up in the chat, agrees on the page to be reminded, and is, days after he last spoke."""

import pytest

from tests import browser
from tests.browser import PATIENCE, Office, Phone

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import expect

office, chromium, phone = browser.office, browser.chromium, browser.phone

WALK = """- title: 秋季健步走
  place: 沮河公园
  opens: 2026-11-20 09:00
  closes: 2026-11-27 18:00
  starts: 2026-11-28 14:00
  ends: 2026-11-28 18:00
"""
FIELDS = ("thing1=活动", "time2=时间", "thing3=地点")


async def maps(office: Office) -> None:
    """Staff let WeChat's 活动开始提醒 carry our reminders."""
    listed = (await office.runs("templates", "list")).splitlines()
    template = next(line.split()[0] for line in listed if "活动开始提醒" in line and "订阅通知" in line)
    await office.runs("templates", "use", "activities.reminder", template, *FIELDS, "--by", "张伟")


async def test_who_agreed_is_reminded_when_he_has_not_spoken_for_days(phone: Phone, office: Office) -> None:
    (office.folder / "walk.yaml").write_text(WALK, encoding="utf-8")
    await office.runs("activities", "add", str(office.folder / "walk.yaml"), "--by", "王强")
    await maps(office)
    await phone.follows()
    await phone.taps("服务", "近期活动")
    await phone.chooses("秋季健步走")
    await phone.chooses("我要报名")
    assert "要微信提醒，点这里同意一次" in await phone.chooses("确认")

    link = phone.page.locator("a", has_text="点这里同意一次").last
    page = await phone.opens_page(str(await link.get_attribute("href")))
    remind = page.get_by_test_id("remind")
    await remind.locator("wx-open-subscribe").click()  # what is in it is WeChat's own
    await phone.page.get_by_test_id("popup-allow").click()
    await expect(remind.get_by_role("status")).to_contain_text("到时候在微信里通知您")
    assert await page.locator("body").evaluate("body => body.scrollWidth <= window.innerWidth")

    await phone.page.get_by_test_id("webview-close").click()

    await office.moves_time(hours=24 * 4 + 1)  # the day before, and no window is open any more
    card = phone.page.get_by_test_id("notice").last
    await expect(card).to_contain_text("沮河公园", timeout=PATIENCE * 1000)
    await card.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("秋季健步走")
