"""A staff person's first day in the console, in Chromium; and every room looked at on a phone."""

import re
import time
from collections.abc import AsyncIterator

import pyotp
import pytest

from tests import browser
from tests.browser import PATIENCE, Office
from tests.page_audit import audit

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import Browser, Locator, Page, expect

office, chromium, phone = browser.office, browser.chromium, browser.phone

PASSWORD = "correct horse battery"
ROLES = ("union_admin", "operator", "editor", "approver", "lawyer", "auditor", "organiser", "dispatcher")


class Worker:
    """Somebody of staff before a screen."""

    def __init__(self, office: Office, page: Page) -> None:
        self.office, self.page = office, page

    def part(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    def code(self, secret: str, steps: int = 0) -> str:
        """What the app on the phone shows, on the clock of this office."""
        offset = float((self.office.folder / "clock").read_text())
        return pyotp.TOTP(secret).at(int(time.time() + offset) + steps * 30)

    async def is_invited(self, login: str, name: str, *roles: str) -> None:
        words = [word for role in roles for word in ("--role", role)]
        said = await self.office.runs("staff", "add", login, "--name", name, *words)
        link = re.search(r"http\S+/console/invited/\S+", said)
        assert link
        await self.page.goto(link[0])

    async def chooses_password(self) -> None:
        await self.part("password").fill(PASSWORD)
        await self.part("again").fill(PASSWORD)
        await self.part("choose").click()

    async def signs_in(self) -> None:
        await self.part("password").fill(PASSWORD)
        await self.part("sign-in").click()

    async def opens(self, room: str) -> None:
        await self.page.get_by_test_id(f"nav-{room}").click()
        await expect(self.page.locator("html[data-ready=yes]")).to_be_attached()

    async def has_heard(self, words: str) -> None:
        await expect(self.part("said")).to_contain_text(words, timeout=PATIENCE * 1000)


@pytest.fixture
async def worker(chromium: Browser, office: Office) -> AsyncIterator[Worker]:
    page = await chromium.new_page(
        viewport={"width": 1440, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield Worker(office, page)
    assert complaints == []


async def test_a_first_day_begins_with_a_second_step(worker: Worker) -> None:
    await worker.is_invited("li.na", "李娜", "union_admin")
    await expect(worker.part("own-login")).to_have_text("li.na")
    await worker.chooses_password()
    await worker.signs_in()
    await expect(worker.page.get_by_role("heading", level=1)).to_contain_text("李娜")

    await worker.part("no-second-step").get_by_role("link").click()
    secret = await worker.part("secret").inner_text()
    await worker.part("code").fill(worker.code(secret))
    await worker.part("present").fill(PASSWORD)
    await worker.part("turn-on").click()
    await expect(worker.part("recovery-code")).to_have_count(10)
    await worker.part("noted").click()
    await worker.part("sign-out").click()

    await worker.part("login").fill("Li.Na")
    await worker.signs_in()
    await worker.part("code").fill(worker.code(secret, 1))  # the one before was used when it was turned on
    await worker.part("sign-in").click()
    await expect(worker.part("own")).to_contain_text("李娜")


async def test_every_room_is_good_on_a_phone_in_all_colours(worker: Worker) -> None:
    await worker.is_invited("boss", "王强", *ROLES)
    await worker.chooses_password()
    await worker.signs_in()
    rooms = await worker.page.locator("nav.rooms a").evaluate_all("found => found.map(each => each.href)")
    assert len(rooms) > 3
    wrong = []

    for colours in ("light", "dark"):
        await worker.page.emulate_media(color_scheme=colours)
        await worker.page.set_viewport_size({"width": 390, "height": 844})
        for address in [*rooms, f"{worker.office.service}/console/me"]:
            await worker.page.goto(address)
            path = address.removeprefix(worker.office.service)
            wrong += [(colours, path, each) for each in await audit(worker.page)]
            await worker.page.set_viewport_size({"width": 1440, "height": 900})
            wide = "document.documentElement.scrollWidth > innerWidth"
            if await worker.page.evaluate(wide):
                wrong.append((colours, path, "wider than a desk"))
            await worker.page.set_viewport_size({"width": 390, "height": 844})

    assert not wrong, "\n".join(map(str, wrong))
