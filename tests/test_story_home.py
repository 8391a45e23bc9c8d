"""Somebody opens the service's own address: whom to call, and in development where the phone is."""

from tests import browser
from tests.browser import Office, Phone

office, chromium, phone = browser.office, browser.chromium, browser.phone


async def test_the_home_page_names_whom_to_call_and_fits_a_phone(phone: Phone, office: Office) -> None:
    page = phone.page
    await page.goto(office.service)

    numbers = await page.locator("a[href^='tel:'] .number").all_inner_texts()
    assert numbers == ["110", "119", "120", "95598", "12356"]
    assert await page.locator("body").evaluate("body => body.scrollWidth") == 390

    await page.get_by_role("link", name="打开手机页面").click()
    assert (await phone.follows()).startswith("您好，感谢关注")
