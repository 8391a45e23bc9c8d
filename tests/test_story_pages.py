"""Every room of the console and every page that opens behind one: on a phone, on a desk, in all colours."""

import pytest

from tests import browser
from tests.furnishing import furnish
from tests.page_audit import audit
from tests.test_story_console import Worker, worker

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import ViewportSize, expect

__all__ = ["worker"]
office, chromium, phone = browser.office, browser.chromium, browser.phone
ROLES = (
    "union_admin", "editor", "approver", "lawyer", "counsellor", "doctor", "organiser", "complaints",
    "handler", "dispatcher", "trainer", "auditor", "operator", "lead",
)  # fmt: skip
PHONE = ViewportSize(width=390, height=844)
DESK = ViewportSize(width=1440, height=900)
UNFOLD = "document.querySelectorAll('main details').forEach(each => { each.open = true; })"
TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"


async def test_every_page_is_good_on_a_phone_in_all_colours(worker: Worker) -> None:
    await worker.is_invited("boss", "王强", *ROLES)
    await worker.chooses_password()
    await worker.signs_in()
    await expect(worker.part("own")).to_contain_text("王强")
    pages = await furnish(worker.office, "boss")
    await worker.page.reload()
    rooms = await worker.page.locator("nav.rooms a").evaluate_all("found => found.map(each => each.pathname)")
    assert len(rooms) > 3
    wrong = []

    await worker.page.set_viewport_size(PHONE)
    for path in [*rooms, "/console/me", *(f"/console{each}" for each in pages)]:
        answer = await worker.page.goto(worker.office.service + path)
        if answer is None or not answer.ok:
            wrong.append(("both", path, "is not there"))
        await worker.page.evaluate(UNFOLD)
        for colours in ("light", "dark"):
            await worker.page.emulate_media(color_scheme=colours)
            wrong += [(colours, path, each) for each in await audit(worker.page)]
        await worker.page.set_viewport_size(DESK)
        if await worker.page.evaluate(TOO_WIDE):
            wrong.append(("both", path, "wider than a desk"))
        await worker.page.set_viewport_size(PHONE)

    assert not wrong, "\n".join(map(str, wrong))
